/**
 * One MediaRecorder from start to stop: what will be one clip.
 *
 * @typedef {import("../clock.js").Clock} Clock
 * @typedef {{blob: Blob, mime: string, seconds: number, peaks: number[]}} Recording
 */

import { PeakCollector } from "./peaks.js";

/** Seconds that an encoder may hold back before a look, beyond one slice. */
const HELD_BACK = 0.5;
/** Of the limit, for what comes at the end: a key frame, an index. */
const RESERVE = 0.04;
/** Bytes of a file that has a header and not one frame: WebM's is small, MP4's is not. */
const HOLLOW = 256;
const HOLLOW_MP4 = 1000;
/** Milliseconds to wait for the first frame: a camera and a busy processor take their time. */
const FIRST_FRAME = 1000;

export class Segment {
  id;
  /** When it began, ms of the recording's time. */
  began;
  /** The same as a date, RFC 3339. */
  created;
  #media;
  #clock;
  #time;
  #slice;
  #onPiece;
  /** @type {Blob[]} */
  #pieces = [];
  #bytes = 0;
  #maxBytes;
  #onFull;
  /** @type {number|null} */
  #ended = null;
  /** The first frame is there. @type {Promise<void>} */
  #running;
  /** @type {Promise<void>} */
  #stopped;
  #peaks = new PeakCollector();
  #heard = false;

  /**
   * Starts at once.
   * @param {object} parts
   * @param {string} parts.id
   * @param {typeof MediaRecorder} parts.Media
   * @param {MediaStream} parts.stream
   * @param {MediaRecorderOptions} parts.options
   * @param {number|null} parts.slice milliseconds of a piece, null: it comes whole
   * @param {number|null} parts.maxBytes a limit that may be passed, null where it cannot; it is watched piece by piece
   * @param {(piece: Recording) => void} parts.onPiece the next one, and what it makes of the recording
   * @param {() => void} parts.onFull the next pieces may pass the limit
   * @param {() => void} parts.onEnd it stopped by itself
   * @param {Clock} parts.clock
   * @param {Pick<import("./recording-time.js").RecordingTime, "now">} parts.time
   */
  constructor({ id, Media, stream, options, slice, maxBytes, onPiece, onFull, onEnd, clock, time }) {
    this.id = id;
    this.#clock = clock;
    this.#time = time;
    this.#slice = slice;
    this.#maxBytes = maxBytes;
    this.#onPiece = onPiece;
    this.#onFull = onFull;
    this.#media = new Media(stream, options);
    this.#media.ondataavailable = (event) => this.#take(event.data);
    this.#media.onerror = () => onEnd();
    this.#stopped = new Promise((resolve) => {
      this.#media.onstop = () => {
        if (this.#ended === null) onEnd();
        resolve();
      };
    });
    this.#running = new Promise((resolve) => {
      this.#media.onstart = () => resolve();
    });
    this.began = time.now();
    this.created = new Date(clock.wall()).toISOString();
    this.#media.start(slice ?? undefined);
  }

  /** @param {number|null} rms the level just now, null where it cannot be known */
  measure(rms) {
    this.#heard ||= rms !== null;
    this.#peaks.push(rms ?? 0);
  }

  /** Records nothing for now; what there is comes at once, where it comes in pieces. */
  pause() {
    if (this.#media.state !== "recording") return;
    this.#media.pause();
    if (this.#slice !== null) this.#media.requestData();
  }

  resume() {
    if (this.#media.state === "paused") this.#media.resume();
  }

  /** Stops, but not before there is anything. @returns {Promise<Recording|null>} null where nothing came out of it */
  async finish() {
    const late = new Promise((resolve) => this.#clock.setTimeout(() => resolve(null), FIRST_FRAME));
    await Promise.race([this.#running, this.#stopped, late]);
    this.#stop();
    await this.#stopped;
    const { mimeType } = this.#media;
    const made = this.#recording(new Blob(this.#pieces, { type: mimeType }));
    return made.blob.size > (mimeType.includes("mp4") ? HOLLOW_MP4 : HOLLOW) ? made : null;
  }

  /** Stops, and forgets what was recorded. */
  abandon() {
    this.#media.ondataavailable = null;
    this.#stop();
    this.#pieces = [];
  }

  #stop() {
    this.#ended ??= this.#time.now();
    if (this.#media.state !== "inactive") this.#media.stop();
  }

  /** @param {Blob} piece */
  #take(piece) {
    if (!piece.size) return;
    this.#pieces.push(piece);
    this.#bytes += piece.size;
    if (this.#slice === null) return;
    this.#onPiece(this.#recording(piece));
    if (this.#maxBytes !== null && this.#ended === null) this.#watch(this.#slice, this.#maxBytes);
  }

  /**
   * @param {number} slice ms
   * @param {number} maxBytes
   */
  #watch(slice, maxBytes) {
    const perSecond = (this.#bytes * 1000) / Math.max(slice, this.#time.now() - this.began);
    const coming = perSecond * (slice / 1000 + HELD_BACK) + maxBytes * RESERVE;
    if (this.#bytes + coming > maxBytes) this.#onFull();
  }

  /**
   * @param {Blob} blob
   * @returns {Recording} with what is known so far
   */
  #recording(blob) {
    const seconds = ((this.#ended ?? this.#time.now()) - this.began) / 1000;
    return { blob, mime: this.#media.mimeType, seconds, peaks: this.#heard ? this.#peaks.peaks : [] };
  }
}
