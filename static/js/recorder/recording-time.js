/** The time of a recording, without its pauses. */
export class RecordingTime {
  #clock;
  #passed = 0;
  /** Clock time from which on it runs; null: it is paused. @type {number|null} */
  #since;

  /** @param {Pick<import("../clock.js").Clock, "now">} clock */
  constructor(clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Milliseconds recorded. */
  now() {
    return this.#passed + (this.#since === null ? 0 : this.#clock.now() - this.#since);
  }

  get paused() {
    return this.#since === null;
  }

  pause() {
    this.#passed = this.now();
    this.#since = null;
  }

  resume() {
    this.#since ??= this.#clock.now();
  }
}
