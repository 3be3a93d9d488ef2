/** Which formats to record in and what can be played. Pure. */

/**
 * Widest reach first. H.264 stands in MP4 only: in WebM hardly anything else plays it.
 * WebKit says that it can record WebM, but what it writes has failed in the field.
 */
const TYPES = {
  audio: ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4;codecs=mp4a.40.2", "audio/mp4"],
  video: ["video/webm;codecs=vp8,opus", "video/webm;codecs=vp9,opus", "video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4"],
};

/** Bits a second. */
const AUDIO_BITS = 32_000;

/** What a camera is asked for, as ideals. @type {Record<string, {width: number, height: number, frameRate: number, bits: number}>} */
export const QUALITIES = {
  "480p15": { width: 854, height: 480, frameRate: 15, bits: 500_000 },
  "480p30": { width: 854, height: 480, frameRate: 30, bits: 800_000 },
  "600p30": { width: 1066, height: 600, frameRate: 30, bits: 1_200_000 },
  "720p30": { width: 1280, height: 720, frameRate: 30, bits: 2_500_000 },
};

/** How far under its own rate a picture may be pressed so that a whole clip fits. */
const LOWEST_SHARE = 0.5;
/** What of the room is for sound and picture, the container having the rest. */
const FITTING = 0.9;
/** Rates are hints: how far an encoder may go beyond. */
const EXCESS = 1.5;

/**
 * @param {"audio"|"video"} kind
 * @param {boolean} webkit
 * @returns {string[]} best first
 */
export function preferredTypes(kind, webkit) {
  const rank = (/** @type {string} */ type) => (type.includes("/mp4") ? 0 : 1);
  return webkit ? [...TYPES[kind]].sort((a, b) => rank(a) - rank(b)) : TYPES[kind];
}

/**
 * @param {"audio"|"video"} kind
 * @param {(type: string) => boolean} isSupported
 * @param {boolean} webkit
 * @returns {string|null} null: this browser records nothing that others could play
 */
export function chooseType(kind, isSupported, webkit) {
  return preferredTypes(kind, webkit).find(isSupported) ?? null;
}

/**
 * Safari, every browser on iOS, WebKitGTK.
 * @param {{vendor?: string}} navigator
 */
export function isWebKit({ vendor = "" }) {
  return vendor.startsWith("Apple");
}

/**
 * Bit rates with which a clip of full length fits into the thread's limit; a picture is pressed down to half its
 * rate for that, and where this is not enough the recorder watches the size.
 * @param {{kind: "audio"|"video", quality: string, seconds: number, maxBytes: number}} clip
 * @returns {{audio: number, video: number, watch: boolean}} bits a second; `watch`: it may pass the limit
 */
export function bitRates({ kind, quality, seconds, maxBytes }) {
  const room = (maxBytes * 8 * FITTING) / seconds;
  const wanted = kind === "video" ? QUALITIES[quality].bits : 0;
  const video = Math.round(Math.max(wanted * LOWEST_SHARE, Math.min(wanted, room - AUDIO_BITS)));
  return { audio: AUDIO_BITS, video, watch: (AUDIO_BITS + video) * EXCESS > room };
}

/**
 * @param {string} mime as the server gives it
 * @param {(mime: string) => string} canPlayType a media element's
 */
export function playable(mime, canPlayType) {
  return canPlayType(mime) !== "";
}
