import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Heard } from "../../static/js/player/heard.js";
import { Storage } from "../../static/js/storage.js";
import { FakeArea, record } from "./support.mjs";

let area, tabs;
const open = () => new Heard({ thread: "walk", storage: new Storage({ area, tabs }) });

beforeEach(() => {
  area = new FakeArea();
  tabs = new EventTarget();
});

test("what was heard is remembered, and told once", () => {
  const heard = open();
  const changes = record(heard, "change");
  heard.mark("a");
  heard.mark("a");
  assert.deepEqual([heard.has("a"), heard.has("b"), open().has("a")], [true, false, true]);
  assert.deepEqual(changes, [{ id: "a" }]);
});

test("a place in the middle is remembered until the clip is heard", () => {
  const heard = open();
  heard.setPosition("a", 3.14159);
  assert.equal(open().position("a"), 3.1);
  heard.mark("a");
  assert.deepEqual([heard.position("a"), open().position("a")], [0, 0]);
  heard.setPosition("a", 2);
  heard.mark("a");
  assert.equal(open().position("a"), 0, "heard a second time as well");
  heard.setPosition("b", 2);
  heard.setPosition("b", 0);
  assert.equal(open().position("b"), 0);
});

test("it is bounded, the oldest going first", () => {
  const heard = open();
  for (let n = 0; n < 2100; n += 1) heard.mark(`h${n}`);
  for (let n = 0; n < 60; n += 1) heard.setPosition(`p${n}`, 2);
  const again = open();
  assert.deepEqual([again.has("h99"), again.has("h100"), again.has("h2099")], [false, true, true]);
  assert.deepEqual([again.position("p9"), again.position("p10")], [0, 2]);
});

test("what another tab has heard is heard here", () => {
  const heard = open();
  const changes = record(heard, "change");
  open().mark("a");
  tabs.dispatchEvent(Object.assign(new Event("storage"), { key: "mozchat:walk:heard" }));
  assert.deepEqual([heard.has("a"), changes], [true, [{ id: "a" }]]);
});

test("where storage is refused or spoilt it lasts as long as the page", () => {
  area.values.set("mozchat:walk:heard", '{"heard": 7}');
  const heard = open();
  area.refuse = true;
  heard.mark("a");
  assert.ok(heard.has("a"));
});
