/**
 * The tabs of the site in this browser: a browser has few connections to a site, so one tab leads, asks the server for
 * all of them, and tells the others what came. Without locks or a channel every tab leads itself.
 *
 * Events: "turn", detail {now}: whom to ask for has changed; "told", detail {threads}: how far the leader is;
 * "news", detail {@link News}.
 *
 * @typedef {import("../api.js").Changes} Changes
 * @typedef {import("../clock.js").Clock} Clock
 *
 * @typedef {object} Want what a tab wants of the leader
 * @property {string} thread
 * @property {string|null} cursor up to where it knows the thread
 * @property {"long"|"off"|number} poll
 * @property {boolean} hub there is one for the thread
 * @property {boolean} hidden
 * @property {boolean} attentive
 * @property {number} longest seconds that a long poll may last there
 *
 * @typedef {object} Standing how far the leader is with a thread, and how it goes
 * @property {string|null} cursor
 * @property {import("./downlink.js").DownlinkState["state"]} state
 * @property {ConstructorParameters<typeof import("../api-error.js").ApiError>[0]|null} error
 *
 * @typedef {object} News what happened in a thread since the cursor `from`
 * @property {string} thread
 * @property {string|null} from
 * @property {Changes} changes
 *
 * @typedef {{type: "tab", id: string, want: Want, now: boolean}|{type: "gone", id: string}|{type: "news"} & News
 *   |{type: "lead", rank: number, threads: Map<string, Standing>}} Word what the tabs say to each other
 *
 * @typedef {object} Part what a tab says of itself
 * @property {() => Want} want
 * @property {() => Map<string, Standing>} standings asked of the leader
 */
import { systemClock } from "../clock.js";
import { newKey } from "../key.js";
import { Leadership, MOST_MISSED } from "./leadership.js";

/** Milliseconds that a new leader waits for the others to say what they want. */
const ROLL_CALL = 100;

export class Tabs extends EventTarget {
  #id = newKey();
  #clock;
  /** @type {BroadcastChannel|null} */
  #channel = null;
  /** @type {Leadership|null} none where this tab is alone */
  #leadership = null;
  /** @type {Part|null} while this tab takes part */
  #part = null;
  /** In the browser's memory only, or frozen. */
  #asleep = false;
  /** @type {any} a timer, while a new leader waits for the others */
  #calling = null;
  /** As the leader knows them. @type {Map<string, {want: Want, missed: number}>} */
  #others = new Map();

  /**
   * @param {object} parts
   * @param {string} parts.name of the channel and the lock, one a site
   * @param {Pick<LockManager, "request">} [parts.locks]
   * @param {typeof globalThis.BroadcastChannel} [parts.Channel]
   * @param {Pick<EventTarget, "addEventListener">} [parts.page] tells "freeze" and "resume"
   * @param {Pick<EventTarget, "addEventListener">} [parts.frame] tells "pagehide" and "pageshow"
   * @param {Clock} [parts.clock]
   */
  constructor({ name, locks = globalThis.navigator?.locks, Channel = globalThis.BroadcastChannel, page = document,
    frame = globalThis, clock = systemClock }) {
    super();
    this.#clock = clock;
    this.#channel = locks && Channel ? channelOf(Channel, name) : null;
    if (!this.#channel) return;
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#leadership = new Leadership({ name, locks, clock, rank: () => this.#rank(),
      onChange: (leading) => this.#leads(leading), onBeat: () => this.#callRoll() });
    page.addEventListener("freeze", () => this.#sleep());
    frame.addEventListener("pagehide", () => this.#sleep());
    page.addEventListener("resume", () => this.#wake());
    frame.addEventListener("pageshow", () => this.#wake());
  }

  /** Whether this tab is the one that asks. */
  get leading() {
    return this.#leadership ? this.#leadership.leading && this.#calling === null : true;
  }

  /** What the other tabs want, as far as the leader knows. */
  get others() {
    return [...this.#others.values()].map(({ want }) => want);
  }

  /** @param {Part} part */
  join(part) {
    this.#part = part;
    if (!this.#asleep) this.#leadership?.join();
  }

  leave() {
    if (!this.#part) return;
    this.#say({ type: "gone", id: this.#id });
    this.#part = null;
    this.#leadership?.leave();
  }

  /** What this tab wants has changed; `now`: it wants to know at once. */
  changed({ now = false } = {}) {
    this.#leadership?.reconsider();
    if (this.#leadership?.leading) this.tell();
    else this.#present(now);
  }

  /** The leader says how far it is. */
  tell() {
    if (this.#part && this.#leadership?.leading) this.#say({ type: "lead", rank: this.#rank(), threads: this.#part.standings() });
  }

  /** @param {News} news the leader hands on */
  hand(news) {
    if (this.others.some(({ thread }) => thread === news.thread)) this.#say({ type: "news", ...news });
  }

  /** @param {string} thread its tabs were told that they are no longer in it */
  dismiss(thread) {
    for (const [id, { want }] of this.#others) if (want.thread === thread) this.#others.delete(id);
  }

  /** @param {Word} word */
  #hear(word) {
    if (!this.#part || this.#asleep) return;
    if (word.type === "tab") this.#meet(word);
    else if (word.type === "gone") this.#forget([word.id]);
    else if (word.type === "news") this.#dispatch("news", word);
    else {
      this.#leadership?.heard(word.rank);
      this.#dispatch("told", { threads: word.threads });
      this.#present(false);
    }
  }

  /** @param {Word & {type: "tab"}} word */
  #meet({ id, want, now }) {
    if (!this.#leadership?.leading) return;
    const known = this.#others.get(id)?.want;
    this.#others.set(id, { want, missed: 0 });
    if (!known) this.tell();
    if (this.leading && (now || !isSame(known, want))) this.#dispatch("turn", { now });
  }

  /** Says to the leader that this tab is here; one that knows nothing yet asks for itself first. @param {boolean} now */
  #present(now) {
    const want = this.#part?.want();
    if (want?.cursor && !this.#asleep && !this.#leadership?.leading) this.#say({ type: "tab", id: this.#id, want, now });
  }

  /** @param {boolean} leading */
  #leads(leading) {
    this.#others.clear();
    this.#clock.clearTimeout(this.#calling);
    this.#calling = leading ? this.#clock.setTimeout(() => this.#called(), ROLL_CALL) : null;
    if (leading) return this.tell();
    this.#present(false);
    this.#dispatch("turn", { now: false });
  }

  #called() {
    this.#calling = null;
    this.#dispatch("turn", { now: false });
  }

  /** A tab that does not answer is not asked for any longer: it crashed, or it is frozen. */
  #callRoll() {
    const silent = [...this.#others].filter(([, other]) => ++other.missed > MOST_MISSED);
    this.#forget(silent.map(([id]) => id));
    this.tell();
  }

  /** @param {string[]} ids of tabs that are gone */
  #forget(ids) {
    const known = ids.filter((id) => this.#others.delete(id));
    if (known.length && this.leading) this.#dispatch("turn", { now: false });
  }

  #sleep() {
    if (this.#asleep) return;
    this.#asleep = true;
    if (this.#part) this.#say({ type: "gone", id: this.#id });
    this.#leadership?.leave();
  }

  #wake() {
    if (!this.#asleep) return;
    this.#asleep = false;
    if (!this.#part) return;
    this.#leadership?.join();
    this.#present(false);
  }

  /** A tab that is seen leads best, then one that plays or is in a call. */
  #rank() {
    const { hidden, attentive } = this.#part?.want() ?? { hidden: true, attentive: false };
    return hidden ? Number(attentive) : 2;
  }

  /** @param {Word} word */
  #say(word) {
    this.#channel?.postMessage(word);
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/**
 * Whether a tab wants the same as before, wherever its cursor is.
 * @param {Want|undefined} one
 * @param {Want} other
 */
function isSame(one, other) {
  return JSON.stringify({ ...one, cursor: "" }) === JSON.stringify({ ...other, cursor: "" });
}

/**
 * @param {typeof globalThis.BroadcastChannel} Channel
 * @param {string} name
 */
function channelOf(Channel, name) {
  try {
    return new Channel(name);
  } catch {
    return null; // the browser refuses it, as it may with storage
  }
}
