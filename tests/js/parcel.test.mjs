import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Parcel } from "../../static/js/recorder/parcel.js";
import { FakeUploads } from "./support.mjs";

let server;
const { signal } = new AbortController();
const finish = { duration: 2, description: "soup", peaks: [1] };

beforeEach(() => {
  server = new FakeUploads();
});

function parcelOf(text, parts = {}) {
  const parcel = new Parcel({ key: "a", mime: "audio/webm", whole: false, ...parts });
  parcel.add(new Blob([text]));
  return parcel;
}

test("pieces go out as they come, and the last request makes them a clip", async () => {
  const parcel = parcelOf("one");
  assert.equal(await parcel.send(server, { finish: null, signal }), null);
  assert.deepEqual([parcel.behind, server.content("a")], [0, "one"]);
  parcel.add(new Blob([" two"]));
  parcel.add(new Blob([" three"]));
  await parcel.send(server, { finish: null, signal });
  const clip = await parcel.send(server, { finish, signal });
  assert.equal(clip.id, parcel.upload);
  assert.deepEqual(server.asked, ["POST ?0 one", "PATCH 3 ?0  two three", "PATCH 13 ?1 "]);
  assert.deepEqual(server.clips.get("a"), { content: "one two three", ...finish });
});

test("the single byte that some recorders begin with waits for the next piece, or for the end", async () => {
  const parcel = parcelOf("o");
  assert.ok(!parcel.due);
  parcel.add(new Blob(["ne"]));
  assert.ok(parcel.due);
  assert.ok(await parcelOf("o").send(server, { finish, signal }));
  assert.deepEqual(server.asked, ["POST ?1 o"]);
});

test("what is over before anything was sent ends with the request that carries the rest", async () => {
  const parcel = parcelOf("one");
  assert.ok(await parcel.send(server, { finish, signal }));
  assert.deepEqual(server.asked, ["POST ?1 one"]);
});

test("a long recording goes in several requests, the last of which publishes", async () => {
  const parcel = parcelOf("x".repeat(9_000_000));
  const sizes = [];
  while (!(await parcel.send(server, { finish, signal }))) sizes.push(parcel.offset);
  assert.deepEqual(sizes, [4_000_000, 8_000_000]);
  assert.equal(server.clips.get("a").content.length, 9_000_000);
  const whole = parcelOf("x".repeat(5_000_000), { key: "b", whole: true });
  assert.ok(await whole.send(server, { finish, signal }), "what is whole is not cut");
});

test("a piece whose answer was lost is not sent twice", async () => {
  const parcel = parcelOf("one");
  await parcel.send(server, { finish: null, signal });
  parcel.add(new Blob([" two"]));
  server.loseAnswer = true;
  await assert.rejects(parcel.send(server, { finish: null, signal }), { offline: true });
  parcel.add(new Blob([" three"]));
  await parcel.send(server, { finish, signal });
  assert.deepEqual(server.asked.slice(-2), ["HEAD", "PATCH 7 ?1  three"]);
  assert.equal(server.clips.get("a").content, "one two three");
});

test("a first piece whose answer was lost is not sent twice either", async () => {
  const parcel = parcelOf("one");
  server.loseAnswer = true;
  await assert.rejects(parcel.send(server, { finish: null, signal }), { offline: true });
  parcel.add(new Blob([" two"]));
  await parcel.send(server, { finish, signal });
  assert.deepEqual(server.asked, ["POST ?0 one", "POST ?0 ", "PATCH 3 ?1  two"]);
  assert.equal(server.clips.get("a").content, "one two");
});

test("what goes whole is only repeated", async () => {
  const parcel = parcelOf("one", { whole: true });
  server.loseAnswer = true;
  await assert.rejects(parcel.send(server, { finish, signal }), { offline: true });
  assert.ok(await parcel.send(server, { finish, signal }));
  assert.deepEqual([server.asked, server.clips.size], [["POST ?1 one", "POST ?1 one"], 1]);
});

test("a commit whose answer was lost gives the first clip", async () => {
  const parcel = parcelOf("one");
  await parcel.send(server, { finish: null, signal });
  parcel.add(new Blob([" two"]));
  server.loseAnswer = true;
  await assert.rejects(parcel.send(server, { finish, signal }), { offline: true });
  assert.equal((await parcel.send(server, { finish, signal })).id, parcel.upload);
  assert.equal(server.clips.size, 1);
});

test("where the server stands elsewhere it is followed at once", async () => {
  const parcel = parcelOf("one");
  await parcel.send(server, { finish: null, signal });
  server.cut("a", 1);
  parcel.add(new Blob([" two"]));
  assert.equal(await parcel.send(server, { finish, signal }), null);
  await parcel.send(server, { finish, signal });
  assert.equal(server.clips.get("a").content, "one two");
});

test("an upload that is gone is begun anew, under the same key", async () => {
  const parcel = parcelOf("one");
  await parcel.send(server, { finish: null, signal });
  server.forget("a");
  parcel.add(new Blob([" two"]));
  assert.equal(await parcel.send(server, { finish, signal }), null);
  await parcel.send(server, { finish, signal });
  assert.deepEqual([server.asked.at(-1), server.clips.get("a").content], ["POST ?1 one two", "one two"]);
});

test("a thread that is gone is no reason to begin anew for ever", async () => {
  const parcel = parcelOf("one");
  await parcel.send(server, { finish: null, signal });
  server.refuse = { status: 404 };
  assert.equal(await parcel.send(server, { finish, signal }), null);
  await assert.rejects(parcel.send(server, { finish, signal }), { status: 404 });
});

test("a server that always stands elsewhere is given a rest", async () => {
  const parcel = parcelOf("one");
  await parcel.send(server, { finish: null, signal });
  server.refuse = { status: 409, offset: 1 };
  for (let n = 0; n < 3; n += 1) assert.equal(await parcel.send(server, { finish, signal }), null);
  await assert.rejects(parcel.send(server, { finish, signal }), { status: 409 });
});

test("what a browser that was killed had not kept, but the server has, counts", async () => {
  const first = parcelOf("one");
  await first.send(server, { finish: null, signal });
  first.add(new Blob([" two"]));
  await first.send(server, { finish: null, signal });
  const parcel = parcelOf("one", { upload: first.upload, begun: true });
  await parcel.send(server, { finish, signal });
  assert.deepEqual(server.asked.slice(-2), ["HEAD", "PATCH 7 ?1 "]);
  assert.equal(server.clips.get("a").content, "one two");
  assert.equal(server.digested.at(-1), null, "nothing to compare it with");
});

test("what is published is held against all that was recorded", async () => {
  const parcel = parcelOf("one");
  await parcel.send(server, { finish: null, signal });
  parcel.add(new Blob([" two"]));
  await parcel.send(server, { finish, signal });
  assert.deepEqual(server.digested, [null, "one two"]);
  const big = parcelOf("x".repeat(20_000_001), { key: "b", whole: true });
  await big.send(server, { finish, signal });
  assert.equal(server.digested.at(-1), null, "but not read into memory for it where it is big");
});

test("what was refused has not begun, and goes in one request when it is over", async () => {
  const parcel = parcelOf("one");
  server.refuseOnce = { status: 429 };
  await assert.rejects(parcel.send(server, { finish: null, signal }), { status: 429 });
  assert.ok(await parcel.send(server, { finish, signal }));
  assert.equal(server.asked.at(-1), "POST ?1 one");
});
