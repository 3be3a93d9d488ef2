import assert from "node:assert/strict";
import { test } from "node:test";

import { samplesOf, TUNES } from "../../static/js/phone/tunes.js";

const RATE = 48_000;
const rms = (samples, from, to) => {
  const part = samples.slice(Math.round(from * RATE), Math.round(to * RATE));
  return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
};

test("every tune is as long as it says, can be heard and does not clip", () => {
  for (const [name, tune] of Object.entries(TUNES)) {
    const samples = samplesOf(tune, RATE);
    assert.equal(samples.length, Math.round(tune.seconds * RATE), name);
    assert.ok(rms(samples, 0, 0.3) > 0.02, name);
    assert.ok(samples.every((value) => Math.abs(value) < 1), name);
  }
});

test("a ring is quiet before it rings again", () => {
  const samples = samplesOf(TUNES.ring, RATE);
  assert.ok(rms(samples, 2.5, 3) < rms(samples, 0.5, 1) / 10);
});

test("the ring back is softer than the ring", () => {
  assert.ok(rms(samplesOf(TUNES.ringBack, RATE), 0, 0.3) < rms(samplesOf(TUNES.ring, RATE), 0, 0.3) / 1.5);
});

test("a plucked string sounds at its pitch", () => {
  const pitch = 400;
  const samples = samplesOf({ seconds: 1, loop: false, plucks: [{ at: 0, pitch, level: 1 }] }, RATE);
  const period = RATE / pitch;
  const alike = (shift) => {
    let product = 0;
    for (let i = 4800; i < 14_400; i++) product += samples[i] * samples[i + Math.round(shift)];
    return product;
  };
  assert.ok(alike(period) > 0.9 * alike(0));
  assert.ok(alike(period / 2) < 0.5 * alike(0));
});

test("what sounds once ends in silence", () => {
  const samples = samplesOf(TUNES.end, RATE);
  assert.ok(Math.abs(samples.at(-1)) < 1e-3);
});
