/**
 * What an item of the list shows, be it a clip of the catalogue or one that waits in the outbox. Pure.
 *
 * @typedef {import("../api.js").Clip} Clip
 * @typedef {import("../recorder/outbox.js").OutboxItem} OutboxItem
 *
 * @typedef {object} Entry
 * @property {string} id the clip's, or the outbox item's
 * @property {"sent"|OutboxItem["state"]} phase
 * @property {string} author
 * @property {boolean} own
 * @property {string} created RFC 3339
 * @property {number} duration seconds
 * @property {number} bytes
 * @property {string} mime
 * @property {string} description
 * @property {number[]} peaks 0 to 100, [] where they are not known
 * @property {string} media URL of the bytes, "" before it is sent
 * @property {boolean} live it is still being recorded
 * @property {boolean} paused of a live one: nothing comes of it just now
 */

/**
 * @param {Clip} clip
 * @param {boolean} own
 * @returns {Entry}
 */
export function entryOfClip(clip, own) {
  const { id, author, created, duration, bytes, mime, description, peaks = [], media, live = false, paused = false } = clip;
  return { id, phase: "sent", author, own, created, duration, bytes, mime, description, peaks, media, live, paused };
}

/**
 * @param {OutboxItem} item
 * @param {string} author whoever sits here
 * @returns {Entry}
 */
export function entryOfItem({ id, state, take, description }, author) {
  const { created, seconds: duration, blob, mime, peaks } = take;
  const facts = { created, duration, bytes: blob.size, mime, description, peaks };
  return { id, phase: state, author, own: true, ...facts, media: "", live: false, paused: false };
}

/** Seconds of line beyond what has come of a live clip. */
const BEYOND = 3;

/**
 * Of a ribbon's width, what there is of a clip: one that is live grows at its end.
 * @param {{live?: boolean, duration: number}} clip
 * @returns {number} above 0 to 1
 */
export function shareOf({ live, duration }) {
  return live ? Math.max(0.05, duration / (duration + BEYOND)) : 1;
}

/** @param {{mime: string}} entry */
export function isVideo({ mime }) {
  return mime.startsWith("video/");
}

/** Seconds by which the server's reading of a clip's length may differ from the recorder's. */
const TOLERANCE = 0.5;

/**
 * The outbox item that a clip of one's own is, one that is complete: the news of it may come before the answer to its upload does, and
 * then it must not stand there twice. What went out whole has no name before that answer: then its length tells.
 * @param {Clip} clip one's own
 * @param {OutboxItem[]} items
 * @returns {OutboxItem|undefined}
 */
export function sentAs(clip, items) {
  const nameless = (/** @type {OutboxItem} */ { upload, state, error, take }) =>
    !upload && (state === "sending" || error !== null) && Math.abs(take.seconds - clip.duration) < TOLERANCE;
  return items.find(({ upload }) => upload === clip.id) ?? items.find(nameless);
}
