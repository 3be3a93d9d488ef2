import assert from "node:assert/strict";
import { test } from "node:test";

import { LagControl } from "../../static/js/player/live/lag-control.js";

const LOOK = 50;

/** A listener whose pieces come every so often; gives the least lag of the last second, and what was done. */
class Listener {
  now = 0;
  lag;
  rates = new Set();
  skipped = 0;
  #next;

  constructor({ lag, piece = 0.1, late = () => 0, behind = false, owed = false }) {
    this.control = new LagControl({ behind, owed });
    Object.assign(this, { lag, piece, late });
    this.#next = piece;
  }

  /** @param {number} seconds */
  play(seconds, { speed = 1 } = {}) {
    const lags = [];
    for (const end = this.now + seconds * 1000; this.now < end;) {
      const { rate, skip } = this.control.look(this.now, this.lag, speed);
      this.rates.add(rate);
      this.skipped += skip;
      this.now += LOOK;
      this.lag -= (LOOK / 1000) * rate + skip;
      this.#next -= LOOK / 1000;
      if (this.#next <= 0) {
        this.lag += this.piece;
        this.#next += this.piece + this.late();
      }
      if (this.now > end - 1000) lags.push(this.lag);
    }
    return Math.min(...lags);
  }
}

test("where pieces come evenly little is kept in hand, soon", () => {
  const listener = new Listener({ lag: 0.5 });
  const least = listener.play(12);
  assert.ok(least > 0.05 && least < 0.2, String(least));
  assert.deepEqual([...listener.rates], [1, 1.05]);
  assert.equal(listener.skipped, 0);
});

test("in the first moments nothing is done: they tell nothing", () => {
  const listener = new Listener({ lag: 1.5 });
  listener.play(1.5);
  assert.deepEqual([...listener.rates], [1]);
});

test("where they come unevenly more is kept, and it takes its time", () => {
  const swing = [0, 0, 0, 0, 0.4, -0.4];
  const listener = new Listener({ lag: 1.2, late: () => { swing.push(swing.shift()); return swing[0]; } });
  listener.play(5);
  assert.deepEqual([...listener.rates], [1]);
  const least = listener.play(25);
  assert.ok(least > 0.15 && least < 0.4, String(least));
});

test("where they come unevenly and little is in hand it plays slower until there is more, and no longer", () => {
  const swing = [0, 0, 0, 0, 0.4, -0.4];
  const listener = new Listener({ lag: 0.45, late: () => { swing.push(swing.shift()); return swing[0]; } });
  listener.play(5);
  assert.deepEqual([...listener.rates], [1, 0.95]);
  listener.play(10);
  listener.rates.clear();
  const least = listener.play(20);
  assert.ok(least > 0.15 && least < 0.35, String(least));
  assert.deepEqual([...listener.rates], [1]);
});

test("after a time in which nobody looked it begins to look anew", () => {
  const listener = new Listener({ lag: 0.5 });
  listener.play(6);
  listener.now += 60_000;
  listener.lag = 1.5;
  listener.rates.clear();
  listener.play(3);
  assert.deepEqual([...listener.rates], [1]);
  listener.play(6);
  assert.deepEqual([...listener.rates], [1, 1.1]);
});

test("each underflow makes it more careful, and is forgiven with time", () => {
  const listener = new Listener({ lag: 0.9 });
  listener.control.underflow(0);
  const careful = listener.play(7.5);
  assert.ok(careful > 0.25, String(careful));
  const later = listener.play(40);
  assert.ok(later < careful - 0.1, `${later} ${careful}`);
});

test("who is more than two seconds late, and not by a break, is brought to what is said now", () => {
  const listener = new Listener({ lag: 3 });
  listener.play(10);
  assert.ok(listener.skipped > 2.5, String(listener.skipped));
  assert.ok(listener.lag < 0.4);
});

test("what came late after a break is played faster, and nothing left out", () => {
  const listener = new Listener({ lag: 0.3 });
  listener.play(5);
  listener.control.underflow(listener.now);
  listener.lag = 10;
  listener.play(20);
  assert.ok(listener.rates.has(1.25));
  assert.equal(listener.skipped, 0);
  listener.play(60);
  assert.ok(listener.lag < 0.7, String(listener.lag));
  assert.equal(listener.skipped, 0);
});

test("where the first bytes came late nothing is left out either", () => {
  const listener = new Listener({ lag: 4, owed: true });
  listener.play(60);
  assert.equal(listener.skipped, 0);
  assert.ok(listener.lag < 0.7, String(listener.lag));
});

test("who began further back keeps their own speed until they have caught up", () => {
  const listener = new Listener({ lag: 5, behind: true });
  listener.play(4, { speed: 1.5 });
  assert.deepEqual([...listener.rates], [1.5]);
  const least = listener.play(25, { speed: 1.5 });
  assert.ok(least < 0.4, String(least));
  assert.ok(!listener.control.behind);
  assert.equal(listener.skipped, 0);
});

for (const [how, late] of [["evenly", () => 0], ["unevenly", (() => { let n = 0; return () => [0, 0, 0.3, -0.3][n++ % 4]; })()]]) {
  test(`where pieces come ${how} nothing is left out up to two seconds: it is played faster`, () => {
    const listener = new Listener({ lag: 1.9, late });
    const least = listener.play(60);
    assert.equal(listener.skipped, 0);
    assert.deepEqual([...listener.rates], [1, 1.1, 1.05], "less so the nearer it is");
    assert.ok(least < 0.5, String(least));
  });
}

test("a silence that was a speaker's pause makes it no more careful", () => {
  const least = (excuse) => {
    const listener = new Listener({ lag: 0.3 });
    listener.play(5);
    for (let pause = 0; pause < 3; pause++) {
      listener.control.underflow(listener.now);
      if (excuse) listener.control.excuse();
      listener.now += 3000;
      listener.lag = 0.5;
      listener.play(1);
    }
    return listener.play(10);
  };
  assert.ok(least(true) < 0.25, String(least(true)));
  assert.ok(least(false) > least(true) + 0.1, String(least(false)));
});

test("a pause excuses no underflow from before", () => {
  const listener = new Listener({ lag: 0.9 });
  listener.control.underflow(0);
  listener.play(1);
  listener.control.excuse();
  assert.ok(listener.play(6.5) > 0.25);
});
