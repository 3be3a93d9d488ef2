/**
 * What comes from the server: one loop that asks for events and hands them on.
 *
 * Events: "changes", detail {@link Changes}; "state", detail {@link DownlinkState}.
 *
 * @typedef {import("../api.js").Changes} Changes
 * @typedef {import("../api.js").Settings} Settings
 * @typedef {import("../clock.js").Clock} Clock
 *
 * @typedef {object} DownlinkState
 * @property {"idle"|"live"|"retrying"|"offline"|"off"|"left"} state "retrying": one request failed;
 *   "offline": nothing answers; "off": the person wants no polls; "left": no longer in the thread
 * @property {number} since ms since 1970
 * @property {ApiError|null} error the last failure
 *
 * @typedef {object} Page what of `document` matters here
 * @property {boolean} hidden
 * @property {(type: string, listener: () => void) => void} addEventListener
 */

import { ApiError } from "../api.js";
import { pause, systemClock } from "../clock.js";
import { backoff } from "./backoff.js";
import { nextAfter, pace, restAfter } from "./pace.js";

/** Ids of messages that are remembered, to drop what is delivered again. */
const MAX_SEEN = 500;

export class Downlink extends EventTarget {
  #api;
  #preferences;
  #page;
  #clock;
  #random;
  /** Seconds. */
  #longest;
  /** @type {string|null} */
  #cursor = null;
  /** Wakes whatever the loop waits for, an answer or the end of a rest. */
  #turn = new AbortController();
  /** Ends the loop. @type {AbortController|null} */
  #life = null;
  #asked = false;
  #attentive = false;
  #failures = 0;
  #crowdedUntil = 0;
  /** @type {Set<string>} */
  #seen = new Set();

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "events">} parts.api
   * @param {Settings} parts.settings the thread's
   * @param {Pick<import("../preferences.js").Preferences, "get"|"addEventListener">} parts.preferences
   * @param {Page} parts.page
   * @param {Pick<EventTarget, "addEventListener">} [parts.network] tells "online" and "offline"
   * @param {Clock} [parts.clock]
   * @param {() => number} [parts.random]
   */
  constructor({ api, settings, preferences, page, network = globalThis, clock = systemClock, random = Math.random }) {
    super();
    this.#api = api;
    this.#preferences = preferences;
    this.#page = page;
    this.#clock = clock;
    this.#random = random;
    this.#longest = Number(settings.longPollPeriodS ?? 15);
    /** @type {DownlinkState} */
    this.state = { state: "idle", since: clock.wall(), error: null };
    page.addEventListener("visibilitychange", () => this.#wake());
    network.addEventListener?.("online", () => this.#wake());
    network.addEventListener?.("offline", () => this.#wake());
    preferences.addEventListener("change", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.key === "poll") this.#wake();
    });
  }

  /** A hidden tab is slow, unless attention is wanted: it plays, or is in a call. */
  get attentive() {
    return this.#attentive;
  }

  set attentive(wanted) {
    if (wanted === this.#attentive) return;
    this.#attentive = wanted;
    if (this.#page.hidden) this.#wake();
  }

  start() {
    if (this.#life) return;
    this.#life = new AbortController();
    this.#asked = true;
    this.#run(this.#life.signal);
  }

  stop() {
    this.#end("idle", null);
  }

  /** Asks now, even where polls are off. */
  refresh() {
    this.#asked = true;
    this.#wake();
  }

  /** Whatever it waits for, it looks round again; what was on its way comes again, as the cursor has not moved. */
  #wake() {
    this.#turn.abort();
  }

  /** @param {AbortSignal} ended */
  async #run(ended) {
    while (!ended.aborted) {
      this.#turn = new AbortController();
      const { signal } = this.#turn;
      const poll = this.#preferences.get("poll");
      if (poll === "off" && !this.#asked) {
        this.#tell("off", null);
        await pause(this.#clock, Infinity, signal);
      } else {
        const rest = await this.#ask(signal);
        if (rest > 0 && Number.isFinite(rest)) await pause(this.#clock, rest * 1000, signal);
      }
    }
  }

  /**
   * One request.
   * @param {AbortSignal} signal
   * @returns {Promise<number>} seconds until the next one
   */
  async #ask(signal) {
    const plan = this.#plan();
    const began = this.#clock.now();
    try {
      const answer = await this.#api.events({ cursor: this.#cursor, wait: plan.wait, next: nextAfter(plan), signal });
      if (signal.aborted) return 0;
      this.#asked = false;
      this.#failures = 0;
      const moved = answer.status === "news" && answer.changes.cursor !== this.#cursor;
      if (answer.status === "news") this.#heard(answer.changes);
      else if (answer.retryAfter !== null) this.#crowdedUntil = this.#clock.now() + answer.retryAfter * 1000;
      if (plan.rest !== Infinity) this.#tell("live", null);
      if (this.#crowdedUntil > this.#clock.now()) return this.#plan().rest;
      return restAfter(plan, (this.#clock.now() - began) / 1000, moved);
    } catch (error) {
      return signal.aborted ? 0 : this.#failed(error);
    }
  }

  #plan() {
    return pace({
      poll: this.#preferences.get("poll"),
      hidden: this.#page.hidden,
      attentive: this.#attentive,
      crowded: this.#crowdedUntil > this.#clock.now(),
      sure: this.#failures === 0 && this.state.state === "live",
      longest: this.#longest,
    }, this.#random);
  }

  /** @param {Changes} changes */
  #heard(changes) {
    this.#cursor = changes.cursor;
    const { messages, ...rest } = changes;
    const fresh = (messages ?? []).filter(({ id }) => !this.#seen.has(id));
    for (const { id } of fresh) this.#seen.add(id);
    for (const id of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) break;
      this.#seen.delete(id);
    }
    const detail = fresh.length ? { ...rest, messages: fresh } : rest;
    this.dispatchEvent(new CustomEvent("changes", { detail }));
  }

  /**
   * @param {unknown} cause an answer that makes no sense is reported, and tried again like any other failure
   * @returns {number} seconds until the next try
   */
  #failed(cause) {
    if (!(cause instanceof ApiError)) globalThis.reportError?.(cause);
    const error = cause instanceof ApiError ? cause : new ApiError({ title: String(cause) });
    if (error.status === 401) {
      this.#cursor = null;
      this.#end("left", error);
      return Infinity;
    }
    this.#failures += 1;
    this.#tell(error.offline && this.#failures > 1 ? "offline" : "retrying", error);
    return backoff(this.#failures, this.#random, error.retryAfter) / 1000;
  }

  /**
   * @param {DownlinkState["state"]} state
   * @param {ApiError|null} error
   */
  #end(state, error) {
    this.#life?.abort();
    this.#life = null;
    this.#wake();
    this.#tell(state, error);
  }

  /**
   * @param {DownlinkState["state"]} state
   * @param {ApiError|null} error
   */
  #tell(state, error) {
    const same = state === this.state.state;
    if (same && error?.status === this.state.error?.status) return;
    this.state = { state, since: same ? this.state.since : this.#clock.wall(), error };
    this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
  }
}
