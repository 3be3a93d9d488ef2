/** What the hub sends, for tests. */

/**
 * @param {string} clip id
 * @param {number} offset
 * @param {string} text
 * @returns {ArrayBuffer} a frame of bytes
 */
export function frame(clip, offset, text) {
  const [id, content] = [clip, text].map((each) => new TextEncoder().encode(each));
  const whole = new Uint8Array(1 + id.length + 8 + content.length);
  whole[0] = id.length;
  whole.set(id, 1);
  new DataView(whole.buffer).setBigUint64(1 + id.length, BigInt(offset));
  whole.set(content, 1 + id.length + 8);
  return whole.buffer;
}
