/**
 * Holes in what has come of a picture. A busy device leaves frames out; where it was many the browser sees two ranges
 * instead of one, and would wait between them for good, since nothing comes that fills the hole.
 */

/** Seconds before a hole in which there may be no frame any more. */
const EDGE = 0.25;

/**
 * @param {{buffered: TimeRanges, currentTime: number}} media that has nothing to play
 * @returns {number|null} where it goes on, seconds; null: more has to come
 */
export function beyondHole({ buffered, currentTime }) {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) > currentTime) return buffered.start(i);
    if (buffered.end(i) > currentTime + EDGE) return null;
  }
  return null;
}
