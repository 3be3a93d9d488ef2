/**
 * The time, as it is handed to whatever needs it: tests hand another.
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds that only grow
 * @property {() => number} wall milliseconds since 1970
 * @property {(act: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

/** @type {Clock} */
export const systemClock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimeout: (act, ms) => setTimeout(act, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/**
 * @param {Clock} clock
 * @param {number} ms Infinity: until the signal
 * @param {AbortSignal} signal ends the pause early, without an error
 * @returns {Promise<void>}
 */
export function pause(clock, ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = Number.isFinite(ms) ? clock.setTimeout(done, ms) : undefined;
    signal.addEventListener("abort", done);
    function done() {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
