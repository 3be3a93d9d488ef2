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

/** Opens a tab, and gives everything time to settle. */
async function open(name, thread, options) {
  const tab = browser.open(name, thread, options);
  await clock.advance(500);
  return tab;
}

/** Who asks, and for which threads: of every long poll that the site holds. */
const held = () => [...site.held].map(({ tab, at }) => `${tab.name}: ${[...at.keys()].sort()}`);
const range = (count) => Array.from({ length: count }, (_, n) => n);

test("of ten tabs one asks, and all hear", async () => {
  const tabs = [];
  for (const n of range(10)) tabs.push(await open(`t${n}`, n % 2 ? "garden" : "walk"));
  assert.deepEqual(held(), ["t0: garden,walk"]);
  site.add("walk", "w1");
  site.add("garden", "g1");
  await clock.advance(100);
  for (const [n, { ids }] of tabs.entries()) assert.deepEqual(ids, [n % 2 ? "g1" : "w1"]);
  assert.deepEqual(held(), ["t0: garden,walk"]);
});

test("a new tab asks once for itself, and costs nothing more while it is quiet", async () => {
  site.add("walk", "w1", "w2");
  await open("t0", "walk");
  const before = site.asked.length;
  const late = await open("t1", "walk");
  assert.deepEqual(site.asked.slice(before), [{ tab: "t1", threads: ["walk"], wait: 0 }]);
  assert.deepEqual(late.ids, ["w1", "w2"]);
  await clock.advance(60_000);
  assert.ok(site.asked.slice(before + 1).every(({ tab }) => tab === "t0"));
  assert.deepEqual(late.states.map(({ state }) => state), ["live"]);
});

test("a single tab, and tabs of one thread, are asked for at the thread's own address", async () => {
  await open("t0", "walk");
  await open("t1", "walk");
  await clock.advance(20_000);
  assert.ok(site.asked.every(({ threads }) => threads.length === 1));
});

test("a thread whose last tab is closed is not asked for any longer", async () => {
  await open("t0", "walk");
  const other = await open("t1", "garden");
  browser.close(other);
  site.add("walk", "w1");
  await clock.advance(100);
  assert.deepEqual(held(), ["t0: walk"]);
});

test("a thread whose tab crashed is not asked for for long", async () => {
  await open("t0", "walk");
  browser.kill(await open("t1", "garden"));
  await clock.advance(10_000);
  assert.deepEqual(held(), ["t0: garden,walk"]);
  await clock.advance(30_000);
  assert.deepEqual(held(), ["t0: walk"]);
});

for (const [how, leave] of [["is closed", (tab) => browser.close(tab)], ["crashes", (tab) => browser.kill(tab)]]) {
  test(`when the leader ${how} another goes on, and nothing is lost or told twice`, async () => {
    const tabs = [];
    for (const n of range(4)) tabs.push(await open(`t${n}`, n % 2 ? "garden" : "walk"));
    site.add("walk", "w1");
    leave(tabs[0]);
    site.add("walk", "w2");
    site.add("garden", "g1");
    await clock.advance(1000);
    site.add("walk", "w3");
    site.add("garden", "g2");
    await clock.advance(100);
    assert.deepEqual(held(), ["t1: garden,walk"]);
    assert.deepEqual(tabs[1].ids, ["g1", "g2"]);
    assert.deepEqual(tabs[2].ids, ["w1", "w2", "w3"]);
    assert.deepEqual(tabs[3].ids, ["g1", "g2"]);
  });
}

test("the tab that is seen leads", async () => {
  const first = await open("t0", "walk");
  const second = await open("t1", "garden", { hidden: true });
  await open("t2", "garden", { hidden: true });
  assert.deepEqual(held(), ["t0: garden,walk"]);
  first.page.show(false);
  second.page.show(true);
  await clock.advance(500);
  assert.deepEqual(held(), ["t1: garden,walk"]);
  site.add("walk", "w1");
  await clock.advance(100);
  assert.deepEqual(first.ids, ["w1"]);
  assert.equal(first.downlink.state.state, "live");
});

test("of tabs that are not seen, one that plays leads, at full speed", async () => {
  await open("t0", "walk", { hidden: true });
  const plays = await open("t1", "walk", { hidden: true });
  await clock.advance(15_000);
  assert.deepEqual(held(), []);
  plays.downlink.attentive = true;
  await clock.advance(500);
  assert.deepEqual(held(), ["t1: walk"]);
  const { length } = site.asked;
  plays.downlink.attentive = false;
  await clock.advance(20_000);
  assert.ok(site.asked.slice(length).every(({ wait }) => wait === 0), "all of them are slow again");
  assert.equal(site.asked.length - length, 2 + 1);
});

test("hidden tabs ask every 10 s, all together", async () => {
  for (const n of range(5)) await open(`t${n}`, n % 2 ? "garden" : "walk", { hidden: true });
  const { length } = site.asked;
  await clock.advance(60_000);
  const asked = site.asked.slice(length);
  assert.ok(asked.length >= 5 && asked.length <= 7, String(asked.length));
  assert.ok(asked.every(({ threads }) => threads.length === 2));
});

test("a frozen leader is replaced, and follows when it wakes", async () => {
  const frozen = await open("t0", "walk");
  const other = await open("t1", "walk");
  frozen.freeze();
  site.add("walk", "w1");
  await clock.advance(9_000);
  assert.deepEqual(other.ids, []);
  await clock.advance(6_500);
  assert.deepEqual(other.ids, ["w1"], "within three beats");
  site.add("walk", "w2");
  await clock.advance(500);
  frozen.thaw();
  await clock.advance(500);
  site.add("walk", "w3");
  await clock.advance(500);
  assert.deepEqual(held(), ["t1: walk"]);
  assert.deepEqual(frozen.ids, ["w1", "w2", "w3"]);
  assert.deepEqual(other.ids, ["w1", "w2", "w3"]);
});

const pauses = [["pagehide", "pageshow", ({ frame }) => frame], ["freeze", "resume", ({ page }) => page]];
for (const [going, coming, place] of pauses) test(`a leader hands over at ${going}, and takes part again at ${coming}`, async () => {
  const cached = await open("t0", "walk");
  const other = await open("t1", "walk");
  place(cached).dispatchEvent(new Event(going));
  await clock.advance(500);
  assert.deepEqual(held(), ["t1: walk"]);
  site.add("walk", "w1");
  await clock.advance(500);
  assert.deepEqual([cached.ids, other.ids], [[], ["w1"]]);
  place(cached).dispatchEvent(new Event(coming));
  await clock.advance(500);
  site.add("walk", "w2");
  await clock.advance(500);
  assert.deepEqual(cached.ids, ["w1", "w2"]);
  assert.deepEqual(held(), ["t1: walk"]);
});

test("a tab that missed something catches up by itself", async () => {
  await open("t0", "walk");
  const other = await open("t1", "walk");
  other.freeze();
  await clock.advance(30_000);
  site.add("walk", "w1");
  await clock.advance(500);
  site.add("walk", "w2");
  await clock.advance(500);
  other.thaw();
  await clock.advance(500);
  assert.deepEqual(other.ids, ["w1", "w2"]);
});

test("what is wrong is shown in every tab, and when it is over", async () => {
  const tabs = [await open("t0", "walk"), await open("t1", "walk"), await open("t2", "garden")];
  site.isDown = true;
  site.add("walk", "w1");
  await clock.advance(5000);
  for (const { downlink } of tabs) {
    assert.equal(downlink.state.state, "offline");
    assert.ok(downlink.state.error.offline);
  }
  site.isDown = false;
  await clock.advance(31_000);
  for (const { downlink } of tabs) assert.equal(downlink.state.state, "live");
  assert.deepEqual(tabs[1].ids, ["w1"]);
});

test("trouble with one thread is its tabs' alone", async () => {
  const walk = await open("t0", "walk");
  const garden = await open("t1", "garden");
  site.problems.set("garden", { status: 404, detail: "There is no thread called garden." });
  site.add("walk", "w1");
  await clock.advance(2000);
  assert.equal(walk.downlink.state.state, "live");
  assert.equal(garden.downlink.state.state, "retrying");
  assert.deepEqual([garden.downlink.state.error.status, garden.downlink.state.error.detail],
    [404, "There is no thread called garden."]);
  const { length } = site.asked;
  await clock.advance(60_000);
  assert.ok(site.asked.length - length < 20, "it is asked for less and less often");
  site.problems.clear();
  await clock.advance(60_000);
  site.add("garden", "g1");
  await clock.advance(500);
  assert.equal(garden.downlink.state.state, "live");
  assert.deepEqual(garden.ids, ["g1"]);
});

test("whoever is no longer in a thread is told in all its tabs, and the others go on", async () => {
  const tabs = [await open("t0", "walk"), await open("t1", "walk"), await open("t2", "garden")];
  site.problems.set("walk", { status: 401, detail: "Enter first." });
  site.add("garden", "g1");
  await clock.advance(500);
  assert.deepEqual(tabs.map(({ downlink }) => downlink.state.state), ["left", "left", "live"]);
  assert.deepEqual(tabs[2].ids, ["g1"]);
  assert.deepEqual(held(), ["t2: garden"]);
  site.problems.clear();
  const again = await open("t3", "walk");
  site.add("walk", "w1");
  await clock.advance(500);
  assert.deepEqual([again.ids, again.downlink.state.state], [["w1"], "live"]);
});

test("another tab's thread may be left without harm to the leader, and entered again", async () => {
  await open("t0", "walk");
  const gone = await open("t1", "garden");
  const frozen = await open("t2", "garden");
  frozen.freeze();
  site.problems.set("garden", { status: 401, detail: "Enter first." });
  site.add("walk", "w1");
  const { length } = site.asked;
  await clock.advance(4000);
  assert.equal(gone.downlink.state.state, "left");
  assert.deepEqual(held(), ["t0: walk"]);
  assert.equal(site.asked.length - length, 1, "nobody asks for a tab that cannot hear it");
  site.problems.clear();
  const again = await open("t3", "garden");
  site.add("garden", "g1");
  await clock.advance(500);
  assert.deepEqual([again.ids, again.downlink.state.state], [["g1"], "live"]);
});

test("a thread that was left can be entered again while its leader rests", async () => {
  await open("t0", "walk", { hidden: true });
  const gone = await open("t1", "garden", { hidden: true });
  site.problems.set("garden", { status: 401, detail: "Enter first." });
  while (gone.downlink.state.state !== "left") await clock.advance(100);
  site.problems.clear();
  const again = await open("t2", "garden", { hidden: true });
  assert.equal(again.downlink.state.state, "live");
});

test("a slow first answer is waited for", async () => {
  site.latency = () => 400;
  await open("t0", "walk");
  assert.deepEqual(site.asked.map(({ wait }) => wait), [0, 15]);
});

test("a new tab whose first question fails asks again", async () => {
  await open("t0", "walk");
  site.isDown = true;
  const other = await open("t1", "walk");
  assert.equal(other.downlink.state.state, "retrying");
  site.isDown = false;
  await clock.advance(5000);
  site.add("walk", "w1");
  await clock.advance(500);
  assert.deepEqual([other.ids, other.downlink.state.state], [["w1"], "live"]);
});

test("where the browser refuses locks each tab asks for itself", async () => {
  browser.refusesLocks = true;
  const tabs = [await open("t0", "walk"), await open("t1", "walk")];
  assert.deepEqual(held(), ["t0: walk", "t1: walk"]);
  site.add("walk", "w1");
  await clock.advance(500);
  for (const { ids } of tabs) assert.deepEqual(ids, ["w1"]);
});

test("a thread whose polls are off is asked for only when somebody wants to know", async () => {
  await open("t0", "walk");
  const quiet = await open("t1", "garden", { poll: "off" });
  site.add("garden", "g1");
  await clock.advance(20_000);
  assert.deepEqual([quiet.ids, quiet.downlink.state.state], [[], "off"]);
  assert.deepEqual(held(), ["t0: walk"]);
  quiet.downlink.refresh();
  await clock.advance(500);
  assert.deepEqual([quiet.ids, quiet.downlink.state.state], [["g1"], "off"]);
  site.add("garden", "g2");
  quiet.preferences.set("poll", "long");
  await clock.advance(500);
  assert.deepEqual([quiet.ids, quiet.downlink.state.state], [["g1", "g2"], "live"]);
  assert.deepEqual(held(), ["t0: garden,walk"]);
});

test("short polls of one thread go along with another's long poll, and alone keep their pace", async () => {
  const slow = await open("t0", "walk", { poll: 3 });
  const { length } = site.asked;
  await clock.advance(30_000);
  assert.ok(site.asked.length - length >= 9 && site.asked.length - length <= 11);
  await open("t1", "garden");
  assert.deepEqual(held(), ["t0: garden,walk"]);
  site.add("walk", "w1");
  await clock.advance(500);
  assert.deepEqual(slow.ids, ["w1"]);
});

test("to try again in one tab is to try again for all", async () => {
  const leader = await open("t0", "walk");
  const other = await open("t1", "garden");
  site.isDown = true;
  site.add("walk", "w1");
  await clock.advance(20_000);
  site.isDown = false;
  const wait = clock.next;
  other.downlink.refresh();
  await clock.advance(Math.min(wait - 1, 200));
  assert.deepEqual([leader.downlink.state.state, other.downlink.state.state], ["live", "live"]);
  assert.deepEqual(leader.ids, ["w1"]);
});

test("more threads than fit into one question take turns", async () => {
  const tabs = [];
  for (const n of range(23)) tabs.push(await open(`t${n}`, `thread${n}`));
  for (const n of range(23)) site.add(`thread${n}`, `c${n}`);
  await clock.advance(10_000);
  for (const [n, { ids }] of tabs.entries()) assert.deepEqual(ids, [`c${n}`]);
  assert.ok(site.asked.every(({ threads }) => threads.length <= 20));
});

test("whatever happens to the tabs, each hears every clip once and in order", async () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const clips = { walk: [], garden: [] };
  site.latency = () => random(60);
  const open3 = ["walk", "garden", "walk"];
  for (const [n, thread] of open3.entries()) await open(`t${n}`, thread);
  for (const n of range(300)) {
    const thread = random(2) ? "walk" : "garden";
    const alive = browser.tabs.filter(({ isDead }) => !isDead);
    const some = alive[random(alive.length)];
    const act = random(8);
    if (act === 0 && alive.length > 2) browser.kill(some);
    else if (act === 1 && alive.length > 2) browser.close(some);
    else if (act === 2 && alive.length < 8) browser.open(`n${n}`, thread);
    else if (act === 3) some.page.show(some.page.hidden);
    else if (act === 4) some.freeze();
    else if (act === 5) some.thaw();
    else {
      clips[thread].push(`c${n}`);
      site.add(thread, `c${n}`);
    }
    await clock.advance(random(3) ? random(50) : random(7000));
  }
  for (const tab of browser.tabs) {
    if (!tab.isDead) tab.thaw();
  }
  browser.open("last", "walk").page.show(true);
  await clock.advance(40_000);
  for (const tab of browser.tabs.filter(({ isDead }) => !isDead)) {
    assert.deepEqual(tab.ids, clips[tab.thread], tab.name);
  }
  const holding = new Set(held().map((one) => one.split(":")[0]));
  assert.ok(holding.size <= 1, held().join("; "));
});
