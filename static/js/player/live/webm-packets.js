/**
 * The sound in a WebM as it comes, for a decoder: the packets of its first Opus track. Pure.
 *
 * It reads what recorders make (RFC 9559): segments and clusters of whatever length, known or not, blocks without lacing.
 *
 * @typedef {{channels: number, head: Uint8Array<ArrayBuffer>|undefined}} OpusTrack `head`: the identification header (RFC 7845)
 * @typedef {{seconds: number, length: number, data: Uint8Array<ArrayBuffer>}} Packet `seconds`: when it is played;
 *   `length`: how long, seconds
 */

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const TRACKS = 0x1654ae6b;
const TRACK = 0xae;
const TRACK_NUMBER = 0xd7;
const TRACK_TYPE = 0x83;
const CODEC = 0x86;
const CODEC_PRIVATE = 0x63a2;
const AUDIO = 0xe1;
const CHANNELS = 0x9f;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const SIMPLE_BLOCK = 0xa3;

/** What is entered: its children are looked at one by one. */
const PARENTS = new Set([SEGMENT, INFO, TRACKS, CLUSTER, BLOCK_GROUP]);
const SOUND = 2;
const OPUS = "A_OPUS";
/** Of a block's flags. */
const LACING = 0x06;
/** Bytes: whatever is longer is none of a recorder's. */
const LONGEST = 1 << 20;

export class WebmPackets {
  /** As soon as it is known. @type {OpusTrack|null} */
  track = null;
  #number = 0;
  /** Seconds of a tick. */
  #tick = 1e-3;
  #cluster = 0;
  /** The beginning of an element that has not come whole. @type {Uint8Array<ArrayBuffer>} */
  #rest = new Uint8Array();

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes that follow
   * @returns {Packet[]}
   * @throws {Error} it is no sound that is understood here
   */
  push(bytes) {
    const data = new Uint8Array(this.#rest.byteLength + bytes.byteLength);
    data.set(this.#rest);
    data.set(bytes, this.#rest.byteLength);
    /** @type {Packet[]} */
    const packets = [];
    let at = 0;
    for (let head = headAt(data, at); head; head = headAt(data, at)) {
      const { id, size, body } = head;
      if (PARENTS.has(id)) {
        at = body;
        continue;
      }
      if (size > LONGEST) throw new Error("an element without an end");
      if (body + size > data.byteLength) break;
      this.#take(id, data.subarray(body, body + size), packets);
      at = body + size;
    }
    this.#rest = data.slice(at);
    return packets;
  }

  /**
   * @param {number} id
   * @param {Uint8Array<ArrayBuffer>} body
   * @param {Packet[]} packets
   */
  #take(id, body, packets) {
    if (id === TIMESTAMP_SCALE) this.#tick = number(body) / 1e9;
    else if (id === TRACK) this.#open(body);
    else if (id === TIMESTAMP) this.#cluster = number(body);
    else if (id === SIMPLE_BLOCK || id === BLOCK) this.#block(body, packets);
    else if (id === EBML && this.track) throw new Error("another file in it");
  }

  /** @param {Uint8Array<ArrayBuffer>} entry */
  #open(entry) {
    const parts = children(entry);
    const codec = String.fromCharCode(...parts.get(CODEC) ?? []);
    if (this.track || number(parts.get(TRACK_TYPE)) !== SOUND || codec !== OPUS) return;
    this.#number = number(parts.get(TRACK_NUMBER));
    const channels = number(children(parts.get(AUDIO) ?? new Uint8Array()).get(CHANNELS)) || 1;
    this.track = { channels, head: parts.get(CODEC_PRIVATE)?.slice() };
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} body track, time after the cluster's, flags, a packet
   * @param {Packet[]} packets
   */
  #block(body, packets) {
    if (!this.track) throw new Error("no Opus in it");
    const track = sizeAt(body, 0);
    if (!track || track.value !== this.#number) return;
    const { byteOffset, byteLength } = body;
    const view = new DataView(body.buffer, byteOffset, byteLength);
    if (view.getUint8(track.end + 2) & LACING) throw new Error("laced");
    const data = body.slice(track.end + 3);
    packets.push({ seconds: (this.#cluster + view.getInt16(track.end)) * this.#tick, length: opusSeconds(data), data });
  }
}

/**
 * How long an Opus packet is played (RFC 6716, 3.1 and 3.2).
 * @param {Uint8Array} packet
 */
export function opusSeconds(packet) {
  const [first = 0, second = 0] = packet;
  const config = first >> 3;
  const frame = config < 12 ? [10, 20, 40, 60][config & 3] : config < 16 ? [10, 20][config & 1] : [2.5, 5, 10, 20][config & 3];
  const code = first & 3;
  const frames = code === 0 ? 1 : code === 3 ? second & 0x3f : 2;
  return (frame * frames) / 1000;
}

/**
 * @param {Uint8Array<ArrayBuffer>} data
 * @param {number} at
 * @returns {{id: number, size: number, body: number}|null} null: it has not come whole. `size` Infinity: not known
 */
function headAt(data, at) {
  const length = Math.clz32(data[at] ?? 0) - 23;
  if (at + length > data.byteLength || length > 4) return at < data.byteLength && length > 4 ? broken() : null;
  const size = sizeAt(data, at + length);
  return size && { id: number(data.subarray(at, at + length)), size: size.value, body: size.end };
}

/** @returns {never} */
function broken() {
  throw new Error("not a WebM");
}

/**
 * @param {Uint8Array} data
 * @param {number} at
 * @returns {{value: number, end: number}|null} a number that says how long it is; all ones: Infinity
 */
function sizeAt(data, at) {
  if (at >= data.byteLength) return null;
  const length = Math.clz32(data[at]) - 23;
  if (length > 8) broken();
  if (at + length > data.byteLength) return null;
  let value = data[at] & ((1 << (8 - length)) - 1);
  let unknown = value === (1 << (8 - length)) - 1;
  for (const byte of data.subarray(at + 1, at + length)) {
    value = value * 256 + byte;
    unknown &&= byte === 0xff;
  }
  return { value: unknown ? Infinity : value, end: at + length };
}

/**
 * @param {Uint8Array<ArrayBuffer>} body
 * @returns {Map<number, Uint8Array<ArrayBuffer>>} by id
 */
function children(body) {
  const found = new Map();
  for (let at = 0, head = headAt(body, at); head; head = headAt(body, at)) {
    found.set(head.id, body.subarray(head.body, head.body + head.size));
    at = head.body + head.size;
  }
  return found;
}

/** @param {Uint8Array} [bytes] most significant first */
function number(bytes = new Uint8Array()) {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
