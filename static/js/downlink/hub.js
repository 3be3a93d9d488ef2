/**
 * One thread's websocket to the hub: what the server would answer to polls, pushed. It comes back by itself when it is
 * lost; until it is there, and while it is not, polls go on with the same cursor.
 *
 * @typedef {import("../api.js").Changes} Changes
 * @typedef {import("../clock.js").Clock} Clock
 *
 * @typedef {object} Parts
 * @property {Pick<import("../api.js").Api, "hub"|"listener">} api
 * @property {string} thread
 * @property {() => string|null} cursor up to where the thread is known
 * @property {(news: import("./tabs.js").News) => void} onNews
 * @property {() => void} onChange `live` has changed
 * @property {Clock} clock
 * @property {() => number} random
 * @property {typeof globalThis.WebSocket} WebSocket
 */
import { backoff } from "./backoff.js";
import { HubClips } from "./hub-clips.js";

/** Milliseconds that the first answer, and the one to a ping, may take. */
const ANSWER = 10_000;
/** Milliseconds of silence after which the hub is asked whether it is there: a browser does not notice. */
const SILENCE = 25_000;
/** Milliseconds that messages may have been here before their senders are told. */
const SEEN = 200;
/** Milliseconds after which a connection that is lost was a good one. */
const STEADY = 10_000;
/** Milliseconds within which those come back that were too slow. */
const SOON = 1000;
/** Failures in a row after which it is tried only every few minutes, in milliseconds. */
const MOST_FAILURES = 3;
const SELDOM = 180_000;
/** A hub that is started again is not to be met by everybody at once: as if so many tries had failed. */
const RESTARTED = 3;

/** Close codes of the hub. */
const REFUSED = 1008;
const RESTART = 1012;
const TOO_SLOW = 1013;
/** Answers to the wish for a ticket that another try does not change. */
const NO_TICKET = new Set([401, 403, 404]);

export class Hub {
  /** Live clips that come by it. */
  clips = new HubClips((frame) => this.#send(frame));
  #parts;
  /** @type {"waiting"|"connecting"|"live"|"closed"} */
  #state = "waiting";
  /** @type {WebSocket|null} */
  #socket = null;
  /** Ends the try that is on. */
  #try = new AbortController();
  /** Up to where this connection has told. @type {string|null} */
  #cursor = null;
  /** Whether it is still there is being asked. */
  #doubted = false;
  /** In a row. */
  #failures = 0;
  /** The last ticket was no good. */
  #refused = false;
  #liveSince = 0;
  #pings = 0;
  /** The end of what is being waited for: the next try, an answer, or silence. @type {any} */
  #timer = null;
  /** @type {any} */
  #seen = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#connect();
  }

  /** It tells everything, so that nobody need ask. */
  get live() {
    return this.#state === "live" && !this.#doubted;
  }

  /** The network or the tab is back: whether it is there shows now. Until it does it does not count as live. */
  check() {
    if (this.#state === "waiting") this.#connect();
    if (!this.live) return;
    this.#doubted = true;
    this.#ping();
    this.#parts.onChange();
  }

  close() {
    this.#state = "closed";
    this.#hangUp();
  }

  async #connect() {
    const { api, thread, WebSocket } = this.#parts;
    this.#state = "connecting";
    this.#try = new AbortController();
    const { signal } = this.#try;
    this.#after(ANSWER, () => this.#lost());
    try {
      const { url, ticket } = await api.hub(thread, { signal });
      if (signal.aborted) return;
      const socket = new WebSocket(url);
      socket.binaryType = "arraybuffer";
      this.#socket = socket;
      socket.addEventListener("open", () => { if (!signal.aborted) this.#introduce(ticket); });
      socket.addEventListener("message", ({ data }) => { if (!signal.aborted) this.#hear(data); });
      socket.addEventListener("close", ({ code }) => { if (!signal.aborted) this.#lost(code); });
    } catch (error) {
      if (signal.aborted) return;
      const { status = 0, retryAfter = null } = /** @type {Partial<import("../api.js").ApiError>} */ (error);
      if (NO_TICKET.has(status)) this.#wait(this.#seldom());
      else this.#lost(0, retryAfter);
    }
  }

  /** @param {string} ticket */
  #introduce(ticket) {
    this.#cursor = this.#parts.cursor();
    this.#send({ ticket, cursor: this.#cursor });
  }

  /** @param {unknown} data */
  #hear(data) {
    if (data instanceof ArrayBuffer) return this.clips.take(data) ? this.#isThere() : this.#lost();
    const frame = read(data);
    if (!frame) return this.#lost();
    if (typeof frame.listen === "number") this.clips.told(frame);
    if (typeof frame.cursor === "string") this.#told(/** @type {Changes} */ (frame));
    this.#isThere();
  }

  /** @param {Changes} changes an answer of the events endpoint */
  #told(changes) {
    const from = this.#cursor;
    this.#cursor = changes.cursor;
    const isFirst = this.#state !== "live";
    if (isFirst) {
      this.#state = "live";
      this.#liveSince = this.#parts.clock.now();
    }
    if (changes.cursor !== from || Object.keys(changes).length > 1) this.#parts.onNews({ thread: this.#parts.thread, from, changes });
    if (changes.messages?.length) this.#acknowledge();
    if (isFirst) this.#takeOver();
  }

  /** Nobody need ask from now on: what was announced by asking holds no more. */
  #takeOver() {
    this.#parts.onChange();
    this.#send({ listener: this.#parts.api.listener });
  }

  /** Messages have arrived: their senders are told so, of several at once. */
  #acknowledge() {
    this.#seen ??= this.#parts.clock.setTimeout(() => {
      this.#seen = null;
      this.#send({ seen: this.#cursor });
    }, SEEN);
  }

  #isThere() {
    if (this.#state !== "live") return;
    this.#after(SILENCE, () => this.#ping());
    if (!this.#doubted) return;
    this.#doubted = false;
    this.#takeOver();
  }

  #ping() {
    this.#after(ANSWER, () => this.#lost());
    this.#send({ ping: ++this.#pings });
  }

  /** @param {object} frame */
  #send(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  /**
   * @param {number} [code] of the close, where the hub has said one
   * @param {number|null} [retryAfter] seconds
   */
  #lost(code = 0, retryAfter = null) {
    const { clock, random } = this.#parts;
    const steady = this.#state === "live" && clock.now() - this.#liveSince >= STEADY;
    if (steady) {
      this.#failures = 0;
      this.#refused = false;
    }
    this.#failures += 1;
    if (code === REFUSED) {
      const again = !this.#refused;
      this.#refused = true;
      this.#wait(again ? 0 : this.#seldom());
    } else if (this.#failures >= MOST_FAILURES) this.#wait(this.#seldom());
    else if (code === TOO_SLOW) this.#wait(random() * SOON);
    else this.#wait(backoff(code === RESTART ? RESTARTED : this.#failures, random, retryAfter));
  }

  /** @param {number} ms until the next try */
  #wait(ms) {
    const wasLive = this.live;
    this.#state = "waiting";
    this.#hangUp();
    this.#after(ms, () => this.#connect());
    if (wasLive) this.#parts.onChange();
  }

  #seldom() {
    return SELDOM * (0.5 + this.#parts.random());
  }

  #hangUp() {
    const { clock } = this.#parts;
    this.#try.abort();
    this.#socket?.close();
    this.#socket = null;
    this.clips.lose();
    this.#doubted = false;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#seen);
    this.#seen = null;
  }

  /**
   * @param {number} ms
   * @param {() => void} act instead of what was to come before
   */
  #after(ms, act) {
    const { clock } = this.#parts;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(act, ms);
  }
}

/**
 * @param {unknown} data of a frame
 * @returns {Record<string, any>|null} null: it makes no sense
 */
function read(data) {
  try {
    const frame = JSON.parse(String(data));
    return frame && typeof frame === "object" ? frame : null;
  } catch {
    return null;
  }
}
