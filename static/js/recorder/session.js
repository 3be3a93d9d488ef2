/**
 * One press of Record, from the open microphone to its last take.
 *
 * Events: "tick", detail {@link Tick}; "piece", detail {@link Piece}, while it is recorded; "take", detail {take: {@link
 * Take}}; "drop", detail {id}, when a recording of which pieces may have come gives no take; "pause", detail {id,
 * paused}; "end", detail {takes}, when all are given.
 *
 * @typedef {import("../clock.js").Clock} Clock
 * @typedef {import("./plan.js").Plan} Plan
 *
 * @typedef {"stopped"|"time"|"bytes"|"flood"|"interrupted"} TakeReason why it ended
 *
 * @typedef {object} Take
 * @property {string} id also the idempotency key of its upload
 * @property {Blob} blob
 * @property {string} mime
 * @property {number} seconds
 * @property {number[]} peaks at most 128 of 0 to 100; none where the level could not be measured
 * @property {"audio"|"video"} kind
 * @property {TakeReason} reason
 * @property {string} created RFC 3339, by this browser's clock
 *
 * @typedef {Pick<Take, "id"|"created"|"kind"|"mime">} Begun what is known of a take before there is anything of it
 *
 * @typedef {Omit<Take, "reason">} Piece `blob` is what follows the pieces before it, the rest is as of now
 *
 * @typedef {object} Tick
 * @property {number} seconds since recording began
 * @property {number} left seconds until it ends by itself
 * @property {number} level 0 to 1
 * @property {number[]} peaks so far, spread evenly over `seconds`
 */

import { newKey } from "../key.js";
import { loudness, PeakCollector } from "./peaks.js";
import { RecordingTime } from "./recording-time.js";
import { Segment } from "./segment.js";

/** Milliseconds that a stream may go on. */
const FLOOD = 120_000;
/** Milliseconds: a first clip under this was a slip of the finger, a later one is the rest of a word. */
const SHORTEST = 300;
const SHORTEST_REST = 100;
/** Milliseconds from the start of a stream's next clip to the end of the one before: a frame of sound. */
const OVERLAP = 60;
/** Milliseconds between two looks at the level. */
const SAMPLE = 40;
/** Milliseconds by which a hidden tab's timers may be late; a clip too long would be refused. */
const HIDDEN_LATE = 1000;

export class Session extends EventTarget {
  #plan;
  #stream;
  #Media;
  #page;
  #clock;
  #rms;
  #time;
  #shape = new PeakCollector();
  /** What is being recorded. @type {Segment} */
  #segment;
  /** Those before it, until their takes are given. @type {Promise<void>} */
  #closing = Promise.resolve();
  #segments = 0;
  #takes = 0;
  #over = false;
  #cancelled = false;
  /** @type {any} */
  #timer;

  /**
   * Records at once. Not even the browser's "start" event is waited for: sound is recorded from 40 ms after start(), the
   * event of a picture may come a second later.
   * @param {object} parts
   * @param {string} parts.id of its first clip
   * @param {Plan} parts.plan
   * @param {MediaStream} parts.stream
   * @param {typeof MediaRecorder} parts.Media
   * @param {{hidden: boolean}} parts.page `document`
   * @param {Clock} parts.clock
   * @param {() => number|null} parts.rms the level just now
   */
  constructor({ id, plan, stream, Media, page, clock, rms }) {
    super();
    this.#plan = plan;
    this.#stream = stream;
    this.#Media = Media;
    this.#page = page;
    this.#clock = clock;
    this.#rms = rms;
    this.#time = new RecordingTime(clock);
    this.#segment = this.#record(id);
    this.#timer = clock.setTimeout(() => this.#tick(), 0);
  }

  /**
   * @param {Plan} plan
   * @param {Clock} clock
   * @returns {Begun} the first clip of what will be recorded
   */
  static begin({ wish: { kind }, options }, clock) {
    return { id: newKey(), created: new Date(clock.wall()).toISOString(), kind, mime: options.mimeType ?? "" };
  }

  /** It was a slip of the finger, if it is ended now. */
  get short() {
    return this.#segments === 1 && this.#time.now() < SHORTEST;
  }

  /** Nothing is recorded for now. */
  get paused() {
    return this.#time.paused;
  }

  pause() {
    if (this.#over || this.paused) return;
    this.#clock.clearTimeout(this.#timer);
    this.#time.pause();
    this.#segment.pause();
    this.#tell("pause", { id: this.#segment.id, paused: true });
  }

  resume() {
    if (this.#over || !this.paused) return;
    this.#time.resume();
    this.#segment.resume();
    this.#tell("pause", { id: this.#segment.id, paused: false });
    this.#tick();
  }

  /** @param {TakeReason} reason */
  async end(reason) {
    if (this.#over) return;
    const segment = this.#segment;
    const worthIt = this.#segments === 1 || this.#time.now() - segment.began >= SHORTEST_REST;
    this.#finish();
    if (worthIt) this.#closing = this.#closing.then(() => this.#give(segment, reason));
    else this.#drop(segment);
    await this.#closing;
    if (!this.#cancelled) this.#tell("end", { takes: this.#takes });
  }

  /** Throws away what is not yet a take, and says nothing more. */
  cancel() {
    this.#cancelled = true;
    this.#finish();
    this.#drop(this.#segment);
  }

  #finish() {
    this.#over = true;
    this.#clock.clearTimeout(this.#timer);
  }

  /** @param {string} id */
  #record(id) {
    const { options, slice, maxBytes, wish } = this.#plan;
    this.#segments += 1;
    /** @type {Segment} */
    const segment = new Segment({
      id, Media: this.#Media, stream: this.#stream, options, slice, maxBytes, clock: this.#clock, time: this.#time,
      onPiece: (piece) => this.#tell("piece", { ...this.#facts(segment), ...piece }),
      onFull: () => (wish.stream ? this.#roll("bytes") : this.end("bytes")),
      onEnd: () => this.end("interrupted"),
    });
    return segment;
  }

  #tick() {
    const { wish } = this.#plan;
    const now = this.#time.now();
    const late = this.#page.hidden && wish.seconds * 1000 > 2 * HIDDEN_LATE ? HIDDEN_LATE : 0;
    const full = this.#segment.began + wish.seconds * 1000 - late - (wish.stream ? OVERLAP : 0);
    const end = wish.stream ? FLOOD : full;
    if (now >= end) return this.end(wish.stream ? "flood" : "time");
    if (now >= full) this.#roll("time");
    if (this.#over) return;
    this.#timer = this.#clock.setTimeout(() => this.#tick(), Math.min(SAMPLE, end - now, Math.max(1, full - now)));
    this.#measure(now, end - now);
  }

  /**
   * @param {number} passed ms
   * @param {number} left ms
   */
  #measure(passed, left) {
    const rms = this.#rms();
    this.#segment.measure(rms);
    this.#shape.push(rms ?? 0);
    /** @type {Tick} */
    const detail = { seconds: passed / 1000, left: left / 1000, level: loudness(rms ?? 0), peaks: this.#shape.peaks };
    this.#tell("tick", detail);
  }

  /**
   * The next clip of a stream: it runs before the one before stops, so that not a word falls between them.
   * @param {TakeReason} reason
   */
  #roll(reason) {
    const old = this.#segment;
    try {
      this.#segment = this.#record(newKey());
    } catch {
      this.end("interrupted");
      return;
    }
    const overlap = new Promise((resolve) => this.#clock.setTimeout(() => resolve(null), OVERLAP));
    this.#closing = this.#closing.then(() => overlap).then(() => this.#give(old, reason));
  }

  /**
   * @param {Segment} segment
   * @param {TakeReason} reason
   */
  async #give(segment, reason) {
    const made = await segment.finish();
    if (!made || this.#cancelled) return this.#tell("drop", { id: segment.id });
    this.#takes += 1;
    /** @type {Take} */
    const take = { ...this.#facts(segment), reason, ...made };
    this.#tell("take", { take });
  }

  /** @param {Segment} segment */
  #drop(segment) {
    segment.abandon();
    this.#tell("drop", { id: segment.id });
  }

  /** @param {Segment} segment */
  #facts({ id, created }) {
    return { id, created, kind: this.#plan.wish.kind };
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
