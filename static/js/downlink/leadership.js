/**
 * Which tab of this browser leads: the one that holds a lock. A tab that is closed, or crashes, frees it by itself;
 * from one that is seen less than we are, or that gives no sign of life (it is frozen), it is taken.
 *
 * @typedef {import("../clock.js").Clock} Clock
 *
 * @typedef {object} Parts
 * @property {string} name of the lock
 * @property {Pick<LockManager, "request">} locks
 * @property {Clock} clock
 * @property {() => number} rank how well this tab is placed to lead, more is better
 * @property {(leading: boolean) => void} onChange
 * @property {() => void} onBeat time for the leader to give a sign of life
 */
import { StandingLock } from "../standing-lock.js";

/** Milliseconds between two signs of life. */
const BEAT = 5000;
/** Signs that may be missing before the leader counts as gone. */
export const MOST_MISSED = 2;

export class Leadership {
  #parts;
  #lock;
  /** @type {any} */
  #timer;
  #missed = 0;
  /** @type {number|null} the leader's, as last heard */
  #rank = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { locks, name } = parts;
    this.#lock = new StandingLock({ locks, name, onChange: (leading) => this.#changed(leading) });
  }

  get leading() {
    return this.#lock.held;
  }

  join() {
    this.#stand();
    this.#tick();
  }

  leave() {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#lock.leave();
  }

  /** @param {number} rank the leader gave a sign of life: how well it is placed */
  heard(rank) {
    this.#missed = 0;
    this.#rank = rank;
    this.reconsider();
  }

  /** This tab's own rank may have changed. */
  reconsider() {
    const isBetter = this.#rank !== null && this.#parts.rank() > this.#rank;
    if (this.#lock.standing && !this.leading && isBetter) this.#stand({ steal: true });
  }

  #tick() {
    const { clock, onBeat } = this.#parts;
    this.#timer = clock.setTimeout(() => {
      this.#tick();
      if (this.leading) onBeat();
      else if (++this.#missed > MOST_MISSED) this.#stand({ steal: true });
    }, BEAT);
  }

  /** @param {{steal?: boolean}} [how] */
  #stand(how) {
    this.#forget();
    this.#lock.stand(how);
  }

  /** What is known of a leader is not of the next one. */
  #forget() {
    this.#missed = 0;
    this.#rank = null;
  }

  /** @param {boolean} leading */
  #changed(leading) {
    if (!leading) this.#forget();
    this.#parts.onChange(leading);
  }
}
