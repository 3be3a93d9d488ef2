import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ApiError } from "../../static/js/api.js";
import { Outbox } from "../../static/js/recorder/outbox.js";
import { FakeClock, settle } from "./support.mjs";

class FakeApi {
  sent = [];

  uploadClip(clip, { onProgress, signal }) {
    return new Promise((resolve, reject) => {
      this.sent.push({ clip, onProgress, signal, resolve, reject });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  get last() {
    return this.sent.at(-1);
  }

  async accept() {
    this.last.resolve({ id: `clip-${this.last.clip.key}` });
    await settle();
  }

  async refuse(facts) {
    this.last.reject(new ApiError(facts));
    await settle();
  }
}

let api, clock, network, outbox, log;

const take = (id) => ({
  id, blob: new Blob(["x"]), mime: "audio/webm", seconds: 2, peaks: [1], kind: "audio", reason: "stopped", created: "",
});
const state = (id) => outbox.items.find((item) => item.id === id)?.state;

beforeEach(() => {
  api = new FakeApi();
  clock = new FakeClock();
  network = new EventTarget();
  outbox = new Outbox({ api, network, clock, random: () => 1 });
  log = [];
  outbox.addEventListener("change", ({ detail }) => log.push(`${detail.item.id} ${detail.item.state} ${detail.item.progress}`));
  outbox.addEventListener("sent", ({ detail }) => log.push(`sent ${detail.clip.id}, ${outbox.items.length} kept`));
});

test("a take is sent with its key, its words and its shape, and leaves when it is acknowledged", async () => {
  outbox.add(take("a"), { description: "soup" });
  const { blob, ...fields } = api.last.clip;
  assert.deepEqual(fields, { mime: "audio/webm", duration: 2, description: "soup", peaks: [1], key: "a" });
  assert.equal(outbox.pending, 1);
  api.last.onProgress(0.5);
  await api.accept();
  assert.deepEqual(log, ["a waiting 0", "a sending 0", "a sending 0.5", "sent clip-a, 1 kept", "a sending 0.5"]);
  assert.equal(outbox.pending, 0);
});

test("takes are sent one after another, in order", async () => {
  outbox.add(take("a"));
  outbox.add(take("b"));
  assert.deepEqual([api.sent.length, state("a"), state("b")], [1, "sending", "waiting"]);
  await api.accept();
  assert.equal(api.last.clip.key, "b");
});

for (const facts of [{ offline: true }, { status: 429 }, { status: 502 }, { status: 503 }, { status: 504 }]) {
  test(`${facts.status ?? "no answer"} passes: it is tried again with the same key`, async () => {
    outbox.add(take("a"));
    outbox.add(take("b"));
    await api.refuse(facts);
    const [item] = outbox.items;
    assert.deepEqual([item.state, item.tries, item.at - clock.wall()], ["waiting", 1, 1000]);
    assert.equal(api.sent.length, 1, "those behind it keep their place");
    await clock.advance(1000);
    assert.deepEqual([api.sent.length, api.last.clip.key, item.tries, item.at], [2, "a", 2, null]);
    await api.refuse(facts);
    await clock.advance(1999);
    assert.equal(api.sent.length, 2);
    await clock.advance(1);
    await api.accept();
    assert.equal(api.last.clip.key, "b");
  });
}

for (const status of [401, 403, 409, 413, 415, 422, 500, 507]) {
  test(`${status} is for its author to decide, and does not hold up the others`, async () => {
    outbox.add(take("a"));
    outbox.add(take("b"));
    await api.refuse({ status, detail: "A sentence." });
    assert.deepEqual([state("a"), outbox.items[0].error.detail], ["failed", "A sentence."]);
    assert.equal(api.last.clip.key, "b");
    await api.accept();
    await clock.advance(600_000);
    assert.deepEqual([api.sent.length, outbox.pending], [2, 1]);
    outbox.retry("a");
    assert.equal(api.last.clip.key, "a");
    await api.accept();
    assert.equal(outbox.pending, 0);
  });
}

test("the server may ask for a longer wait", async () => {
  outbox.add(take("a"));
  await api.refuse({ status: 429, retryAfter: 20 });
  await clock.advance(19_999);
  assert.equal(api.sent.length, 1);
  await clock.advance(1);
  assert.equal(api.sent.length, 2);
});

test("it does not wait when the network or the server is back, or when told to", async () => {
  outbox.add(take("a"));
  await api.refuse({ offline: true });
  network.dispatchEvent(new Event("online"));
  await settle();
  assert.equal(api.sent.length, 2);
  await api.refuse({ offline: true });
  outbox.wake();
  await settle();
  assert.equal(api.sent.length, 3);
  await api.refuse({ offline: true });
  outbox.retry("a");
  await settle();
  assert.equal(api.sent.length, 4);
});

test("what is discarded is gone, under way or not", async () => {
  outbox.add(take("a"));
  outbox.add(take("b"));
  outbox.add(take("c"));
  outbox.discard("b");
  outbox.discard("a");
  await settle();
  assert.ok(api.sent[0].signal.aborted);
  assert.deepEqual([api.last.clip.key, outbox.pending], ["c", 1]);
  await api.refuse({ offline: true });
  outbox.discard("c");
  await clock.advance(60_000);
  assert.deepEqual([api.sent.length, outbox.pending], [2, 0]);
  outbox.add(take("d"));
  assert.equal(api.last.clip.key, "d");
});

test("an error that is nobody's answer is kept with the clip", async () => {
  outbox.add(take("a"));
  api.last.reject(new TypeError("odd"));
  await settle();
  assert.equal(state("a"), "failed");
  assert.match(outbox.items[0].error.message, /odd/);
});
