import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Catalogue } from "../../static/js/player/catalogue.js";
import { clip, record } from "./support.mjs";

let catalogue;
const ids = (clips) => clips.map(({ id }) => id);

beforeEach(() => {
  catalogue = new Catalogue();
  catalogue.apply({ reset: true, clips: { added: [clip(2), clip(1)] } });
});

test("clips stand in order of time, those of one instant in order of id", () => {
  catalogue.apply({ clips: { added: [clip(4), clip(3, { id: "z" }), clip(3, { id: "a" })] } });
  assert.deepEqual(ids(catalogue.clips), ["c1", "c2", "a", "z", "c4"]);
  assert.deepEqual([catalogue.newest.id, catalogue.size, catalogue.get("a").id], ["c4", 5, "a"]);
});

test("the first filling is told apart from what comes later", () => {
  const fresh = new Catalogue();
  assert.equal(fresh.apply({ reset: true, clips: { added: [clip(1)] } }).first, true);
  assert.equal(fresh.apply({ clips: { added: [clip(2)] } }).first, false);
  assert.equal(fresh.apply({ reset: true, clips: { added: [clip(1), clip(2)] } }).first, false);
});

test("an empty thread is filled too", () => {
  const fresh = new Catalogue();
  const changes = record(fresh, "change");
  assert.equal(fresh.apply({ reset: true, clips: { added: [] } }).first, true);
  assert.equal(changes.length, 1);
  assert.equal(fresh.newest, undefined);
});

test("added, changed and removed are told", () => {
  const changes = record(catalogue, "change");
  catalogue.apply({ clips: { added: [clip(3), clip(2, { duration: 9 })], removed: ["c1", "never seen"] } });
  const [{ added, changed, removed }] = changes;
  assert.deepEqual([ids(added), ids(changed), ids(removed)], [["c3"], ["c2"], ["c1"]]);
  assert.equal(catalogue.get("c2").duration, 9);
  assert.equal(catalogue.get("c1"), undefined);
});

test("a reset is told as the difference", () => {
  const difference = catalogue.apply({ reset: true, clips: { added: [clip(2), clip(3)] } });
  const { added, changed, removed, reset } = difference;
  assert.deepEqual([ids(added), ids(changed), ids(removed), reset], [["c3"], [], ["c1"], true]);
  assert.deepEqual(ids(catalogue.clips), ["c2", "c3"]);
});

test("changes that have nothing to do with clips are not told", () => {
  const changes = record(catalogue, "change");
  catalogue.apply({ clips: undefined });
  catalogue.apply({ clips: { removed: ["never seen"] } });
  assert.equal(changes.length, 0);
});

test("a live clip grows, becomes complete in its place, and what is not live here does not grow", () => {
  catalogue.apply({ clips: { added: [clip(3, { live: true, paused: false, duration: 0, bytes: 0 })] } });
  const growth = { id: "c3", mime: "audio/webm", bytes: 900, duration: 2, peaks: [1, 2], paused: true };
  const { added, changed } = catalogue.apply({ clips: { grown: [growth, { ...growth, id: "c1" }, { ...growth, id: "gone" }] } });
  assert.deepEqual([ids(added), ids(changed)], [[], ["c3"]]);
  const { bytes, duration, paused, author } = catalogue.get("c3");
  assert.deepEqual([bytes, duration, paused, author], [900, 2, true, "Ann"]);
  assert.equal(catalogue.get("c1").duration, 4);
  assert.deepEqual(ids(catalogue.apply({ clips: { added: [clip(3)] } }).changed), ["c3"]);
  assert.equal(catalogue.get("c3").live, undefined);
});
