/**
 * One recording from its first piece to its clip: what is known of it, its bytes on their way to the server, and both in
 * this browser's store as they come.
 *
 * @typedef {import("./session.js").Take} Take
 * @typedef {import("./take-store.js").StoredTake} StoredTake
 * @typedef {import("./take-store.js").TakeStore} TakeStore
 */

import { Parcel } from "./parcel.js";

/** Milliseconds between two words about a live one to those who listen. */
const WORD = 1000;

export class KeptTake {
  /** @type {StoredTake} */
  facts;
  parcel;
  /** It is in this browser's store, all of it. */
  safe = true;
  /** The server does not want it while it grows. */
  refused = false;
  #store;
  #onLost;
  #pieces = 0;
  /** When listeners were last told of it, clock time. */
  #told = -Infinity;

  /**
   * @param {StoredTake} facts
   * @param {object} parts
   * @param {Pick<TakeStore, "put"|"addPiece"|"remove">} parts.store
   * @param {() => void} parts.onLost the store has failed
   * @param {ArrayBuffer[]} [parts.found] its bytes, where it was in the store already
   */
  constructor(facts, { store, onLost, found = [] }) {
    this.facts = facts;
    this.#store = store;
    this.#onLost = onLost;
    const { id, key = id, mime, whole, upload, live } = facts;
    this.parcel = new Parcel({ key, mime, whole, upload, live, begun: found.length > 0 });
    for (const bytes of found) this.parcel.add(new Blob([bytes]));
    this.#pieces = found.length;
  }

  /** @returns {Take} */
  get take() {
    const { id, kind, mime, created, seconds, peaks } = this.facts;
    return { id, kind, mime, created, seconds, peaks, blob: this.parcel.blob, reason: "stopped" };
  }

  /** What the server is told of it when it is published. @returns {import("../upload.js").Fields} */
  get fields() {
    const { seconds, description, peaks } = this.facts;
    return { duration: seconds, description, peaks };
  }

  /**
   * What listeners are told of it while it grows, now and then.
   * @param {number} now clock time
   * @returns {import("../upload.js").Growing|null} null: not now
   */
  growing(now) {
    if (!this.facts.live || !this.facts.seconds || now - this.#told < WORD) return null;
    this.#told = now;
    const { seconds, peaks } = this.facts;
    return peaks.length ? { duration: seconds, peaks } : { duration: seconds };
  }

  /**
   * @param {Blob} piece
   * @param {Partial<StoredTake>} facts as they are with it
   */
  add(piece, facts) {
    this.parcel.add(piece);
    Object.assign(this.facts, facts);
    const number = this.#pieces++;
    this.#keep(() => this.#store.addPiece({ ...this.facts }, number, piece));
  }

  /** @param {Partial<StoredTake>} facts that have changed */
  note(facts) {
    Object.assign(this.facts, facts);
    this.#keep(() => this.#store.put({ ...this.facts }));
  }

  /** The server has it, or nobody wants it. */
  async forget() {
    await this.#store.remove(this.facts.id).catch(() => {});
  }

  /**
   * After a piece that could not be kept none is, for there would be a hole before it.
   * @param {() => Promise<void>} write
   */
  async #keep(write) {
    if (!this.safe) return;
    try {
      await write();
    } catch {
      if (this.safe) this.#onLost();
      this.safe = false;
    }
  }
}
