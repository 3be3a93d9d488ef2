import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff } from "../../static/js/downlink/backoff.js";

test("it doubles up to 30 s", () => {
  const most = [1, 2, 3, 4, 5, 6, 7, 20].map((failures) => backoff(failures, () => 1));
  assert.deepEqual(most, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

test("full jitter reaches down to half a second", () => {
  assert.equal(backoff(1, () => 0), 500);
  assert.equal(backoff(9, () => 0), 500);
  assert.equal(backoff(3, () => 0.5), 2250);
});

test("never sooner than the server asked for", () => {
  assert.equal(backoff(1, () => 1, 7), 7000);
  assert.equal(backoff(5, () => 1, 7), 16000);
  assert.equal(backoff(1, () => 0, null), 500);
});
