import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { GrowingClip } from "../../static/js/player/live/growing-clip.js";
import { HubClips } from "../../static/js/downlink/hub-clips.js";
import { frame } from "./hub-frames.mjs";
import { FakeClock, settle } from "./support.mjs";

const HEAD = "[head]";
let clock, server, network, over, line;

/** A site with one live clip. A stream can be kept back or broken, and the site be away or full. */
class FakeSite {
  content = "";
  complete = false;
  buffering = false;
  away = false;
  refuses = 0;
  asked = [];
  #streams = new Set();
  #waiting = [];

  fetch = async (url, { signal }) => {
    const query = new URL(url, "http://site").searchParams;
    this.asked.push([...query].map(([name, value]) => `${name}=${value}`).join(" "));
    if (this.away) throw new TypeError("away");
    if (this.refuses === 204) return new Response(null, { status: 204, headers: { "Retry-After": "5" } });
    if (this.refuses) return new Response(JSON.stringify({ title: "no" }), { status: this.refuses });
    const live = query.get("from") === "live";
    const from = live ? Math.max(0, this.content.length - 4) : Number(query.get("from"));
    if (!query.has("wait")) return this.#stream(from, live, signal);
    if (query.get("wait") !== "0") await this.#more(from, signal);
    return this.#poll(from, live);
  };

  grow(text) {
    this.content += text;
    for (const stream of this.#streams) stream.give();
    for (const look of this.#waiting.splice(0)) look();
  }

  end() {
    this.complete = true;
    for (const stream of this.#streams) stream.close();
  }

  /** The connections break. */
  cut() {
    for (const stream of this.#streams) stream.break();
    this.#streams.clear();
  }

  /** Resolves when there is more than that. */
  #more(from, signal) {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      const look = () => (this.content.length > from || this.complete ? resolve() : this.#waiting.push(look));
      look();
    });
  }

  #poll(from, live) {
    const bytes = this.content.slice(from);
    const headers = { "Clip-Offset": String(from), "Clip-Next": String(this.content.length), "Clip-Complete": this.complete ? "?1" : "?0" };
    return new Response(bytes ? (live ? HEAD : "") + bytes : null, { status: bytes ? 200 : 204, headers: { ...headers, "Content-Type": "audio/webm" } });
  }

  #stream(from, live, signal) {
    const site = this;
    let at = from;
    let controller;
    const stream = {
      give() {
        if (site.buffering || at === site.content.length) return;
        controller.enqueue(new TextEncoder().encode(site.content.slice(at)));
        at = site.content.length;
      },
      close() { stream.give(); controller.close(); },
      break() { controller.error(new TypeError("broken")); },
    };
    const body = new ReadableStream({ start(given) { controller = given; if (live) given.enqueue(new TextEncoder().encode(HEAD)); } });
    this.#streams.add(stream);
    signal.addEventListener("abort", () => { this.#streams.delete(stream); controller.error(signal.reason); });
    stream.give();
    if (this.complete) stream.close();
    const headers = { "Clip-Offset": String(from), "Clip-Prefix": String(live ? HEAD.length : 0), "Content-Type": "audio/webm" };
    return new Response(body, { headers });
  }
}

beforeEach(() => {
  clock = new FakeClock();
  server = new FakeSite();
  network = new EventTarget();
  over = new AbortController();
  line = { keepsBack: false };
});

/** Reads to the end in the background. */
function read(from, hub) {
  const clip = new GrowingClip({ id: "c1", media: "/media", from, fetch: server.fetch, clock, network, hub, line });
  const heard = { clip, text: "", done: false, error: null };
  (async () => {
    try {
      for await (const { bytes } of clip.portions(over.signal)) heard.text += new TextDecoder().decode(bytes);
      heard.done = true;
    } catch (error) {
      heard.error = error;
    }
  })();
  return heard;
}

/** @param {number} ms */
async function pass(ms) {
  await clock.advance(ms);
  await settle();
  await settle();
}

test("from the start: every byte once, in one answer, and it knows when that was all", async () => {
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  server.grow("two ");
  await pass(0);
  assert.equal(heard.text, "one two ");
  server.end();
  await pass(500);
  assert.deepEqual([heard.text, heard.done], ["one two ", true]);
  assert.deepEqual(server.asked, ["from=0", "from=8&wait=0".replace("&", " ")]);
});

test("at the edge: what a decoder wants first, then what is new", async () => {
  server.grow("long ago, now ");
  const heard = read("edge");
  await pass(0);
  server.grow("next ");
  await pass(0);
  assert.equal(heard.text, `${HEAD}now next `);
  assert.equal(server.asked[0], "from=live back=1");
});

test("a connection that breaks is made again, from where it was", async () => {
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  server.away = true;
  server.cut();
  await pass(600);
  server.grow("two ");
  server.away = false;
  await pass(5000);
  assert.equal(heard.text, "one two ");
  assert.equal(server.asked.at(-1), "from=4");
});

test("back online it does not wait for the next try", async () => {
  server.away = true;
  const heard = read("start");
  await pass(9000);
  server.grow("one ");
  server.away = false;
  const { now } = clock;
  const before = now();
  network.dispatchEvent(new Event("online"));
  await pass(0);
  assert.deepEqual([heard.text, now() - before], ["one ", 0]);
});

test("where answers are kept back it polls, two seconds after it was told of bytes that do not come", async () => {
  server.buffering = true;
  const heard = read("start");
  server.grow("one ");
  heard.clip.told(4);
  await pass(1900);
  assert.deepEqual([heard.text, heard.clip.mode], ["", "stream"]);
  await pass(200);
  assert.deepEqual([heard.text, heard.clip.mode], ["one ", "poll"]);
  assert.ok(server.asked.includes("from=0 wait=15"));
  over.abort();
});

test("where answers come in lumps it polls, when it has seen that some times", async () => {
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  for (const late of [false, true, false, true, true]) {
    server.buffering = late;
    server.grow("more ");
    heard.clip.told(server.content.length);
    await pass(600);
    if (server.asked.length > 1) break;
    server.buffering = false;
    server.grow("and ");
    await pass(1000);
  }
  assert.deepEqual([heard.text, heard.clip.mode], [server.content, "poll"]);
  over.abort();
});

test("a line that is late now and then streams on", async () => {
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  for (let time = 0; time < 20; time++) {
    server.buffering = time % 4 === 0;
    server.grow("more ");
    heard.clip.told(server.content.length);
    await pass(600);
    server.buffering = false;
    server.grow("and ");
    await pass(400);
  }
  assert.deepEqual([heard.text, heard.clip.mode, server.asked.length], [server.content, "stream", 1]);
});

test("after a clip that had to be polled for the next one is at once", async () => {
  line.keepsBack = true;
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  assert.deepEqual([heard.text, server.asked[0]], ["one ", "from=0 wait=15"]);
  over.abort();
});

test("a stream that has flowed, and stands still, is made again", async () => {
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  server.buffering = true;
  server.grow("two ");
  heard.clip.told(8);
  await pass(1000);
  server.buffering = false;
  await pass(1500);
  assert.deepEqual([heard.text, heard.clip.mode], ["one two ", "stream"]);
});

test("nothing is done about bytes that have come", async () => {
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  heard.clip.told(4);
  await pass(60_000);
  assert.deepEqual([heard.clip.mode, server.asked.length], ["stream", 1]);
});

for (const status of [204, 503, 404]) {
  test(`${status} is told`, async () => {
    server.refuses = status;
    const heard = read("edge");
    await pass(0);
    assert.equal(heard.error?.status, status);
  });
}

test("it ends when nobody listens any more, and asks nothing", async () => {
  server.grow("one ");
  const heard = read("start");
  await pass(0);
  over.abort();
  await pass(60_000);
  assert.deepEqual([heard.done, server.asked.length], [false, 1]);
});

/** A hub that is up while a test says so; its clip grows with the site's. */
class FakeHub {
  clips = new HubClips((said) => this.sent.push(said));
  sent = [];
  isUp = true;
  #sentUpTo = 0;

  now = () => (this.isUp ? this.clips : null);

  begin(offset, prefix = "") {
    this.#sentUpTo = offset;
    this.clips.told({ listen: this.sent.at(-1).listen, mime: "audio/webm", offset, prefix: btoa(prefix) });
    this.push();
  }

  push() {
    const text = server.content.slice(this.#sentUpTo);
    if (text) this.clips.take(frame("c1", this.#sentUpTo, text));
    this.#sentUpTo += text.length;
  }

  die() {
    this.isUp = false;
    this.clips.lose();
  }
}

test("where there is a hub it brings them, and nothing is fetched", async () => {
  const hub = new FakeHub();
  const heard = read("edge", hub.now);
  server.grow("now ");
  await pass(0);
  hub.begin(0, HEAD);
  server.grow("next ");
  hub.push();
  await pass(0);
  assert.deepEqual([heard.text, heard.clip.mode, heard.done], [`${HEAD}now next `, "hub", false]);
  hub.clips.told({ listen: 1, complete: true });
  await pass(0);
  assert.deepEqual([heard.done, server.asked, hub.sent], [true, [], [{ listen: 1, clip: "c1", from: "live", back: 1 }]]);
});

test("when the hub dies it goes on by HTTP at its offset, and by the hub again when it is back", async () => {
  const hub = new FakeHub();
  const heard = read("start", hub.now);
  await pass(0);
  server.grow("one ");
  hub.begin(0);
  server.grow("two ");
  hub.push();
  hub.die();
  await pass(0);
  server.grow("three ");
  await pass(0);
  assert.deepEqual([heard.text, server.asked], ["one two three ", ["from=8"]]);

  hub.isUp = true;
  server.cut();
  await pass(5000);
  assert.deepEqual(hub.sent.at(-1), { listen: 2, clip: "c1", from: 14, back: 1 });
  server.grow("four ");
  hub.begin(14);
  await pass(0);
  assert.equal(heard.text, "one two three four ");
});

test("what the hub does not send is fetched", async () => {
  const hub = new FakeHub();
  const heard = read("start", hub.now);
  await pass(0);
  server.grow("one ");
  hub.clips.told({ listen: 1, problem: { status: 503 } });
  await pass(0);
  assert.deepEqual([heard.text, server.asked, hub.sent.length], ["one ", ["from=0"], 1]);
});

test("where the hub does not bring what it should, it is fetched two seconds later, each byte once", async () => {
  const hub = new FakeHub();
  const heard = read("start", hub.now);
  await pass(0);
  server.grow("one ");
  hub.begin(0);
  await pass(0);
  server.grow("two ");
  heard.clip.told(8);
  await pass(1900);
  assert.equal(heard.text, "one ");
  await pass(200);
  hub.push();
  await pass(0);
  assert.deepEqual([heard.text, heard.clip.mode], ["one two ", "stream"]);
  assert.deepEqual([server.asked, hub.sent.at(-1)], [["from=4"], { unlisten: 1 }]);
});

test("who hears no more tells the hub", async () => {
  const hub = new FakeHub();
  const heard = read("start", hub.now);
  await pass(0);
  server.grow("one ");
  hub.begin(0);
  await pass(0);
  over.abort();
  await pass(0);
  assert.deepEqual([heard.text, heard.done, server.asked, hub.sent.at(-1)], ["one ", false, [], { unlisten: 1 }]);
});
