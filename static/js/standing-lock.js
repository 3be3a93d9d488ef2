/**
 * A Web Lock of which every tab of this browser wants its turn: a tab stands in line for it, holds it until it is closed
 * or another tab takes it, and then stands in line again.
 */
export class StandingLock {
  held = false;
  #locks;
  #name;
  #onChange;
  /** Our place in the line, and our hold on the lock: both end with it. @type {AbortController|null} */
  #place = null;

  /**
   * @param {object} parts
   * @param {Pick<LockManager, "request">} parts.locks
   * @param {string} parts.name
   * @param {(held: boolean) => void} parts.onChange
   */
  constructor({ locks, name, onChange }) {
    this.#locks = locks;
    this.#name = name;
    this.#onChange = onChange;
  }

  /** In line for it, or it is held. */
  get standing() {
    return this.#place !== null;
  }

  /** @param {{steal?: boolean}} [how] at once, from whichever tab holds it */
  async stand({ steal = false } = {}) {
    this.#place?.abort();
    const place = new AbortController();
    this.#place = place;
    const { signal } = place;
    const over = new Promise((resolve) => { signal.addEventListener("abort", resolve); });
    try {
      await this.#locks.request(this.#name, steal ? { steal } : { signal }, () => {
        if (signal.aborted) return;
        this.#is(true);
        return over;
      });
    } catch (error) {
      if (signal.aborted) return; // we gave it up
      // Where the browser refuses locks no other tab can have it for us.
      if (/** @type {Error} */ (error).name !== "AbortError") return this.#is(true);
      this.#is(false);
      this.stand();
    }
  }

  leave() {
    this.#place?.abort();
    this.#place = null;
    this.#is(false);
  }

  /** @param {boolean} held */
  #is(held) {
    if (held === this.held) return;
    this.held = held;
    this.#onChange(held);
  }
}
