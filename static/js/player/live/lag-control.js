/**
 * How far behind a live speaker one listens. Pure.
 *
 * The lag, from what is played to what has come, is a saw-tooth as tall as a piece: so its minimum is steered, by playing
 * a little faster, which is heard as no change of pitch. Where pieces come evenly a short look is enough, and little is
 * kept in hand; where they do not, too much haste makes silences. Silence that there was is not made good by leaving out
 * words: what came late is played faster.
 */

/** Milliseconds of lag that are looked at: where it is uneven, and where it is even. */
const WINDOW = 8000;
const SHORT_WINDOW = 2000;
/** Of a window, what must have been seen. */
const FULL = 0.8;
/** Seconds between the least and the most lag up to which pieces come evenly. */
const EVEN = 0.3;
/** Seconds of the least lag that is kept: where it is even, and at least where it is not; what each underflow adds. */
const TARGET = 0.12;
const UNEVEN_TARGET = 0.2;
const STEP = 0.15;
const MOST_TARGET = 1.5;
/** Seconds of it that are given back, each so many milliseconds after the last change. */
const GIVEN_BACK = 0.05;
const FORGIVEN = 8000;
/** Seconds beyond the target from which one plays faster. */
const HIGH = 0.1;
const EVEN_HIGH = 0.05;
const FASTER = 1.05;
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
  /** @type {{at: number, lag: number}[]} */
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
    this.#seen.push({ at: now, lag });
    while (this.#seen[0].at < now - WINDOW) this.#seen.shift();
    this.#forgive(now);
    const lately = this.#seen.filter(({ at }) => at >= now - SHORT_WINDOW).map((one) => one.lag);
    const even = Math.max(...lately) - Math.min(...lately) < EVEN;
    const least = even ? Math.min(...lately) : Math.min(...this.#seen.map((one) => one.lag));
    const full = now - this.#seen[0].at >= (even ? SHORT_WINDOW : WINDOW) * FULL;
    if (!full) return { rate: this.#owed && lag > MUCH ? MUCH_FASTER : this.#rate, skip: 0 };
    return this.#steer(least, even);
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
    this.#seen = [];
    this.#rate = 1;
  }

  /** There is still nothing, and it was no fault: the speaker has paused. */
  excuse() {
    if (!this.#before) return;
    this.#target = this.#before.target;
    this.#owed = this.#before.owed;
    this.#before = null;
  }

  /**
   * @param {number} least lag, seconds
   * @param {boolean} even
   */
  #steer(least, even) {
    const target = even ? this.#target : Math.max(this.#target, UNEVEN_TARGET);
    if (least <= target + HIGH) this.#owed = false;
    if (least > (this.#owed ? MUCH_TOO_LATE : TOO_LATE)) {
      this.#seen = [];
      this.#rate = 1;
      return { rate: 1, skip: least - target };
    }
    if (least > target + (even ? EVEN_HIGH : HIGH)) this.#rate = this.#owed && least > MUCH ? MUCH_FASTER : FASTER;
    else if (least <= target + 0.01) this.#rate = 1;
    return { rate: this.#rate, skip: 0 };
  }

  /** @param {number} now ms */
  #forgive(now) {
    if (now - this.#changed < FORGIVEN) return;
    this.#changed = now;
    this.#target = Math.max(TARGET, this.#target - GIVEN_BACK);
  }
}
