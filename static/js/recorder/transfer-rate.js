/** How fast what is sent goes out, and so how long the rest will take. */

/** Milliseconds of a request that tell something of it: the first bytes only fill buffers. */
const TELLING = 1000;

export class TransferRate {
  #clock;
  #began = 0;
  /** Bytes a millisecond, 0 as long as it is not known. */
  #rate = 0;

  /** @param {import("../clock.js").Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** Another request. */
  begin() {
    this.#began = this.#clock.now();
  }

  /** @param {number} bytes of this request that are out */
  reached(bytes) {
    const passed = this.#clock.now() - this.#began;
    if (bytes && passed > TELLING) this.#rate = bytes / passed;
  }

  /**
   * @param {number} bytes
   * @returns {number|null} null where it is not known
   */
  seconds(bytes) {
    return this.#rate ? bytes / this.#rate / 1000 : null;
  }
}
