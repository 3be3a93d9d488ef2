/**
 * What of the outbox the list of clips shows: recordings that are over and are not clips of the server yet.
 *
 * @typedef {object} OutboxItem a recording that is over
 * @property {string} id the take's, and the idempotency key of every try
 * @property {import("./session.js").Take} take
 * @property {string} description
 * @property {"waiting"|"sending"|"failed"|"unfinished"} state `unfinished`: from an earlier visit, for its author to decide
 * @property {number} progress 0 to 1
 * @property {number|null} left seconds that it will still take, null where that is not known
 * @property {import("../api-error.js").ApiError|null} error of the last try
 * @property {string|null} upload the id that the clip will have, once the server has named it
 */

export class OutboxItems {
  /** In the order of recording. @type {OutboxItem[]} */
  all = [];
  #onChange;

  /** @param {(item: OutboxItem) => void} onChange it has come, has changed, or has gone */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {string} id */
  get(id) {
    return this.all.find((item) => item.id === id);
  }

  /** @param {OutboxItem} item in the place of the one of the same id, if there is one */
  show(item) {
    this.all = [...this.all.filter(({ id }) => id !== item.id), item];
    this.#onChange(item);
  }

  /** @param {string} id of an item, if it is one */
  hide(id) {
    const item = this.get(id);
    if (!item) return;
    this.all = this.all.filter((one) => one !== item);
    this.#onChange(item);
  }

  /**
   * @param {OutboxItem} item
   * @param {Partial<OutboxItem>} news
   */
  update(item, news) {
    Object.assign(item, news);
    if (this.all.includes(item)) this.#onChange(item);
  }
}
