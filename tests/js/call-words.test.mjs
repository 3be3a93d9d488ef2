import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { deviceWords, endWords, logWords, phaseWords, qualityWords, troubleWords } from "../../static/js/phone/call-words.js";
import { translator } from "../../static/js/strings.js";

const en = JSON.parse(readFileSync(new URL("../../mozchat/locales/en.json", import.meta.url), "utf-8"));
const { t } = translator(en, "en");
const REASONS = ["ended", "declined", "busy", "unanswered", "cancelled", "gone", "failed", "elsewhere", "no-microphone"];
const end = (reason, more = {}) => ({ reason, byMe: false, secs: null, why: null, ...more });
const said = (outgoing, ended) => {
  const words = endWords({ peer: "Bob", outgoing, end: ended });
  return words && [t(words.key, words.vars), words.offer];
};

test("who called is told why there was no talk, and can record a clip instead", () => {
  assert.deepEqual(said(true, end("unanswered", { byMe: true })), ["Bob did not answer.", "clip"]);
  assert.deepEqual(said(true, end("busy")), ["Bob is in another call.", "clip"]);
  assert.deepEqual(said(true, end("declined")), ["Bob cannot talk just now.", "clip"]);
  assert.deepEqual(said(true, end("gone")), ["Bob is not here any more.", "clip"]);
});

test("a call that could not be connected is offered again", () => {
  assert.deepEqual(said(true, end("failed", { byMe: true })), ["There is no line to Bob just now.", "again"]);
  assert.deepEqual(said(false, end("failed")), ["There is no line to Bob just now.", "again"]);
});

test("a call that nobody took was missed, however it ended, and can be returned", () => {
  for (const reason of ["unanswered", "cancelled", "gone"]) {
    assert.deepEqual(said(false, end(reason)), ["You missed a call from Bob.", "back"], reason);
  }
});

test("a talk that is over is told with its length, on both sides", () => {
  for (const outgoing of [true, false]) {
    for (const byMe of [true, false]) {
      assert.deepEqual(said(outgoing, end("ended", { byMe, secs: 252 })), ["The call with Bob is over, 4:12.", null]);
    }
  }
});

test("a talk that broke off, and one that the other left, are told apart", () => {
  assert.deepEqual(said(true, end("failed", { secs: 61, byMe: true })), ["The line to Bob broke after 1:01.", "again"]);
  assert.deepEqual(said(true, end("gone", { secs: 61 })), ["Bob has left. You talked for 1:01.", null]);
});

test("nobody is told what they did themselves", () => {
  assert.equal(said(true, end("cancelled", { byMe: true })), null);
  assert.equal(said(false, end("declined", { byMe: true })), null);
  assert.equal(said(false, end("elsewhere", { byMe: true })), null);
  assert.equal(said(true, null), null);
});

test("every end of every call has words that are there, for the eye and for the log", () => {
  for (const reason of REASONS) {
    for (const outgoing of [true, false]) {
      for (const byMe of [true, false]) {
        for (const secs of [null, 5]) {
          const words = endWords({ peer: "Bob", outgoing, end: end(reason, { byMe, secs }) });
          if (words) assert.ok(words.key in en, words.key);
          if (words?.offer) assert.ok(`call.offer.${words.offer}` in en);
          const line = logWords({ key: reason, outgoing, byMe, secs, video: false }, "Bob");
          if (reason !== "elsewhere" || secs !== null) assert.ok(line.key in en, line.key);
        }
      }
    }
  }
});

test("the log says what a call was, as seen from here", () => {
  const line = (entry) => {
    const { key, vars } = logWords({ outgoing: true, byMe: false, secs: null, video: false, ...entry }, "Bob");
    return t(key, vars);
  };
  assert.equal(line({ key: "ended", secs: 252 }), "Call, 4:12");
  assert.equal(line({ key: "gone", secs: 5 }), "Call, 0:05, until Bob left");
  assert.equal(line({ key: "gone", secs: 5, byMe: true }), "Call, 0:05");
  assert.equal(line({ key: "failed", secs: 5 }), "Call, 0:05, until the line broke");
  assert.equal(line({ key: "declined" }), "Bob declined the call");
  assert.equal(line({ key: "declined", outgoing: false, byMe: true }), "You declined the call");
  assert.equal(line({ key: "cancelled", byMe: true }), "You hung up before Bob answered");
  assert.equal(line({ key: "missed", outgoing: false }), "Missed call");
  assert.equal(line({ key: "missed", outgoing: false, video: true }), "Missed call with picture");
});

test("the line has a word and a reason for every quality", () => {
  for (const steps of [1, 2, 3]) {
    for (const reason of ["good", "slow", "loss", "silent"]) {
      for (const route of ["direct", "relay", null]) {
        const words = qualityWords({ steps, reason, rtt: 20, loss: 0, route });
        for (const key of [words.short, words.full, words.route]) assert.ok(key === null || key in en, key);
        assert.equal(words.route === null, route === null);
      }
    }
  }
});

test("a phase is told in words; while talking it is the line that is told", () => {
  for (const phase of ["calling", "connecting", "talking", "reconnecting"]) assert.ok(phaseWords({ phase, quality: null }) in en, phase);
  assert.equal(phaseWords({ phase: "talking", quality: { steps: 3, reason: "good", rtt: 20, loss: 0, route: null } }), "call.line.3");
  assert.equal(phaseWords({ phase: "reconnecting", quality: { steps: 3, reason: "good", rtt: 20, loss: 0, route: null } }), "call.reconnecting");
});

test("every trouble with a device has words, but a screen that was not chosen is none", () => {
  for (const device of ["microphone", "camera", "screen"]) {
    for (const reason of ["refused", "missing", "busy", "insecure", "unsupported", "other", "lost"]) {
      const key = troubleWords(`${device}.${reason}`);
      if (device === "screen" && reason === "refused") assert.equal(key, null);
      else assert.ok(key in en, key);
    }
  }
  assert.equal(troubleWords(null), null);
});

test("a microphone that did not start has words for every reason", () => {
  for (const why of ["refused", "missing", "busy", "insecure", "unsupported", "other", null]) {
    const { title, text } = deviceWords(why);
    assert.ok(title in en && text in en, title);
  }
});
