/**
 * A clip that is still being recorded, on the media element: its bytes are appended as they come, and how far behind the
 * speaker one listens is steered by the speed of play-back.
 *
 * Event: "broken", detail {problem}: "full", the site has no room for another listener; "gone"; "format".
 */

import { pause, systemClock } from "../../clock.js";
import { GrowingClip, hasJustBegun, problemOf } from "./growing-clip.js";
import { beyondHole } from "./hole.js";
import { LagControl } from "./lag-control.js";

/** Milliseconds between two looks at the lag. */
const LOOK = 50;
/** Looks at which it is at the same place, after which it is not playing. */
const STANDING = 3;
/** Seconds before the newest at which one begins where there is more: fewer, and the first sound is followed by silence. */
const IN_HAND = 0.4;
/** Seconds behind what is played that are kept, and kept where the browser has no room. */
const KEPT = 20;
const KEPT_AT_LEAST = 1;
/** Milliseconds until there may be room again. */
const ROOM = 500;
/** Of the element: it has more than what is heard just now. */
const HAVE_FUTURE_DATA = 3;
/** Seconds that a position may be off without being moved. */
const NEAR = 0.02;

/** @typedef {import("../../api.js").Clip} Clip */

export class LiveSource extends EventTarget {
  /** For the media element. @type {string} */
  url;
  /** What it was, for those who want to know. */
  underflows = 0;
  skips = 0;
  #media;
  #clock;
  #source;
  #opened;
  #clip;
  #control;
  /** Where to begin, seconds; null: near the newest. @type {number|null} */
  #from;
  /** @type {SourceBuffer|undefined} */
  #buffer;
  #over = new AbortController();
  #begun = false;
  #sounded = false;
  /** Where it was at the last look, seconds, and for how many looks it has been there. */
  #place = 0;
  #stood = 0;
  #complete = false;
  /** There is nothing to play. */
  #dry = false;
  /** The speaker has paused: that there is nothing to play is no fault. */
  #paused = false;
  /** @type {any} */
  #timer = null;

  /** @param {string} mime */
  static supports(mime) {
    return mediaSource()?.isTypeSupported(mime) === true;
  }

  /**
   * Begins to fetch at once.
   * @param {object} parts
   * @param {Clip} parts.clip
   * @param {HTMLMediaElement} parts.media where `url` is going to be loaded
   * @param {number|null} parts.from seconds; null: near the newest
   * @param {import("../../clock.js").Clock} [parts.clock]
   * @param {ConstructorParameters<typeof GrowingClip>[0]["hub"]} [parts.hub]
   */
  constructor({ clip, media, from, clock = systemClock, hub }) {
    super();
    this.#media = media;
    this.#clock = clock;
    // One that has only just begun is heard from its first word on, however late that comes.
    const whole = from === null && hasJustBegun(clip);
    this.#from = whole ? 0 : from;
    this.#control = new LagControl({ behind: from !== null, owed: whole });
    const Source = mediaSource();
    const source = new Source();
    this.#source = source;
    this.#opened = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    this.url = URL.createObjectURL(source);
    if ("ManagedMediaSource" in globalThis) media.disableRemotePlayback = true; // else Safari does not open it
    const start = this.#from === null ? "edge" : "start";
    this.#clip = new GrowingClip({ id: clip.id, media: clip.media, from: start, clock, hub });
    this.told(clip);
    this.#follow();
    this.#run();
  }

  /** @param {Pick<Clip, "bytes"|"live"|"paused">} clip as listeners are told of it */
  told({ bytes, live, paused }) {
    if (!live) return;
    this.#clip.told(bytes);
    this.#paused = paused === true;
    if (this.#paused && this.#dry) this.#control.excuse();
  }

  /** Nothing more of it is wanted; the element may have another source already. */
  close() {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#clock.clearTimeout(this.#timer);
    this.#media.playbackRate = this.#media.defaultPlaybackRate;
  }

  /** Seconds from what is played to what has come. */
  get lag() {
    const buffered = this.#buffer?.buffered;
    return buffered?.length ? buffered.end(buffered.length - 1) - this.#media.currentTime : 0;
  }

  async #run() {
    const { signal } = this.#over;
    try {
      for await (const { type, bytes } of this.#clip.portions(signal)) {
        await this.#opened;
        signal.throwIfAborted();
        /** @type {SourceBuffer} */
        const buffer = (this.#buffer ??= this.#source.addSourceBuffer(type));
        await this.#append(buffer, bytes);
        this.#begin(buffer);
        await this.#evict(buffer, KEPT);
      }
      this.#complete = true;
      await this.#opened;
      if (this.#source.readyState === "open") this.#source.endOfStream();
    } catch (error) {
      if (!signal.aborted) this.#break(error);
    }
  }

  /** @param {unknown} error */
  #break(error) {
    this.close();
    this.dispatchEvent(new CustomEvent("broken", { detail: { problem: problemOf(error) } }));
  }

  /**
   * @param {SourceBuffer} buffer
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  async #append(buffer, bytes) {
    for (;;) {
      try {
        buffer.appendBuffer(bytes);
        return await updated(buffer);
      } catch (error) {
        if (/** @type {Error} */ (error).name !== "QuotaExceededError") throw error;
        await this.#evict(buffer, KEPT_AT_LEAST);
        await pause(this.#clock, ROOM, this.#over.signal);
        this.#over.signal.throwIfAborted();
      }
    }
  }

  /**
   * What was heard is forgotten.
   * @param {SourceBuffer} buffer
   * @param {number} kept seconds
   */
  async #evict(buffer, kept) {
    const end = this.#media.currentTime - kept;
    if (!this.#begun || !buffer.buffered.length || end - buffer.buffered.start(0) < kept) return;
    buffer.remove(0, end);
    await updated(buffer);
  }

  /**
   * The element waits at 0 until it is put where there is something.
   * @param {SourceBuffer} buffer
   */
  #begin({ buffered }) {
    if (this.#begun || !buffered.length) return;
    const [start, end] = [buffered.start(0), buffered.end(buffered.length - 1)];
    if (this.#from !== null && this.#from > end) return;
    this.#begun = true;
    const place = Math.max(start, this.#from ?? end - IN_HAND);
    if (Math.abs(this.#media.currentTime - place) > NEAR) this.#media.currentTime = place;
    this.#steer();
  }

  #follow() {
    const { signal } = this.#over;
    const on = (/** @type {string} */ type, /** @type {() => void} */ act) => this.#media.addEventListener(type, act, { signal });
    on("playing", () => {
      this.#dry = false;
      if (this.#begun) this.#sounded = true;
    });
    // What comes while one does not listen is heard afterwards.
    on("pause", () => { this.#control.behind = true; });
    on("waiting", () => {
      if (!this.#sounded || this.#complete || this.#media.seeking || this.#media.paused) return;
      this.#dry = true;
      if (this.#paused) return;
      this.underflows += 1;
      this.#control.underflow(this.#clock.now());
    });
  }

  #steer() {
    this.#timer = this.#clock.setTimeout(() => this.#steer(), LOOK);
    const media = this.#media;
    if (media.readyState < HAVE_FUTURE_DATA) return this.#crossHole();
    if (!this.#sounded || media.paused || media.seeking || !this.#moves()) return;
    if (this.#complete) return this.#setRate(this.#control.behind ? media.defaultPlaybackRate : 1);
    const { rate, skip } = this.#control.look(this.#clock.now(), this.lag, media.defaultPlaybackRate);
    if (skip) {
      this.skips += 1;
      media.currentTime += skip;
    }
    this.#setRate(rate);
  }

  /** Firefox says that it plays up to a second before it does: what comes meanwhile tells nothing of how evenly it comes. */
  #moves() {
    const { currentTime } = this.#media;
    const moves = currentTime !== this.#place;
    if (moves && this.#stood >= STANDING) this.#control.forget();
    this.#stood = moves ? 0 : this.#stood + 1;
    this.#place = currentTime;
    return moves;
  }

  #crossHole() {
    const place = beyondHole(this.#media);
    if (place === null) return;
    this.skips += 1;
    this.#media.currentTime = place;
  }

  /** @param {number} rate */
  #setRate(rate) {
    if (this.#media.playbackRate !== rate) this.#media.playbackRate = rate;
  }
}

/** @returns {any} what the browser has of Media Source Extensions: iPhones have only the managed one */
function mediaSource() {
  return /** @type {any} */ (globalThis).ManagedMediaSource ?? globalThis.MediaSource;
}

/**
 * @param {SourceBuffer} buffer
 * @returns {Promise<void>}
 */
function updated(buffer) {
  return new Promise((resolve, reject) => {
    buffer.onupdateend = () => resolve();
    buffer.onerror = () => reject(new Error("not to be appended"));
  });
}
