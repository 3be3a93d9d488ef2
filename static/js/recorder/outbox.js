/**
 * Clips recorded here and not yet acknowledged by the server. One after another they are sent, and a failed one is
 * kept until its author sends it again, or throws it away.
 *
 * Events: "change", detail {item}; "sent", detail {item, clip}, before the item leaves.
 *
 * @typedef {import("./session.js").Take} Take
 * @typedef {import("../clock.js").Clock} Clock
 *
 * @typedef {object} OutboxItem
 * @property {string} id the take's, and the idempotency key of every try
 * @property {Take} take
 * @property {string} description
 * @property {"waiting"|"sending"|"failed"} state
 * @property {number} progress 0 to 1
 * @property {ApiError|null} error of the last try
 * @property {number} tries
 * @property {number|null} at ms since 1970 of the next try, where it waits for one
 */

import { ApiError } from "../api.js";
import { pause, systemClock } from "../clock.js";
import { backoff } from "../downlink/backoff.js";

/** What passes by itself; anything else is for the author to decide. */
const PASSING = new Set([429, 502, 503, 504]);

export class Outbox extends EventTarget {
  /** In the order of recording. @type {OutboxItem[]} */
  items = [];
  #api;
  #clock;
  #random;
  /** What is under way: aborted when its item is discarded. @type {{id: string, abort: AbortController}|null} */
  #sending = null;
  /** Ends the rest before a try. */
  #nap = new AbortController();
  #running = false;

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "uploadClip">} parts.api
   * @param {Pick<EventTarget, "addEventListener">} [parts.network] tells "online"
   * @param {Clock} [parts.clock]
   * @param {() => number} [parts.random]
   */
  constructor({ api, network = globalThis, clock = systemClock, random = Math.random }) {
    super();
    this.#api = api;
    this.#clock = clock;
    this.#random = random;
    network.addEventListener?.("online", () => this.wake());
  }

  /** Clips that would be lost with the page. */
  get pending() {
    return this.items.length;
  }

  /**
   * @param {Take} take
   * @param {{description?: string}} [words]
   * @returns {OutboxItem}
   */
  add(take, { description = "" } = {}) {
    /** @type {OutboxItem} */
    const item = { id: take.id, take, description, state: "waiting", progress: 0, error: null, tries: 0, at: null };
    this.items = [...this.items, item];
    this.#changed(item);
    this.#run();
    return item;
  }

  /** @param {string} id of one that failed, or waits for its next try */
  retry(id) {
    const item = this.items.find((one) => one.id === id);
    if (item?.state === "failed") this.#update(item, { state: "waiting", error: null, progress: 0 });
    this.wake();
    this.#run();
  }

  /** @param {string} id */
  discard(id) {
    const item = this.items.find((one) => one.id === id);
    if (!item) return;
    if (this.#sending?.id === id) this.#sending.abort.abort();
    this.#remove(item);
    this.wake();
  }

  /** Does not wait any longer for the next try: the server is back. */
  wake() {
    this.#nap.abort();
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    for (let item = this.#next(); item; item = this.#next()) {
      await this.#send(item);
      if (item.at !== null) await this.#rest(item);
    }
    this.#running = false;
  }

  #next() {
    return this.items.find(({ state }) => state === "waiting");
  }

  /** @param {OutboxItem} item */
  async #send(item) {
    const { take, description, id } = item;
    const upload = { blob: take.blob, mime: take.mime, duration: take.seconds, description, peaks: take.peaks, key: id };
    const abort = new AbortController();
    this.#sending = { id, abort };
    this.#update(item, { state: "sending", progress: 0, tries: item.tries + 1 });
    try {
      const onProgress = (/** @type {number} */ progress) => this.#update(item, { progress });
      const clip = await this.#api.uploadClip(upload, { onProgress, signal: abort.signal });
      this.dispatchEvent(new CustomEvent("sent", { detail: { item, clip } }));
      this.#remove(item);
    } catch (error) {
      if (!abort.signal.aborted) this.#failed(item, error);
    } finally {
      this.#sending = null;
    }
  }

  /**
   * @param {OutboxItem} item
   * @param {unknown} cause
   */
  #failed(item, cause) {
    const error = cause instanceof ApiError ? cause : new ApiError({ title: String(cause) });
    const passing = error.offline || PASSING.has(error.status);
    if (!passing) return this.#update(item, { state: "failed", error });
    const at = this.#clock.wall() + backoff(item.tries, this.#random, error.retryAfter);
    this.#update(item, { state: "waiting", error, progress: 0, at });
  }

  /** @param {OutboxItem} item */
  async #rest(item) {
    this.#nap = new AbortController();
    await pause(this.#clock, /** @type {number} */ (item.at) - this.#clock.wall(), this.#nap.signal);
    item.at = null;
  }

  /** @param {OutboxItem} item */
  #remove(item) {
    this.items = this.items.filter((one) => one !== item);
    this.#changed(item);
  }

  /**
   * @param {OutboxItem} item
   * @param {Partial<OutboxItem>} news
   */
  #update(item, news) {
    Object.assign(item, news);
    if (this.items.includes(item)) this.#changed(item);
  }

  /** @param {OutboxItem} item */
  #changed(item) {
    this.dispatchEvent(new CustomEvent("change", { detail: { item } }));
  }
}
