/**
 * What is played next. It knows the clips and the person's choices, but no sound.
 *
 * Two ways lead on from a clip: "onwards" goes through the list towards the newest (Play from here), and after it, or
 * instead of it, come the clips that arrived meanwhile (Play new clips). Both leave out one's own where so chosen.
 *
 * @typedef {import("../api.js").Clip} Clip
 */

import { byTime } from "./catalogue.js";

/** Milliseconds: clips of one author that follow each other faster are one stream. */
const BREATH = 5000;

export class Playlist {
  #catalogue;
  #preferences;
  #heard;
  #me;
  /** Arrived and not yet played, in order. @type {Clip[]} */
  #queue = [];
  #onwards = false;
  /** Of whom no more is wanted until they pause: their last clip. @type {Clip|null} */
  #silenced = null;
  /** Live ones that can be heard when they are complete. @type {Set<string>} */
  #later = new Set();

  /**
   * @param {object} parts
   * @param {Pick<import("./catalogue.js").Catalogue, "clips"|"get">} parts.catalogue
   * @param {Pick<import("../preferences.js").Preferences, "get"|"addEventListener">} parts.preferences
   * @param {Pick<import("./heard.js").Heard, "has">} parts.heard
   * @param {string} parts.myAuthorId
   */
  constructor({ catalogue, preferences, heard, myAuthorId }) {
    this.#catalogue = catalogue;
    this.#heard = heard;
    this.#preferences = preferences;
    this.#me = myAuthorId;
    preferences.addEventListener("change", (event) => {
      const { key, value } = /** @type {CustomEvent} */ (event).detail;
      if (key === "playNew" && !value) this.forgetWaiting();
    });
  }

  /** How many arrivals wait to be played. */
  get waiting() {
    return this.#queue.filter((clip) => this.#wanted(clip)).length;
  }

  /** @param {Clip} clip */
  isMine(clip) {
    return clip.authorId === this.#me;
  }

  /**
   * New clips, in order of time.
   * @param {readonly Clip[]} clips
   */
  arrived(clips) {
    if (!this.#preferences.get("playNew")) return;
    const heard = clips.filter((clip) => !this.#goesOnTalking(clip));
    this.#queue = [...this.#queue, ...heard].sort(byTime);
  }

  /**
   * One that is live waits for its turn again.
   * @param {Clip} clip
   * @param {{complete?: boolean}} [when] `complete`: not before it is that
   */
  putBack(clip, { complete = false } = {}) {
    if (complete) this.#later.add(clip.id);
    this.#queue = [...this.#queue.filter(({ id }) => id !== clip.id), clip].sort(byTime);
  }

  /**
   * The person chose this one.
   * @param {Clip} clip
   * @param {{onwards: boolean}} how
   */
  choose(clip, { onwards }) {
    this.#onwards = onwards;
    this.#silenced = null;
    this.#take(clip);
  }

  /**
   * @param {Clip|null} current what was played last
   * @returns {Clip|null} what would come now
   */
  peek(current) {
    const next = this.#onwards && current ? this.#after(current) : undefined;
    return next ?? this.#queue.map(({ id }) => this.#catalogue.get(id)).find((clip) => clip && this.#ready(clip)) ?? null;
  }

  /**
   * @param {Clip|null} current what was played last
   * @returns {Clip|null} what comes now; it is no longer waited for
   */
  next(current) {
    const next = this.peek(current);
    if (this.#onwards && !(current && this.#after(current))) this.#onwards = false;
    if (next) this.#take(next);
    return next;
  }

  forgetWaiting() {
    this.#queue = [];
  }

  /**
   * Nothing more of this: whoever is speaking in a row of clips is not heard until there is a pause.
   * @param {Clip|null} current
   */
  stop(current) {
    this.forgetWaiting();
    this.#onwards = false;
    this.#silenced = current;
  }

  /** @param {Clip} current */
  #after(current) {
    return this.#catalogue.clips.find((clip) => byTime(clip, current) > 0 && this.#allowed(clip));
  }

  /** @param {Clip} clip */
  #allowed(clip) {
    return !((clip.live || this.#preferences.get("onlyOthers")) && this.isMine(clip));
  }

  /** @param {Clip} clip of the queue; of one that is live there is something to be heard, here */
  #ready(clip) {
    return this.#wanted(clip) && !(clip.live && (clip.paused || this.#later.has(clip.id)));
  }

  /** @param {Clip} clip of the queue; what has been removed, or heard in another tab, is not waited for */
  #wanted(clip) {
    return this.#catalogue.get(clip.id) !== undefined && this.#allowed(clip) && !this.#heard.has(clip.id);
  }

  /** @param {Clip} clip */
  #take(clip) {
    this.#queue = this.#queue.filter(({ id }) => id !== clip.id);
  }

  /** @param {Clip} clip */
  #goesOnTalking(clip) {
    const last = this.#silenced;
    if (!last || clip.author !== last.author) return false;
    const pause = Date.parse(clip.created) - clip.duration * 1000 - Date.parse(last.created);
    this.#silenced = pause < BREATH ? clip : null;
    return pause < BREATH;
  }
}
