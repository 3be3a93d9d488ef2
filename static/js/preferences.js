/**
 * What a person chose, remembered in this browser: some of it for one thread, some for the whole site.
 * Where the browser refuses storage it lasts as long as the page.
 *
 * @typedef {import("./api.js").Settings} Settings
 *
 * @typedef {object} Visit a thread that was visited
 * @property {string} name
 * @property {string} title
 * @property {string} [seen] `created` of the newest clip that was there, RFC 3339
 *
 * @typedef {object} Values
 * @property {boolean} playNew play new clips as they come
 * @property {boolean} onlyOthers not one's own
 * @property {boolean} video record video; false wherever the thread does not allow it
 * @property {"upload"|"stop"} onRecorded send (and in a stream go on), or preview first
 * @property {number} clipSeconds length of a clip, up to the thread's `maxClipSizeSec`
 * @property {"480p15"|"480p30"|"600p30"|"720p30"} quality
 * @property {"long"|"off"|number} poll a number is seconds between polls
 * @property {boolean} pausePlayer the player is silent while recording
 * @property {boolean} autoAnswer a call is taken at once, with sound
 * @property {boolean} ring a call is heard
 * @property {string} name the person's
 * @property {1|1.5|2} speed
 * @property {number} volume 0 to 1
 * @property {string} microphone deviceId, "" for the browser's choice
 * @property {string} camera deviceId, "" for the browser's choice
 * @property {string} speaker deviceId, "" for the browser's choice
 * @property {Visit[]} threads most recent first
 */

import { Storage } from "./storage.js";

/** Threads that are remembered. */
const MAX_VISITS = 20;

/**
 * One row a preference. `fit` turns any value into a valid one, or undefined; it also bounds the thread's own default.
 * @typedef {{own: boolean, initial: (settings: Settings) => any, fit: (value: any, settings: Settings) => any}} Row
 * @type {Record<keyof Values, Row>}
 */
const ROWS = {
  playNew: { own: true, initial: (s) => flag(s.playNew ?? 1), fit: yesOrNo },
  onlyOthers: { own: true, initial: (s) => flag(s.skipMine ?? 1), fit: yesOrNo },
  video: { own: true, initial: (s) => flag(s.videoOn), fit: (v, s) => yesOrNo(v) && flag(s.allowVideo) },
  onRecorded: { own: true, initial: (s) => s.onRecorded ?? "stop", fit: whenRecorded },
  clipSeconds: { own: true, initial: (s) => Number(s.maxClipSizeSec ?? 2), fit: clipLength },
  quality: { own: true, initial: () => "480p30", fit: oneOf("480p15", "480p30", "600p30", "720p30") },
  poll: { own: true, initial: (s) => pollOf(s.pollFactor ?? 30), fit: pollInterval },
  pausePlayer: { own: true, initial: () => true, fit: yesOrNo },
  autoAnswer: { own: true, initial: () => false, fit: yesOrNo },
  ring: { own: false, initial: () => true, fit: yesOrNo },
  name: { own: false, initial: () => "", fit: text },
  speed: { own: false, initial: () => 1, fit: oneOf(1, 1.5, 2) },
  volume: { own: false, initial: () => 1, fit: (v) => (v >= 0 && v <= 1 ? Number(v) : undefined) },
  microphone: { own: false, initial: () => "", fit: text },
  camera: { own: false, initial: () => "", fit: text },
  speaker: { own: false, initial: () => "", fit: text },
  threads: { own: false, initial: () => [], fit: visits },
};

/** Dispatches "change" with detail {key, value}, for a change in another tab too. */
export class Preferences extends EventTarget {
  #prefix;
  #thread;
  #settings;
  #storage;
  /** @type {Map<string, any>} */
  #values = new Map();

  /**
   * @param {object} [parts]
   * @param {string} [parts.base] URL prefix of the site: two forums on one host do not mix
   * @param {string|null} [parts.thread] name; none on the front page
   * @param {Settings} [parts.settings] the thread's, for defaults and bounds
   * @param {Storage} [parts.storage]
   */
  constructor({ base = "", thread = null, settings = {}, storage = new Storage() } = {}) {
    super();
    this.#prefix = `mozchat${base}`;
    this.#thread = thread;
    this.#settings = settings;
    this.#storage = storage;
    storage.onOtherTab((key) => this.#changedElsewhere(key));
  }

  /**
   * @template {keyof Values} K
   * @param {K} key
   * @returns {Values[K]}
   */
  get(key) {
    if (!this.#values.has(key)) this.#values.set(key, this.#read(key));
    return this.#values.get(key);
  }

  /**
   * A value that is none is ignored.
   * @template {keyof Values} K
   * @param {K} key
   * @param {Values[K]} value
   */
  set(key, value) {
    const fitting = ROWS[key].fit(value, this.#settings);
    if (fitting === undefined) return;
    const old = JSON.stringify(this.get(key));
    this.#values.set(key, fitting);
    this.#storage.write(this.#storageKey(key), fitting);
    if (JSON.stringify(fitting) !== old) this.#tell(key);
  }

  /**
   * Puts a thread at the head of `threads`; what is not given (`seen`) stays as it was.
   * @param {Visit} visit
   */
  visit(visit) {
    // another tab may have written its own meanwhile
    this.#values.delete("threads");
    const known = this.get("threads");
    const before = known.find(({ name }) => name === visit.name);
    this.set("threads", [{ ...before, ...visit }, ...known.filter((one) => one !== before)]);
  }

  /** @param {keyof Values} key */
  #read(key) {
    const { initial, fit } = ROWS[key];
    const stored = this.#storage.read(this.#storageKey(key));
    const kept = stored === null ? undefined : fit(stored, this.#settings);
    return kept ?? fit(initial(this.#settings), this.#settings);
  }

  /** @param {string|null} storageKey null: all */
  #changedElsewhere(storageKey) {
    for (const key of /** @type {(keyof Values)[]} */ (Object.keys(ROWS))) {
      if (storageKey !== null && storageKey !== this.#storageKey(key)) continue;
      this.#values.delete(key);
      this.#tell(key);
    }
  }

  /** @param {keyof Values} key */
  #tell(key) {
    this.dispatchEvent(new CustomEvent("change", { detail: { key, value: this.get(key) } }));
  }

  /** @param {keyof Values} key */
  #storageKey(key) {
    return ROWS[key].own ? `${this.#prefix}:${this.#thread}:${key}` : `${this.#prefix}::${key}`;
  }
}

/**
 * A switch of an `.ini`: 1, "1" or true.
 * @param {any} value
 */
export function flag(value) {
  return Number(value) > 0;
}

/** @param {any} value */
function yesOrNo(value) {
  return typeof value === "boolean" ? value : undefined;
}

/** @param {any} value */
function text(value) {
  return typeof value === "string" ? value.trim() : undefined;
}

/** @param {any[]} choices */
function oneOf(...choices) {
  return (/** @type {any} */ value) => (choices.includes(value) ? value : undefined);
}

/**
 * Sending without a preview is the thread's to permit; whoever would rather listen first always may.
 * @param {any} value
 * @param {Settings} settings
 */
function whenRecorded(value, settings) {
  const sends = flag(settings.allowStream) || settings.onRecorded === "upload";
  return sends ? oneOf("upload", "stop")(value) : "stop";
}

/**
 * @param {any} value seconds
 * @param {Settings} settings
 */
function clipLength(value, settings) {
  const longest = Number(settings.maxClipSizeSec ?? 2);
  return Number(value) > 0 ? Math.min(longest, Math.max(1, Number(value))) : undefined;
}

/** @param {any} factor tenths of a second, "l" or "off" */
function pollOf(factor) {
  if (factor === "l") return "long";
  return factor === "off" ? "off" : Number(factor) / 10;
}

/** @param {any} value */
function pollInterval(value) {
  if (value === "long" || value === "off") return value;
  return Number(value) >= 0.1 ? Number(value) : undefined;
}

/** @param {any} value */
function visits(value) {
  if (!Array.isArray(value)) return undefined;
  return value.filter((one) => typeof one?.name === "string").slice(0, MAX_VISITS);
}
