import assert from "node:assert/strict";
import { test } from "node:test";
import { beadShape, discPath, hash, REST_DISC, wavePath } from "../../static/js/ui/bead.js";

test("the shapes of known names never change: people know each other by them", () => {
  assert.deepEqual(beadShape("Ann"), { lobes: 4, turn: 0.8125, hue: 0, letter: "A" });
  assert.deepEqual(beadShape("Tomás"), { lobes: 8, turn: 0.4375, hue: 3, letter: "T" });
  assert.deepEqual(beadShape("Ян"), { lobes: 4, turn: 0.9375, hue: 5, letter: "Я" });
});

test("case, composition and spaces round it do not make another bead", () => {
  assert.equal(hash(" ann "), hash("Ann"));
  assert.equal(hash("Tom\u00e1s"), hash("Toma\u0301s"));
  assert.notEqual(hash("Ann"), hash("Anna"));
});

test("names are spread over all colours and shapes", () => {
  const shapes = Array.from({ length: 900 }, (_, i) => beadShape(`guest ${i}`));
  const count = (key) => new Set(shapes.map((shape) => shape[key])).size;
  assert.deepEqual([count("hue"), count("lobes"), count("turn")], [9, 7, 16]);
});

test("a letter beyond the basic plane stays whole, no name has none", () => {
  assert.equal(beadShape("😀 Zoe").letter, "😀");
  assert.equal(beadShape("élan").letter, "É");
  assert.equal(beadShape("  ").letter, "");
});

test("a wave is closed, and reaches its radius and no further", () => {
  const points = [...wavePath(5, 0.1, 0.3, 24).matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => Math.hypot(x, y));
  assert.equal(points.length, 60);
  assert.ok(Math.abs(Math.max(...points) - 24) < 0.02);
  assert.ok(Math.abs(Math.min(...points) - (24 / 1.1) * 0.9) < 0.05);
});

test("silence is a circle, and the record button rests as one", () => {
  const radii = [...wavePath(7, 0, 0, 20).matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => Math.hypot(x, y));
  assert.ok(radii.every((r) => Math.abs(r - 20) < 0.02));
  assert.match(REST_DISC, /^M0-30a30 30/);
});

test("a louder voice makes a deeper wave", () => {
  const depth = (level) => {
    const radii = [...discPath("Kofi", level).matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => Math.hypot(x, y));
    return Math.max(...radii) - Math.min(...radii);
  };
  assert.ok(depth(1) > depth(0.5) && depth(0.5) > depth(0));
});
