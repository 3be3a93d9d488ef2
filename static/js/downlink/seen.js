/** Messages are delivered again until the server knows that they arrived; told once is enough. */

/** Ids that are remembered. */
const MOST = 500;

export class Seen {
  /** @type {Set<string>} */
  #ids = new Set();

  /**
   * @param {import("../api.js").Message[]} messages
   * @returns those that were not here before
   */
  fresh(messages) {
    const fresh = messages.filter(({ id }) => !this.#ids.has(id));
    for (const { id } of fresh) this.#ids.add(id);
    for (const id of this.#ids) {
      if (this.#ids.size <= MOST) break;
      this.#ids.delete(id);
    }
    return fresh;
  }
}
