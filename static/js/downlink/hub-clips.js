/**
 * Live clips over one thread's websocket: what is asked of the hub, and their bytes as it pushes them.
 *
 * @typedef {object} Pushed some bytes of a clip
 * @property {string} type what the site has found in them, with codecs
 * @property {Uint8Array<ArrayBuffer>} bytes with what a decoder needs before the first of them
 * @property {number} next the offset of the byte that follows
 */

/** What stands before the bytes in a frame beside the clip's id: how long that is, and their offset. */
const LENGTH = 1;
const OFFSET = 8;

export class HubClips {
  #send;
  #numbers = 0;
  /** @type {Map<number, Wish>} */
  #wishes = new Map();

  /** @param {(frame: object) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * Wants the bytes of a clip, to its end or until `signal` says otherwise.
   * @param {{clip: string, from: number|null, back: number}} place the offset of the first byte; null: so many seconds
   *   before the newest
   * @param {AbortSignal} signal
   */
  listen({ clip, from, back }, signal) {
    const number = ++this.#numbers;
    const wish = new Wish(clip, () => {
      if (this.#wishes.delete(number)) this.#send({ unlisten: number });
    });
    this.#wishes.set(number, wish);
    this.#send({ listen: number, clip, from: from ?? "live", back });
    signal.addEventListener("abort", () => wish.finish("lost"), { once: true });
    return wish;
  }

  /** @param {Record<string, any>} frame the hub says how it goes with a wish */
  told({ listen, mime, offset, prefix, complete }) {
    const wish = this.#wishes.get(listen);
    if (!wish) return;
    if (typeof offset === "number") return wish.begin(mime, offset, Uint8Array.from(atob(prefix), (byte) => byte.charCodeAt(0)));
    this.#wishes.delete(listen);
    wish.finish(complete ? "complete" : "refused");
  }

  /**
   * @param {ArrayBuffer} frame of bytes
   * @returns {boolean} whether it makes sense
   */
  take(frame) {
    const view = new DataView(frame);
    const id = LENGTH + (frame.byteLength ? view.getUint8(0) : 0);
    if (frame.byteLength <= id + OFFSET) return false;
    const clip = String.fromCharCode(...new Uint8Array(frame, LENGTH, id - LENGTH));
    const offset = Number(view.getBigUint64(id));
    for (const wish of this.#wishes.values()) wish.take(clip, offset, new Uint8Array(frame, id + OFFSET));
    return true;
  }

  /** The connection is gone. */
  lose() {
    const wishes = [...this.#wishes.values()];
    this.#wishes.clear();
    for (const wish of wishes) wish.finish("lost");
  }
}

class Wish {
  /**
   * How it ended: the clip is complete; the hub does not send it, which something else may; or the connection is gone,
   * or nobody wants it any more.
   * @type {"complete"|"refused"|"lost"|null}
   */
  end = null;
  #clip;
  #onOver;
  #type = "";
  /** @type {number|null} before it has begun */
  #next = null;
  #prefix = new Uint8Array();
  /** @type {Pushed[]} */
  #come = [];
  #wake = () => {};

  /**
   * @param {string} clip
   * @param {() => void} onOver nobody takes any more of it
   */
  constructor(clip, onOver) {
    this.#clip = clip;
    this.#onOver = onOver;
  }

  /** @returns {AsyncGenerator<Pushed, void>} */
  async *portions() {
    try {
      for (;;) {
        const portion = this.#come.shift();
        if (portion) yield portion;
        else if (this.end) return;
        else await new Promise((resolve) => { this.#wake = () => resolve(undefined); });
      }
    } finally {
      this.#onOver();
    }
  }

  /**
   * @param {string} type
   * @param {number} offset of the first byte
   * @param {Uint8Array<ArrayBuffer>} prefix
   */
  begin(type, offset, prefix) {
    this.#type = type;
    this.#next = offset;
    this.#prefix = prefix;
  }

  /**
   * @param {string} clip
   * @param {number} offset
   * @param {Uint8Array<ArrayBuffer>} content
   */
  take(clip, offset, content) {
    if (clip !== this.#clip || this.#next === null || this.end) return;
    if (offset !== this.#next) return this.finish("refused");
    this.#next += content.byteLength;
    const bytes = this.#prefix.byteLength ? joined(this.#prefix, content) : content;
    this.#prefix = new Uint8Array();
    this.#come.push({ type: this.#type, bytes, next: this.#next });
    this.#wake();
  }

  /** @param {NonNullable<Wish["end"]>} how */
  finish(how) {
    this.end ??= how;
    this.#wake();
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} first
 * @param {Uint8Array<ArrayBuffer>} second
 */
function joined(first, second) {
  const whole = new Uint8Array(first.byteLength + second.byteLength);
  whole.set(first);
  whole.set(second, first.byteLength);
  return whole;
}
