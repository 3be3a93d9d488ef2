/**
 * Plays clips, one at a time, in the order that the playlist says.
 *
 * Events: "state", detail {@link PlayerState}; "time", detail {position, duration}, about 15 times a second.
 *
 * @typedef {import("../api.js").Clip} Clip
 *
 * @typedef {object} PlayerState
 * @property {Clip|null} clip
 * @property {"idle"|"loading"|"playing"|"paused"|"blocked"|"unplayable"} state "blocked": the browser wants a gesture
 *   before the first sound, unlock() is to be called from one
 * @property {import("./clip-words.js").Problem|null} problem why it is unplayable
 * @property {number} position seconds
 * @property {number} duration seconds
 * @property {number} waiting new clips that will be played after this
 * @property {boolean} stopAfterThis
 * @property {boolean} standby
 * @property {boolean} elsewhere another tab of this thread plays what comes in
 */

import { systemClock } from "../clock.js";
import { Deck } from "./deck.js";
import { Preloader } from "./preloader.js";

/** Seconds into a clip up to which "previous" means the one before. */
const REWIND = 3;

export class Player extends EventTarget {
  #catalogue;
  #playlist;
  #preferences;
  #heard;
  #deck;
  #stopAfter = false;
  #standby = false;
  /** Who needs silence: "recorder", "preview", "call"; "elsewhere": another tab plays. @type {Set<string>} */
  #holds = new Set();
  /** It was a hold that paused, so it goes on by itself. */
  #interrupted = false;

  /**
   * @param {object} parts
   * @param {import("./catalogue.js").Catalogue} parts.catalogue
   * @param {import("./playlist.js").Playlist} parts.playlist
   * @param {import("../preferences.js").Preferences} parts.preferences
   * @param {import("./heard.js").Heard} parts.heard
   * @param {HTMLMediaElement} parts.media the only one that sounds
   * @param {Preloader} [parts.preloader]
   * @param {import("../clock.js").Clock} [parts.clock]
   * @param {ConstructorParameters<typeof Deck>[0]["loadLive"]} [parts.loadLive]
   * @param {ConstructorParameters<typeof Deck>[0]["hub"]} [parts.hub]
   */
  constructor({
    catalogue, playlist, preferences, heard, media, preloader = new Preloader(), clock = systemClock, loadLive = null,
    hub = () => null,
  }) {
    super();
    this.#catalogue = catalogue;
    this.#playlist = playlist;
    this.#preferences = preferences;
    this.#heard = heard;
    this.#deck = new Deck({ catalogue, heard, preferences, media, preloader, clock, loadLive, hub });
    this.#deck.addEventListener("state", () => this.#tell());
    this.#deck.addEventListener("time", () => this.#tellTime());
    this.#deck.addEventListener("playing", () => this.#prepareNext());
    this.#deck.addEventListener("ended", () => this.#ended());
    this.#deck.addEventListener("broken", () => this.#advance());
    this.#deck.addEventListener("later", () => this.#later());
    catalogue.addEventListener("change", (event) => this.#clipsChanged(/** @type {CustomEvent} */ (event).detail));
    preferences.addEventListener("change", () => this.#prepareNext());
    heard.addEventListener("change", () => this.#tell());
  }

  /** @returns {PlayerState} */
  get state() {
    const { clip, phase, problem, position, duration } = this.#deck;
    return {
      clip, state: phase, problem, position, duration,
      waiting: this.#playlist.waiting, stopAfterThis: this.#stopAfter, standby: this.#standby,
      elsewhere: this.#holds.has("elsewhere"),
    };
  }

  /** It plays, or somebody in this tab needs silence. */
  get isBusy() {
    return this.#deck.on || [...this.#holds].some((who) => who !== "elsewhere");
  }

  /** Seconds. */
  get position() {
    return this.#deck.position;
  }

  /** Seconds. */
  get duration() {
    return this.#deck.duration;
  }

  /** @param {Clip} clip */
  canPlay(clip) {
    return this.#deck.canPlay(clip);
  }

  /**
   * This one clip, from where it was left.
   * @param {string} id
   * @param {{position?: number}} [from] seconds
   */
  play(id, { position } = {}) {
    this.#choose(id, false, position);
  }

  /**
   * This clip, and on towards the newest.
   * @param {string} id
   */
  playFrom(id) {
    this.#choose(id, true);
  }

  /** @param {string} [id] the clip whose button was pressed; none: the one that is on */
  toggle(id = this.#deck.clip?.id) {
    if (!id) return;
    if (id !== this.#deck.clip?.id || this.#deck.phase === "unplayable") this.play(id);
    else if (this.#deck.on) this.pause();
    else this.unlock();
  }

  pause() {
    this.#interrupted = false;
    if (this.#deck.on) this.#deck.pause();
  }

  /** Goes on with what is paused or blocked; where it is blocked, call it from a gesture. */
  unlock() {
    if (this.#deck.on || this.#deck.free) return;
    this.#release();
    this.#deck.start();
  }

  /** Silence, and nothing more of this; clips that come later are played as chosen. */
  stop() {
    this.#playlist.stop(this.#deck.clip);
    this.#deck.close();
  }

  /** @param {boolean} wanted silence after the clip that is on */
  stopAfterThis(wanted) {
    this.#stopAfter = wanted;
    this.#prepareNext();
    this.#tell();
  }

  /** @param {boolean} wanted silence for now: clips are collected, and played when it ends */
  standby(wanted) {
    this.#standby = wanted;
    if (wanted) this.#interrupt();
    else this.#goOn(true);
    this.#tell();
  }

  /** @param {string} [who] needs silence */
  hold(who = "recorder") {
    if (this.#holds.has(who)) return;
    this.#holds.add(who);
    this.#interrupt();
    this.#tell();
  }

  /** @param {string} [who] needs it no longer */
  release(who = "recorder") {
    if (!this.#holds.delete(who)) return;
    const { clip } = this.#deck;
    if (who === "elsewhere" && this.#interrupted && clip && this.#heard.has(clip.id)) this.#deck.close(); // heard there
    // Which tab plays is not yet known when a page opens: whoever speaks then is heard as one who comes late hears them.
    this.#goOn(this.#interrupted, who === "elsewhere" ? this.#catalogue.clips : []);
    this.#tell();
  }

  /** Plays here what waits, whoever needed silence. */
  playHere() {
    this.#release();
    this.#goOn(false, this.#catalogue.clips);
  }

  /** What has come and was not played yet is left to the person. */
  forgetWaiting() {
    this.#playlist.forgetWaiting();
    this.#tell();
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.#deck.seek(seconds);
  }

  /** @param {1|1.5|2} speed */
  setSpeed(speed) {
    this.#preferences.set("speed", speed);
  }

  /** Skips the rest of this one. */
  next() {
    this.#deck.remember();
    if (!this.#advance()) this.stop();
  }

  /** The beginning of this one; from there, the one before. */
  previous() {
    const at = this.#catalogue.clips.findIndex(({ id }) => id === this.#deck.clip?.id);
    if (this.position > REWIND || at < 1) this.seek(0);
    else this.play(this.#catalogue.clips[at - 1].id);
  }

  /**
   * What a person chooses goes before whatever held it back.
   * @param {string} id
   * @param {boolean} onwards
   * @param {number} [position] seconds
   */
  #choose(id, onwards, position) {
    const clip = this.#catalogue.get(id);
    if (!clip) return;
    this.#release();
    this.#stopAfter = false;
    this.#deck.remember();
    this.#playlist.choose(clip, { onwards });
    this.#deck.open(clip, position);
  }

  /**
   * Whatever comes next; what this browser cannot play is passed over. One that is live and has only just come is heard
   * as it is spoken; one that had to wait, from where it was left or its start.
   * @param {readonly Clip[]} [fresh] which have only just come, or were heard in another tab until now
   * @returns {boolean} something does
   */
  #advance(fresh = []) {
    for (let next = this.#next(); next; next = this.#next()) {
      const { id } = next;
      if (this.#deck.open(next, fresh.some((clip) => clip.id === id) ? undefined : this.#heard.position(id))) return true;
    }
    return false;
  }

  /** What can be heard only when it is complete is heard then. */
  #later() {
    const { clip } = this.#deck;
    if (clip) this.#playlist.putBack(clip, { complete: true });
    this.#advance();
  }

  /** Whoever has paused does not keep the others from being heard. */
  #passOver() {
    const { clip, stuck } = this.#deck;
    if (!stuck || !clip || this.#quiet() || !this.#playlist.peek(clip)) return;
    this.#deck.remember();
    this.#playlist.putBack(clip);
    this.#advance();
  }

  #next() {
    return this.#playlist.next(this.#deck.clip);
  }

  #ended() {
    if (this.#stopAfter) {
      this.#stopAfter = false;
      this.#playlist.stop(this.#deck.clip);
    }
    if (!this.#advance() && this.#deck.phase !== "unplayable") this.#deck.idle();
  }

  /** @param {import("./catalogue.js").Difference} difference */
  #clipsChanged({ added, first }) {
    this.#playlist.arrived(first ? added.filter(({ live }) => live) : added);
    this.#deck.refresh();
    this.#passOver();
    if (!(this.#deck.free && !this.#quiet() && this.#advance(added))) this.#tell();
    this.#prepareNext();
  }

  #prepareNext() {
    if (this.#deck.phase !== "playing") return;
    this.#deck.prepare(this.#stopAfter ? null : this.#playlist.peek(this.#deck.clip));
  }

  #quiet() {
    return this.#standby || this.#holds.size > 0;
  }

  #interrupt() {
    if (!this.#deck.on) return;
    this.#interrupted = true;
    this.#deck.pause();
  }

  /**
   * @param {boolean} resume what is paused; else what has come meanwhile
   * @param {readonly Clip[]} [fresh] see #advance
   */
  #goOn(resume, fresh = []) {
    if (this.#quiet()) return;
    if (resume && this.#deck.phase === "paused") this.unlock();
    else if (this.#deck.free) this.#advance(fresh);
  }

  /** Nothing holds it back any longer. */
  #release() {
    this.#holds.clear();
    this.#standby = false;
    this.#interrupted = false;
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
  }

  #tellTime() {
    const { position, duration } = this.#deck;
    this.dispatchEvent(new CustomEvent("time", { detail: { position, duration } }));
  }
}
