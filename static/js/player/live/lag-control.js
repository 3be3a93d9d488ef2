/**
 * How far behind a live speaker one listens. Pure.
 *
 * The lag, from what is played to what has come, is a saw-tooth as tall as a piece: so its minimum is steered, by playing
 * a little faster or slower, which is heard as no change of pitch. What was seen before is taken as it would have been at
 * the speed since then, else one would go on for as long as the window reaches back. Where pieces come evenly a short look
 * is enough, and little is kept in hand; where they do not, as much more as they vary, as each silence makes a browser wait
 * for longer before it goes on. Silence that there was is not made good by leaving out words: what came late is played
 * faster.
 */

/** Milliseconds of lag that are looked at, and what must have been seen of them. */
const WINDOW = 8000;
const FULL = 0.8;
/** The same where it is even; where one should play slower; and without a look, after which nothing is known. */
const GLANCE = 4000;
const GLIMPSE = 500;
const LONGEST_BLINK = 2000;
/** Seconds between the least and the most lag up to which pieces come evenly. */
const EVEN = 0.3;
/** Seconds of the least lag that is kept: where it is even, and at least where it is not; what each underflow adds. */
const TARGET = 0.11;
const UNEVEN_TARGET = 0.2;
/** At least so much is kept of the seconds between the least and the most lag. */
const SHARE = 0.7;
const STEP = 0.15;
const MOST_TARGET = 1.5;
/** Seconds of it that are given back, each so many milliseconds after the last change. */
const GIVEN_BACK = 0.05;
const FORGIVEN = 8000;
/** Seconds beyond the target from which one plays faster, and from which faster than that. */
const HIGH = 0.1;
const EVEN_HIGH = 0.05;
const FAR = 0.4;
const SLOWER = 0.95;
const FASTER = 1.05;
const STILL_FASTER = 1.1;
/** The same for what came late, from so many seconds on. */
const MUCH_FASTER = 1.25;
const MUCH = 1;
/** Seconds from which on words are left out; and where they came late, which is nobody's doing. */
const TOO_LATE = 2;
const MUCH_TOO_LATE = 30;
/** Seconds of lag at which somebody who began further back has caught up. */
const CAUGHT_UP = 1;

export class LagControl {
  /** One listens further back by choice: nothing is left out, and the speed is one's own until one has caught up. */
  behind;
  #target = TARGET;
  /** When the target was last changed, ms. */
  #changed = 0;
  /** There was silence, so what came late is owed. */
  #owed;
  /** What an underflow has changed, until it plays again. @type {{target: number, owed: boolean}|null} */
  #before = null;
  #rate = 1;
  /** Seconds that playing slower has added to the lag, and ms since when it is played at which speed. */
  #gained = 0;
  #last = { at: 0, rate: 1 };
  /** `lag` without what was gained. @type {{at: number, lag: number}[]} */
  #seen = [];

  /** @param {{behind?: boolean, owed?: boolean}} [how] `owed`: nothing may be left out of what comes late */
  constructor({ behind = false, owed = false } = {}) {
    this.behind = behind;
    this.#owed = owed;
  }

  /**
   * To be asked some times a second while it plays.
   * @param {number} now ms
   * @param {number} lag seconds
   * @param {number} speed what the person has chosen, for as long as one is behind
   * @returns {{rate: number, skip: number}} how fast to play, and how many seconds to leave out
   */
  look(now, lag, speed = 1) {
    this.#before = null;
    if (this.behind && lag > CAUGHT_UP) return { rate: speed, skip: 0 };
    this.behind = false;
    this.#forgive(now);
    this.#note(now, lag);
    const done = this.#steer(now);
    this.#last = { at: now, rate: done.rate };
    return done;
  }

  /**
   * There was nothing left to play.
   * @param {number} now ms
   */
  underflow(now) {
    this.#before = { target: this.#target, owed: this.#owed };
    this.#target = Math.min(MOST_TARGET, this.#target + STEP);
    this.#changed = now;
    this.#owed = true;
    this.forget();
  }

  /** There is still nothing, and it was no fault: the speaker has paused. */
  excuse() {
    if (!this.#before) return;
    this.#target = this.#before.target;
    this.#owed = this.#before.owed;
    this.#before = null;
  }

  /** What was seen says nothing of what comes. */
  forget() {
    this.#seen = [];
    this.#rate = 1;
  }

  /**
   * @param {number} now ms
   * @param {number} lag seconds
   */
  #note(now, lag) {
    const passed = now - this.#last.at;
    if (passed > LONGEST_BLINK) this.forget();
    else this.#gained += (1 - this.#last.rate) * (passed / 1000);
    this.#seen.push({ at: now, lag: lag - this.#gained });
    while (this.#seen[0].at < now - WINDOW) this.#seen.shift();
  }

  /** @param {number} now ms */
  #steer(now) {
    const lags = this.#seen.map((one) => one.lag + this.#gained);
    const least = Math.min(...lags);
    const spread = Math.max(...lags) - least;
    const even = spread < EVEN;
    const target = Math.max(this.#target, SHARE * spread, even ? 0 : UNEVEN_TARGET);
    const looked = now - this.#seen[0].at;
    if (looked >= (even ? GLANCE : WINDOW * FULL)) return this.#reach(least, target, even);
    const scarce = !even && looked >= GLIMPSE && least < target;
    if (scarce || this.#rate < 1) this.#rate = scarce ? SLOWER : 1;
    return { rate: this.#owed && least > MUCH ? MUCH_FASTER : this.#rate, skip: 0 };
  }

  /**
   * @param {number} least lag, seconds
   * @param {number} target
   * @param {boolean} even
   */
  #reach(least, target, even) {
    if (least <= target + HIGH) this.#owed = false;
    if (least > (this.#owed ? MUCH_TOO_LATE : TOO_LATE)) {
      this.forget();
      return { rate: 1, skip: least - target };
    }
    if (this.#owed && least > MUCH) this.#rate = MUCH_FASTER;
    else if (least > target + FAR) this.#rate = STILL_FASTER;
    else if (least > target + (even ? EVEN_HIGH : HIGH)) this.#rate = FASTER;
    else if (!even && least < target) this.#rate = SLOWER;
    else if (least <= target + 0.01 || this.#rate < 1) this.#rate = 1;
    return { rate: this.#rate, skip: 0 };
  }

  /** @param {number} now ms */
  #forgive(now) {
    if (now - this.#changed < FORGIVEN) return;
    this.#changed = now;
    this.#target = Math.max(TARGET, this.#target - GIVEN_BACK);
  }
}
