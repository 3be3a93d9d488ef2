/**
 * Every request that the page makes. Nothing else in the page talks to the server.
 *
 * @typedef {object} Clip
 * @property {string} id
 * @property {string} author
 * @property {string} [authorId] short hash of who recorded it, different in every thread
 * @property {string} created RFC 3339, UTC
 * @property {string} mime
 * @property {number} duration seconds
 * @property {number} bytes
 * @property {string} expires RFC 3339, UTC
 * @property {string} description
 * @property {string} media URL of the bytes
 * @property {number} [notified] for whoever has just published it: how many learn of it by mail
 * @property {number[]} [peaks] at most 128 whole numbers, 0 (silence) to 100
 * @property {true} [live] it is still being recorded
 * @property {boolean} [paused] of a live one: nothing comes of it just now
 *
 * @typedef {Pick<Clip, "id"|"mime"|"bytes"|"duration"|"peaks"|"paused">} Growth a live clip as it is now
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} from
 * @property {string} to a name, or "*" for everyone
 * @property {string} type
 * @property {string} sent RFC 3339, UTC
 * @property {Record<string, any>} body
 * @property {boolean} [online] in the answer to a message: its receiver gets it now
 * @property {string} [expires] in the answer to a message: kept until then, RFC 3339
 *
 * @typedef {object} Changes what happened since a cursor; a key is absent where nothing changed
 * @property {string} cursor
 * @property {boolean} [reset] `clips.added` and `online` are the whole, not the difference
 * @property {{added?: Clip[], removed?: string[], grown?: Growth[]}} [clips]
 * @property {string[]} [online] names of everybody online
 * @property {Message[]} [messages]
 * @property {number} [free] bytes of room left in the thread
 *
 * @typedef {object} ThreadCard
 * @property {string} name
 * @property {string} title
 * @property {string} description
 * @property {boolean} locked
 * @property {string[]} [online]
 * @property {Clip|null} [newest]
 *
 * @typedef {object} Subscription mail about new clips
 * @property {"none"|"pending"|"confirmed"} state pending: the mail that asks for a yes was not answered yet
 * @property {string|null} address
 *
 * @typedef {Record<string, any>} Settings a thread's settings by their `.ini` names
 *
 * @typedef {import("./upload.js").Piece} Piece
 * @typedef {import("./upload.js").Taken} Taken
 */

import { ApiError, problem, retrySeconds } from "./api-error.js";
import { Stall } from "./stall.js";

export { ApiError };

/** Seconds that the server may take for an answer. */
const ANSWER_SECONDS = 30;

export class Api {
  /** Milliseconds by which the server's clock is ahead of ours, to a second or so, as of its last answer. */
  skew = 0;
  /** What this page calls itself when it announces that it waits, or when it will ask again. */
  listener;
  #base;
  #site;
  #room;
  #fetch;
  #Xhr;

  /**
   * @param {object} parts
   * @param {string} [parts.base] URL prefix of the site, "" or "/forum"
   * @param {string|null} [parts.thread] needed by everything but `threads()`
   * @param {string} [parts.listener]
   * @param {typeof globalThis.fetch} [parts.fetch]
   * @param {typeof globalThis.XMLHttpRequest} [parts.Xhr]
   */
  constructor({ base = "", thread = null, listener = Math.random().toString(36).slice(2), fetch = globalThis.fetch,
    Xhr = globalThis.XMLHttpRequest }) {
    this.listener = listener;
    this.#base = base;
    this.#site = `${base}/api/threads`;
    this.#room = `${this.#site}/${encodeURIComponent(thread ?? "")}`;
    this.#fetch = fetch.bind(globalThis);
    this.#Xhr = Xhr;
  }

  /** @returns {Promise<ThreadCard[]>} the public threads */
  async threads() {
    return (await this.#request("GET", this.#site)).body.threads;
  }

  /**
   * @param {{name: string, password?: string, key: string}} who `key`, a secret: whoever has had no answer and asks
   *   again with the same is who they were
   * @returns {Promise<{name: string, authorId: string, token: string}>}
   */
  async join({ name, password, key }) {
    const json = password ? { name, password } : { name };
    return (await this.#request("POST", `${this.#room}/session`, { json, key })).body;
  }

  /** Offline at once; also when the page goes away meanwhile. */
  async leave() {
    await this.#request("DELETE", `${this.#room}/session`, { keepalive: true });
  }

  /** @returns {Promise<{clips: Clip[], free: number, cursor: string}>} */
  async clips() {
    return (await this.#request("GET", `${this.#room}/clips`)).body;
  }

  /**
   * @param {string} id
   * @param {{keepalive?: boolean}} [options] `keepalive`: sent even if the page goes away meanwhile
   */
  async deleteClip(id, { keepalive = false } = {}) {
    await this.#request("DELETE", `${this.#room}/clips/${encodeURIComponent(id)}`, { keepalive });
  }

  /**
   * @param {{cursor?: string|null, wait?: number, next?: number, signal?: AbortSignal}} [ask] in seconds: `wait`, 0 for a
   *   short poll; `next`, when one will ask again after a short poll, so that one stays online until then
   * @returns {Promise<{status: "news", changes: Changes} | {status: "nothing", retryAfter: number|null}>}
   */
  async events({ cursor = null, wait = 0, next = 0, signal } = {}) {
    const query = this.#announcement({ wait, next });
    if (cursor) query.set("cursor", cursor);
    const seconds = wait + ANSWER_SECONDS;
    const answer = await this.#request("GET", `${this.#room}/events?${query}`, { signal, seconds });
    if (answer.status === 204) return { status: "nothing", retryAfter: answer.retryAfter };
    return { status: "news", changes: answer.body };
  }

  /**
   * The same for several threads at once.
   * @param {{at: Map<string, string|null>, wait?: number, next?: number, signal?: AbortSignal}} ask `at`: cursors by the
   *   threads' names
   * @returns {Promise<{threads: Map<string, Changes|ApiError>, retryAfter: number|null}>} the threads that have news, or
   *   could not be asked
   */
  async eventsOf({ at, wait = 0, next = 0, signal }) {
    const query = this.#announcement({ wait, next });
    for (const [thread, cursor] of at) query.append("at", `${thread}:${cursor ?? ""}`);
    const answer = await this.#request("GET", `${this.#base}/api/events?${query}`, { signal, seconds: wait + ANSWER_SECONDS });
    const told = Object.entries(answer.body?.threads ?? {});
    const threads = told.map(([name, { problem: facts, ...changes }]) => [name, facts ? new ApiError(facts) : changes]);
    return { threads: new Map(/** @type {[string, Changes|ApiError][]} */ (threads)), retryAfter: answer.retryAfter };
  }

  /** @param {{wait: number, next: number}} ask */
  #announcement({ wait, next }) {
    const query = new URLSearchParams({ wait: String(wait) });
    if (next) query.set("next", String(next));
    if (wait || next) query.set("listener", this.listener);
    return query;
  }

  /**
   * What lets a participant connect to the hub, and where.
   * @param {string} thread name
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<{url: string, ticket: string}>}
   */
  async hub(thread, { signal } = {}) {
    return (await this.#request("GET", `${this.#site}/${encodeURIComponent(thread)}/hub`, { signal })).body;
  }

  /**
   * @param {{to: string, type: string, body: Record<string, any>, key: string}} message
   * @param {{keepalive?: boolean, seconds?: number}} [options] `keepalive`: sent even if the page goes away meanwhile;
   *   `seconds` that the server may take
   * @returns {Promise<Message>}
   */
  async sendMessage({ to, type, body, key }, { keepalive, seconds } = {}) {
    const options = { json: { to, type, body }, key, keepalive, seconds };
    return (await this.#request("POST", `${this.#room}/messages`, options)).body;
  }

  /** @returns {Promise<RTCConfiguration>} the servers through which a call finds its way, with credentials for some hours */
  async ice() {
    const { iceServers, iceTransportPolicy } = (await this.#request("GET", `${this.#room}/ice`)).body;
    return { iceServers, iceTransportPolicy };
  }

  /** @returns {Promise<Subscription>} whether one gets mail about new clips */
  async subscription() {
    return (await this.#request("GET", `${this.#room}/subscription`)).body;
  }

  /**
   * Asks for mail about new clips: a mail goes there and asks for a yes.
   * @param {string} address
   * @returns {Promise<Subscription>}
   */
  async subscribe(address) {
    return (await this.#request("PUT", `${this.#room}/subscription`, { json: { address } })).body;
  }

  /** No such mail any more. */
  async unsubscribe() {
    await this.#request("DELETE", `${this.#room}/subscription`);
  }

  /**
   * Tells the site's log of an error in this page. Never fails: there is nobody left to tell.
   * @param {{message: string, source?: string, line?: number}} report
   */
  async report(report) {
    await this.#request("POST", `${this.#room}/reports`, { json: report }).catch(() => {});
  }

  /**
   * Sends the beginning of a recording, what follows, or its end, which makes it a clip.
   * @param {Piece} piece
   * @param {{onProgress?: (bytes: number) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<Taken>}
   */
  async sendPiece(piece, options) {
    // Loaded with the recorder: the front page has no use for it.
    const { sendPiece } = await import("./upload.js");
    return sendPiece(new this.#Xhr(), `${this.#room}/uploads`, piece, options);
  }

  /**
   * How much of an unfinished recording the server has.
   * @param {string} id
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<number>} bytes
   */
  async uploadOffset(id, { signal } = {}) {
    const { headers } = await this.#request("HEAD", `${this.#room}/uploads/${encodeURIComponent(id)}`, { signal });
    const offset = headers.get("Upload-Offset");
    if (offset === null) throw new ApiError({ offline: true });
    return Number(offset);
  }

  /**
   * Throws away what the server has of an unfinished recording.
   * @param {string} id
   */
  async dropUpload(id) {
    await this.#request("DELETE", `${this.#room}/uploads/${encodeURIComponent(id)}`);
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {{json?: object, key?: string, signal?: AbortSignal, seconds?: number, keepalive?: boolean}} [options]
   * @returns {Promise<{status: number, retryAfter: number|null, headers: Headers, body: any}>}
   */
  async #request(method, url, { json, key, signal, seconds = ANSWER_SECONDS, keepalive = false } = {}) {
    const limit = new AbortController();
    const abort = () => limit.abort();
    const stall = new Stall(seconds, abort);
    signal?.addEventListener("abort", abort);
    try {
      signal?.throwIfAborted();
      const response = await this.#fetch(url, {
        method, keepalive, headers: headersFor(json, key), signal: limit.signal, cache: "no-store",
        credentials: "same-origin", body: json === undefined ? undefined : JSON.stringify(json),
      });
      const date = Date.parse(response.headers.get("Date") ?? "");
      if (date) this.skew = date - Date.now();
      const retry = response.headers.get("Retry-After");
      if (!response.ok) throw problem(response.status, await response.text(), retry);
      const body = response.status === 204 || method === "HEAD" ? null : await response.json();
      return { status: response.status, retryAfter: retrySeconds(retry), headers: response.headers, body };
    } catch (error) {
      if (error instanceof ApiError) throw error;
      signal?.throwIfAborted();
      throw new ApiError({ offline: true });
    } finally {
      stall.end();
      signal?.removeEventListener("abort", abort);
    }
  }
}

/**
 * @param {object|undefined} json
 * @param {string|undefined} key
 */
function headersFor(json, key) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  return headers;
}

