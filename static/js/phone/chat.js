/**
 * The chat: lines to everybody or to one, and what became of one's own.
 *
 * Events: "line", detail {line}, when somebody else wrote; "callBack", detail {name}.
 *
 * @typedef {import("./chat-memory.js").Line} Line
 * @typedef {import("../api.js").Message} Message
 *
 * @typedef {object} Parts
 * @property {Pick<import("../api.js").Api, "sendMessage">} api
 * @property {import("./chat-memory.js").ChatMemory} memory
 * @property {string} me name
 * @property {string} lang
 * @property {HTMLElement} log
 * @property {HTMLElement} empty stands in the log while there is no line
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} to
 * @property {HTMLInputElement} message
 * @property {HTMLButtonElement} send comes disabled: until here the browser itself would have sent the form
 * @property {HTMLElement} state says what is wrong
 */
import { newKey } from "../key.js";
import { t } from "../strings.js";
import { announce } from "../ui/dom.js";
import { ChatLine } from "./chat-line.js";

/** Lines in the log; as many as are remembered. */
const MOST = 200;
/** Nearer to the end than this (px) is at the end. */
const NEAR = 40;

export class Chat extends EventTarget {
  #parts;
  /** @type {Map<string, ChatLine>} */
  #views = new Map();

  /** @param {Parts} parts */
  constructor(parts) {
    super();
    this.#parts = parts;
    for (const line of parts.memory.lines) this.#show(line);
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    for (const field of [parts.to, parts.message]) field.addEventListener("input", () => this.#complain(""));
    parts.send.disabled = false;
  }

  /** @param {Message[]} messages */
  receive(messages) {
    for (const { id, from, to, type, sent, body } of messages) {
      if (type === "delivered") this.#delivered(String(body.id));
      if (type !== "chat" || this.#parts.memory.get(id)) continue;
      const text = String(body.text);
      const mine = from === this.#parts.me && this.#onItsWay(text);
      if (mine) this.#known(mine, id);
      else this.#add({ id, from, to, text, sent, state: "sent" });
    }
  }

  /**
   * A call that is over, or was missed; the same one once only.
   * @param {{name: string, at: number, entry: import("./call-words.js").LogEntry}} call `name` is the other's; `at` ms
   *   since 1970
   */
  addCall({ name, at, entry }) {
    const { memory, me } = this.#parts;
    const id = `call-${at}-${name}`;
    if (memory.get(id)) return;
    const [from, to] = entry.outgoing ? [me, name] : [name, me];
    this.#add({ id, from, to, text: "", sent: new Date(at).toISOString(), state: "sent", call: entry });
  }

  /** @param {string} name */
  #callBack(name) {
    this.dispatchEvent(new CustomEvent("callBack", { detail: { name } }));
  }

  #submit() {
    const { to, message, me } = this.#parts;
    const text = message.value.trim();
    if (!text) return;
    const receiver = to.value.trim() || "*";
    message.value = "";
    /** @type {Line} */
    const line = { id: newKey(), from: me, to: receiver, text, sent: new Date().toISOString(), state: "sending" };
    this.#add(line);
    this.#parts.log.scrollTop = this.#parts.log.scrollHeight;
    this.#send(line);
  }

  /** @param {Line} line its id is the idempotency key of every try */
  async #send(line) {
    const { api } = this.#parts;
    this.#update(line, { state: "sending" });
    try {
      const message = { to: line.to, type: "chat", body: { text: line.text }, key: line.id };
      const { id, sent, online, expires } = await api.sendMessage(message);
      this.#known(line, id);
      if (line.state === "sending") this.#update(line, { sent, expires, state: online ? "sent" : "kept" });
    } catch (error) {
      this.#failed(line, /** @type {import("../api-error.js").ApiError} */ (error));
    }
  }

  /**
   * What the server does not take goes back where it was written; what did not reach it waits in the log.
   * @param {Line} line
   * @param {import("../api-error.js").ApiError} error
   */
  #failed(line, error) {
    const { message, memory } = this.#parts;
    if (line.state !== "sending") return; // it came back as news: only the answer was lost
    if (error.status !== 422) return this.#update(line, { state: "failed" });
    memory.remove(line);
    this.#views.get(line.id)?.element.remove();
    this.#views.delete(line.id);
    if (!message.value) message.value = line.text;
    this.#complain(line.to ? t("chat.nobody", { name: line.to }) : error.detail);
  }

  /** @param {string} id of a message of one's own */
  #delivered(id) {
    const line = this.#parts.memory.get(id);
    if (line) this.#update(line, { state: "delivered" });
  }

  /** @param {Line} line */
  #add(line) {
    this.#parts.memory.add(line);
    this.#show(line);
    if (line.from !== this.#parts.me) this.dispatchEvent(new CustomEvent("line", { detail: { line } }));
  }

  /** @param {Line} line */
  #show(line) {
    const { log, empty, me, lang } = this.#parts;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    const view = new ChatLine(line, { me, lang, onRetry: () => this.#send(line), onCallBack: (name) => this.#callBack(name) });
    this.#views.set(line.id, view);
    empty.hidden = true;
    log.append(view.element);
    if (this.#views.size > MOST) this.#forgetOldest();
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  #forgetOldest() {
    const [[id, view]] = this.#views;
    view.element.remove();
    this.#views.delete(id);
  }

  /**
   * @param {Line} line
   * @param {Partial<Line>} news
   */
  #update(line, news) {
    this.#parts.memory.update(line, news);
    this.#views.get(line.id)?.showState(line);
  }

  /**
   * One's own messages come back too, for one's other tabs, and perhaps before the answer to their sending.
   * @param {string} text
   */
  #onItsWay(text) {
    const { lines } = this.#parts.memory;
    return lines.find((line) => line.text === text && (line.state === "sending" || line.state === "failed"));
  }

  /**
   * The server has it, under this id.
   * @param {Line} line
   * @param {string} id
   */
  #known(line, id) {
    const view = this.#views.get(line.id);
    this.#views.delete(line.id);
    if (view) this.#views.set(id, view);
    this.#update(line, line.state === "failed" ? { id, state: "sent" } : { id });
  }

  /** @param {string} words "" when nothing is wrong */
  #complain(words) {
    this.#parts.state.textContent = words;
    if (words) announce(words, { assertive: true });
  }
}
