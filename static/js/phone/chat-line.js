/** One line of the chat. */
import { t, tn } from "../strings.js";
import { bead } from "../ui/bead.js";
import { el } from "../ui/dom.js";
import { exactTime, timeOfDay } from "../ui/format.js";
import { icon } from "../ui/icons.js";
import { logWords } from "./call-words.js";

/** @typedef {import("./chat-memory.js").Line} Line */

export class ChatLine {
  #me;
  #onRetry;
  #onCallBack;
  #state = el("div", { class: "msg-state t13 dim" });
  /** @type {HTMLElement} */
  element;

  /**
   * @param {Line} line
   * @param {object} parts
   * @param {string} parts.me name
   * @param {string} parts.lang
   * @param {(line: Line) => void} parts.onRetry
   * @param {(name: string) => void} parts.onCallBack
   */
  constructor(line, { me, lang, onRetry, onCallBack }) {
    this.#me = me;
    this.#onRetry = onRetry;
    this.#onCallBack = onCallBack;
    const mine = line.from === me;
    const note = line.to === "*" || line.call ? "" : mine ? t("chat.toName", { name: line.to }) : t("chat.toYou");
    const exact = exactTime(line.sent, lang);
    this.element = el("div", { class: `msg${mine ? " mine" : ""}${note ? " private" : ""}${line.call ? " called" : ""}` },
      bead(line.from, { size: 24 }),
      el("div", { class: "msg-head" },
        el("b", { text: mine ? t("you") : line.from }),
        el("time", { dateTime: line.sent, title: exact, text: timeOfDay(line.sent, Date.now(), lang) }),
        note && el("span", { class: "to-note", text: note })),
      line.call ? this.#callText(line, line.call) : el("p", { text: line.text }));
    this.showState(line);
  }

  /**
   * @param {Line} line
   * @param {import("./call-words.js").LogEntry} call
   */
  #callText(line, call) {
    const words = el("p", null, icon("phone"), el("span", { class: "grow", text: callWords(line, this.#me) }));
    const callBack = () => this.#onCallBack(line.from);
    if (call.key === "missed") words.append(el("button", { type: "button", class: "btn s", text: t("call.offer.back"), on: { click: callBack } }));
    return words;
  }

  /**
   * What became of it: of one's own lines only.
   * @param {Line} line
   */
  showState(line) {
    const words = line.from === this.#me ? stateWords(line) : "";
    this.#state.replaceChildren(words);
    if (line.state === "failed") {
      const retry = () => this.#onRetry(line);
      this.#state.append(" ", el("button", { type: "button", class: "btn s", text: t("retry"), on: { click: retry } }));
    }
    if (words) this.element.append(this.#state);
    else this.#state.remove();
  }
}

/**
 * @param {Line} line of a call
 * @param {string} me name
 */
export function callWords({ from, to, call }, me) {
  const { key, vars } = logWords(/** @type {import("./call-words.js").LogEntry} */ (call), from === me ? to : from);
  return t(key, vars);
}

/** @param {Line} line */
function stateWords({ state, to, sent, expires }) {
  if (state === "failed") return t("chat.notSent");
  if (state === "delivered") return t("chat.delivered");
  if (state !== "kept") return "";
  const minutes = Math.max(1, Math.round((Date.parse(expires ?? sent) - Date.parse(sent)) / 60_000));
  const time = tn("time.minutes", minutes);
  return to === "*" ? t("chat.keptForAll", { time }) : t("chat.kept", { name: to, time });
}
