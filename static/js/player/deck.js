/**
 * One clip at a time on the media element: loading, playing, paused, or not to be played; what was heard of it is noted.
 *
 * Events: "state" when anything of it changed, "time", "playing" when its sound begins, "ended", "broken"; "later" when a
 * clip that is live can only be played when it is complete.
 *
 * @typedef {import("../api.js").Clip} Clip
 * @typedef {import("./live/choose.js").Source} Source
 * @typedef {typeof import("./live/choose.js")} Live
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
  /** Why it is unplayable. @type {import("./clip-words.js").Problem|null} */
  problem = null;
  #catalogue;
  #heard;
  #preferences;
  #sound;
  #preloader;
  #media;
  #clock;
  #loadLive;
  #hub;
  /** What of a clip that is live comes in; it stays to the end of what it began. @type {Source|null} */
  #source = null;
  /** Counts what was opened: what plays a live clip may come too late for it. */
  #turn = 0;

  /**
   * @param {object} parts
   * @param {import("./catalogue.js").Catalogue} parts.catalogue
   * @param {import("./heard.js").Heard} parts.heard
   * @param {import("../preferences.js").Preferences} parts.preferences
   * @param {HTMLMediaElement} parts.media
   * @param {Preloader} parts.preloader
   * @param {import("../clock.js").Clock} parts.clock
   * @param {(() => Promise<Live>)|null} parts.loadLive what plays a clip that is live, when it is needed
   * @param {ConstructorParameters<typeof import("./live/growing-clip.js").GrowingClip>[0]["hub"]} parts.hub
   */
  constructor({ catalogue, heard, preferences, media, preloader, clock, loadLive, hub }) {
    super();
    this.#catalogue = catalogue;
    this.#heard = heard;
    this.#preloader = preloader;
    this.#media = media;
    this.#clock = clock;
    this.#loadLive = loadLive;
    this.#hub = hub;
    this.#preferences = preferences;
    this.#sound = new Sound({ media, preferences, clock });
    this.#follow(this.#sound);
    this.#sound.addEventListener("broken", (event) => {
      this.#show("unplayable", /** @type {CustomEvent} */ (event).detail.problem);
      this.refresh();
      this.#tell("broken");
    });
  }

  /** What sounds: the media element, or what plays a live clip without one. */
  get #voice() {
    return this.#source?.url === null ? this.#source : this.#sound;
  }

  /** Seconds. */
  get position() {
    return this.clip ? Math.min(this.#voice.position, this.duration) : 0;
  }

  /** Seconds; the server's word counts, as many files do not know their own. */
  get duration() {
    if (this.#source) return Math.max(this.clip?.duration ?? 0, this.#voice.position); // it grows before that is told
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

  /** Nothing comes of it just now, and everything that has come was heard. */
  get stuck() {
    return this.clip?.live === true && this.clip.paused === true && this.phase === "loading";
  }

  /**
   * Plays a clip, from where it was left if nothing else is said; one that is live, from what is spoken just now.
   * @param {Clip} clip
   * @param {number} [position] seconds
   * @returns {boolean} false: this browser cannot play it
   */
  open(clip, position) {
    this.#endLive();
    this.clip = clip;
    if (!this.canPlay(clip)) {
      this.#sound.unload();
      this.#show("unplayable", "format");
      return false;
    }
    if (clip.live) {
      this.#openLive(clip, position ?? null);
      return true;
    }
    const from = position ?? this.#heard.position(clip.id);
    this.#sound.load({ media: clip.media, objectUrl: this.#preloader.take(clip.id), position: from });
    this.start();
    return true;
  }

  /** Begins, or goes on. */
  start() {
    this.#show("loading");
    this.#voice.play();
  }

  pause() {
    this.#voice.pause();
    this.remember();
    this.#show("paused");
  }

  /** Silent, with nothing loaded. */
  close() {
    this.remember();
    this.#endLive();
    this.#sound.unload();
    this.idle();
  }

  /** The clip that was on is over. */
  idle() {
    this.#endLive();
    this.clip = null;
    this.#show("idle");
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (!this.clip) return;
    if (this.#source) this.open(this.clip, Math.min(seconds, this.clip.duration));
    else this.#sound.seek(seconds, this.duration);
  }

  /** Notes how far one came, before another clip takes the place. */
  remember() {
    const { clip, position, duration } = this;
    const midway = position > MARGIN && (clip?.live || position < duration - MARGIN);
    if (clip && this.phase !== "unplayable") this.#heard.setPosition(clip.id, midway ? position : 0);
  }

  /**
   * The clip's record may have changed, or gone: one that was removed may be heard to its end, as far as it has come; of
   * one that was taken back while it was live not a word more is heard.
   */
  refresh() {
    if (!this.clip) return;
    const known = this.#catalogue.get(this.clip.id);
    if (known) {
      this.clip = known;
      this.#source?.told(known);
    } else if (this.clip.live) {
      this.remember(); // should it come again, since its upload had to begin anew
      this.#endLive();
      this.#sound.unload();
      this.idle();
    } else if (this.problem) this.problem = "gone";
  }

  /** @param {Clip|null} clip the one to have ready */
  prepare(clip) {
    this.#preloader.want(clip?.live ? null : clip);
  }

  /**
   * @param {Clip} clip
   * @param {number|null} from seconds; null: near what is spoken just now
   */
  async #openLive(clip, from) {
    const turn = this.#turn;
    this.#sound.unload();
    this.#show("loading");
    const Source = await this.#loadLive?.().then(({ sourceFor }) => sourceFor(clip.mime)).catch(() => null);
    if (turn !== this.#turn) return;
    if (!Source) return this.#wait("later");
    const source = new Source({
      clip, media: this.#media, from, preferences: this.#preferences, clock: this.#clock, hub: this.#hub,
    });
    this.#source = source;
    if (source.url === null) this.#follow(source);
    else this.#sound.load({ media: "", objectUrl: source.url, position: 0, patient: true });
    source.addEventListener("broken", (event) => this.#wait(/** @type {CustomEvent} */ (event).detail.problem));
    if (this.phase === "loading") this.start();
  }

  /** @param {import("./clip-words.js").Problem} problem why it can be played when it is complete, or is gone */
  #wait(problem) {
    this.#endLive();
    this.#sound.unload();
    this.#show("unplayable", problem === "format" ? "later" : problem);
    this.#tell(problem === "gone" ? "broken" : "later");
  }

  #endLive() {
    this.#turn += 1;
    this.#source?.close();
    this.#source = null;
  }

  /** @param {EventTarget} voice */
  #follow(voice) {
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ act) => {
      voice.addEventListener(type, (event) => voice === this.#voice && act(event));
    };
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
      if (clip && duration && !this.#source && position >= duration * HEARD_SHARE) this.#heard.mark(clip.id);
      this.#tell("time");
    });
    on("ended", () => {
      if (this.clip) this.#heard.mark(this.clip.id);
      this.#tell("ended");
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
