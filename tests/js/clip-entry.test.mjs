import assert from "node:assert/strict";
import { test } from "node:test";

import { sentAs } from "../../static/js/player/entry.js";
import { clip } from "./support.mjs";

const item = (id, more = {}) => ({ id, upload: null, state: "waiting", error: null, take: { seconds: 4 }, ...more });

test("a clip of one's own is the outbox item whose name at the server it has", () => {
  const items = [item("a", { state: "sending", upload: "c2" }), item("b", { upload: "c1", take: { seconds: 9 } })];
  assert.equal(sentAs(clip(1), items).id, "b");
});

test("what went out whole has no name yet: then its length tells, if it was tried", () => {
  const items = [item("a"), item("b", { state: "sending", take: { seconds: 2 } }), item("c", { state: "sending" })];
  assert.equal(sentAs(clip(1), items).id, "c");
  assert.equal(sentAs(clip(1), [item("d", { error: new Error("no answer") })]).id, "d");
});

test("a clip from elsewhere is none of them", () => {
  assert.equal(sentAs(clip(1), [item("a"), item("b", { state: "sending", upload: "c7" })]), undefined);
});
