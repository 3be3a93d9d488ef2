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
 * @property {boolean} [live] others hear it while it is recorded
 * @property {number} [roundTrip] milliseconds that a request to the site takes, as far as is known
 *
 * @typedef {object} Plan
 * @property {Required<Omit<Wish, "roundTrip">>} wish within the thread's limits
 * @property {MediaRecorderOptions} options
 * @property {number|null} maxBytes the size to watch, null where it cannot be passed
 * @property {number|null} slice milliseconds of a piece that is kept and sent while it is recorded; null: it is short, and
 *   comes whole, with a length from the browser
 */

import { bitRates, chooseType } from "./media-type.js";

/** Milliseconds: of sound Chromium makes whole frames, 240; of a picture a piece should be worth a request. */
const SOUND_SLICE = 230;
const PICTURE_SLICE = 1000;
/** Milliseconds of a live piece, by the round trip. Chromium's frames are 60 ms, and it makes 60, 120 and 240 of these. */
const LIVE_SLICES = [{ upTo: 40, slice: 50 }, { upTo: 120, slice: 100 }, { upTo: Infinity, slice: 230 }];
/** Milliseconds between two key frames of a live picture: whoever comes late sees it from the last one on. */
const KEY_FRAMES = 2000;
/** Seconds: what is lost of a shorter clip when a tab dies is soon said again. */
const SHORT = 3;

/**
 * @param {Wish} wish
 * @param {import("../api.js").Settings} settings the thread's
 * @param {{isSupported: (type: string) => boolean, webkit: boolean}} browser
 * @returns {Plan|null} null: this browser cannot record that
 */
export function planFor(wish, settings, { isSupported, webkit }) {
  const { kind = "audio", live = false, quality = "480p30", microphone = "", camera = "" } = wish;
  const stream = !live && wish.stream === true; // a live clip is as long as one speaks
  const mimeType = chooseType(kind, isSupported, webkit);
  if (!mimeType) return null;
  const longest = Number(settings.maxClipSizeSec);
  const seconds = Math.min(wish.seconds ?? longest, longest);
  const maxBytes = Number(settings.maxBlobBytes);
  const bits = bitRates({ kind, quality, seconds, maxBytes });
  return {
    wish: { kind, seconds, stream, quality, microphone, camera, live },
    options: {
      mimeType, audioBitsPerSecond: bits.audio, ...(kind === "video" && { videoBitsPerSecond: bits.video }),
      ...(kind === "video" && live && { videoKeyFrameIntervalDuration: KEY_FRAMES }),
    },
    maxBytes: bits.watch ? maxBytes : null,
    slice: live ? liveSlice(wish.roundTrip) : sliceFor({ kind, seconds, watch: bits.watch }),
  };
}

/** @param {number} [roundTrip] ms */
function liveSlice(roundTrip = 100) {
  return LIVE_SLICES.find(({ upTo }) => roundTrip <= upTo)?.slice ?? SOUND_SLICE;
}

/** @param {{kind: "audio"|"video", seconds: number, watch: boolean}} clip */
function sliceFor({ kind, seconds, watch }) {
  if (watch) return SOUND_SLICE;
  if (seconds < SHORT) return null;
  return kind === "video" ? PICTURE_SLICE : SOUND_SLICE;
}
