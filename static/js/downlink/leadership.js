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

/** Milliseconds between two signs of life. */
const BEAT = 5000;
/** Signs that may be missing before the leader counts as gone. */
export const MOST_MISSED = 2;

export class Leadership {
  leading = false;
  #parts;
  /** Our place in the line for the lock, and our hold on it: both end with it. @type {AbortController|null} */
  #place = null;
  /** @type {any} */
  #timer;
  #missed = 0;
  /** @type {number|null} the leader's, as last heard */
  #rank = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  join() {
    this.#missed = 0;
    this.#rank = null;
    this.#request(false);
    this.#tick();
  }

  leave() {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#place?.abort();
    this.#place = null;
    this.#is(false);
  }

  /** @param {number} rank the leader gave a sign of life: how well it is placed */
  heard(rank) {
    this.#missed = 0;
    this.#rank = rank;
    this.reconsider();
  }

  /** This tab's own rank may have changed. */
  reconsider() {
    if (this.#place && !this.leading && this.#rank !== null && this.#parts.rank() > this.#rank) this.#request(true);
  }

  #tick() {
    const { clock, onBeat } = this.#parts;
    this.#timer = clock.setTimeout(() => {
      this.#tick();
      if (this.leading) onBeat();
      else if (++this.#missed > MOST_MISSED) this.#request(true);
    }, BEAT);
  }

  /** @param {boolean} steal at once, from whoever leads */
  async #request(steal) {
    this.#place?.abort();
    this.#missed = 0;
    this.#rank = null;
    const place = new AbortController();
    this.#place = place;
    const { signal } = place;
    const over = new Promise((resolve) => { signal.addEventListener("abort", resolve); });
    try {
      await this.#parts.locks.request(this.#parts.name, steal ? { steal } : { signal }, () => {
        if (signal.aborted) return;
        this.#is(true);
        return over;
      });
    } catch (error) {
      if (signal.aborted) return; // we gave it up
      // Where the browser refuses locks nobody else can lead for us.
      if (/** @type {Error} */ (error).name !== "AbortError") return this.#is(true);
      this.#is(false);
      this.#request(false);
    }
  }

  /** @param {boolean} leading */
  #is(leading) {
    if (leading === this.leading) return;
    this.leading = leading;
    this.#parts.onChange(leading);
  }
}
