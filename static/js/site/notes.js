/** The notices above the recorder: each cause has one at most, and takes it away again. */
import { notice } from "../ui/notice.js";

export class Notes {
  #place;
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /**
   * @param {string} cause
   * @param {import("../ui/notice.js").NoticeOptions} options
   */
  show(cause, options) {
    const fresh = notice(options);
    const old = this.#shown.get(cause);
    if (old) old.replaceWith(fresh);
    else this.#place.append(fresh);
    this.#shown.set(cause, fresh);
  }

  /** @param {string} cause */
  clear(cause) {
    this.#shown.get(cause)?.remove();
    this.#shown.delete(cause);
  }
}
