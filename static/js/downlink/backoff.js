/** How long to wait before the next try. Pure. */

/** Milliseconds: the least and the most. */
const LEAST = 500;
const MOST = 30_000;

/**
 * Exponential with full jitter, so that browsers which lost one server do not come back in step.
 * @param {number} failures in a row, 1 or more
 * @param {() => number} [random] 0 to 1
 * @param {number|null} [retryAfter] seconds that the server asked for: never sooner
 * @returns {number} milliseconds
 */
export function backoff(failures, random = Math.random, retryAfter = null) {
  const ceiling = Math.min(MOST, LEAST * 2 ** failures);
  const jittered = LEAST + random() * (ceiling - LEAST);
  return Math.max(jittered, (retryAfter ?? 0) * 1000);
}
