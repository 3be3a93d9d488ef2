/**
 * Clips whose time is over leave the page by themselves, in a thread that hides them (`hideExpired`): the server lists
 * them no more, but does not tell of each.
 */
import { systemClock } from "../clock.js";

/** Milliseconds; a timer that is set for longer than 2^31 would ring at once. */
const LONGEST_TIMER = 3_600_000;

export class Expiry {
  #catalogue;
  #skew;
  #clock;
  /** @type {any} */
  #timer;

  /**
   * @param {object} parts
   * @param {import("./catalogue.js").Catalogue} parts.catalogue
   * @param {() => number} parts.skew milliseconds by which the server's clock is ahead of ours
   * @param {import("../clock.js").Clock} [parts.clock]
   */
  constructor({ catalogue, skew, clock = systemClock }) {
    this.#catalogue = catalogue;
    this.#skew = skew;
    this.#clock = clock;
    catalogue.addEventListener("change", () => this.#plan());
  }

  #plan() {
    this.#clock.clearTimeout(this.#timer);
    // RFC 3339 in UTC with milliseconds throughout: the least text is the earliest time.
    const next = this.#catalogue.clips.reduce((least, { expires }) => (expires < least ? expires : least), "~");
    if (next === "~") return;
    const left = Date.parse(next) - this.#now();
    this.#timer = this.#clock.setTimeout(() => this.#drop(), Math.min(Math.max(left, 0) + 1, LONGEST_TIMER));
  }

  #drop() {
    const now = this.#now();
    const removed = this.#catalogue.clips.filter(({ expires }) => Date.parse(expires) <= now).map(({ id }) => id);
    if (removed.length) this.#catalogue.apply({ clips: { added: [], removed } });
    else this.#plan();
  }

  #now() {
    return this.#clock.wall() + this.#skew();
  }
}
