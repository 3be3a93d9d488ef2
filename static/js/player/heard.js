/**
 * Which clips were heard in this browser, and how far into others one came. Bounded; the oldest are forgotten first.
 *
 * Event: "change", detail {id}.
 */

import { Storage } from "../storage.js";

/** Clips remembered as heard, and as half heard. */
const MAX_HEARD = 2000;
const MAX_POSITIONS = 50;

export class Heard extends EventTarget {
  #key;
  #storage;
  /** @type {Set<string>} */
  #heard = new Set();
  /** Seconds by clip. @type {Map<string, number>} */
  #positions = new Map();

  /**
   * @param {object} parts
   * @param {string} [parts.base] URL prefix of the site
   * @param {string} parts.thread name
   * @param {Storage} [parts.storage]
   */
  constructor({ base = "", thread, storage = new Storage() }) {
    super();
    this.#key = `mozchat${base}:${thread}:heard`;
    this.#storage = storage;
    this.#load();
    storage.onOtherTab((key) => {
      if (key === this.#key) this.#load();
    });
  }

  /** @param {string} id */
  has(id) {
    return this.#heard.has(id);
  }

  /** @param {string} id */
  mark(id) {
    const known = this.#heard.has(id);
    if (!this.#positions.delete(id) && known) return;
    this.#heard.add(id);
    trim(this.#heard, MAX_HEARD);
    this.#save();
    if (!known) this.#tell(id);
  }

  /**
   * @param {string} id
   * @returns {number} seconds where one left it, 0 for the beginning
   */
  position(id) {
    return this.#positions.get(id) ?? 0;
  }

  /**
   * @param {string} id
   * @param {number} seconds 0 forgets it
   */
  setPosition(id, seconds) {
    if (!this.#positions.delete(id) && seconds <= 0) return;
    if (seconds > 0) this.#positions.set(id, Math.round(seconds * 10) / 10);
    trim(this.#positions, MAX_POSITIONS);
    this.#save();
  }

  #load() {
    const { heard, positions } = this.#storage.read(this.#key) ?? {};
    if (!Array.isArray(heard) || !Array.isArray(positions)) return;
    const fresh = heard.filter((id) => !this.#heard.has(id));
    this.#heard = new Set(heard);
    this.#positions = new Map(positions);
    for (const id of fresh) this.#tell(id);
  }

  #save() {
    this.#storage.write(this.#key, { heard: [...this.#heard], positions: [...this.#positions] });
  }

  /** @param {string} id */
  #tell(id) {
    this.dispatchEvent(new CustomEvent("change", { detail: { id } }));
  }
}

/**
 * @param {Set<string>|Map<string, any>} collection in order of time
 * @param {number} most
 */
function trim(collection, most) {
  for (const key of collection.keys()) {
    if (collection.size <= most) return;
    collection.delete(key);
  }
}
