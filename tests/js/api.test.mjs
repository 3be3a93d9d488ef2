import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, ApiError } from "../../static/js/api.js";

/** A fetch that gives one answer and remembers what it was asked. */
function fakeFetch(answer) {
  const asked = [];
  const fetch = async (url, options) => {
    asked.push({ url, ...options });
    if (answer instanceof Error) throw answer;
    const { status = 200, json, text, headers } = answer;
    return new Response(status === 204 ? null : (text ?? JSON.stringify(json)), { status, headers });
  };
  return { asked, fetch };
}

/** An XMLHttpRequest that the test plays. */
class FakeXhr {
  static last;
  upload = {};
  headers = {};
  status = 0;
  responseText = "";
  answerHeaders = {};

  constructor() {
    FakeXhr.last = this;
  }

  open(method, url) {
    Object.assign(this, { method, url });
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  getResponseHeader(name) {
    return this.answerHeaders[name] ?? null;
  }

  send(form) {
    this.form = form;
  }

  abort() {
    this.status = 0;
    this.onloadend();
  }

  answer(status, body, headers = {}) {
    this.status = status;
    this.responseText = typeof body === "string" ? body : JSON.stringify(body);
    this.answerHeaders = headers;
    this.onloadend();
  }
}

const room = (answer) => {
  const { asked, fetch } = fakeFetch(answer);
  return { asked, api: new Api({ base: "/forum", thread: "walk", fetch, Xhr: FakeXhr }) };
};
const upload = { blob: new Blob(["sound"]), mime: "audio/webm", duration: 1.5, description: "soup", peaks: [1, 2], key: "k1" };

test("joining sends the name, and a password only where there is one", async () => {
  const { asked, api } = room({ status: 201, json: { name: "Kofi", authorId: "b1", token: "t" } });
  assert.equal((await api.join({ name: "Kofi" })).authorId, "b1");
  await api.join({ name: "Kofi", password: "secret" });
  assert.equal(asked[0].method, "POST");
  assert.equal(asked[0].url, "/forum/api/threads/walk/session");
  assert.equal(asked[0].headers["Content-Type"], "application/json");
  assert.deepEqual(asked.map(({ body }) => JSON.parse(body)), [{ name: "Kofi" }, { name: "Kofi", password: "secret" }]);
});

test("a refusal carries the server's sentence", async () => {
  const { api } = room({ status: 409, json: { title: "Name taken", status: 409, detail: "Take another name." } });
  await assert.rejects(api.join({ name: "Ann" }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.title, error.detail, error.offline], [409, "Name taken", "Take another name.", false]);
    return true;
  });
});

test("a proxy's page is no sentence for a participant", async () => {
  const { api } = room({ status: 502, text: "<h1>Bad gateway</h1>", headers: { "Retry-After": "12" } });
  await assert.rejects(api.clips(), { status: 502, detail: "", retryAfter: 12, offline: false });
});

test("no answer at all is told apart", async () => {
  await assert.rejects(room(new TypeError("failed")).api.threads(), { status: 0, offline: true });
  await assert.rejects(room({ status: 200, text: "<h1>Sign in to the hotel</h1>" }).api.threads(), { offline: true });
});

test("events: news, nothing, and when to come back", async () => {
  const changes = { cursor: "b", free: 3 };
  const news = room({ json: changes });
  assert.deepEqual(await news.api.events({ cursor: "a", wait: 15 }), { status: "news", changes });
  assert.equal(news.asked[0].url, "/forum/api/threads/walk/events?wait=15&cursor=a");
  await news.api.events({ next: 10 });
  assert.equal(news.asked[1].url, "/forum/api/threads/walk/events?wait=0&next=10");
  const nothing = room({ status: 204 });
  assert.deepEqual(await nothing.api.events(), { status: "nothing", retryAfter: null });
  assert.equal(nothing.asked[0].url, "/forum/api/threads/walk/events?wait=0");
  const crowded = room({ status: 204, headers: { "Retry-After": "4" } });
  assert.equal((await crowded.api.events()).retryAfter, 4);
});

test("Retry-After may be a date", async () => {
  const date = new Date(Date.now() + 60_000).toUTCString();
  const { retryAfter } = await room({ status: 204, headers: { "Retry-After": date } }).api.events();
  assert.ok(retryAfter > 55 && retryAfter <= 60, String(retryAfter));
});

test("a request that its caller gives up is no failure of the network", async () => {
  const fetch = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const api = new Api({ thread: "walk", fetch, Xhr: FakeXhr });
  const caller = new AbortController();
  const asked = api.events({ signal: caller.signal });
  caller.abort();
  await assert.rejects(asked, { name: "AbortError" });
  await assert.rejects(api.events({ signal: caller.signal }), { name: "AbortError" });
});

test("a message has an idempotency key, a deletion may outlive the page", async () => {
  const { asked, api } = room({ status: 202, json: { id: "1" } });
  await api.sendMessage({ to: "*", type: "chat", body: { text: "hi" }, key: "k9" });
  assert.equal(asked[0].headers["Idempotency-Key"], "k9");
  assert.deepEqual(JSON.parse(asked[0].body), { to: "*", type: "chat", body: { text: "hi" } });
  const gone = room({ status: 204 });
  await gone.api.deleteClip("c/1", { keepalive: true });
  assert.deepEqual([gone.asked[0].method, gone.asked[0].keepalive], ["DELETE", true]);
  assert.equal(gone.asked[0].url, "/forum/api/threads/walk/clips/c%2F1");
});

test("a report never fails", async () => {
  await room(new TypeError("failed")).api.report({ message: "oops" });
});

test("an upload is a form with a key, and tells how far it is", async () => {
  const { api } = room({});
  const fractions = [];
  const sent = api.uploadClip(upload, { onProgress: (fraction) => fractions.push(fraction) });
  const xhr = FakeXhr.last;
  assert.deepEqual([xhr.method, xhr.url, xhr.headers["Idempotency-Key"]], ["POST", "/forum/api/threads/walk/clips", "k1"]);
  const { blob, ...fields } = Object.fromEntries(xhr.form);
  assert.deepEqual(fields, { mime: "audio/webm", duration: "1.5", description: "soup", peaks: "[1,2]" });
  assert.equal(await blob.text(), "sound");
  xhr.upload.onprogress({ lengthComputable: true, loaded: 1, total: 4 });
  xhr.answer(201, { id: "c1" });
  assert.deepEqual(await sent, { id: "c1" });
  assert.deepEqual(fractions, [0.25]);
});

test("an upload that fails says how", async () => {
  const { api } = room({});
  const tooBig = api.uploadClip(upload);
  FakeXhr.last.answer(413, { detail: "Too big." });
  await assert.rejects(tooBig, { status: 413, detail: "Too big." });
  const busy = api.uploadClip(upload);
  FakeXhr.last.answer(503, "", { "Retry-After": "3" });
  await assert.rejects(busy, { status: 503, retryAfter: 3, offline: false });
  const cut = api.uploadClip(upload);
  FakeXhr.last.answer(0, "");
  await assert.rejects(cut, { offline: true });
  const caller = new AbortController();
  const given = api.uploadClip(upload, { signal: caller.signal });
  caller.abort();
  await assert.rejects(given, { name: "AbortError" });
});

test("an upload of which nothing moves any more is given up", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent = room({}).api.uploadClip(upload);
  context.mock.timers.tick(59_000);
  FakeXhr.last.upload.onprogress({ lengthComputable: false });
  context.mock.timers.tick(59_000);
  context.mock.timers.tick(1_000);
  await assert.rejects(sent, { offline: true });
});
