/**
 * What a press of Record will record, from what is wished, allowed and possible. Pure.
 *
 * @typedef {object} Wish
 * @property {"audio"|"video"} [kind]
 * @property {number} [seconds] length of a clip
 * @property {boolean} [stream] go on with the next clip when one is full
 * @property {string} [quality] one of QUALITIES
 * @property {string} [microphone] deviceId
 * @property {string} [camera] deviceId
 *
 * @typedef {object} Plan
 * @property {Required<Wish>} wish within the thread's limits
 * @property {MediaRecorderOptions} options
 * @property {number|null} maxBytes the size to watch, null where it cannot be passed
 * @property {number|null} slice milliseconds of a piece that is kept and sent while it is recorded; null: it is short, and
 *   comes whole, with a length from the browser
 */

import { bitRates, chooseType } from "./media-type.js";

/** Milliseconds: of sound Chromium makes whole frames, 240; of a picture a piece should be worth a request. */
const SOUND_SLICE = 230;
const PICTURE_SLICE = 1000;
/** Seconds: what is lost of a shorter clip when a tab dies is soon said again. */
const SHORT = 3;

/**
 * @param {Wish} wish
 * @param {import("../api.js").Settings} settings the thread's
 * @param {{isSupported: (type: string) => boolean, webkit: boolean}} browser
 * @returns {Plan|null} null: this browser cannot record that
 */
export function planFor(wish, settings, { isSupported, webkit }) {
  const { kind = "audio", stream = false, quality = "480p30", microphone = "", camera = "" } = wish;
  const mimeType = chooseType(kind, isSupported, webkit);
  if (!mimeType) return null;
  const longest = Number(settings.maxClipSizeSec);
  const seconds = Math.min(wish.seconds ?? longest, longest);
  const maxBytes = Number(settings.maxBlobBytes);
  const bits = bitRates({ kind, quality, seconds, maxBytes });
  return {
    wish: { kind, seconds, stream, quality, microphone, camera },
    options: { mimeType, audioBitsPerSecond: bits.audio, ...(kind === "video" && { videoBitsPerSecond: bits.video }) },
    maxBytes: bits.watch ? maxBytes : null,
    slice: sliceFor({ kind, seconds, watch: bits.watch }),
  };
}

/** @param {{kind: "audio"|"video", seconds: number, watch: boolean}} clip */
function sliceFor({ kind, seconds, watch }) {
  if (watch) return SOUND_SLICE;
  if (seconds < SHORT) return null;
  return kind === "video" ? PICTURE_SLICE : SOUND_SLICE;
}
