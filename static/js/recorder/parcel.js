/**
 * A recording on its way to the server, in pieces while it grows or whole. It knows how far it is; when to try, and
 * when to try again, is the outbox's to say.
 *
 * @typedef {import("../api.js").Clip} Clip
 * @typedef {import("../upload.js").Fields} Fields
 * @typedef {Pick<import("../api.js").Api, "sendPiece"|"uploadOffset">} Post
 */

import { ApiError, isOver } from "../api-error.js";
import { newKey } from "../key.js";

/** Bytes with which a recording begins. Chromium's first piece is a single one, and the next would wait for its answer. */
const WORTH = 2;
/** Bytes of one request: what breaks off with it is sent again. */
const MOST = 4_000_000;
/** Bytes up to which the digest is worth reading all of it into memory. */
const MOST_DIGESTED = 20_000_000;
/** Corrections in a row after which something is wrong that passes, if at all, with time. */
const MOST_CORRECTIONS = 3;

export class Parcel {
  /** The clip's idempotency key. */
  key;
  mime;
  /** Sent in one request. */
  whole;
  /** Others hear it while it is recorded. */
  live;
  /** Bytes recorded, and bytes that the server has. */
  size = 0;
  offset = 0;
  /** The server's name for it, and for the clip. @type {string|null} */
  upload;
  /** Of a live one: its author has paused. */
  paused = false;
  /** What the server was told of that. */
  #saidPaused = false;
  /** @type {Blob[]} */
  #pieces = [];
  /** What the server has must be asked. */
  #unsure;
  #corrections = 0;

  /**
   * @param {object} parts
   * @param {string} parts.key
   * @param {string} parts.mime
   * @param {boolean} parts.whole
   * @param {string|null} [parts.upload]
   * @param {boolean} [parts.begun] by an earlier visit, perhaps
   * @param {boolean} [parts.live] others hear it while it is recorded
   */
  constructor({ key, mime, whole, upload = null, begun = false, live = false }) {
    this.key = key;
    this.mime = mime;
    this.whole = whole;
    this.upload = upload;
    this.live = live;
    this.#unsure = begun;
  }

  /** @param {Blob} piece what follows */
  add(piece) {
    this.#pieces.push(piece);
    this.size += piece.size;
  }

  /** The part that the server has, 0 to 1. */
  get share() {
    return (this.size - this.behind) / this.size;
  }

  get blob() {
    return new Blob(this.#pieces, { type: this.mime });
  }

  /** There is something to be sent: of a live one even its name, before there is a byte, and that its author has paused. */
  get due() {
    return (this.behind > 0 && this.size >= WORTH) || (this.live && (!this.upload || this.paused !== this.#saidPaused));
  }

  /** Bytes that the server has not. */
  get behind() {
    return Math.max(0, this.size - this.offset);
  }

  /**
   * One request, carrying all that waits.
   * @param {Post} api
   * @param {object} how
   * @param {Fields|null} how.finish the recording is over and shall be published
   * @param {import("../upload.js").Growing|null} [how.growing] what is said of it while it is not over
   * @param {(bytes: number) => void} [how.onProgress] bytes that this request has sent
   * @param {AbortSignal} how.signal
   * @returns {Promise<Clip|null>} the clip, once it is one
   * @throws {ApiError}
   */
  async send(api, { finish, growing = null, onProgress, signal }) {
    try {
      if (this.#unsure) await this.#look(api, signal);
      const clip = await this.#post(api, this.#next(), { finish, growing, onProgress, signal });
      this.#corrections = 0;
      return clip;
    } catch (error) {
      if (!this.#correct(error)) throw error;
      return null;
    }
  }

  /**
   * @param {Post} api
   * @param {Blob} body
   * @param {{finish: Fields|null, growing?: import("../upload.js").Growing|null, onProgress?: (bytes: number) => void,
   *   signal: AbortSignal}} how
   */
  async #post(api, body, { finish, growing, onProgress, signal }) {
    const last = finish && this.offset + body.size >= this.size;
    const { key, mime, upload, offset, paused } = this;
    const news = upload ? { ...(paused !== this.#saidPaused && { paused }) } : /** @type {const} */ ({ live: true });
    const said = this.live && !last ? { ...growing, ...news } : null;
    const piece = { upload, key, mime, offset, body, finish: last ? finish : null, growing: said, whole: last ? this.#digested() : null };
    const taken = await api.sendPiece(piece, { onProgress, signal });
    Object.assign(this, { upload: taken.upload, offset: taken.offset });
    if (upload) this.#saidPaused = paused;
    return taken.clip;
  }

  /**
   * Goes on from what the server has, whatever became of the last answer.
   * @param {Post} api
   * @param {AbortSignal} signal
   */
  async #look(api, signal) {
    if (this.upload) this.offset = await api.uploadOffset(this.upload, { signal });
    else if (!this.whole) await this.#post(api, new Blob(), { finish: null, signal });
    this.#unsure = false;
  }

  /**
   * @param {Post} api
   * @returns {Promise<string|null>} what the server calls it; null where it has not heard of it
   */
  async name(api) {
    if (this.#unsure && !this.upload) await this.#look(api, new AbortController().signal);
    return this.upload;
  }

  #next() {
    const most = this.whole ? this.size : MOST;
    /** @type {Blob[]} */
    const parts = [];
    let at = 0;
    for (const piece of this.#pieces) {
      const from = Math.max(0, this.offset - at);
      const to = Math.min(piece.size, this.offset + most - at);
      if (from < to) parts.push(piece.slice(from, to));
      at += piece.size;
    }
    return new Blob(parts);
  }

  /** What the server has may be longer than what a browser that was killed had kept: then it is no measure. */
  #digested() {
    return this.size <= MOST_DIGESTED && this.offset <= this.size ? this.blob : null;
  }

  /**
   * @param {unknown} error
   * @returns {boolean} it is known now how to go on, at once
   */
  #correct(error) {
    // What was refused has not begun: all of it may then go in one request.
    const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
    this.#unsure ||= this.upload !== null || !refused;
    if (!refused || ++this.#corrections > MOST_CORRECTIONS) return false;
    if (error.status === 409 && error.offset !== null) this.offset = error.offset;
    else if (error.status === 404 && this.upload) Object.assign(this, { upload: null, offset: 0 });
    // Its author was away for too long, and what had come is a clip: the whole becomes another one.
    else if (isOver(error)) Object.assign(this, { upload: null, offset: 0, key: newKey() });
    else return false;
    this.#unsure = false;
    return true;
  }
}
