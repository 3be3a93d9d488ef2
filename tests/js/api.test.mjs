import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Api, ApiError } from "../../static/js/api.js";
import { settle } from "./support.mjs";

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
  aborted = false;

  open(method, url) {
    FakeXhr.last = this;
    Object.assign(this, { method, url });
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  getResponseHeader(name) {
    return this.answerHeaders[name] ?? null;
  }

  send(body) {
    this.body = body;
  }

  abort() {
    this.aborted = true;
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
  return { asked, api: new Api({ base: "/forum", thread: "walk", listener: "here", fetch, Xhr: FakeXhr }) };
};
const piece = { upload: null, key: "k1", mime: "audio/webm", offset: 0, body: new Blob(["sound"]), finish: null };

/** The request, once it is under way. */
async function begun() {
  FakeXhr.last = null;
  while (!FakeXhr.last?.body) await settle();
  return FakeXhr.last;
}

test("joining sends the name, and a password only where there is one", async () => {
  const { asked, api } = room({ status: 201, json: { name: "Kofi", authorId: "b1", token: "t" } });
  assert.equal((await api.join({ name: "Kofi", key: "k" })).authorId, "b1");
  await api.join({ name: "Kofi", password: "secret", key: "k" });
  assert.equal(asked[0].method, "POST");
  assert.equal(asked[0].url, "/forum/api/threads/walk/session");
  assert.equal(asked[0].headers["Content-Type"], "application/json");
  assert.deepEqual(asked.map(({ headers }) => headers["Idempotency-Key"]), ["k", "k"]);
  assert.deepEqual(asked.map(({ body }) => JSON.parse(body)), [{ name: "Kofi" }, { name: "Kofi", password: "secret" }]);
});

test("a refusal carries the server's sentence", async () => {
  const { api } = room({ status: 409, json: { title: "Name taken", status: 409, detail: "Take another name." } });
  await assert.rejects(api.join({ name: "Ann", key: "k" }), (error) => {
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
  assert.equal(news.asked[0].url, "/forum/api/threads/walk/events?wait=15&listener=here&cursor=a");
  await news.api.events({ next: 10 });
  assert.equal(news.asked[1].url, "/forum/api/threads/walk/events?wait=0&next=10&listener=here");
  const nothing = room({ status: 204 });
  assert.deepEqual(await nothing.api.events(), { status: "nothing", retryAfter: null });
  assert.equal(nothing.asked[0].url, "/forum/api/threads/walk/events?wait=0");
  const crowded = room({ status: 204, headers: { "Retry-After": "4" } });
  assert.equal((await crowded.api.events()).retryAfter, 4);
});

test("events of several threads: those that have news, and those that could not be asked", async () => {
  const threads = { garden: { cursor: "b", free: 3 }, cave: { problem: { status: 401, title: "Enter", detail: "Enter first." } } };
  const { asked, api } = room({ json: { threads } });
  const at = new Map([["walk", null], ["garden", "5f.12.a&b"], ["cave", "c"]]);
  const told = (await api.eventsOf({ at, wait: 15, next: 3 })).threads;
  assert.equal(asked[0].url, "/forum/api/events?wait=15&next=3&listener=here&at=walk%3A&at=garden%3A5f.12.a%26b&at=cave%3Ac");
  assert.deepEqual([...told.keys()], ["garden", "cave"]);
  assert.deepEqual(told.get("garden"), threads.garden);
  assert.ok(told.get("cave") instanceof ApiError);
  assert.deepEqual([told.get("cave").status, told.get("cave").detail], [401, "Enter first."]);
  const crowded = room({ status: 204, headers: { "Retry-After": "4" } });
  assert.deepEqual(await crowded.api.eventsOf({ at }), { threads: new Map(), retryAfter: 4 });
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

const offset = (bytes, complete = "?0") => ({ "Upload-Offset": String(bytes), "Upload-Complete": complete });

test("the first piece has a key and its type, and is told its name", async () => {
  const { api } = room({});
  const reached = [];
  const sent = api.sendPiece(piece, { onProgress: (bytes) => reached.push(bytes) });
  const xhr = await begun();
  assert.deepEqual([xhr.method, xhr.url], ["POST", "/forum/api/threads/walk/uploads"]);
  assert.deepEqual(xhr.headers, {
    Accept: "application/json", "Upload-Complete": "?0", "Content-Type": "audio/webm", "Idempotency-Key": "k1",
  });
  assert.equal(await xhr.body.text(), "sound");
  xhr.upload.onprogress({ loaded: 2 });
  xhr.answer(201, { id: "u1", offset: 5, expires: "" }, offset(5));
  assert.deepEqual([await sent, reached], [{ upload: "u1", offset: 5, clip: null }, [2]]);
});

test("a piece that follows says where it belongs", async () => {
  const { api } = room({});
  const sent = api.sendPiece({ ...piece, upload: "u/1", offset: 5 });
  const xhr = await begun();
  assert.deepEqual([xhr.method, xhr.url], ["PATCH", "/forum/api/threads/walk/uploads/u%2F1"]);
  assert.deepEqual(xhr.headers, {
    Accept: "application/json", "Upload-Complete": "?0", "Content-Type": "application/partial-upload", "Upload-Offset": "5",
  });
  xhr.answer(204, "", offset(10));
  assert.deepEqual(await sent, { upload: "u/1", offset: 10, clip: null });
});

test("the last piece carries what is known of the whole, and its digest", async () => {
  const { api } = room({});
  const finish = { duration: 1.5, description: "суп", peaks: [1, 2] };
  const sent = api.sendPiece({ ...piece, upload: "u1", offset: 5, finish, whole: new Blob(["sound, all of it"]) });
  const { headers, ...xhr } = await begun();
  assert.equal(headers["Upload-Complete"], "?1");
  const [, base64] = /^:([A-Za-z0-9+/=]+):$/.exec(headers["Clip-Fields"]);
  assert.deepEqual(JSON.parse(Buffer.from(base64, "base64").toString("utf-8")), finish);
  const digest = createHash("sha256").update("sound, all of it").digest("base64");
  assert.equal(headers["Repr-Digest"], `sha-256=:${digest}:`);
  FakeXhr.last.answer(201, { id: "c1" }, offset(10, "?1"));
  assert.deepEqual(await sent, { upload: "u1", offset: 10, clip: { id: "c1" } }, xhr.url);
});

test("an upload that fails says how, and where it stands", async () => {
  const { api } = room({});
  const fails = async (answer, facts) => {
    const sent = api.sendPiece(piece);
    (await begun()).answer(...answer);
    await assert.rejects(sent, facts);
  };
  await fails([413, { detail: "Too big." }], { status: 413, detail: "Too big.", offset: null });
  await fails([503, "", { "Retry-After": "3" }], { status: 503, retryAfter: 3, offline: false });
  await fails([409, { "expected-offset": 3 }], { status: 409, offset: 3 });
  await fails([0, ""], { offline: true });
  await fails([201, "<h1>Sign in to the hotel</h1>"], { offline: true });
  await fails([204, ""], { offline: true });
  const caller = new AbortController();
  const given = api.sendPiece(piece, { signal: caller.signal });
  await begun();
  caller.abort();
  await assert.rejects(given, { name: "AbortError" });
});

test("an upload of which nothing moves any more is given up", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent = room({}).api.sendPiece(piece);
  const xhr = await begun();
  context.mock.timers.tick(29_000);
  xhr.upload.onprogress({ loaded: 1 });
  context.mock.timers.tick(29_000);
  assert.equal(xhr.aborted, false);
  context.mock.timers.tick(1_000);
  await assert.rejects(sent, { offline: true });
});

test("where an upload stands can be asked, and it can be thrown away", async () => {
  const { asked, api } = room({ status: 204, headers: offset(7) });
  assert.equal(await api.uploadOffset("u/1"), 7);
  await api.dropUpload("u/1");
  const url = "/forum/api/threads/walk/uploads/u%2F1";
  assert.deepEqual(asked.map((one) => [one.method, one.url]), [["HEAD", url], ["DELETE", url]]);
  await assert.rejects(room({ status: 204 }).api.uploadOffset("u1"), { offline: true }, "no answer of ours");
  await assert.rejects(room({ status: 404, text: "" }).api.uploadOffset("u1"), { status: 404 });
});
