/** From the level of a microphone to the shape of a ribbon. Pure. */

export const MAX_PEAKS = 128;

/** Decibels of full scale that are drawn as nothing and as all. */
const FLOOR = -46;
const CEILING = -8;
/** Above 1: words stand out from the noise of the room. */
const CONTRAST = 1.5;

/**
 * How loud a level is felt to be.
 * @param {number} rms 0 to 1
 * @returns {number} 0 to 1
 */
export function loudness(rms) {
  if (!(rms > 0)) return 0;
  const share = (20 * Math.log10(rms) - FLOOR) / (CEILING - FLOOR);
  return Math.min(1, Math.max(0, share)) ** CONTRAST;
}

/**
 * Root mean square of samples.
 * @param {Float32Array} samples -1 to 1
 */
export function rmsOf(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

/**
 * Collects levels taken at even intervals, however many: where there are too many, two become one.
 */
export class PeakCollector {
  /** @type {number[]} */
  #peaks = [];
  /** Levels in one peak. */
  #stride = 1;
  #count = 0;
  #loudest = 0;

  /** @param {number} rms 0 to 1 */
  push(rms) {
    this.#loudest = Math.max(this.#loudest, Math.round(loudness(rms) * 100));
    this.#count += 1;
    if (this.#count < this.#stride) return;
    this.#peaks.push(this.#loudest);
    this.#count = 0;
    this.#loudest = 0;
    if (this.#peaks.length > MAX_PEAKS) this.#halve();
  }

  /** At most 128 whole numbers from 0 to 100, the last one perhaps still growing. */
  get peaks() {
    const whole = this.#count ? [...this.#peaks, this.#loudest] : [...this.#peaks];
    return whole.slice(0, MAX_PEAKS);
  }

  #halve() {
    const old = this.#peaks;
    this.#peaks = [];
    for (let at = 0; at + 1 < old.length; at += 2) this.#peaks.push(Math.max(old[at], old[at + 1]));
    if (old.length % 2) {
      // the odd one out waits for its partner
      this.#count = this.#stride;
      this.#loudest = old[old.length - 1];
    }
    this.#stride *= 2;
  }
}
