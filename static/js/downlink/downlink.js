/**
 * What comes from the server. Of several tabs one asks for all (see tabs.js), or has it pushed where there is a hub; the
 * others take what it tells them, and ask once for themselves where that does not join on to what they know.
 *
 * Events: "changes", detail {@link Changes}; "state", detail {@link DownlinkState}.
 *
 * @typedef {import("../api.js").ApiError} Failure
 * @typedef {import("../api.js").Changes} Changes
 * @typedef {import("../api.js").Settings} Settings
 * @typedef {import("../clock.js").Clock} Clock
 * @typedef {import("./tabs.js").Want} Want
 *
 * @typedef {object} DownlinkState
 * @property {"idle"|"live"|"retrying"|"offline"|"off"|"left"} state "retrying": one request failed;
 *   "offline": nothing answers; "off": the person wants no polls; "left": no longer in the thread
 * @property {number} since ms since 1970
 * @property {Failure|null} error the last failure
 *
 * @typedef {object} Page what of `document` matters here
 * @property {boolean} hidden
 * @property {(type: string, listener: () => void) => void} addEventListener
 */

import { ApiError } from "../api.js";
import { systemClock } from "../clock.js";
import { Hubs } from "./hubs.js";
import { Poll } from "./poll.js";
import { Seen } from "./seen.js";
import { Threads } from "./threads.js";

export class Downlink extends EventTarget {
  #thread;
  #threads;
  #preferences;
  #page;
  #tabs;
  #clock;
  #poll;
  #hub;
  #hubs;
  /** Seconds. */
  #longest;
  #attentive = false;
  #seen = new Seen();

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "events"|"eventsOf"|"hub"|"listener">} parts.api
   * @param {string} parts.thread name
   * @param {Settings} parts.settings the thread's
   * @param {Pick<import("../preferences.js").Preferences, "get"|"addEventListener">} parts.preferences
   * @param {Page} parts.page
   * @param {import("./tabs.js").Tabs} parts.tabs
   * @param {boolean} [parts.hub] a hub pushes what happens in the thread
   * @param {Pick<EventTarget, "addEventListener">} [parts.network] tells "online" and "offline"
   * @param {Clock} [parts.clock]
   * @param {() => number} [parts.random]
   * @param {typeof globalThis.WebSocket} [parts.WebSocket]
   */
  constructor({ api, thread, settings, preferences, page, tabs, hub = false, network = globalThis, clock = systemClock,
    random = Math.random, WebSocket = globalThis.WebSocket }) {
    super();
    this.#thread = thread;
    this.#threads = new Threads(thread);
    this.#preferences = preferences;
    this.#page = page;
    this.#tabs = tabs;
    this.#clock = clock;
    this.#hub = hub;
    this.#longest = Number(settings.longPollPeriodS ?? 15);
    this.#poll = new Poll({ api, thread, threads: this.#threads, wants: () => this.#wants(), onNews: (news) => this.#handOn(news),
      onState: (name, state, error) => this.#became(name, state, error), clock, random });
    this.#hubs = new Hubs({ api, cursor: (name) => this.#threads.get(name).cursor, onNews: (news) => this.#handOn(news),
      onChange: (name) => this.#hubChanged(name), clock, random, WebSocket });
    /** @type {DownlinkState} */
    this.state = { state: "idle", since: clock.wall(), error: null };
    page.addEventListener("visibilitychange", () => {
      if (!page.hidden) this.#hubs.check();
      this.#changed();
    });
    network.addEventListener?.("online", () => {
      this.#hubs.check();
      this.#poll.wake();
    });
    network.addEventListener?.("offline", () => this.#poll.wake());
    preferences.addEventListener("change", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.key === "poll") this.#changed();
    });
    this.#listenToTabs();
  }

  /** A hidden tab is slow, unless attention is wanted: it plays, or is in a call. */
  get attentive() {
    return this.#attentive;
  }

  set attentive(wanted) {
    if (wanted === this.#attentive) return;
    this.#attentive = wanted;
    if (this.#page.hidden) this.#changed();
  }

  /** What brings the bytes of live clips, where the hub pushes to this tab just now. */
  get clips() {
    return this.#hubs.clips(this.#thread);
  }

  start() {
    if (this.#poll.running) return;
    this.#threads.own.begin();
    this.#poll.start();
    this.#tabs.join({ want: () => this.#want(), standings: () => this.#threads.standings({ own: !this.#isOff }) });
  }

  stop() {
    this.#end();
    this.#became(this.#thread, "idle", null);
  }

  /** Asks now, even where polls are off. */
  refresh() {
    this.#threads.own.behind = true;
    this.#hubs.check();
    this.#poll.wake();
    this.#tabs.changed({ now: true });
  }

  get #isOff() {
    return this.#preferences.get("poll") === "off";
  }

  /** @returns {Want} */
  #want() {
    return { thread: this.#thread, cursor: this.#threads.own.cursor, poll: this.#preferences.get("poll"),
      hub: this.#hub, hidden: this.#page.hidden, attentive: this.#attentive, longest: this.#longest };
  }

  /**
   * Whom to ask for: whoever leads for all that the hub does not tell of, the others at most for themselves, and once.
   * @returns {Want[]}
   */
  #wants() {
    const { leading } = this.#tabs;
    const own = this.#want();
    const others = leading ? this.#tabs.others.filter(({ poll }) => poll !== "off") : [];
    this.#threads.lead(others);
    const led = leading && !this.#isOff ? [own, ...others] : others;
    this.#follow(led);
    const wants = led.filter(({ thread }) => !this.#hubs.isLive(thread));
    const once = [own, ...others].filter((want) => this.#threads.get(want.thread).behind && !wants.includes(want));
    if (this.#isOff && !once.includes(own)) this.#became(this.#thread, "off", null);
    return [...once.map((want) => /** @type {Want} */ ({ ...want, poll: "off" })), ...wants];
  }

  /** The hub is for those who want to know at once. @param {Want[]} led */
  #follow(led) {
    const pushed = led.filter(({ thread, hub, poll }) => hub && poll === "long" && this.#threads.get(thread).cursor !== null);
    this.#hubs.follow(pushed.map(({ thread }) => thread));
  }

  /** What this tab wants has changed. */
  #changed() {
    this.#poll.wake();
    this.#tabs.changed();
  }

  /** @param {import("./tabs.js").News} news an answer of the server, or told by the hub */
  #handOn(news) {
    if (this.#tabs.leading) this.#tabs.hand(news);
    if (news.thread === this.#thread) return this.#take(news);
    const progress = this.#threads.get(news.thread);
    progress.follow(news);
    if (progress.behind) this.#askFor(news.thread);
  }

  /** @param {string} thread that the hub now tells of, or not any more */
  #hubChanged(thread) {
    if (this.#hubs.isLive(thread)) {
      this.#threads.get(thread).failures = 0;
      this.#became(thread, "live", null);
    }
    this.#poll.wake();
  }

  /**
   * News of this thread: they join on to what is known here, are known already, or leave a gap that is asked for.
   * @param {import("./tabs.js").News} news
   */
  #take(news) {
    const { own } = this.#threads;
    const { changes } = news;
    if (own.joins(news)) this.#heard(changes);
    else if (changes.cursor !== own.cursor) this.#catchUp();
  }

  /** @param {Changes} changes */
  #heard(changes) {
    const { own } = this.#threads;
    const isFirst = own.cursor === null;
    own.cursor = changes.cursor;
    const { messages, ...rest } = changes;
    const fresh = this.#seen.fresh(messages ?? []);
    const detail = fresh.length ? { ...rest, messages: fresh } : rest;
    this.dispatchEvent(new CustomEvent("changes", { detail }));
    if (isFirst) this.#tabs.changed();
  }

  #catchUp() {
    if (this.#isOff) return;
    this.#threads.own.behind = true;
    this.#askFor(this.#thread);
  }

  /** @param {string} thread */
  #askFor(thread) {
    if (!this.#poll.asking?.threads.includes(thread)) this.#poll.wake();
  }

  #listenToTabs() {
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      this.#tabs.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("turn", ({ now }) => this.#lookRound(now));
    on("told", ({ threads }) => this.#told(threads.get(this.#thread)));
    on("news", (news) => { if (news.thread === this.#thread) this.#take(news); });
  }

  /**
   * Another tab wants something else, or another one leads. That ends a rest, and a long poll only if it is needed.
   * @param {boolean} now
   */
  #lookRound(now) {
    const { asking } = this.#poll;
    if (asking?.rest === Infinity) return; // asked once, answered at once: then the loop looks round
    const isCovered = (/** @type {Want} */ { thread, poll }) => poll === "off" || asking?.threads.includes(thread)
      || this.#hubs.isLive(thread);
    if (now || !asking?.wait || !this.#tabs.leading || !this.#tabs.others.every(isCovered)) this.#poll.wake();
  }

  /** @param {import("./tabs.js").Standing|undefined} told how far the leader is with this thread */
  #told(told) {
    if (!told || this.#tabs.leading || this.#isOff) return;
    const { own } = this.#threads;
    const isOurs = told.state === "left" || !own.failures;
    if (isOurs && told.state !== "idle") this.#became(this.#thread, told.state, told.error && new ApiError(told.error));
    if (this.#poll.running && told.cursor !== null && told.cursor !== own.cursor) this.#catchUp();
  }

  /** @param {string} thread its tabs have been told */
  #leave(thread) {
    if (thread === this.#thread) return this.#end();
    this.#tabs.dismiss(thread);
    this.#threads.forget(thread);
  }

  #end() {
    this.#tabs.leave();
    this.#hubs.follow([]);
    this.#poll.stop();
  }

  /**
   * @param {string} thread
   * @param {DownlinkState["state"]} state
   * @param {ApiError|null} error
   */
  #became(thread, state, error) {
    const progress = this.#threads.get(thread);
    const isOwn = thread === this.#thread;
    if (isOwn && this.#isOff && state === "live") return; // it was asked for once
    const isSame = state === progress.state;
    if (isSame && error?.status === progress.error?.status) return;
    Object.assign(progress, { state, error });
    this.#tabs.tell();
    if (state === "left") this.#leave(thread);
    if (!isOwn) return;
    this.state = { state, since: isSame ? this.state.since : this.#clock.wall(), error };
    this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
  }
}
