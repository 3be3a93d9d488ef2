import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ApiError } from "../../static/js/api.js";
import { Outbox } from "../../static/js/recorder/outbox.js";
import { FakeClock, FakePage, FakeUploads, settle } from "./support.mjs";

/** The browser's store; a tab that dies leaves it as it is. */
class FakeStore {
  takes = new Map();
  bytes = new Map();
  full = false;
  #last = Promise.resolve();

  async all() {
    return [...this.takes.values()];
  }

  async get(id) {
    return this.takes.get(id);
  }

  async pieces(id) {
    return this.bytes.get(id) ?? [];
  }

  put(take) {
    return this.#write(() => this.takes.set(take.id, structuredClone(take)));
  }

  addPiece(take, number, piece) {
    return this.#write(async () => {
      const bytes = this.bytes.get(take.id) ?? [];
      assert.equal(number, bytes.length);
      this.bytes.set(take.id, [...bytes, await piece.arrayBuffer()]);
      this.takes.set(take.id, structuredClone(take));
    });
  }

  remove(id) {
    return this.#write(() => {
      this.takes.delete(id);
      this.bytes.delete(id);
    });
  }

  #write(act) {
    const written = this.#last.then(() => {
      if (this.full) throw new Error("full");
      return act();
    });
    this.#last = written.catch(() => {});
    return written;
  }

  async content(id) {
    return new Blob(await this.pieces(id)).text();
  }
}

/** The locks of a browser and the channel between its tabs. */
class FakeOwners {
  /** By id: who has it, and who waits. */
  #queues = new Map();
  #tabs = [];

  tab() {
    const owners = this;
    const tab = {
      onBegun: (act) => owners.#tabs.push({ tab, act }),
      own: (address) => tab.wait(address.id, () => {
        for (const other of owners.#tabs) if (other.tab !== tab) other.act(address);
      }),
      wait: (id, act) => {
        const queue = owners.#queues.get(id) ?? [];
        owners.#queues.set(id, [...queue, { tab, act }]);
        if (!queue.length) act();
      },
      release: (id) => owners.#leave(id, tab),
      owned: async () => new Set([...owners.#queues].filter(([, queue]) => queue.length).map(([id]) => id)),
      /** The tab is closed, or crashes. */
      die: () => [...owners.#queues.keys()].forEach((id) => owners.#leave(id, tab)),
    };
    return tab;
  }

  #leave(id, tab) {
    const queue = this.#queues.get(id) ?? [];
    const left = queue.filter((one) => one.tab !== tab);
    this.#queues.set(id, left);
    if (queue[0]?.tab === tab) left[0]?.act();
  }
}

let server, clock, network, page, store, browser, owners, outbox, log;

/** A tab that is opened now. */
function open({ thread = "walk", name = "Ann", owners = browser.tab() } = {}) {
  return new Outbox({ api: server, store, owners, place: { thread, name }, page, network, clock, random: () => 1 });
}

const facts = (id) => ({ id, mime: "audio/webm", kind: "audio", created: `2026-11-21T10:00:0${id.charCodeAt(0) % 10}Z` });
const piece = (id, text, seconds = 2) => ({ ...facts(id), blob: new Blob([text]), seconds, peaks: [1] });
const take = (id, text = "x") => ({ ...piece(id, text), reason: "stopped" });
const states = (box = outbox) => box.items.map(({ id, state }) => `${id} ${state}`);
/** The requests since the last look. */
const asked = () => server.asked.splice(0);

beforeEach(() => {
  server = new FakeUploads();
  clock = new FakeClock();
  network = new EventTarget();
  page = new FakePage();
  store = new FakeStore();
  browser = new FakeOwners();
  owners = browser.tab();
  outbox = open({ owners });
  log = [];
  outbox.addEventListener("change", ({ detail }) => log.push(`${detail.item.id} ${detail.item.state} ${detail.item.progress}`));
  outbox.addEventListener("sent", ({ detail }) => log.push(`sent ${detail.id} as ${detail.clip.id}, ${outbox.items.length} kept`));
});

test("what is recorded is kept and sent as it comes; released, only the last piece remains", async () => {
  outbox.grow(piece("a", "one", 1));
  await settle();
  outbox.grow(piece("a", " two", 2));
  await settle();
  assert.deepEqual(asked(), ["POST ?0 one", "PATCH 3 ?0  two"]);
  assert.equal(await store.content("a"), "one two");
  const { state, seconds, upload, thread, name } = store.takes.get("a");
  assert.deepEqual([state, seconds, upload, thread, name], ["recording", 2, "id-a", "walk", "Ann"]);
  assert.deepEqual(outbox.items, [], "the recorder shows it, not the list");
  outbox.grow(piece("a", " three", 3));
  outbox.add(take("a", "one two three"), { description: "soup" });
  await settle();
  assert.deepEqual(asked(), ["PATCH 7 ?0  three", "PATCH 13 ?1 "]);
  assert.deepEqual(server.clips.get("a"), { content: "one two three", duration: 2, description: "soup", peaks: [1] });
});

test("pieces that come while a request is under way go together with the next", async () => {
  for (const text of ["one", " two", " three"]) outbox.grow(piece("a", text));
  await settle();
  assert.deepEqual(asked(), ["POST ?0 one", "PATCH 3 ?0  two three"]);
});

test("it is forgotten here when the server has committed it, and not before", async () => {
  server.refuseOnce = { offline: true };
  outbox.add(take("a"));
  await settle();
  assert.deepEqual([store.takes.get("a").state, await store.content("a"), outbox.pending], ["waiting", "x", 1]);
  await clock.advance(1000);
  assert.deepEqual([store.takes.size, store.bytes.size, outbox.pending], [0, 0, 0]);
  assert.deepEqual(log, ["a waiting 0", "a sending 0", "a waiting 0", "a sending 0", "a sending 1", "sent a as id-a, 1 kept", "a sending 1"]);
});

test("a short take that was never handed out in pieces goes in one request", async () => {
  outbox.add(take("a"), { description: "soup" });
  await settle();
  assert.deepEqual(asked(), ["POST ?1 x"]);
  assert.equal(server.clips.get("a").description, "soup");
});

test("takes are finished one after another, in order, and before what is still recorded", async () => {
  outbox.add(take("a"));
  outbox.grow(piece("c", "more"));
  outbox.add(take("b"));
  await settle();
  assert.deepEqual(asked(), ["POST ?1 x", "POST ?1 x", "POST ?0 more"]);
  assert.deepEqual([...server.clips.keys()], ["a", "b"]);
});

test("what waits for its author goes up for safety, is not published, and not shown", async () => {
  outbox.grow(piece("a", "one"));
  outbox.hold(take("a", "one"));
  await settle();
  assert.deepEqual([asked(), server.clips.size, states()], [["POST ?0 one"], 0, []]);
  assert.equal(store.takes.get("a").state, "held");
  outbox.add(take("a", "one"), { description: "soup" });
  await settle();
  assert.deepEqual([asked(), server.clips.get("a").description], [["PATCH 3 ?1 "], "soup"]);
});

test("what is discarded while its first piece is on its way is given up as soon as it has a name", async () => {
  outbox.grow(piece("a", "one"));
  outbox.discard("a");
  await settle();
  assert.deepEqual([asked(), store.takes.size], [["POST ?0 one", "DELETE id-a"], 0]);
});

test("what is discarded is gone here and there", async () => {
  outbox.grow(piece("a", "one"));
  await settle();
  outbox.discard("a");
  await settle();
  assert.deepEqual([asked(), store.takes.size, store.bytes.size], [["POST ?0 one", "DELETE id-a"], 0, 0]);
});

for (const facts of [{ offline: true }, { status: 429 }, { status: 502 }, { status: 503 }, { status: 504 }]) {
  test(`${facts.status ?? "no answer"} passes: it is tried again with the same key`, async () => {
    server.refuse = facts;
    outbox.add(take("a"));
    outbox.add(take("b"));
    await settle();
    const [item] = outbox.items;
    assert.deepEqual([item.state, item.error.status, asked().length], ["waiting", facts.status ?? 0, 1]);
    await clock.advance(999);
    assert.equal(asked().length, 0, "those behind it keep their place");
    await clock.advance(1);
    assert.deepEqual(asked(), ["POST ?1 x"]);
    await clock.advance(1999);
    assert.equal(asked().length, 0);
    server.refuse = null;
    await clock.advance(1);
    assert.deepEqual([...server.clips.keys()], ["a", "b"]);
  });
}

for (const status of [400, 401, 403, 409, 413, 415, 422, 500, 507]) {
  test(`${status} is for its author to decide, and does not hold up the others`, async () => {
    server.refuseOnce = { status, detail: "A sentence." };
    outbox.add(take("a"));
    outbox.add(take("b"));
    await settle();
    assert.deepEqual([states(), outbox.items[0].error.detail], [["a failed"], "A sentence."]);
    assert.deepEqual(store.takes.get("a").error, { status, title: "", detail: "A sentence." });
    assert.equal(await outbox.items[0].take.blob.text(), "x", "it can be saved");
    await clock.advance(600_000);
    assert.deepEqual([outbox.pending, [...server.clips.keys()]], [0, ["b"]]);
    outbox.retry("a");
    await settle();
    assert.deepEqual([...server.clips.keys()], ["b", "a"]);
  });
}

test("the server may ask for a longer wait", async () => {
  server.refuse = { status: 429, retryAfter: 20 };
  outbox.add(take("a"));
  await clock.advance(19_999);
  assert.equal(asked().length, 1);
  await clock.advance(1);
  assert.equal(asked().length, 1);
});

test("it does not wait when the network is back, the tab is looked at, the server answers others, or when told to", async () => {
  server.refuse = { offline: true };
  outbox.add(take("a"));
  await settle();
  for (const [what, act] of Object.entries({
    network: () => network.dispatchEvent(new Event("online")),
    tab: () => page.show(true),
    others: () => outbox.wake(),
    told: () => outbox.retry("a"),
  })) {
    asked();
    act();
    await settle();
    assert.equal(asked().length, 1, what);
  }
});

test("whoever was away for too long and has entered again need not send it by hand", async () => {
  server.refuse = { status: 401 };
  outbox.add(take("a"));
  await settle();
  assert.deepEqual(states(), ["a failed"]);
  server.refuse = null;
  outbox.wake();
  await settle();
  assert.deepEqual([...server.clips.keys()], ["a"]);
});

test("what the server does not want while it grows is offered to it once more when it is over", async () => {
  server.refuseOnce = { status: 507 };
  outbox.grow(piece("a", "one"));
  await settle();
  outbox.grow(piece("a", " two"));
  await settle();
  assert.deepEqual(asked(), ["POST ?0 one"]);
  outbox.add(take("a", "one two"));
  await settle();
  assert.equal(server.clips.get("a").content, "one two");
});

test("what is discarded while it is under way, or waits, does not go out", async () => {
  let signal;
  server.sendPiece = (sent, options) => {
    signal = options.signal;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  outbox.add(take("a"));
  outbox.add(take("b"));
  await settle();
  outbox.discard("b");
  outbox.discard("a");
  await settle();
  assert.ok(signal.aborted);
  assert.deepEqual([outbox.items, store.takes.size], [[], 0]);
});

test("an error that is nobody's answer is kept with the clip", async () => {
  server.sendPiece = async () => { throw new TypeError("odd"); };
  outbox.add(take("a"));
  await settle();
  assert.deepEqual(states(), ["a failed"]);
  assert.match(outbox.items[0].error.message, /odd/);
});

test("how long it takes is said once that is known", async () => {
  let sent;
  server.sendPiece = (_, options) => {
    sent = options;
    return new Promise(() => {});
  };
  outbox.add(take("a", "x".repeat(100_000)));
  await settle();
  sent.onProgress(10_000);
  assert.deepEqual([outbox.items[0].progress, outbox.items[0].left], [0.1, null], "the first bytes only fill buffers");
  await clock.advance(5000);
  sent.onProgress(25_000);
  assert.deepEqual([outbox.items[0].progress, outbox.items[0].left], [0.25, 15]);
});

test("a tab that dies while it records: the next visit offers what there is, and sends nothing by itself", async () => {
  outbox.grow(piece("a", "one", 1));
  outbox.grow(piece("a", " two", 2));
  await settle();
  owners.die();
  asked();
  const next = open();
  assert.deepEqual(await next.restore(), []);
  await settle();
  assert.deepEqual([states(next), asked()], [["a unfinished"], []]);
  const [{ take: found }] = next.items;
  assert.deepEqual([await found.blob.text(), found.seconds, found.mime, found.blob.type], ["one two", 2, "audio/webm", "audio/webm"]);
  next.retry("a");
  await settle();
  assert.deepEqual([asked(), server.clips.get("a").content], [["HEAD", "PATCH 7 ?1 "], "one two"]);
  assert.equal(store.takes.size, 0);
});

test("what a tab had held for its author is offered too, and can be heard first", async () => {
  outbox.grow(piece("a", "one"));
  outbox.hold(take("a", "one"));
  await settle();
  owners.die();
  const next = open();
  await next.restore();
  await settle();
  const [item] = next.items;
  assert.equal(item.state, "unfinished");
  next.hold(item.take);
  assert.deepEqual(states(next), [], "while it is heard it is not in the list");
  next.add(item.take);
  await settle();
  assert.equal(server.clips.get("a").content, "one");
});

test("what a tab that dies was sending goes on by itself at the next visit, and what had failed does not", async () => {
  server.refuse = { offline: true };
  outbox.add(take("a"), { description: "soup" });
  await settle();
  server.refuse = null;
  owners.die();
  await store.put({ ...store.takes.get("a"), id: "b", state: "failed", error: { status: 413, title: "", detail: "Big." } });
  await store.addPiece(store.takes.get("b"), 0, new Blob(["b"]));
  await store.put({ ...store.takes.get("b"), id: "c", error: { status: 401, title: "", detail: "" } });
  await store.addPiece(store.takes.get("c"), 0, new Blob(["c"]));
  const next = open();
  await next.restore();
  await settle();
  assert.deepEqual([...server.clips.keys()], ["a", "c"]);
  assert.equal(server.clips.get("a").description, "soup");
  assert.deepEqual([states(next), next.items[0].error.detail], [["b failed"], "Big."]);
});

test("a commit whose answer a tab did not live to see is not made twice", async () => {
  server.loseAnswer = true;
  outbox.add(take("a"));
  await settle();
  owners.die();
  const next = open();
  await next.restore();
  await settle();
  assert.deepEqual([server.clips.size, next.items, store.takes.size], [1, [], 0]);
});

test("a slip of the finger in a tab that died is not offered", async () => {
  outbox.grow(piece("a", "one", 0.25));
  await settle();
  owners.die();
  const next = open();
  await next.restore();
  await settle();
  assert.deepEqual([next.items, store.takes.size], [[], 0]);
});

test("another tab leaves a recording alone as long as its tab lives, and then takes it over", async () => {
  const other = open();
  await other.restore();
  outbox.grow(piece("a", "one"));
  outbox.grow(piece("b", "two"));
  await settle();
  asked();
  outbox.discard("b");
  outbox.add(take("a"));
  await settle();
  assert.deepEqual([asked(), states(other)], [["DELETE id-b", "PATCH 3 ?1 "], []]);
  server.refuse = { offline: true };
  outbox.add(take("c"));
  await settle();
  assert.deepEqual(states(other), []);
  server.refuse = null;
  owners.die();
  await settle();
  assert.deepEqual([...server.clips.keys()], ["a", "c"]);
});

test("what belongs to another thread or another name is not touched, and the other thread is named", async () => {
  for (const [id, place] of [["a", { thread: "choir" }], ["b", { name: "Bob" }]]) {
    const tab = browser.tab();
    const there = open({ ...place, owners: tab });
    there.grow(piece(id, "one"));
    await settle();
    tab.die();
  }
  open({ thread: "yard" }).grow(piece("c", "one"));
  await settle();
  const left = await outbox.restore();
  await settle();
  assert.deepEqual(left.map(({ thread, name }) => ({ thread, name })), [{ thread: "choir", name: "Ann" }], "one that is seen to is not");
  assert.deepEqual([outbox.items, store.takes.size], [[], 3]);
});

test("a browser that keeps nothing is told of, once, and the clip goes out all the same", async () => {
  const told = [];
  outbox.addEventListener("unkept", () => told.push("unkept"));
  store.full = true;
  outbox.grow(piece("a", "one"));
  outbox.grow(piece("a", " two"));
  outbox.grow(piece("b", "three"));
  await settle();
  assert.deepEqual([told, outbox.atRisk], [["unkept"], true]);
  store.full = false;
  outbox.grow(piece("a", " four"));
  await settle();
  assert.equal(store.bytes.size, 0, "no hole before what is kept");
  outbox.discard("b");
  outbox.add(take("a"));
  await settle();
  assert.deepEqual([server.clips.get("a").content, outbox.atRisk], ["one two four", false]);
});

test("a store that cannot even be read is no reason to fail", async () => {
  store.all = async () => { throw new Error("denied"); };
  assert.deepEqual(await outbox.restore(), []);
});

test("a live one is begun before there is anything of it, and told of once a second", async () => {
  outbox.begin(facts("a"));
  await settle();
  assert.deepEqual([asked(), server.said.splice(0)], [["POST ?0 "], [{ live: true }]]);
  for (const [text, seconds] of [["one", 0.1], [" two", 0.2], [" three", 1.2]]) {
    await clock.advance(seconds * 500);
    outbox.grow(piece("a", text, seconds));
    await settle();
  }
  assert.deepEqual(asked(), ["PATCH 0 ?0 one", "PATCH 3 ?0  two", "PATCH 7 ?0  three"]);
  assert.deepEqual(server.said.splice(0), [{ duration: 0.1, peaks: [1] }, {}, {}]);
  await clock.advance(1000);
  outbox.grow(piece("a", " four", 2.2));
  outbox.add(take("a", "one two three four"));
  await settle();
  assert.deepEqual([asked(), server.said], [["PATCH 13 ?0  four", "PATCH 18 ?1 "], [{ duration: 2.2, peaks: [1] }]]);
  assert.equal(server.clips.get("a").content, "one two three four");
});

test("of a live one it is told at once, and until it has arrived, that its author has paused, and goes on", async () => {
  outbox.begin(facts("a"));
  outbox.pause("a", true);
  await settle();
  assert.deepEqual([asked(), server.said.splice(0)], [["POST ?0 ", "PATCH 0 ?0 "], [{ live: true }, { paused: true }]]);
  outbox.grow(piece("a", "one"));
  server.refuse = { offline: true };
  outbox.pause("a", false);
  await clock.advance(5000);
  server.refuse = null;
  await clock.advance(5000);
  assert.equal(asked().at(-1), "PATCH 0 ?0 one");
  assert.equal(server.said.at(-1).paused, false);
  server.said.splice(0);
  outbox.grow(piece("a", " two"));
  await settle();
  assert.deepEqual([asked(), server.said.map(({ paused }) => paused)], [["PATCH 3 ?0  two"], [undefined]]);
});

test("of one that is not live nobody is told of a pause", async () => {
  outbox.grow(piece("a", "one"));
  await settle();
  asked();
  outbox.pause("a", true);
  await settle();
  assert.deepEqual(asked(), []);
});

test("a live one that is taken back is given up until the server has understood, in the next visit if need be", async () => {
  outbox.begin(facts("a"));
  outbox.grow(piece("a", "one"));
  await settle();
  asked();
  server.refuse = { offline: true };
  outbox.discard("a");
  await clock.advance(3000);
  assert.ok(asked().length > 1, "it is tried again");
  assert.equal(store.takes.get("a").state, "takenBack");
  owners.die();
  server.refuse = null;
  await open().restore();
  await settle();
  assert.deepEqual(asked().at(-1), "DELETE id-a");
  await settle();
  assert.deepEqual([store.takes.size, server.clips.size], [0, 0]);
});

test("a live one of which the server has not said a name is asked for it, and given up", async () => {
  server.loseAnswer = true;
  outbox.begin(facts("a"));
  outbox.discard("a");
  await clock.advance(3000);
  assert.deepEqual(asked(), ["POST ?0 ", "POST ?0 ", "DELETE id-a"]);
  assert.equal(store.takes.size, 0);
});

test("what the server has made a clip of, as it has not heard of its author for too long, is whole in another", async () => {
  outbox.begin(facts("a"));
  outbox.grow(piece("a", "one"));
  await settle();
  server.finish("a");
  outbox.grow(piece("a", "two"));
  await settle();
  outbox.add(take("a", "onetwo"));
  await settle();
  const [first, [key, second]] = server.clips;
  assert.deepEqual([first, second.content, outbox.items.length, store.takes.size], [["a", { content: "one" }], "onetwo", 0, 0]);
  assert.match(key, /^[0-9a-f]{32}$/);
});

test("the tab that comes after knows under which key it goes on", async () => {
  outbox.begin(facts("a"));
  outbox.grow(piece("a", "one"));
  await settle();
  server.finish("a");
  outbox.grow(piece("a", "two"));
  await settle();
  const { key } = store.takes.get("a");
  owners.die();
  await open().restore();
  await settle();
  assert.deepEqual([...server.clips].map(([name, { content }]) => [name, content]), [["a", "one"], [key, "onetwo"]]);
});

test("a live one that the server has made a clip of is taken back too", async () => {
  outbox.begin(facts("a"));
  outbox.grow(piece("a", "one"));
  await settle();
  server.finish("a");
  asked();
  outbox.discard("a");
  await settle();
  assert.deepEqual([asked(), server.clips.size, store.takes.size], [["DELETE id-a", "DELETE clip id-a"], 0, 0]);
});

test("what others have heard of a live one whose tab died is sent to its end", async () => {
  outbox.begin(facts("a"));
  outbox.grow(piece("a", "one"));
  await settle();
  outbox = open();
  await outbox.restore();
  owners.die();
  await settle();
  await settle();
  assert.equal(server.clips.get("a")?.content, "one");
});

test("a live one is tried again soon: somebody waits for the next word", async () => {
  outbox.begin(facts("a"));
  await settle();
  server.refuse = { offline: true };
  outbox.grow(piece("a", "one"));
  await clock.advance(60_000);
  asked();
  await clock.advance(10_000);
  assert.equal(asked().length, 5);
  assert.ok(outbox.roundTrip >= 0);
});
