import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ApiError } from "../../static/js/api.js";
import { Hub } from "../../static/js/downlink/hub.js";
import { frame } from "./hub-frames.mjs";
import { FakeClock, settle } from "./support.mjs";

/** A connection whose other end the test is. */
class FakeSocket extends EventTarget {
  static made = [];
  static refuse = false;
  sent = [];
  isClosed = false;

  constructor(url) {
    super();
    if (FakeSocket.refuse) throw new DOMException("not from here", "SecurityError");
    this.url = url;
    FakeSocket.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  open() {
    this.dispatchEvent(new Event("open"));
  }

  say(frame) {
    const asIs = typeof frame === "string" || frame instanceof ArrayBuffer;
    this.dispatchEvent(Object.assign(new Event("message"), { data: asIs ? frame : JSON.stringify(frame) }));
  }

  end(code) {
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

let clock, hub, cursor, news, changes, tickets, ticket;

beforeEach(() => {
  clock = new FakeClock();
  hub = null;
  FakeSocket.made = [];
  FakeSocket.refuse = false;
  [cursor, news, changes, tickets] = ["a", [], [], 0];
  ticket = async () => ({ url: "wss://site/hub", ticket: `t${tickets}` });
});

async function start() {
  const api = { listener: "here", hub: (thread, options) => { tickets += 1; return ticket(thread, options); } };
  hub = new Hub({ api, thread: "walk", cursor: () => cursor, onNews: (one) => news.push(one), onChange: () => changes.push(hub.live),
    clock, random: () => 0.5, WebSocket: FakeSocket });
  await settle();
}

const socket = () => FakeSocket.made.at(-1);

/** Connects, and gives the first answer. */
async function goLive(answer = { cursor: "a" }) {
  if (!hub) await start();
  await settle();
  socket().open();
  socket().say(answer);
}

/** Milliseconds until the next try. */
async function untilNextTry() {
  const before = tickets;
  let ms = 0;
  while (tickets === before && ms < 600_000) {
    const step = clock.next;
    await clock.advance(step);
    ms += step;
  }
  return ms;
}

test("it shows its ticket and its cursor first, and is live with the first answer", async () => {
  await start();
  assert.equal(socket().url, "wss://site/hub");
  assert.deepEqual(socket().sent, []);
  cursor = "b";
  socket().open();
  assert.deepEqual(socket().sent, [{ ticket: "t1", cursor: "b" }]);
  assert.equal(hub.live, false);
  socket().say({ cursor: "b" });
  assert.deepEqual([hub.live, changes, news], [true, [true], []]);
});

test("once nobody asks any more, it says that what was announced by asking holds no more", async () => {
  /** @type {number[]} */
  const sentAtChange = [];
  changes.push = () => sentAtChange.push(socket().sent.length);
  await goLive();
  assert.deepEqual(socket().sent.slice(1), [{ listener: "here" }]);
  assert.deepEqual(sentAtChange, [1], "asking has not ended before");
});

test("each frame joins on to the one before", async () => {
  await goLive({ cursor: "b", free: 1 });
  socket().say({ cursor: "c", online: ["Ann"] });
  assert.deepEqual(news, [
    { thread: "walk", from: "a", changes: { cursor: "b", free: 1 } },
    { thread: "walk", from: "b", changes: { cursor: "c", online: ["Ann"] } },
  ]);
  assert.deepEqual(changes, [true]);
});

test("it says what messages have arrived, of several at once", async () => {
  await goLive();
  socket().say({ cursor: "b", messages: [{ id: "1" }] });
  socket().say({ cursor: "c", messages: [{ id: "2" }] });
  socket().say({ cursor: "d", free: 1 });
  await clock.advance(200);
  assert.deepEqual(socket().sent.slice(2), [{ seen: "d" }]);
  await clock.advance(5000);
  assert.equal(socket().sent.length, 3);
});

test("in silence it asks whether the hub is there, and leaves one that does not answer", async () => {
  await goLive();
  await clock.advance(25_000);
  assert.deepEqual(socket().sent.at(-1), { ping: 1 });
  socket().say({ pong: 1 });
  await clock.advance(25_000);
  assert.deepEqual(socket().sent.at(-1), { ping: 2 });
  const old = socket();
  await clock.advance(9999);
  assert.ok(hub.live && !old.isClosed);
  await clock.advance(1);
  assert.deepEqual([hub.live, old.isClosed, changes], [false, true, [true, false]]);
  assert.equal(await untilNextTry(), 750);
});

test("what is not told by the connection that counts is passed over", async () => {
  await goLive();
  const old = socket();
  old.end(1006);
  await clock.advance(750);
  await goLive({ cursor: "a" });
  old.say({ cursor: "z", free: 1 });
  old.end(1006);
  assert.deepEqual([hub.live, news], [true, []]);
});

test("where it does not answer it is tried ever less often, and after three times every few minutes", async () => {
  ticket = async () => { throw new ApiError({ offline: true }); };
  await start();
  assert.equal(tickets, 1);
  assert.equal(await untilNextTry(), 750);
  assert.equal(await untilNextTry(), 1250);
  assert.equal(await untilNextTry(), 180_000);
  assert.equal(await untilNextTry(), 180_000);
});

for (const [what, after, hinder] of [
  ["a connection that is not allowed", 750, () => { FakeSocket.refuse = true; }],
  ["a connection that does not come", 10_750, () => {}],
  ["a ticket that does not come", 10_750, () => { ticket = () => new Promise(() => {}); }],
]) {
  test(`${what} is a failure too`, async () => {
    hinder();
    await start();
    assert.equal(await untilNextTry(), after);
  });
}

for (const status of [401, 403, 404]) test(`no ticket to be had (${status}): it is asked for again in some minutes`, async () => {
  ticket = async () => { throw new ApiError({ status }); };
  await start();
  assert.equal(await untilNextTry(), 180_000);
});

test("a site that wants to be asked later is", async () => {
  ticket = async () => { throw new ApiError({ status: 503, retryAfter: 9 }); };
  await start();
  assert.equal(await untilNextTry(), 9000);
});

test("a ticket that is refused is replaced once, then not for minutes", async () => {
  await start();
  socket().open();
  socket().end(1008);
  assert.equal(await untilNextTry(), 0);
  assert.equal(tickets, 2);
  socket().open();
  socket().end(1008);
  assert.equal(await untilNextTry(), 180_000);
});

test("one who is let in and thrown out at once does not come back again and again", async () => {
  await goLive();
  socket().end(1008);
  assert.equal(await untilNextTry(), 0);
  await goLive();
  socket().end(1008);
  assert.equal(await untilNextTry(), 180_000);
});

test("a hub that is started again is come back to within seconds, jittered", async () => {
  await goLive();
  socket().end(1012);
  assert.equal(await untilNextTry(), 2250);
});

test("who was too slow comes back at once, jittered, with the cursor it has", async () => {
  await goLive();
  socket().end(1013);
  assert.equal(hub.live, false);
  cursor = "k";
  assert.equal(await untilNextTry(), 500);
  socket().open();
  assert.deepEqual(socket().sent, [{ ticket: "t2", cursor: "k" }]);
});

test("a connection that has lasted makes up for failures, one that breaks at once does not", async () => {
  for (const next of [750, 1250, 180_000]) {
    await goLive();
    socket().end(1006);
    assert.equal(await untilNextTry(), next);
  }
  await goLive();
  await clock.advance(10_000);
  socket().end(1006);
  assert.equal(await untilNextTry(), 750);
});

test("when the network is back it is tried at once", async () => {
  ticket = async () => { throw new ApiError({ offline: true }); };
  await start();
  hub.check();
  await settle();
  assert.equal(tickets, 2);
  hub.check();
  hub.check();
  await settle();
  assert.equal(tickets, 3, "but not twice at a time");
});

test("while it is doubted that it is there it does not count as live", async () => {
  await goLive();
  hub.check();
  assert.deepEqual([hub.live, socket().sent.at(-1)], [false, { ping: 1 }]);
  socket().say({ pong: 1 });
  assert.deepEqual([hub.live, changes], [true, [true, false, true]]);
  assert.deepEqual(socket().sent.at(-1), { listener: "here" }, "it was asked meanwhile");
  hub.check();
  await clock.advance(10_000);
  assert.ok(socket().isClosed);
  assert.deepEqual(changes, [true, false, true, false]);
});

for (const frame of ["no JSON", "null", "7"]) test(`a frame that makes no sense (${frame}) ends the connection`, async () => {
  await goLive();
  socket().say(frame);
  assert.deepEqual([hub.live, socket().isClosed], [false, true]);
  assert.equal(await untilNextTry(), 750);
});

test("the bytes of a live clip come by it, and count as a sign of life", async () => {
  await goLive();
  assert.equal(socket().binaryType, "arraybuffer");
  const wish = hub.clips.listen({ clip: "c1", from: 0, back: 1 }, new AbortController().signal);
  assert.deepEqual(socket().sent.at(-1), { listen: 1, clip: "c1", from: 0, back: 1 });
  socket().say({ listen: 1, mime: "audio/webm", offset: 0, prefix: "" });
  await clock.advance(24_000);
  socket().say(frame("c1", 0, "one"));
  await clock.advance(24_000);
  assert.equal(socket().sent.at(-1).ping, undefined);
  const { value } = await wish.portions().next();
  assert.deepEqual([value.type, new TextDecoder().decode(value.bytes), value.next], ["audio/webm", "one", 3]);
  assert.deepEqual(news, []);
});

test("with the connection the clips are lost that came by it", async () => {
  await goLive();
  const wish = hub.clips.listen({ clip: "c1", from: null, back: 1 }, new AbortController().signal);
  socket().end(1006);
  assert.deepEqual([await wish.portions().next(), wish.end], [{ value: undefined, done: true }, "lost"]);
});

test("bytes that make no sense end the connection", async () => {
  await goLive();
  socket().say(new ArrayBuffer(3));
  assert.deepEqual([hub.live, socket().isClosed], [false, true]);
});

test("closed is closed", async () => {
  await goLive();
  socket().say({ cursor: "b", messages: [{ id: "1" }] });
  hub.close();
  hub.check();
  assert.ok(socket().isClosed);
  assert.equal(clock.pending, 0);
  await clock.advance(600_000);
  assert.equal(tickets, 1);
});

test("one that is closed before it was there does not come", async () => {
  start();
  hub.close();
  await clock.advance(600_000);
  assert.deepEqual([FakeSocket.made.length, clock.pending], [0, 0]);
});
