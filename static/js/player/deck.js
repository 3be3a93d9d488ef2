/**
 * One clip at a time on the media element: loading, playing, paused, or not to be played; what was heard of it is noted.
 *
 * Events: "state" when anything of it changed, "time", "playing" when its sound begins, "ended", "broken".
 *
 * @typedef {import("../api.js").Clip} Clip
 */

import { Preloader } from "./preloader.js";
import { Sound } from "./sound.js";

/** Share of a clip after which it counts as heard. */
const HEARD_SHARE = 0.9;
/** Seconds at either end of a clip where leaving it is not worth remembering. */
const MARGIN = 1;

export class Deck extends EventTarget {
  /** @type {Clip|null} */
  clip = null;
  /** @type {"idle"|"loading"|"playing"|"paused"|"blocked"|"unplayable"} */
  phase = "idle";
  /** Why it is unplayable. @type {"format"|"gone"|"network"|null} */
  problem = null;
  #catalogue;
  #heard;
  #sound;
  #preloader;

  /**
   * @param {object} parts
   * @param {import("./catalogue.js").Catalogue} parts.catalogue
   * @param {import("./heard.js").Heard} parts.heard
   * @param {import("../preferences.js").Preferences} parts.preferences
   * @param {HTMLMediaElement} parts.media
   * @param {Preloader} parts.preloader
   * @param {import("../clock.js").Clock} parts.clock
   */
  constructor({ catalogue, heard, preferences, media, preloader, clock }) {
    super();
    this.#catalogue = catalogue;
    this.#heard = heard;
    this.#preloader = preloader;
    this.#sound = new Sound({ media, preferences, clock });
    this.#follow();
  }

  /** Seconds. */
  get position() {
    return this.clip ? Math.min(this.#sound.position, this.duration) : 0;
  }

  /** Seconds; the server's word counts, as many files do not know their own. */
  get duration() {
    return this.clip?.duration || this.#sound.duration;
  }

  /** It sounds, or will as soon as it is loaded. */
  get on() {
    return this.phase === "playing" || this.phase === "loading";
  }

  /** Nothing is on that could go on. */
  get free() {
    return this.phase === "idle" || this.phase === "unplayable";
  }

  /** @param {Clip} clip */
  canPlay(clip) {
    return this.#sound.canPlay(clip.mime);
  }

  /**
   * Plays a clip, from where it was left if nothing else is said.
   * @param {Clip} clip
   * @param {number} [position] seconds
   * @returns {boolean} false: this browser cannot play it
   */
  open(clip, position = this.#heard.position(clip.id)) {
    this.clip = clip;
    if (!this.canPlay(clip)) {
      this.#sound.unload();
      this.#show("unplayable", "format");
      return false;
    }
    this.#sound.load({ media: clip.media, objectUrl: this.#preloader.take(clip.id), position });
    this.start();
    return true;
  }

  /** Begins, or goes on. */
  start() {
    this.#show("loading");
    this.#sound.play();
  }

  pause() {
    this.#sound.pause();
    this.remember();
    this.#show("paused");
  }

  /** Silent, with nothing loaded. */
  close() {
    this.remember();
    this.#sound.unload();
    this.idle();
  }

  /** The clip that was on is over. */
  idle() {
    this.clip = null;
    this.#show("idle");
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (this.clip) this.#sound.seek(seconds, this.duration);
  }

  /** Notes how far one came, before another clip takes the place. */
  remember() {
    const { clip, position, duration } = this;
    const midway = position > MARGIN && position < duration - MARGIN;
    if (clip && this.phase !== "unplayable") this.#heard.setPosition(clip.id, midway ? position : 0);
  }

  /** The clip's record may have changed, or gone: one that was removed may be heard to its end, as far as it has come. */
  refresh() {
    if (!this.clip) return;
    const known = this.#catalogue.get(this.clip.id);
    if (known) this.clip = known;
    else if (this.problem) this.problem = "gone";
  }

  /** @param {Clip|null} clip the one to have ready */
  prepare(clip) {
    this.#preloader.want(clip);
  }

  #follow() {
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ act) => this.#sound.addEventListener(type, act);
    on("playing", () => {
      this.#show("playing");
      this.#tell("playing");
    });
    on("waiting", () => this.phase === "playing" && this.#show("loading"));
    on("paused", () => {
      this.remember();
      this.#show("paused");
    });
    on("blocked", () => this.#show("blocked"));
    on("time", () => {
      const { clip, position, duration } = this;
      if (clip && duration && position >= duration * HEARD_SHARE) this.#heard.mark(clip.id);
      this.#tell("time");
    });
    on("ended", () => {
      if (this.clip) this.#heard.mark(this.clip.id);
      this.#tell("ended");
    });
    on("broken", ({ detail }) => {
      this.#show("unplayable", detail.problem);
      this.refresh();
      this.#tell("broken");
    });
  }

  /**
   * @param {Deck["phase"]} phase
   * @param {Deck["problem"]} [problem]
   */
  #show(phase, problem = null) {
    this.phase = phase;
    this.problem = problem;
    this.#tell("state");
  }

  /** @param {string} type */
  #tell(type) {
    this.dispatchEvent(new CustomEvent(type));
  }
}
