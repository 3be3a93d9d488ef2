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
 */

import { bitRates, chooseType } from "./media-type.js";

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
  };
}
