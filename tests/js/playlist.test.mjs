import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Catalogue } from "../../static/js/player/catalogue.js";
import { Playlist } from "../../static/js/player/playlist.js";
import { clip, FakePreferences } from "./support.mjs";

const mine = { author: "Me", authorId: "me" };
let catalogue, preferences, heard, playlist;

beforeEach(() => {
  catalogue = new Catalogue();
  catalogue.apply({ reset: true, clips: { added: [clip(1), clip(2, mine), clip(3)] } });
  preferences = new FakePreferences({ playNew: true, onlyOthers: true });
  heard = new Set();
  playlist = new Playlist({ catalogue, preferences, heard, myAuthorId: "me" });
});

function arrive(...clips) {
  playlist.arrived(catalogue.apply({ clips: { added: clips } }).added);
}

const next = (current) => playlist.next(current)?.id ?? null;

test("nothing is played by itself of what was there before", () => {
  assert.equal(next(null), null);
});

test("arrivals are played in order of time, one's own left out", () => {
  arrive(clip(6), clip(4, mine));
  arrive(clip(5));
  assert.equal(playlist.waiting, 2);
  assert.deepEqual([next(null), next(clip(5)), next(clip(6))], ["c5", "c6", null]);
});

test("one's own are played where so chosen, even after they came", () => {
  arrive(clip(4, mine));
  assert.equal(playlist.waiting, 0);
  preferences.set("onlyOthers", false);
  assert.equal(playlist.waiting, 1);
  assert.equal(next(null), "c4");
});

test("without Play new clips nothing is collected, and switching it off forgets", () => {
  preferences.set("playNew", false);
  arrive(clip(4));
  preferences.set("playNew", true);
  assert.equal(next(null), null);
  arrive(clip(5));
  preferences.set("playNew", false);
  preferences.set("playNew", true);
  assert.equal(next(null), null);
});

test("Play plays one, then what arrived", () => {
  playlist.choose(clip(1), { onwards: false });
  arrive(clip(4));
  assert.equal(next(clip(1)), "c4");
});

test("Play from here goes on to the newest, one's own left out, and then listens", () => {
  playlist.choose(clip(1), { onwards: true });
  assert.equal(playlist.peek(clip(1)).id, "c3");
  assert.equal(next(clip(1)), "c3");
  arrive(clip(4));
  assert.deepEqual([next(clip(3)), next(clip(4))], ["c4", null]);
  arrive(clip(5));
  assert.deepEqual([next(clip(4)), next(clip(5))], ["c5", null]);
});

test("Play from here goes through one's own where so chosen", () => {
  preferences.set("onlyOthers", false);
  playlist.choose(clip(1), { onwards: true });
  assert.deepEqual([next(clip(1)), next(clip(2, mine)), next(clip(3))], ["c2", "c3", null]);
});

test("Play from here goes on where a clip was removed under it", () => {
  playlist.choose(clip(1), { onwards: true });
  catalogue.apply({ clips: { removed: ["c1"] } });
  assert.equal(next(clip(1)), "c3");
});

test("Play from here reaches what arrives, without Play new clips too", () => {
  preferences.set("playNew", false);
  playlist.choose(clip(3), { onwards: true });
  arrive(clip(4));
  assert.deepEqual([next(clip(3)), next(clip(4))], ["c4", null]);
  arrive(clip(5));
  assert.equal(next(clip(4)), null);
});

test("a clip that was removed or chosen meanwhile is not waited for", () => {
  arrive(clip(4), clip(5), clip(6));
  catalogue.apply({ clips: { removed: ["c4"] } });
  playlist.choose(clip(5), { onwards: false });
  assert.equal(playlist.waiting, 1);
  assert.deepEqual([next(clip(5)), next(clip(6))], ["c6", null]);
});

test("Stop forgets what waits, and silences whoever is speaking until a pause", () => {
  const at = (second) => `2026-11-21T11:00:${String(second).padStart(2, "0")}.000Z`;
  const said = (second, more = {}) => clip(second, { id: `s${second}`, created: at(second), duration: 1, ...more });
  arrive(said(1), said(2), clip(4));
  assert.equal(next(clip(4)), "c4");
  playlist.stop(said(1));
  assert.equal(next(null), null);
  arrive(said(3), said(4));
  arrive(said(5), said(6, { author: "Bob", authorId: "bob" }));
  assert.deepEqual([next(null), next(null)], ["s6", null]);
  arrive(said(20));
  assert.equal(next(null), "s20");
});

test("it knows whose a clip is by the identity, not by the name", () => {
  assert.ok(playlist.isMine(clip(9, mine)));
  assert.ok(!playlist.isMine(clip(9, { author: "Me", authorId: undefined })));
});

test("what was heard in another tab is not waited for", () => {
  arrive(clip(4), clip(5));
  assert.equal(playlist.waiting, 2);
  heard.add("c4");
  assert.equal(playlist.waiting, 1);
  assert.equal(next(null), "c5");
});

test("what waits can be forgotten, and what comes later is played", () => {
  arrive(clip(4));
  playlist.forgetWaiting();
  assert.equal(playlist.waiting, 0);
  arrive(clip(5));
  assert.equal(next(null), "c5");
});
