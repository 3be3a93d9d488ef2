import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ApiError } from "../../static/js/api.js";
import { Downlink } from "../../static/js/downlink/downlink.js";
import { liveliest, pace, restAfter } from "../../static/js/downlink/pace.js";
import { Tabs } from "../../static/js/downlink/tabs.js";
import { FakeClock, FakePage, FakePreferences, record, settle } from "./support.mjs";

/** A server whose answers the test gives, one request at a time. */
class FakeApi {
  asked = [];

  events({ cursor, wait, next, signal }) {
    return new Promise((resolve, reject) => {
      this.asked.push({ cursor, wait, next, signal, resolve, reject });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  get last() {
    return this.asked.at(-1);
  }

  get count() {
    return this.asked.length;
  }

  async news(changes) {
    this.last.resolve({ status: "news", changes });
    await settle();
  }

  async nothing(retryAfter = null) {
    this.last.resolve({ status: "nothing", retryAfter });
    await settle();
  }

  async fail(facts) {
    this.last.reject(new ApiError(facts));
    await settle();
  }
}

let api, clock, page, preferences, network, downlink, changes, states;

beforeEach(() => {
  api = new FakeApi();
  clock = new FakeClock();
  page = new FakePage();
  network = new EventTarget();
  preferences = new FakePreferences({ poll: "long" });
  downlink = new Downlink({
    api, thread: "walk", settings: { longPollPeriodS: 15 }, preferences, page, network, clock, random: () => 0.5,
    tabs: new Tabs({ name: "site", locks: null, page, clock }),
  });
  changes = record(downlink, "changes");
  states = record(downlink, "state");
});

const stateNames = () => states.map(({ state }) => state);

test("the first question is short, those after it are long and carry the cursor", async () => {
  downlink.start();
  assert.deepEqual([api.last.cursor, api.last.wait], [null, 0]);
  await api.news({ cursor: "a", reset: true, clips: { added: [] } });
  assert.deepEqual([api.last.cursor, api.last.wait], ["a", 15]);
  await clock.advance(15_000);
  await api.nothing();
  assert.deepEqual([api.last.cursor, api.last.wait], ["a", 15]);
  await api.news({ cursor: "b", free: 7 });
  assert.equal(api.last.cursor, "b");
  assert.deepEqual(changes.map(({ cursor }) => cursor), ["a", "b"]);
  assert.deepEqual(stateNames(), ["live"]);
});

test("a long poll answered at once with nothing does not spin", async () => {
  downlink.start();
  await api.news({ cursor: "a", reset: true });
  await api.nothing();
  assert.equal(api.count, 2);
  await clock.advance(999);
  assert.equal(api.count, 2);
  await clock.advance(1);
  assert.equal(api.count, 3);
});

test("without room for a listener it polls every 1 to 3 s, then listens again", async () => {
  downlink.start();
  await api.news({ cursor: "a", reset: true });
  await api.nothing(5);
  assert.equal(api.count, 2);
  await clock.advance(2000);
  assert.equal(api.last.wait, 0);
  await api.nothing();
  await clock.advance(2000);
  await api.nothing();
  await clock.advance(2000);
  assert.equal(api.last.wait, 15);
  assert.deepEqual(stateNames(), ["live"]);
});

test("short polls follow the person's choice, at once when it changes", async () => {
  preferences.values.poll = 3;
  downlink.start();
  await api.nothing();
  await clock.advance(2999);
  assert.equal(api.count, 1);
  await clock.advance(1);
  assert.equal(api.count, 2);
  await api.nothing();
  preferences.set("poll", "long");
  await settle();
  assert.equal(api.count, 3);
  assert.equal(api.last.wait, 15);
  preferences.set("poll", 1);
  await settle();
  assert.ok(api.asked[2].signal.aborted, "the long poll is given up");
  assert.equal(api.last.wait, 0);
});

test("off means off, until asked", async () => {
  downlink.start();
  await api.news({ cursor: "a", reset: true });
  preferences.set("poll", "off");
  await clock.advance(60_000);
  assert.equal(api.count, 2);
  assert.deepEqual(stateNames(), ["live", "off"]);
  downlink.refresh();
  await settle();
  assert.deepEqual([api.last.cursor, api.last.wait], ["a", 0]);
  await api.news({ cursor: "b" });
  await clock.advance(60_000);
  assert.equal(api.count, 3);
  assert.deepEqual(stateNames(), ["live", "off"]);
  preferences.set("poll", "long");
  await settle();
  assert.equal(api.count, 4);
});

test("a question that was wanted while polls are off is asked until it is answered", async () => {
  preferences.values.poll = "off";
  downlink.start();
  await api.fail({ offline: true });
  await clock.advance(750);
  assert.equal(api.count, 2);
  await api.news({ cursor: "a", reset: true });
  await clock.advance(60_000);
  assert.equal(api.count, 2);
  assert.deepEqual(stateNames(), ["retrying", "off"]);
});

test("a hidden tab asks every 10 s, and at once when it is seen again", async () => {
  downlink.start();
  await api.news({ cursor: "a", reset: true });
  page.show(false);
  await settle();
  assert.equal(api.last.wait, 0);
  await api.nothing();
  const { count } = api;
  await clock.advance(9999);
  assert.equal(api.count, count);
  await clock.advance(1);
  assert.equal(api.count, count + 1);
  await api.nothing();
  page.show(true);
  await settle();
  assert.equal(api.last.wait, 15);
});

test("a hidden tab that plays or talks is not slowed down", async () => {
  downlink.start();
  await api.news({ cursor: "a", reset: true });
  downlink.attentive = true;
  page.show(false);
  await settle();
  assert.equal(api.last.wait, 15);
  downlink.attentive = false;
  await settle();
  assert.equal(api.last.wait, 0);
});

test("failures back off, say so, and end with a short question", async () => {
  downlink.start();
  await api.news({ cursor: "a", reset: true });
  await api.fail({ offline: true });
  assert.deepEqual(stateNames(), ["live", "retrying"]);
  await clock.advance(750);
  assert.equal(api.last.wait, 0);
  await api.fail({ offline: true });
  assert.deepEqual(stateNames(), ["live", "retrying", "offline"]);
  await clock.advance(1249);
  const { count } = api;
  await clock.advance(1);
  assert.equal(api.count, count + 1);
  await api.nothing();
  assert.deepEqual(stateNames(), ["live", "retrying", "offline", "live"]);
  assert.deepEqual([api.last.cursor, api.last.wait], ["a", 15]);
});

test("a server that answers with errors is not offline, and is asked when it wants", async () => {
  downlink.start();
  await api.fail({ status: 503, retryAfter: 9, detail: "Later." });
  await clock.advance(8999);
  assert.equal(api.count, 1);
  await clock.advance(1);
  await api.fail({ status: 503, detail: "Later." });
  assert.deepEqual(stateNames(), ["retrying"]);
  assert.equal(states[0].error.message, "Later.");
});

test("when the network is back it does not wait", async () => {
  downlink.start();
  await api.fail({ offline: true });
  await api.fail({ offline: true });
  network.dispatchEvent(new Event("online"));
  await settle();
  assert.equal(api.count, 2);
});

test("whoever is no longer in the thread is told, and asks no more", async () => {
  downlink.start();
  await api.news({ cursor: "a", reset: true });
  await api.fail({ status: 401, detail: "Enter first." });
  await clock.advance(60_000);
  assert.equal(api.count, 2);
  assert.equal(downlink.state.state, "left");
  downlink.start();
  assert.deepEqual([api.last.cursor, api.last.wait], [null, 0]);
});

test("a message delivered again is told once", async () => {
  const message = (id) => ({ id, from: "Ann", to: "*", type: "chat", sent: "", body: { text: id } });
  downlink.start();
  await api.news({ cursor: "a", reset: true, messages: [message("1")] });
  await api.news({ cursor: "b", messages: [message("1"), message("2")] });
  await api.news({ cursor: "c", messages: [message("2")], free: 1 });
  assert.deepEqual(changes.map(({ messages }) => messages?.map(({ id }) => id)), [["1"], ["2"], undefined]);
});

test("stopped means stopped, and it can start again", async () => {
  downlink.start();
  downlink.start();
  assert.equal(api.count, 1);
  downlink.stop();
  assert.ok(api.last.signal.aborted);
  await clock.advance(60_000);
  assert.equal(api.count, 1);
  assert.equal(downlink.state.state, "idle");
  downlink.start();
  assert.equal(api.count, 2);
  await api.news({ cursor: "a", reset: true });
  assert.equal(api.count, 3);
});

test("it says when it will ask again, so that a slow listener stays online", async () => {
  preferences.values.poll = 10;
  downlink.start();
  assert.equal(api.last.next, 10);
  await api.news({ cursor: "a", reset: true });
  preferences.set("poll", "long");
  await settle();
  assert.equal(api.last.next, 3, "should there be no room");
  preferences.set("poll", "off");
  downlink.refresh();
  await settle();
  assert.equal(api.last.next, 0);
});

test("pace: a server that holds nothing is asked every 1 to 3 s", () => {
  const situation = { poll: "long", hidden: false, attentive: false, crowded: false, sure: true, longest: 0 };
  assert.deepEqual(pace(situation, () => 0.5), { wait: 0, rest: 2 });
  assert.deepEqual(pace({ ...situation, longest: 15 }), { wait: 15, rest: 0 });
  assert.deepEqual(pace({ ...situation, poll: 1, hidden: true }, () => 0.5), { wait: 0, rest: 10 });
  assert.equal(restAfter({ wait: 15, rest: 0 }, 0.1, true), 0);
  assert.equal(restAfter({ wait: 15, rest: 0 }, 14, false), 0);
});

test("pace: of several tabs the liveliest counts", () => {
  const [long, short, slow] = [{ wait: 15, rest: 0 }, { wait: 0, rest: 3 }, { wait: 0, rest: 10 }];
  assert.deepEqual(liveliest([slow, short]), short);
  assert.deepEqual(liveliest([slow, long, short]), long);
});
