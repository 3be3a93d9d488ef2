/**
 * The bytes of a clip as they come from its author: pushed by the hub where there is one; else as one answer that goes on,
 * or by long poll where something on the way keeps that back. Breaks are bridged: every byte comes once, in order.
 *
 * @typedef {{type: string, bytes: Uint8Array<ArrayBuffer>}} Portion `type`: what the site has found in them, with codecs
 */

import { problem, ApiError } from "../../api-error.js";
import { pause, systemClock } from "../../clock.js";

/** Seconds before the newest at which one joins. */
const BACK = 1;
/** Seconds of a long poll, and beyond it for the answer. */
const WAIT = 15;
const ANSWER = 10;
/** Milliseconds in which bytes come that listeners were told of. */
const DUE = 2000;
/**
 * Milliseconds by which they are there as a rule: a proxy that hands on what fills a buffer is late time and again. So
 * often of the last so many times, and it is asked in another way.
 */
const SOON = 500;
const LATE = 3;
const LOOKS = 8;
/** Milliseconds after an answer has ended before it is asked why: of a clip that was taken back the page is told meanwhile. */
const BREATH = 300;
/** Seconds up to which a clip has only just begun. */
const YOUNG = 2;
/** Milliseconds before the first try again, and the longest. */
const FIRST_REST = 250;
const LONGEST_REST = 4000;

/**
 * What lies between a page and the site: a proxy that keeps back one answer that goes on does the same to the next.
 * @typedef {{keepsBack: boolean}} Line
 */
/** @type {Line} */
const thisPage = { keepsBack: false };

export class GrowingClip {
  /** How they come, for those who want to know. @type {"hub"|"stream"|"poll"} */
  mode = "stream";
  #id;
  #line;
  #media;
  #hub;
  #fetch;
  #clock;
  #network;
  /** The offset of the next byte; null: near the newest. @type {number|null} */
  #position;
  /** The hub does not bring this one. */
  #hubFails = false;
  /** The answer that goes on has brought something: nothing keeps it back. */
  #flows = false;
  /** Ends the request that is under way. @type {AbortController|null} */
  #asking = null;
  /** Bytes that there are, as listeners are told. */
  #known = 0;
  /** @type {any} */
  #due = null;
  /** Of the last times that listeners were told of bytes, whether they came late. @type {boolean[]} */
  #late = [];
  #failures = 0;

  /**
   * @param {object} parts
   * @param {string} parts.id
   * @param {string} parts.media URL of its bytes
   * @param {"edge"|"start"} parts.from
   * @param {typeof globalThis.fetch} [parts.fetch]
   * @param {import("../../clock.js").Clock} [parts.clock]
   * @param {Pick<EventTarget, "addEventListener">} [parts.network] tells "online"
   * @param {() => import("../../downlink/hub-clips.js").HubClips|null} [parts.hub] what pushes the bytes just now
   * @param {Line} [parts.line]
   */
  constructor({
    id, media, from, fetch = globalThis.fetch, clock = systemClock, network = globalThis, hub = () => null, line = thisPage,
  }) {
    this.#id = id;
    this.#media = media;
    this.#hub = hub;
    this.#fetch = fetch.bind(globalThis);
    this.#clock = clock;
    this.#network = network;
    this.#line = line;
    this.#position = from === "start" ? 0 : null;
  }

  /**
   * Listeners have been told that there are so many bytes.
   * @param {number} bytes
   */
  told(bytes) {
    this.#known = bytes;
    if (this.#flows) this.#look(bytes);
    if (this.#due === null && this.#asking && this.#waits) this.#expect();
  }

  /**
   * @param {AbortSignal} signal ends it
   * @returns {AsyncGenerator<Portion, void>} to the end of the complete clip
   * @throws {ApiError} 404: it is gone; 204, 503: no room for another listener
   */
  async *portions(signal) {
    for (;;) {
      try {
        const whole = yield* this.#ask(signal);
        if (whole) return;
        this.#failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ApiError && !passes(error)) throw error;
        await this.#rest(signal);
      }
    }
  }

  /** There are bytes that have not come. */
  get #waits() {
    return this.#known > (this.#position ?? 0);
  }

  /** What should come by now, and does not, is asked for in another way. */
  #expect() {
    const position = this.#position;
    this.#due = this.#clock.setTimeout(() => {
      this.#due = null;
      if (this.mode === "poll" || this.#position !== position || !this.#waits) return;
      if (this.mode === "hub") this.#hubFails = true;
      else if (!this.#flows) this.#line.keepsBack = true;
      this.#flows = false;
      this.#asking?.abort();
    }, DUE);
  }

  /**
   * What comes, but late again and again, is asked for in another way, too.
   * @param {number} bytes
   */
  #look(bytes) {
    const asking = this.#asking;
    this.#clock.setTimeout(() => {
      if (this.mode !== "stream" || asking !== this.#asking) return;
      this.#late = [...this.#late, bytes > (this.#position ?? 0)].slice(-LOOKS);
      if (this.#late.filter((late) => late).length < LATE) return;
      this.#line.keepsBack = true;
      asking?.abort();
    }, SOON);
  }

  /**
   * One request.
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<Portion, boolean>} whether it was the last
   */
  async *#ask(signal) {
    const asking = new AbortController();
    const abort = () => asking.abort();
    signal.throwIfAborted();
    signal.addEventListener("abort", abort);
    this.#asking = asking;
    const hub = this.#hubFails ? null : this.#hub();
    this.mode = hub ? "hub" : this.#line.keepsBack ? "poll" : "stream";
    if (this.#waits) this.told(this.#known);
    try {
      if (hub) return yield* this.#listen(hub, asking.signal);
      if (this.mode === "poll") return yield* this.#poll(WAIT, asking);
      yield* this.#stream(asking.signal);
      await pause(this.#clock, BREATH, signal);
      signal.throwIfAborted();
      if (this.#position === null) return false;
      return yield* this.#poll(0, asking);
    } catch (error) {
      if (asking.signal.aborted && !signal.aborted) return false;
      throw error;
    } finally {
      this.#asking = null;
      this.#clock.clearTimeout(this.#due);
      this.#due = null;
      signal.removeEventListener("abort", abort);
    }
  }

  /**
   * @param {import("../../downlink/hub-clips.js").HubClips} hub
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<Portion, boolean>} whether that was all
   */
  async *#listen(hub, signal) {
    const pushed = hub.listen({ clip: this.#id, from: this.#position, back: BACK }, signal);
    for await (const { type, bytes, next } of pushed.portions()) {
      this.#position = next;
      this.#failures = 0;
      yield { type, bytes };
    }
    signal.throwIfAborted();
    if (pushed.end === "refused") this.#hubFails = true;
    return pushed.end === "complete";
  }

  /**
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<Portion, void>}
   */
  async *#stream(signal) {
    const response = await this.#get({}, signal);
    if (response.status === 204 || !response.body) return;
    const type = response.headers.get("Content-Type") ?? "";
    const reader = response.body.getReader();
    const prefix = Number(response.headers.get("Clip-Prefix") ?? 0);
    const offset = Number(response.headers.get("Clip-Offset"));
    // A decoder wants what stands before the first byte whole, and it cannot be asked for again.
    /** @type {Uint8Array<ArrayBuffer>[]} */
    let held = [];
    for (let received = 0; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      received += value.byteLength;
      held.push(value);
      if (received <= prefix) continue;
      this.#position = offset + received - prefix;
      this.#flows = true;
      this.#failures = 0;
      const bytes = held.length > 1 ? joined(held) : value;
      held = [];
      yield { type, bytes };
    }
  }

  /**
   * @param {number} wait seconds
   * @param {AbortController} asking
   * @returns {AsyncGenerator<Portion, boolean>} whether that was all
   */
  async *#poll(wait, asking) {
    const late = this.#clock.setTimeout(() => asking.abort(), (wait + ANSWER) * 1000);
    try {
      const response = await this.#get({ wait: String(wait) }, asking.signal);
      const next = response.headers.get("Clip-Next");
      const complete = response.headers.get("Clip-Complete") === "?1";
      if (response.status === 204) return complete;
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (next !== null) this.#position = Number(next);
      yield { type: response.headers.get("Content-Type") ?? "", bytes };
      return complete;
    } finally {
      this.#clock.clearTimeout(late);
    }
  }

  /**
   * @param {Record<string, string>} how
   * @param {AbortSignal} signal
   */
  async #get(how, signal) {
    /** @type {Record<string, string>} */
    const place = this.#position === null ? { from: "live", back: String(BACK) } : { from: String(this.#position) };
    const response = await this.#fetch(`${this.#media}?${new URLSearchParams({ ...place, ...how })}`, {
      signal, cache: "no-store", credentials: "same-origin",
    });
    const later = response.headers.get("Retry-After");
    if (!response.ok || (response.status === 204 && later)) throw problem(response.status, await response.text(), later);
    return response;
  }

  /** @param {AbortSignal} signal */
  #rest(signal) {
    const nap = new AbortController();
    const wake = () => nap.abort();
    const rest = Math.min(LONGEST_REST, FIRST_REST * 2 ** this.#failures++);
    this.#network.addEventListener("online", wake, { once: true });
    signal.addEventListener("abort", wake, { once: true });
    return pause(this.#clock, rest, nap.signal);
  }
}

/**
 * Why a clip that is live cannot be heard.
 * @param {unknown} error of portions(), or of what was made of them
 * @returns {"full"|"gone"|"format"}
 */
export function problemOf(error) {
  if (!(error instanceof ApiError)) return "format";
  return [204, 429, 503].includes(error.status) ? "full" : "gone";
}

/** @param {ApiError} error what was answered goes away by itself: a site that is restarted behind a proxy */
function passes({ offline, status }) {
  return offline || status === 500 || status === 502 || status === 504;
}

/** @param {Uint8Array<ArrayBuffer>[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** @param {Pick<import("../../api.js").Clip, "bytes"|"duration">} clip of which some recorders do not say how long it is */
export function hasJustBegun({ bytes, duration }) {
  return bytes === 0 || (duration > 0 && duration < YOUNG);
}
