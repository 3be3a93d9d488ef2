import assert from "node:assert/strict";
import { test } from "node:test";

import { JitterBuffer } from "../../static/js/player/live/jitter-buffer.js";

const RATE = 48_000;
const BLOCK = 128;
const HZ = 150;

/** A tone from a time of the recording on, seconds. */
const tone = (seconds, at = 0) =>
  Float32Array.from({ length: Math.round(seconds * RATE) }, (_, i) => Math.sin(2 * Math.PI * HZ * (at + i / RATE)));

/** Plays so long; gives what was heard. */
function play(buffer, seconds) {
  const blocks = [];
  for (let i = 0; i < Math.round((seconds * RATE) / BLOCK); i++) {
    const output = new Float32Array(BLOCK);
    buffer.read(output);
    blocks.push(...output);
  }
  return blocks;
}

/** The greatest step from a sample to the next: a tone without a click has none over this. */
const step = (samples) => samples.reduce((most, value, i) => Math.max(most, i && Math.abs(value - samples[i - 1])), 0);
const SMOOTH = 1.3 * 2 * Math.PI * HZ / RATE;
const loud = (samples) => samples.some((value) => Math.abs(value) > 0.5);
/** Waves a second: how often it goes up through nothing. */
const pitch = (samples) => samples.filter((value, i) => value >= 0 && samples[i - 1] < 0).length / (samples.length / RATE);

test("it begins when it has a little in hand, and gives what it was given", () => {
  const buffer = new JitterBuffer(RATE);
  buffer.write(tone(0.2), 7);
  assert.ok(!loud(play(buffer, 0.05)));
  buffer.write(tone(0.3, 0.2), 7.2);
  const heard = play(buffer, 0.4);
  const from = Math.round(0.01 * RATE);
  const given = tone(0.5);
  assert.ok(heard.slice(from).every((value, i) => Math.abs(value - given[from + i]) < 1e-6));
  assert.ok(buffer.sounding);
  assert.ok(Math.abs(buffer.position - 7.4) < 0.003);
});

test("less in hand is played when nothing more comes", () => {
  const buffer = new JitterBuffer(RATE);
  buffer.write(tone(0.06), 0);
  assert.ok(!loud(play(buffer, 0.35)));
  assert.ok(loud(play(buffer, 0.1)));
});

test("where it runs dry it is silent without a click, and goes on when there is a little in hand again", () => {
  const buffer = new JitterBuffer(RATE);
  buffer.write(tone(0.3017), 0); // ends in mid-wave
  const dry = play(buffer, 0.4);
  assert.ok(!buffer.sounding);
  assert.ok(step(dry) < 0.05, String(step(dry)));
  buffer.write(tone(0.2), 0.3017);
  assert.ok(!loud(play(buffer, 0.05)));
  buffer.write(tone(0.2, 0.2), 0.5017);
  const again = play(buffer, 0.3);
  assert.ok(loud(again));
  assert.ok(step(again) < SMOOTH, String(step(again)));
});

test("the last of it is played, however little, and then it has ended", () => {
  const buffer = new JitterBuffer(RATE);
  buffer.write(tone(0.03), 0);
  buffer.finish();
  assert.ok(!buffer.ended);
  assert.ok(loud(play(buffer, 0.05)));
  assert.ok(buffer.ended);
});

for (const rate of [1.05, 1.25, 2]) {
  test(`played ${rate} times as fast it is as high as before, and nothing clicks`, () => {
    const buffer = new JitterBuffer(RATE);
    buffer.write(tone(9), 0);
    buffer.rate = rate;
    const heard = play(buffer, 4).slice(1000);
    assert.ok(Math.abs(buffer.position / 4 - rate) < 0.02, String(buffer.position / 4));
    assert.ok(Math.abs(pitch(heard) - HZ) < 2, String(pitch(heard)));
    assert.ok(step(heard) < SMOOTH, String(step(heard)));
  });
}

test("what is cleared is not heard, and what follows is, from its own time on", () => {
  const buffer = new JitterBuffer(RATE);
  buffer.write(tone(1), 0);
  play(buffer, 0.1);
  buffer.clear();
  assert.ok(!loud(play(buffer, 0.05).slice(100)));
  buffer.write(tone(1), 30);
  assert.ok(loud(play(buffer, 0.1)));
  assert.ok(Math.abs(buffer.position - 30.1) < 0.003);
});

test("a minute of it, in pieces and out in blocks, keeps its order", () => {
  const buffer = new JitterBuffer(RATE);
  const ramp = (from, count) => Float32Array.from({ length: count }, (_, i) => from + i);
  let written = 0;
  let next = null;
  for (let piece = 0; piece < 500; piece++) {
    const count = piece % 7 === 0 ? 20_000 : 2880;
    buffer.write(ramp(written, count), written / RATE);
    written += count;
    for (let block = 0; block < 40; block++) {
      const output = new Float32Array(BLOCK);
      buffer.read(output);
      if (!buffer.sounding) continue;
      if (next !== null && next > 1000) assert.equal(output[0], next);
      next = output[BLOCK - 1] + 1;
    }
  }
  assert.ok(next > 1_000_000);
});
