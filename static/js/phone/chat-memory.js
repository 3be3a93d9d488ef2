/**
 * The lines of the chat, remembered over a reload of this tab. Bounded: the oldest are forgotten.
 *
 * @typedef {object} Line
 * @property {string} id the message's; before the server has it, its idempotency key
 * @property {string} from
 * @property {string} to a name, or "*"
 * @property {string} text
 * @property {string} sent RFC 3339
 * @property {"sending"|"sent"|"kept"|"delivered"|"failed"} state of one's own; "sent" for what came from others
 * @property {string} [expires] RFC 3339, with "kept"
 * @property {import("./call-words.js").LogEntry} [call] it is not a line that was written, but a call
 */

const MOST = 200;
const STATES = new Set(["sending", "sent", "kept", "delivered", "failed"]);

export class ChatMemory {
  /** In the order in which they came. @type {Line[]} */
  lines = [];
  #key;
  #storage;

  /**
   * @param {string} key
   * @param {Pick<Storage, "getItem"|"setItem">|undefined} storage none where the browser refuses it
   */
  constructor(key, storage = sessionStorageIfAny()) {
    this.#key = key;
    this.#storage = storage;
    this.lines = this.#load();
  }

  /** @param {string} id */
  get(id) {
    return this.lines.find((line) => line.id === id);
  }

  /** @param {Line} line */
  add(line) {
    this.lines = [...this.lines, line].slice(-MOST);
    this.#save();
  }

  /**
   * @param {Line} line
   * @param {Partial<Line>} news
   */
  update(line, news) {
    Object.assign(line, news);
    this.#save();
  }

  /** @param {Line} line */
  remove(line) {
    this.lines = this.lines.filter((one) => one !== line);
    this.#save();
  }

  /** What was on its way when the page went may or may not have arrived: its author can send it again. */
  #load() {
    try {
      const stored = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return Array.isArray(stored) ? stored.filter(isLine).map(settled) : [];
    } catch {
      return [];
    }
  }

  #save() {
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(this.lines));
    } catch {
      // refused or full: it lasts as long as the page
    }
  }
}

/** @returns {Storage|undefined} the mere look at it may throw */
function sessionStorageIfAny() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** @param {any} value */
function isLine(value) {
  const told = ["id", "from", "to", "text", "sent"].every((key) => typeof value?.[key] === "string") && STATES.has(value.state);
  return told && (value.call === undefined || typeof value.call?.key === "string");
}

/**
 * @param {Line} line
 * @returns {Line}
 */
function settled(line) {
  return line.state === "sending" ? { ...line, state: "failed" } : line;
}
