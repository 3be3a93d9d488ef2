/** The hub's connections of the tab that leads: one for each thread that is to be pushed. */
import { Hub } from "./hub.js";

/**
 * @typedef {Omit<import("./hub.js").Parts, "thread"|"cursor"|"onChange">} Common
 * @typedef {Common & {cursor: (thread: string) => string|null, onChange: (thread: string) => void}} Parts
 */

export class Hubs {
  #parts;
  /** By thread. @type {Map<string, Hub>} */
  #hubs = new Map();

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {Iterable<string>} threads no others */
  follow(threads) {
    const wanted = new Set(threads);
    for (const [thread, hub] of this.#hubs) {
      if (wanted.has(thread)) continue;
      hub.close();
      this.#hubs.delete(thread);
    }
    for (const thread of wanted) {
      if (this.#hubs.has(thread)) continue;
      this.#hubs.set(thread, this.#connect(thread));
    }
  }

  /** @param {string} thread */
  isLive(thread) {
    return this.#hubs.get(thread)?.live ?? false;
  }

  /** What brings the live clips of a thread just now. @param {string} thread */
  clips(thread) {
    const hub = this.#hubs.get(thread);
    return hub?.live ? hub.clips : null;
  }

  /** The network or the tab is back. */
  check() {
    for (const hub of this.#hubs.values()) hub.check();
  }

  /** @param {string} thread */
  #connect(thread) {
    const { cursor, onChange } = this.#parts;
    return new Hub({ ...this.#parts, thread, cursor: () => cursor(thread), onChange: () => onChange(thread) });
  }
}
