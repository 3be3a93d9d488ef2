import assert from "node:assert/strict";
import { test } from "node:test";

import { pluckPath } from "../../static/js/phone/call-string.js";

test("the string hangs between its ends, and swings to both sides of them", () => {
  const path = pluckPath(1, 300, 56);
  const heights = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
  assert.equal(heights[0], 28);
  assert.equal(heights.at(-1), 28);
  assert.ok(Math.min(...heights) < 4 && Math.max(...heights) > 52);
  assert.ok(path.startsWith("M0.0 ") && path.includes("L300.0 "));
});
