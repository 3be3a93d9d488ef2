/**
 * How far the threads that are asked for have been told, and how that goes: this tab's own, and those of the tabs that
 * it leads. Pure.
 *
 * @typedef {import("../api.js").ApiError} ApiError
 * @typedef {import("./downlink.js").DownlinkState["state"]} State
 * @typedef {import("./tabs.js").Want} Want
 */
import { backoff } from "./backoff.js";

/** Threads that the server tells of in one answer; where there are more they take turns. */
const MOST_AT_ONCE = 20;

export class Threads {
  own = new Progress();
  #name;
  /** @type {Map<string, Progress>} */
  #others = new Map();

  /** @param {string} name of this tab's thread */
  constructor(name) {
    this.#name = name;
  }

  /** Too many for one request. */
  get crowded() {
    return this.#others.size >= MOST_AT_ONCE;
  }

  /** @param {string} name */
  get(name) {
    return name === this.#name ? this.own : this.#others.get(name) ?? new Progress();
  }

  /** @param {Want[]} wants of the other tabs */
  lead(wants) {
    const foreign = wants.filter(({ thread }) => thread !== this.#name);
    this.#others = new Map(foreign.map(({ thread, cursor }) => [thread, this.#others.get(thread) ?? new Progress(cursor)]));
  }

  /** @param {string} name of another tab's */
  forget(name) {
    this.#others.delete(name);
  }

  /** Failures are forgiven: all are tried again now. */
  retry() {
    for (const progress of [this.own, ...this.#others.values()]) progress.until = 0;
  }

  /**
   * Those whose turn it is to be asked for: first whoever was not asked for longest.
   * @param {Want[]} wants
   * @param {number} now milliseconds of the clock
   * @returns {Map<string, string|null>} cursors by name
   */
  take(wants, now) {
    const names = [...new Set(wants.map(({ thread }) => thread))].sort((a, b) => this.get(a).asked - this.get(b).asked);
    return new Map(names.slice(0, MOST_AT_ONCE).map((name) => [name, this.get(name).take(now)]));
  }

  /**
   * What the leader tells the other tabs.
   * @param {{own: boolean}} whether this tab's own thread is among those asked for
   * @returns {Map<string, import("./tabs.js").Standing>}
   */
  standings({ own }) {
    /** @type {[string, Progress][]} */
    const asked = [...this.#others];
    if (own) asked.push([this.#name, this.own]);
    return new Map(asked.map(([name, { cursor, state, error }]) => [name, { cursor, state, error: error && { ...error } }]));
  }
}

class Progress {
  /** @type {string|null} */
  cursor;
  failures = 0;
  /** Milliseconds of the clock: it is not asked for before. */
  until = 0;
  /** When it was asked for last. */
  asked = 0;
  /** It must be asked for once, even where polls are off or another tab leads. */
  behind = false;
  #taken = false;
  /** @type {State} */
  state = "idle";
  /** @type {ApiError|null} */
  error = null;

  /** @param {string|null} [cursor] */
  constructor(cursor = null) {
    this.cursor = cursor;
  }

  /** The last request was answered. */
  get sure() {
    return this.failures === 0 && this.state === "live";
  }

  begin() {
    this.behind = true;
    this.failures = this.until = 0;
    if (this.state === "left") this.cursor = null;
  }

  /** News of it join on to what is known, are known already, or leave a gap. @param {import("./tabs.js").News} news */
  follow(news) {
    const { cursor } = news.changes;
    if (this.joins(news)) this.cursor = cursor;
    else if (cursor !== this.cursor) this.behind = true;
  }

  /**
   * Whether news join on to what is known, or replace it. What another tab, that knew nothing, was told to begin with
   * is for that one alone.
   * @param {import("./tabs.js").News} news
   */
  joins({ from, changes }) {
    return from === this.cursor || Boolean(changes.reset && from !== null);
  }

  /** It is asked for. @param {number} now milliseconds of the clock */
  take(now) {
    this.asked = now;
    this.#taken = this.behind;
    this.behind = false;
    return this.cursor;
  }

  /** The question was not answered. */
  giveBack() {
    this.behind ||= this.#taken;
  }

  /**
   * @param {ApiError} error
   * @param {number} now milliseconds of the clock
   * @param {() => number} random
   * @returns {State} what that makes of it
   */
  failed(error, now, random) {
    this.giveBack();
    this.failures += 1;
    this.until = now + backoff(this.failures, random, error.retryAfter);
    if (error.status === 401) return "left";
    return error.offline && this.failures > 1 ? "offline" : "retrying";
  }
}
