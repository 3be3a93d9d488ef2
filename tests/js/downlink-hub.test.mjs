import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeBrowser, FakeSite } from "./browser-tabs.mjs";
import { FakeClock } from "./support.mjs";

let clock, site, browser;

beforeEach(() => {
  clock = new FakeClock();
  site = new FakeSite(clock);
  browser = new FakeBrowser(site, clock);
});

/** Opens a tab on a thread that has a hub, and gives everything time to settle. */
async function open(name, thread, options) {
  const tab = browser.open(name, thread, { hub: true, ...options });
  await clock.advance(500);
  return tab;
}

async function add(thread, ...ids) {
  site.add(thread, ...ids);
  await clock.advance(100);
}

const held = () => [...site.held].map(({ tab, at }) => `${tab.name}: ${[...at.keys()].sort()}`);
const states = ({ states }) => states.map(({ state }) => state);

test("what is pushed is not asked for", async () => {
  site.add("walk", "w1");
  const tab = await open("t0", "walk");
  assert.deepEqual([site.hub.connected, held()], [["t0: walk"], []]);
  const { length } = site.asked;
  await add("walk", "w2");
  await clock.advance(120_000);
  await add("walk", "w3");
  assert.equal(site.asked.length, length);
  assert.deepEqual([tab.ids, states(tab)], [["w1", "w2", "w3"], ["live"]]);
});

test("until the hub has answered it is polled", async () => {
  site.hub.isUp = false;
  const tab = await open("t0", "walk");
  assert.deepEqual([site.hub.connected, held()], [[], ["t0: walk"]]);
  await add("walk", "w1");
  site.hub.isUp = true;
  await clock.advance(3000);
  assert.deepEqual([site.hub.connected, held()], [["t0: walk"], []]);
  await add("walk", "w2");
  assert.deepEqual([tab.ids, states(tab)], [["w1", "w2"], ["live"]]);
});

test("when the hub dies the poll goes on at once, until it is back", async () => {
  const tab = await open("t0", "walk");
  site.hub.end(1006, { isUp: false });
  await add("walk", "w1");
  assert.deepEqual([tab.ids, held()], [["w1"], ["t0: walk"]]);
  site.hub.isUp = true;
  await clock.advance(2000);
  await add("walk", "w2");
  assert.deepEqual([site.hub.connected, held(), tab.ids, states(tab)], [["t0: walk"], [], ["w1", "w2"], ["live"]]);
});

test("a hub that stays away is left alone for minutes, and tried when one comes back to the tab", async () => {
  site.hub.isUp = false;
  const tab = await open("t0", "walk");
  await clock.advance(30_000);
  site.hub.isUp = true;
  await clock.advance(60_000);
  assert.equal(site.hub.came, 0);
  tab.page.show(true);
  await clock.advance(100);
  assert.deepEqual([site.hub.connected, held()], [["t0: walk"], []]);
});

test("the site may be away while the hub tells", async () => {
  const tab = await open("t0", "walk");
  site.isDown = true;
  await add("walk", "w1");
  assert.deepEqual([tab.ids, states(tab)], [["w1"], ["live"]]);
  site.hub.end(1012);
  await clock.advance(100);
  assert.equal(tab.downlink.state.state, "retrying");
  site.isDown = false;
  await clock.advance(10_000);
  await add("walk", "w2");
  assert.deepEqual([tab.ids, tab.downlink.state.state, held()], [["w1", "w2"], "live", []]);
});

test("one who wants to know asks once, though it is pushed", async () => {
  const tab = await open("t0", "walk");
  const { length } = site.asked;
  tab.downlink.refresh();
  await clock.advance(30_000);
  assert.ok(site.asked.length > length);
  assert.deepEqual([site.hub.connected, held()], [["t0: walk"], []]);
});

test("when the network is back it is polled until the hub has answered", async () => {
  const tab = await open("t0", "walk");
  site.latency = () => 300;
  tab.network.dispatchEvent(new Event("online"));
  await clock.advance(100);
  assert.deepEqual(held(), ["t0: walk"]);
  await clock.advance(300);
  assert.deepEqual([held(), site.hub.came], [[], 1]);
});

test("who wants short polls, or none, has no hub", async () => {
  const tab = await open("t0", "walk", { poll: 3 });
  await open("t1", "garden", { poll: "off" });
  assert.equal(site.hub.came, 0);
  tab.preferences.set("poll", "long");
  await clock.advance(100);
  assert.deepEqual(site.hub.connected, ["t0: walk"]);
  tab.preferences.set("poll", 3);
  await clock.advance(100);
  assert.deepEqual(site.hub.connected, []);
  await add("walk", "w1");
  await clock.advance(3500);
  assert.deepEqual(tab.ids, ["w1"]);
});

test("of many tabs the one that leads is connected, once for each thread", async () => {
  const tabs = [];
  for (const n of [0, 1, 2, 3]) tabs.push(await open(`t${n}`, n % 2 ? "garden" : "walk"));
  assert.deepEqual([site.hub.connected, held()], [["t0: garden", "t0: walk"], []]);
  await add("garden", "g1");
  await add("walk", "w1");
  for (const [n, { ids }] of tabs.entries()) assert.deepEqual(ids, [n % 2 ? "g1" : "w1"]);
  browser.close(tabs[0]);
  site.add("garden", "g2");
  await clock.advance(1000);
  assert.deepEqual([site.hub.connected, held()], [["t1: garden", "t1: walk"], []]);
  await add("walk", "w2");
  assert.deepEqual([tabs[1].ids, tabs[2].ids, tabs[3].ids], [["g1", "g2"], ["w1", "w2"], ["g1", "g2"]]);
  browser.close(tabs[2]);
  await clock.advance(100);
  assert.deepEqual(site.hub.connected, ["t1: garden"]);
});

test("threads without a hub are polled beside those with one", async () => {
  const tabs = [await open("t0", "walk"), await open("t1", "garden", { hub: false })];
  assert.deepEqual([site.hub.connected, held()], [["t0: walk"], ["t0: garden"]]);
  await add("walk", "w1");
  await add("garden", "g1");
  assert.deepEqual(tabs.map(({ ids }) => ids), [["w1"], ["g1"]]);
  assert.ok(site.asked.slice(-2).every(({ threads }) => threads.join() === "garden"));
});

test("a leader that goes to sleep hangs up, and one that leaves the thread", async () => {
  const first = await open("t0", "walk");
  first.frame.dispatchEvent(new Event("pagehide"));
  await clock.advance(100);
  assert.deepEqual(site.hub.connected, []);
  first.frame.dispatchEvent(new Event("pageshow"));
  await clock.advance(500);
  assert.deepEqual(site.hub.connected, ["t0: walk"]);
  first.downlink.stop();
  assert.deepEqual(site.hub.connected, []);
});

test("whatever happens to tabs, hub and site, each hears every clip once and in order", async () => {
  let seed = 11;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const clips = { walk: [], garden: [] };
  site.latency = () => random(60);
  for (const [n, thread] of ["walk", "garden", "walk"].entries()) await open(`t${n}`, thread);
  for (let n = 0; n < 600; n++) {
    const thread = random(2) ? "walk" : "garden";
    const alive = browser.tabs.filter(({ isDead }) => !isDead);
    const some = alive[random(alive.length)];
    const act = random(14);
    if (act === 0 && alive.length > 2) browser.kill(some);
    else if (act === 1 && alive.length > 2) browser.close(some);
    else if (act === 2 && alive.length < 8) browser.open(`n${n}`, thread, { hub: Boolean(random(4)) });
    else if (act === 3) some.page.show(some.page.hidden);
    else if (act === 4) some.freeze();
    else if (act === 5) some.thaw();
    else if (act === 6) site.hub.end([1006, 1012, 1013, 1006, 1012, 1013, 1008][random(7)], { isUp: Boolean(random(6)) });
    else if (act === 7) site.isDown = !random(4);
    else if (act === 8) some.network.dispatchEvent(new Event("online"));
    else {
      clips[thread].push(`c${n}`);
      site.add(thread, `c${n}`);
    }
    await clock.advance(random(3) ? random(50) : random(7000));
  }
  for (const tab of browser.tabs) {
    if (!tab.isDead) tab.thaw();
  }
  site.isDown = false;
  site.hub.isUp = true;
  assert.ok(site.hub.came > 20, `it was there ${site.hub.came} times`);
  const last = browser.open("last", "walk", { hub: true });
  await clock.advance(1000);
  last.page.show(true);
  await clock.advance(300_000);
  for (const tab of browser.tabs.filter(({ isDead }) => !isDead)) {
    assert.deepEqual(tab.ids, clips[tab.thread], tab.name);
  }
  const connected = new Set(site.hub.connected.map((one) => one.split(":")[0]));
  assert.equal(connected.size, 1, site.hub.connected.join("; "));
});
