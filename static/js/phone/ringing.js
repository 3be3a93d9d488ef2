/**
 * The card of a call that comes in. It lies over everything, so that nothing else is pressed by mistake, and the focus
 * starts on its title, so that a key that was meant for something else decides nothing.
 *
 * @typedef {object} Answers
 * @property {(how: {video: boolean}) => void} accept
 * @property {() => void} reject
 */
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { CallString } from "./call-string.js";

export class RingingCard {
  #element;
  #over = false;

  /**
   * @param {{peer: string, me: string, thread: string, video: boolean}} call `thread` is a title; `video`: they offer
   *   their picture
   * @param {Answers} answers
   */
  constructor({ peer, me, thread, video }, { accept, reject }) {
    const line = new CallString({ peer, me, large: true });
    line.show("plucked");
    const answer = (/** @type {string} */ sign, /** @type {string} */ words, /** @type {boolean} */ picture, look = "") =>
      el("button", { type: "button", class: `btn l ${look}`.trim(), on: { click: () => accept({ video: picture }) } }, icon(sign), words);
    const first = video ? answer("cam", t("call.answerPicture"), true, "pri whole") : answer("phone", t("call.answerSound"), false, "pri whole");
    const second = video ? answer("phone", t("call.soundOnly"), false) : answer("cam", t("call.withPicture"), true);
    this.#element = el("dialog", { class: "sheet ringing", "aria-labelledby": "ringing-title", "aria-describedby": "ringing-how" },
      el("div", { class: "grab" }),
      el("h2", { class: "t22", id: "ringing-title", tabIndex: -1, autofocus: true, text: t("call.isCalling", { name: peer }) }),
      el("p", { class: "dim", id: "ringing-how", text: t(video ? "call.fromPicture" : "call.fromSound", { thread }) }),
      line.element,
      el("div", { class: "answers" },
        el("button", { type: "button", class: "btn l", on: { click: reject } }, icon("hang"), t("call.decline")),
        second, first));
    // Escape, or a telephone's way back, means "not that" to whatever was open before; it declines nobody.
    this.#element.addEventListener("cancel", (event) => event.preventDefault());
    this.#element.addEventListener("close", () => { if (!this.#over) this.#element.showModal(); });
    document.body.append(this.#element);
    this.#element.showModal();
  }

  close() {
    this.#over = true;
    this.#element.close();
    this.#element.remove();
  }
}
