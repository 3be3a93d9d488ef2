/**
 * The one media element, driven: it is loaded, plays, and says how it goes.
 *
 * Events: "playing", "waiting" (for the network), "paused" (by the system, not by us), "ended", "time",
 * "blocked" (the browser wants a gesture first), "broken", detail {problem: "format"|"network"}.
 *
 * @typedef {import("../clock.js").Clock} Clock
 */

import { playable } from "../recorder/media-type.js";

/** Milliseconds without a byte after which a clip is given up, and between two looks at the position. */
const STALL = 20_000;
const LOOK = 66;
/** Seconds before the end that a seek may reach: beyond it some browsers hang where the file has no length. */
const BRINK = 0.05;
/** MediaError.MEDIA_ERR_NETWORK */
const NETWORK = 2;

export class Sound extends EventTarget {
  #media;
  #clock;
  /** Sound is wanted. */
  #on = false;
  /** Counts loads and pauses: a promise of play() that comes later than these says nothing. */
  #turn = 0;
  /** However long nothing comes, it is not given up: somebody else sees to it. */
  #patient = false;
  /** @type {string|null} */
  #objectUrl = null;
  /** @type {any} */
  #stall = null;
  /** @type {any} */
  #look = null;

  /**
   * @param {object} parts
   * @param {HTMLMediaElement} parts.media
   * @param {Pick<import("../preferences.js").Preferences, "get"|"addEventListener">} parts.preferences
   * @param {Clock} parts.clock
   */
  constructor({ media, preferences, clock }) {
    super();
    this.#media = media;
    this.#clock = clock;
    media.preservesPitch = true;
    const tune = () => {
      media.volume = preferences.get("volume");
      media.defaultPlaybackRate = media.playbackRate = preferences.get("speed");
    };
    tune();
    preferences.addEventListener("change", tune);
    this.#follow();
  }

  /** Seconds. */
  get position() {
    return this.#media.currentTime || 0;
  }

  /** Seconds as the file says, 0 where it does not. */
  get duration() {
    return Number.isFinite(this.#media.duration) ? this.#media.duration : 0;
  }

  /** @param {string} mime */
  canPlay(mime) {
    return playable(mime, (type) => this.#media.canPlayType(type));
  }

  /**
   * @param {{media: string, objectUrl: string|null, position: number, patient?: boolean}} what an object URL is revoked when
   *   it is done with; `patient`: of one that is live
   */
  load({ media, objectUrl, position, patient = false }) {
    this.#patient = patient;
    const old = this.#objectUrl;
    this.#turn += 1;
    this.#objectUrl = objectUrl;
    this.#media.src = objectUrl ?? media;
    if (position > 0) this.#media.currentTime = position;
    if (old) URL.revokeObjectURL(old);
  }

  async play() {
    const turn = ++this.#turn;
    this.#on = true;
    this.#watch();
    try {
      await this.#media.play();
    } catch (error) {
      if (turn !== this.#turn || !this.#on) return;
      const { name } = /** @type {Error} */ (error);
      if (name === "NotSupportedError") this.#give("format");
      if (name !== "NotAllowedError") return;
      this.#rest();
      this.#tell("blocked");
    }
  }

  pause() {
    this.#turn += 1;
    this.#rest();
    this.#media.pause();
  }

  /** Silent, and loading nothing. */
  unload() {
    this.pause();
    this.#media.removeAttribute("src");
    this.#media.load();
    if (this.#objectUrl) URL.revokeObjectURL(this.#objectUrl);
    this.#objectUrl = null;
  }

  /**
   * @param {number} seconds
   * @param {number} duration of the clip, seconds
   */
  seek(seconds, duration) {
    const { readyState, seekable } = this.#media;
    // a file without a length, in a browser that hangs at it
    if (readyState > 0 && seekable.length === 0) return;
    this.#media.currentTime = Math.max(0, Math.min(seconds, duration - BRINK));
    this.#tell("time");
  }

  #follow() {
    const on = (/** @type {string} */ type, /** @type {() => void} */ act) =>
      this.#media.addEventListener(type, () => this.#on && act());
    on("playing", () => {
      this.#calm();
      this.#tell("playing");
      this.#showTime();
    });
    on("waiting", () => {
      this.#watch();
      this.#tell("waiting");
    });
    on("progress", () => this.#stall !== null && this.#watch());
    on("timeupdate", () => this.#tell("time"));
    on("pause", () => {
      if (this.#media.ended || this.#media.error) return;
      this.#rest();
      this.#tell("paused");
    });
    on("ended", () => {
      this.#rest();
      this.#tell("ended");
    });
    on("error", () => this.#give(this.#media.error?.code === NETWORK ? "network" : "format"));
  }

  /** @param {"format"|"network"} problem what the server refuses is a wrong format to the browser */
  #give(problem) {
    this.#rest();
    this.dispatchEvent(new CustomEvent("broken", { detail: { problem } }));
  }

  #watch() {
    this.#clock.clearTimeout(this.#stall);
    if (!this.#patient) this.#stall = this.#clock.setTimeout(() => this.#give("network"), STALL);
  }

  #calm() {
    this.#clock.clearTimeout(this.#stall);
    this.#stall = null;
  }

  #showTime() {
    this.#clock.clearTimeout(this.#look);
    this.#look = this.#clock.setTimeout(() => {
      this.#tell("time");
      this.#showTime();
    }, LOOK);
  }

  #rest() {
    this.#on = false;
    this.#calm();
    this.#clock.clearTimeout(this.#look);
  }

  /** @param {string} type */
  #tell(type) {
    this.dispatchEvent(new CustomEvent(type));
  }
}
