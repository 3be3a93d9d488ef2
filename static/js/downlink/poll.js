/**
 * The loop that asks the server for events: for one thread at its own address, which costs the server least, or for
 * several in one request.
 *
 * @typedef {import("../api.js").Changes} Changes
 * @typedef {import("../clock.js").Clock} Clock
 * @typedef {import("./tabs.js").Want} Want
 *
 * @typedef {object} Parts
 * @property {Pick<import("../api.js").Api, "events"|"eventsOf">} api
 * @property {string} thread that the api's own address is of
 * @property {import("./threads.js").Threads} threads
 * @property {() => Want[]} wants whom to ask for now
 * @property {(news: import("./tabs.js").News) => void} onNews
 * @property {(thread: string, state: import("./downlink.js").DownlinkState["state"], error: ApiError|null) => void} onState
 * @property {Clock} clock
 * @property {() => number} random
 */
import { ApiError } from "../api.js";
import { pause } from "../clock.js";
import { liveliest, nextAfter, pace, restAfter } from "./pace.js";

export class Poll {
  /** The request on its way. @type {{wait: number, rest: number, threads: string[]}|null} */
  asking = null;
  #parts;
  /** Wakes whatever the loop waits for, an answer or the end of a rest. */
  #turn = new AbortController();
  /** Ends the loop. @type {AbortController|null} */
  #life = null;
  #crowdedUntil = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  get running() {
    return this.#life !== null;
  }

  start() {
    this.#life = new AbortController();
    this.#run(this.#life.signal);
  }

  stop() {
    this.#life?.abort();
    this.#life = null;
    this.wake();
  }

  /** Whatever it waits for, it looks round again; what was on its way comes again, as no cursor has moved. */
  wake() {
    this.#parts.threads.retry();
    this.#turn.abort();
  }

  /** @param {AbortSignal} ended */
  async #run(ended) {
    while (!ended.aborted) {
      this.#turn = new AbortController();
      const { signal } = this.#turn;
      const rest = await this.#round(signal);
      if (rest > 0) await pause(this.#parts.clock, rest * 1000, signal);
    }
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<number>} seconds until the next round; Infinity: until it is woken
   */
  async #round(signal) {
    const { wants, threads, clock } = this.#parts;
    const now = clock.now();
    const all = wants();
    const due = all.filter(({ thread }) => threads.get(thread).until <= now);
    if (due.length) return this.#ask(due, signal);
    return (Math.min(...all.map(({ thread }) => threads.get(thread).until)) - now) / 1000;
  }

  /**
   * One request.
   * @param {Want[]} wants
   * @param {AbortSignal} signal
   * @returns {Promise<number>} seconds until the next one
   */
  async #ask(wants, signal) {
    const { threads, clock } = this.#parts;
    const began = clock.now();
    const plan = this.#plan(wants);
    const from = threads.take(wants, began);
    this.asking = { ...plan, threads: [...from.keys()] };
    try {
      const answer = await this.#request(from, { wait: plan.wait, next: nextAfter(plan), signal });
      signal.throwIfAborted();
      this.asking = null;
      if (answer.retryAfter) this.#crowdedUntil = clock.now() + answer.retryAfter * 1000;
      let moved = false;
      for (const [thread, cursor] of from) moved = this.#answered(thread, cursor, answer.threads.get(thread)) || moved;
      if (this.#crowdedUntil > clock.now()) return this.#plan(wants).rest;
      const rest = restAfter(plan, (clock.now() - began) / 1000, moved);
      return Number.isFinite(rest) ? rest : 0;
    } catch (error) {
      this.asking = null;
      for (const thread of from.keys()) {
        if (signal.aborted) threads.get(thread).giveBack();
        else this.#failed(thread, error);
      }
      return 0;
    }
  }

  /** @param {Want[]} wants */
  #plan(wants) {
    const { threads, clock, random } = this.#parts;
    const crowded = this.#crowdedUntil > clock.now() || threads.crowded;
    return liveliest(wants.map((want) => pace({ ...want, crowded, sure: threads.get(want.thread).sure }, random)));
  }

  /**
   * @param {Map<string, string|null>} from cursors by the threads' names
   * @param {{wait: number, next: number, signal: AbortSignal}} ask
   * @returns {Promise<{threads: Map<string, Changes|ApiError>, retryAfter: number|null}>}
   */
  async #request(from, ask) {
    const { api, thread } = this.#parts;
    const cursor = from.get(thread);
    if (from.size > 1 || cursor === undefined) return api.eventsOf({ at: from, ...ask });
    const answer = await api.events({ cursor, ...ask });
    if (answer.status === "nothing") return { threads: new Map(), retryAfter: answer.retryAfter };
    return { threads: new Map([[thread, answer.changes]]), retryAfter: null };
  }

  /**
   * @param {string} thread
   * @param {string|null} from the cursor that was asked from
   * @param {Changes|ApiError|undefined} told
   * @returns {boolean} whether something happened
   */
  #answered(thread, from, told) {
    const { threads, onNews, onState } = this.#parts;
    if (told instanceof ApiError) {
      this.#failed(thread, told);
      return false;
    }
    threads.get(thread).failures = 0;
    if (told) onNews({ thread, from, changes: told });
    onState(thread, "live", null);
    return told !== undefined && told.cursor !== from;
  }

  /**
   * @param {string} thread
   * @param {unknown} cause an answer that makes no sense is reported, and tried again like any other failure
   */
  #failed(thread, cause) {
    const { threads, onState, clock, random } = this.#parts;
    if (!(cause instanceof ApiError)) globalThis.reportError?.(cause);
    const error = cause instanceof ApiError ? cause : new ApiError({ title: String(cause) });
    onState(thread, threads.get(thread).failed(error, clock.now(), random), error);
  }
}
