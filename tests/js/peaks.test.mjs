import assert from "node:assert/strict";
import { test } from "node:test";

import { loudness, MAX_PEAKS, PeakCollector, rmsOf } from "../../static/js/recorder/peaks.js";

const collect = (levels) => {
  const collector = new PeakCollector();
  for (const level of levels) collector.push(level);
  return collector.peaks;
};

test("loudness: silence is 0, speech stands high, a shout is 1", () => {
  assert.equal(loudness(0), 0);
  assert.equal(loudness(NaN), 0);
  assert.equal(loudness(0.003), 0);
  assert.ok(loudness(0.01) < 0.1);
  assert.ok(loudness(0.08) > 0.4 && loudness(0.08) < 0.6);
  assert.equal(loudness(0.5), 1);
});

test("rms of a square wave is its height", () => {
  assert.equal(rmsOf(new Float32Array([0.5, -0.5, 0.5, -0.5])), 0.5);
  assert.equal(rmsOf(new Float32Array(8)), 0);
});

test("a short clip keeps every level", () => {
  assert.deepEqual(collect([0, 0.5, 0]), [0, 100, 0]);
  assert.deepEqual(collect([]), []);
});

test("however long, never more than 128, all whole numbers from 0 to 100", () => {
  for (const count of [127, 128, 129, 130, 257, 1000, 45_000]) {
    const peaks = collect(Array.from({ length: count }, (_, n) => (n % 7) / 7));
    assert.ok(peaks.length <= MAX_PEAKS, `${count}: ${peaks.length}`);
    assert.ok(peaks.length > MAX_PEAKS / 2 - 1, `${count}: ${peaks.length}`);
    assert.ok(peaks.every((peak) => Number.isInteger(peak) && peak >= 0 && peak <= 100));
  }
});

test("a word stays where it was said, and as loud", () => {
  const levels = Array.from({ length: 4000 }, (_, n) => (n === 1000 ? 0.5 : 0.001));
  const peaks = collect(levels);
  const at = peaks.indexOf(100);
  assert.ok(Math.abs(at / peaks.length - 0.25) < 0.02, `${at} of ${peaks.length}`);
  assert.equal(peaks.filter((peak) => peak > 0).length, 1);
});
