/**
 * What the phone sounds like: a plucked string, since that is what a call looks like. Samples are computed, so that
 * nothing has to be loaded. Pure.
 *
 * @typedef {object} Pluck
 * @property {number} at seconds from the start
 * @property {number} pitch Hz
 * @property {number} level 0 to 1
 *
 * @typedef {object} Tune
 * @property {number} seconds its length
 * @property {boolean} loop again and again
 * @property {Pluck[]} plucks
 */

/** Share of the string's swing that is left after a second. */
const SUSTAIN = 0.02;

/** @type {Record<"ring"|"ringBack"|"answer"|"end", Tune>} */
export const TUNES = {
  ring: {
    seconds: 3, loop: true,
    plucks: [
      { at: 0, pitch: 659.3, level: 0.8 }, { at: 0.17, pitch: 987.8, level: 0.8 },
      { at: 0.52, pitch: 659.3, level: 0.7 }, { at: 0.69, pitch: 987.8, level: 0.7 },
    ],
  },
  ringBack: { seconds: 3, loop: true, plucks: [{ at: 0, pitch: 392, level: 0.4 }, { at: 0.35, pitch: 392, level: 0.3 }] },
  answer: { seconds: 0.8, loop: false, plucks: [{ at: 0, pitch: 587.3, level: 0.5 }, { at: 0.15, pitch: 880, level: 0.5 }] },
  end: { seconds: 0.8, loop: false, plucks: [{ at: 0, pitch: 587.3, level: 0.3 }, { at: 0.15, pitch: 440, level: 0.3 }] },
};

/**
 * @param {Tune} tune
 * @param {number} rate samples a second
 * @returns {Float32Array<ArrayBuffer>} -1 to 1; what still sounds at the end of a loop sounds on at its start
 */
export function samplesOf({ seconds, plucks, loop }, rate) {
  const samples = new Float32Array(Math.round(seconds * rate));
  for (const { at, pitch, level } of plucks) {
    const string = plucked(pitch, rate, loop ? samples.length : samples.length - Math.round(at * rate));
    const start = Math.round(at * rate);
    string.forEach((value, i) => { samples[(start + i) % samples.length] += value * level; });
  }
  return samples.map((value) => Math.max(-1, Math.min(1, value)));
}

/**
 * Karplus and Strong: a burst of noise goes round and round a delay as long as one swing, and is smoothed each time.
 * @param {number} pitch Hz
 * @param {number} rate
 * @param {number} count samples
 */
function plucked(pitch, rate, count) {
  const period = Math.max(2, Math.round(rate / pitch));
  const decay = SUSTAIN ** (1 / pitch);
  const string = new Float32Array(count);
  let seed = period;
  for (let i = 0; i < count; i++) {
    if (i < period) {
      seed = (seed * 16807) % 2147483647;
      string[i] = (seed / 2147483647 - 0.5) * 1.2;
    } else {
      string[i] = decay * 0.5 * (string[i - period] + string[Math.max(0, i - period - 1)]);
    }
  }
  const fade = Math.min(count, Math.round(rate * 0.05));
  for (let i = 0; i < fade; i++) string[count - 1 - i] *= i / fade;
  return string;
}
