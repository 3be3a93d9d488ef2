/** How fast what is sent goes out, and so how long the rest will take; and how long the site takes to answer. */

/** Milliseconds of a request that tell something of it: the first bytes only fill buffers. */
const TELLING = 1000;
/** How much of the round trip's figure a new one makes: one that was slow for once changes little. */
const WEIGHT = 0.25;

export class TransferRate {
  #clock;
  #began = 0;
  /** Bytes a millisecond, 0 as long as it is not known. */
  #rate = 0;
  /** Milliseconds from a request to its answer; undefined as long as it is not known. @type {number|undefined} */
  roundTrip = soonestAnswer();

  /** @param {import("../clock.js").Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** Another request. */
  begin() {
    this.#began = this.#clock.now();
  }

  /** This request was answered. */
  answered() {
    const passed = this.#clock.now() - this.#began;
    this.roundTrip = this.roundTrip === undefined ? passed : this.roundTrip + WEIGHT * (passed - this.roundTrip);
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

/** Milliseconds in which the page, or what belongs to it, was answered soonest: a first guess. @returns {number|undefined} */
function soonestAnswer() {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const fetched = /** @type {PerformanceResourceTiming[]} */ (all).filter(({ transferSize }) => transferSize > 0);
  const answers = fetched.map(({ responseStart, requestStart }) => responseStart - requestStart).filter((ms) => ms > 0);
  return answers.length ? Math.min(...answers) : undefined;
}
