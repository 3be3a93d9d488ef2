/**
 * A recording that came in pieces has no length in its header, and browsers do not seek well in it. For hearing it here
 * its length is written over what the header can spare; the server writes a whole new header for everybody else.
 */

/** Bytes in which the header's facts stand. */
const HEAD = 512;
const DURATION = [0x44, 0x89];
/** A double, as Firefox leaves it empty. */
const EMPTY = [...DURATION, 0x88, 0, 0, 0, 0, 0, 0, 0, 0];
/** MuxingApp and WritingApp, which Chromium has in its place: their names can be shorter. */
const APPS = [0x4d, 0x80, 0x86, ...bytesOf("Chrome"), 0x57, 0x41, 0x86, ...bytesOf("Chrome")];
const SHORT_APPS = [0x4d, 0x80, 0x81, ...bytesOf("C"), 0x57, 0x41, 0x80];

/**
 * @param {Blob} recording
 * @param {number} seconds
 * @returns {Promise<Blob>} the same where it is something else
 */
export async function withLength(recording, seconds) {
  const head = new Uint8Array(await recording.slice(0, HEAD).arrayBuffer());
  const duration = lengthElement(seconds);
  const [old, fresh] = indexOf(head, DURATION) >= 0 ? [EMPTY, duration] : [APPS, [...duration, ...SHORT_APPS]];
  const at = indexOf(head, old);
  if (at < 0) return recording;
  head.set(fresh, at);
  return new Blob([head, recording.slice(HEAD)], { type: recording.type });
}

/** @param {number} seconds */
function lengthElement(seconds) {
  const value = new DataView(new ArrayBuffer(8));
  value.setFloat64(0, seconds * 1000);
  return [...EMPTY.slice(0, 3), ...new Uint8Array(value.buffer)];
}

/**
 * @param {Uint8Array} head
 * @param {number[]} bytes
 */
function indexOf(head, bytes) {
  return head.findIndex((_, start) => bytes.every((byte, n) => head[start + n] === byte));
}

/** @param {string} text */
function bytesOf(text) {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}
