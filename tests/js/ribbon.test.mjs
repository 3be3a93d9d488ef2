import assert from "node:assert/strict";
import { test } from "node:test";
import { fitPeaks, ribbonPath } from "../../static/js/ui/ribbon.js";

/** All coordinates of a path, as [x, y]. */
function coordinates(path) {
  return [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

test("silence is a line of the least height", () => {
  const ys = coordinates(ribbonPath([0, 0, 0], 100, 40, 1)).map(([, y]) => y);
  assert.deepEqual([Math.min(...ys), Math.max(...ys)], [19, 21]);
});

test("the loudest peak fills the height, less one pixel", () => {
  const ys = coordinates(ribbonPath([0, 100, 0], 100, 40)).map(([, y]) => y);
  assert.deepEqual([Math.min(...ys), Math.max(...ys)], [1, 39]);
});

test("the curve never overshoots what was measured", () => {
  const peaks = [0, 90, 20, 95, 95, 5, 60, 0];
  const ys = coordinates(ribbonPath(peaks, 280, 40)).map(([, y]) => y);
  assert.ok(Math.min(...ys) >= 20 - 0.95 * 19 - 0.05);
});

test("it runs from one end to the other, and is the same above and below", () => {
  const path = ribbonPath([0, 40, 70, 10], 120, 40);
  const points = coordinates(path);
  assert.equal(Math.max(...points.map(([x]) => x)), 120);
  assert.equal(Math.min(...points.map(([x]) => x)), 0);
  const above = points.filter(([, y]) => y < 20).length;
  assert.equal(above, points.filter(([, y]) => y > 20).length);
  assert.ok(path.endsWith("Z"));
});

test("fewer peaks than there is room for stay as they are", () => {
  assert.deepEqual(fitPeaks([1, 2, 3], 5), [1, 2, 3]);
});

test("more of them keep their highest", () => {
  const peaks = Array.from({ length: 128 }, (_, i) => (i === 77 ? 100 : i % 7));
  const fitted = fitPeaks(peaks, 50);
  assert.equal(fitted.length, 50);
  assert.equal(Math.max(...fitted), 100);
  assert.deepEqual(fitPeaks([1, 9, 2, 8], 2), [9, 8]);
});
