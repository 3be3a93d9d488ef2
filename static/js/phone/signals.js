/**
 * The messages that set up a call: read from what comes, and sent in order until the server has them.
 *
 * @typedef {object} Signal
 * @property {"invite"|"accept"|"reject"|"offer"|"answer"|"candidate"|"hangup"} type
 * @property {string} from name
 * @property {boolean} own sent by oneself: from another tab, or from this one and come back
 * @property {boolean} here sent from this tab
 * @property {string} call
 * @property {string} tab the sender's
 * @property {number} sent ms since 1970
 * @property {boolean} video
 * @property {any} reason
 * @property {number|null} secs
 * @property {string} sdp
 * @property {RTCIceCandidateInit[]} candidates
 *
 * @typedef {object} Outgoing
 * @property {string} to name
 * @property {string} type
 * @property {Record<string, any>} body
 * @property {string} key idempotency key of every try
 */

import { ApiError } from "../api.js";
import { pause, systemClock } from "../clock.js";
import { newKey } from "../key.js";

const TYPES = new Set(["invite", "accept", "reject", "offer", "answer", "candidate", "hangup"]);
/** What a finished call still has to say. */
const LAST = new Set(["reject", "hangup"]);
/** Milliseconds: candidates are gathered for so long, and sent together. */
const GATHER = 120;
/** Candidates in one message. */
const MOST_CANDIDATES = 50;
/** Seconds that one try may take: on a network that just came back the next one gets through sooner. */
const TRY_SECONDS = 4;
/** Milliseconds between tries: the least, and the most. */
const LEAST_REST = 250;
const MOST_REST = 2000;

/**
 * @param {import("../api.js").Message} message
 * @param {{me: string, tab: string}} here one's name, and this tab's id
 * @returns {Signal|null} null: none, or meant for another tab
 */
export function readSignal({ type, from, sent, body }, { me, tab }) {
  if (!TYPES.has(type) || typeof body?.call !== "string" || typeof body.tab !== "string") return null;
  const own = from === me;
  // That a call was taken concerns all tabs, whichever of them called.
  if (!own && type !== "accept" && body.to_tab && body.to_tab !== tab) return null;
  return {
    type: /** @type {Signal["type"]} */ (type), from, own, here: own && body.tab === tab, call: body.call, tab: body.tab,
    sent: Date.parse(sent), video: Boolean(body.video), reason: body.reason ?? null, secs: body.secs ?? null,
    sdp: body.sdp ?? "", candidates: body.candidates ?? [],
  };
}

/**
 * Sends signals, one after the other: an offer is there before its candidates.
 *
 * Event: "refused", detail {call}, when the server will never take one of this call.
 */
export class Outbound extends EventTarget {
  #api;
  #tab;
  #clock;
  /** @type {Outgoing[]} */
  #queue = [];
  /** The queue is being sent. @type {Promise<void>|null} */
  #running = null;
  /** Ends a rest between two tries. */
  #rest = new AbortController();
  /** @type {{to: string, body: Record<string, any>, candidates: RTCIceCandidateInit[]}|null} */
  #gathered = null;

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "sendMessage">} parts.api
   * @param {string} parts.tab this tab's id
   * @param {import("../clock.js").Clock} [parts.clock]
   */
  constructor({ api, tab, clock = systemClock }) {
    super();
    this.#api = api;
    this.#tab = tab;
    this.#clock = clock;
  }

  /**
   * @param {string} to name
   * @param {string} type
   * @param {Record<string, any>} body without the sender's tab
   */
  send(to, type, body) {
    this.#flush();
    this.#queue.push({ to, type, body: { ...body, tab: this.#tab }, key: newKey() });
    this.#running ??= this.#run();
  }

  /**
   * @param {string} to name
   * @param {{call: string, to_tab: string}} body
   * @param {RTCIceCandidateInit} candidate one whose text is empty says that there are no more
   */
  candidate(to, body, candidate) {
    if (!this.#gathered) {
      this.#gathered = { to, body, candidates: [] };
      this.#clock.setTimeout(() => this.#flush(), GATHER);
    }
    this.#gathered.candidates.push(candidate);
    if (this.#gathered.candidates.length >= MOST_CANDIDATES) this.#flush();
  }

  /**
   * The call is over: only how it ended is still told.
   * @param {string} call
   */
  forget(call) {
    if (this.#gathered?.body.call === call) this.#gathered = null;
    this.#queue = this.#queue.filter(({ body, type }) => body.call !== call || LAST.has(type));
  }

  /** @param {string} call something of it has not reached the server yet */
  waits(call) {
    return this.#queue.some(({ body }) => body.call === call);
  }

  /** The network is back: no more waiting. */
  retry() {
    this.#rest.abort();
  }

  /** @returns {Promise<void>} when the server has all */
  async done() {
    await this.#running;
  }

  /** The page goes away: what is left is sent without waiting for an answer. */
  sendAll() {
    this.#flush();
    for (const message of this.#queue) this.#api.sendMessage(message, { keepalive: true }).catch(() => {});
    this.#queue = [];
  }

  #flush() {
    if (!this.#gathered) return;
    const { to, body, candidates } = this.#gathered;
    this.#gathered = null;
    this.send(to, "candidate", { ...body, candidates });
  }

  async #run() {
    for (let tries = 0; this.#queue.length > 0;) {
      const message = this.#queue[0];
      const rest = await this.#try(message, ++tries);
      if (rest === null) {
        tries = 0;
        if (this.#queue[0] === message) this.#queue.shift();
      } else {
        this.#rest = new AbortController();
        await pause(this.#clock, rest, this.#rest.signal);
      }
    }
    this.#running = null;
  }

  /**
   * @param {Outgoing} message
   * @param {number} tries
   * @returns {Promise<number|null>} ms until the next try; null: done with it
   */
  async #try(message, tries) {
    try {
      await this.#api.sendMessage(message, { seconds: TRY_SECONDS });
      return null;
    } catch (error) {
      const { offline, status, retryAfter } = error instanceof ApiError ? error : new ApiError({});
      if (offline || status === 429 || status >= 500) {
        return Math.max((retryAfter ?? 0) * 1000, Math.min(MOST_REST, LEAST_REST * 2 ** (tries - 1)));
      }
      this.dispatchEvent(new CustomEvent("refused", { detail: { call: message.body.call } }));
      return null;
    }
  }
}
