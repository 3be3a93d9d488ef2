import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Catalogue } from "../../static/js/player/catalogue.js";
import { Heard } from "../../static/js/player/heard.js";
import { PlayTurn, takeTurns } from "../../static/js/player/play-turn.js";
import { Player } from "../../static/js/player/player.js";
import { Playlist } from "../../static/js/player/playlist.js";
import { Preloader } from "../../static/js/player/preloader.js";
import { Storage } from "../../static/js/storage.js";
import { FakeLocks, FakeTab } from "./browser-tabs.mjs";
import { clip, FakeArea, FakeClock, FakeMedia, FakePreferences, settle } from "./support.mjs";

let locks, area, storages, clock, one, two;

beforeEach(async () => {
  locks = new FakeLocks();
  area = new FakeArea();
  storages = [];
  clock = new FakeClock();
  one = await open("one");
  two = await open("two");
});

/** A tab on the thread, as far as it plays. */
async function open(name, { pressed = true, shared = locks } = {}) {
  const tab = new FakeTab(name, clock);
  tab.catalogue = new Catalogue();
  tab.catalogue.apply({ reset: true, clips: { added: [clip(1)] } });
  const preferences = new FakePreferences({ playNew: true, onlyOthers: true, speed: 1, volume: 1 });
  tab.told = new EventTarget();
  storages.push(tab);
  const write = { getItem: (key) => area.getItem(key), setItem: (key, value) => {
    area.setItem(key, value);
    for (const other of storages) if (other !== tab) queueMicrotask(() => other.told.dispatchEvent(Object.assign(new Event("storage"), { key })));
  } };
  const heard = new Heard({ thread: "walk", storage: new Storage({ area: write, tabs: tab.told }) });
  const playlist = new Playlist({ catalogue: tab.catalogue, preferences, heard, myAuthorId: "me" });
  tab.media = new FakeMedia();
  const preloader = new Preloader(async (url) => new Blob([url]));
  tab.player = new Player({ catalogue: tab.catalogue, playlist, preferences, heard, media: tab.media, preloader, clock });
  tab.turn = new PlayTurn({ locks: shared?.of(tab), name: "play" });
  takeTurns({ turn: tab.turn, player: tab.player, page: tab.page, frame: tab.frame, mayPlay: () => pressed });
  await settle();
  return tab;
}

async function arrive(...clips) {
  for (const tab of storages) if (!tab.isDead) tab.catalogue.apply({ clips: { added: clips } });
  await settle();
}

async function use(tab, how = "click") {
  tab.page.dispatchEvent(new Event(how));
  await settle();
}

async function end(tab) {
  tab.media.reach(4);
  tab.media.end();
  await settle();
}

async function close(tab) {
  tab.isDead = true;
  locks.free(tab);
  await settle();
  await settle();
}

const now = ({ player }) => `${player.state.state} ${player.state.clip?.id ?? "-"}`;

test("of two tabs one plays, and the other says so while it lasts", async () => {
  await arrive(clip(2), clip(3));
  assert.deepEqual([now(one), now(two)], ["playing c2", "idle -"]);
  assert.deepEqual([two.player.state.elsewhere, two.player.state.waiting], [true, 2]);
  await end(one);
  assert.deepEqual([now(one), two.player.state.waiting], ["playing c3", 1]);
  await end(one);
  assert.deepEqual([now(one), now(two), two.player.state.waiting], ["idle -", "idle -", 0]);
});

test("the tab that was used last plays", async () => {
  await use(two);
  assert.deepEqual([one.turn.mine, two.turn.mine], [false, true]);
  await arrive(clip(2));
  assert.deepEqual([now(one), now(two)], ["idle -", "playing c2"]);
});

test("a tab that is looked at waits until the other one has played", async () => {
  await arrive(clip(2), clip(3));
  await use(two, "visibilitychange");
  await end(one);
  assert.deepEqual([now(one), now(two)], ["playing c3", "idle -"]);
  await end(one);
  assert.deepEqual([one.turn.mine, two.turn.mine], [false, true]);
  await arrive(clip(4));
  assert.deepEqual([now(one), now(two)], ["idle -", "playing c4"]);
});

test("a tab that was only looked at for a moment does not come later", async () => {
  await arrive(clip(2));
  await use(two);
  two.frame.dispatchEvent(new Event("blur"));
  await end(one);
  assert.deepEqual([one.turn.mine, two.turn.mine], [true, false]);
});

test("a tab in which nothing was pressed, or that is hidden, leaves the turn where it is", async () => {
  const three = await open("three", { pressed: false });
  await use(three, "visibilitychange");
  two.page.hidden = true;
  await use(two, "visibilitychange");
  assert.deepEqual([one, two, three].map(({ turn }) => turn.mine), [true, false, false]);
});

test("where the tab that plays is closed the next one goes on with what was not heard", async () => {
  await arrive(clip(2), clip(3));
  await end(one);
  await close(one);
  assert.equal(now(two), "playing c3");
});

test("what somebody chooses in another tab sounds there, and nowhere else", async () => {
  await arrive(clip(2), clip(3));
  two.player.play("c1");
  await settle();
  assert.deepEqual([now(one), now(two)], ["paused c2", "playing c1"]);
  await end(two);
  assert.deepEqual([now(one), now(two)], ["paused c2", "playing c2"]);
});

test("what waits can be played here", async () => {
  await arrive(clip(2), clip(3));
  two.player.playHere();
  await settle();
  assert.deepEqual([now(one), now(two)], ["paused c2", "playing c2"]);
  await end(two);
  await end(two);
  await use(one);
  assert.deepEqual([now(one), now(two)], ["idle -", "idle -"], "it was heard over there");
});

test("a tab that records has the turn at once, and keeps it", async () => {
  await arrive(clip(2));
  two.player.hold("recorder");
  await settle();
  assert.deepEqual([now(one), two.turn.mine], ["paused c2", true]);
  await use(one);
  assert.deepEqual([now(one), two.turn.mine], ["paused c2", true]);
  two.player.release("recorder");
  await settle();
  assert.equal(now(two), "playing c2");
});

test("what was stopped does not begin in the tab that is looked at next", async () => {
  await arrive(clip(2), clip(3));
  one.player.stop();
  await use(two);
  assert.deepEqual([now(one), now(two), two.turn.mine], ["idle -", "idle -", true]);
  await arrive(clip(4));
  assert.equal(now(two), "playing c4");
});

test("without locks, or where they are refused, each tab plays", async () => {
  const refuse = { request: async () => { throw new DOMException("denied", "SecurityError"); } };
  for (const shared of [null, { of: () => refuse }]) {
    const tab = await open("alone", { shared });
    await arrive(clip(storages.length + 1));
    assert.equal(tab.player.state.state, "playing");
  }
});
