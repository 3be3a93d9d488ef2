import assert from "node:assert/strict";
import { test } from "node:test";
import { beyondHole } from "../../static/js/player/live/hole.js";

const media = (currentTime, ...ranges) => ({
  currentTime, buffered: { length: ranges.length, start: (i) => ranges[i][0], end: (i) => ranges[i][1] },
});

test("what stands in front of a hole, or in it, goes on behind it", () => {
  assert.equal(beyondHole(media(0.26, [0.01, 0.36], [0.6, 5.75])), 0.6);
  assert.equal(beyondHole(media(0.5, [0.01, 0.36], [0.6, 5.75])), 0.6);
  assert.equal(beyondHole(media(2, [0, 1], [1.2, 2.1], [2.5, 3])), 2.5);
});

test("where there is something to play, or nothing comes after it, one waits", () => {
  assert.equal(beyondHole(media(0.26, [0, 2], [3, 4])), null);
  assert.equal(beyondHole(media(1.9, [0, 2])), null);
  assert.equal(beyondHole(media(0)), null);
});
