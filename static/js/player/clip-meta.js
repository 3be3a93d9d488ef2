/**
 * The line above a clip's ribbon: who, how long ago or what becomes of it, whether it is new, how long it is.
 *
 * @typedef {import("./entry.js").Entry} Entry
 */
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { age, bytes, clock, exactTime, length } from "../ui/format.js";

export class ClipMeta {
  #lang;
  #created = "";
  /** Length and size as they stand when the clip is not in the player. @type {Node[]} */
  #whole = [];
  #duration = 0;
  #live = false;
  #name = el("b", { class: "name cut" });
  #age = el("span", { "aria-hidden": "true" });
  #exact = el("span", { class: "vh" });
  #time = el("time", { class: "age" }, this.#age, this.#exact);
  #state = el("span", { class: "state" });
  #chip = el("span", { class: "chip soft", text: t("clip.new") });
  #length = el("span", { class: "len num" });
  element = el("div", { class: "meta" }, this.#name, this.#time, this.#length);

  /** @param {string} lang */
  constructor(lang) {
    this.#lang = lang;
  }

  /** @param {Entry} entry */
  show({ id, author, own, created, duration, bytes: size, live }) {
    const exact = exactTime(created, this.#lang);
    const room = bytes(size, this.#lang);
    this.element.id = `about-${id}`;
    this.#name.textContent = own ? t("you") : author;
    this.#created = created;
    this.#time.dateTime = created;
    this.#time.title = exact;
    this.#exact.textContent = exact;
    this.#duration = duration;
    this.#live = live;
    this.#length.title = room;
    this.#whole = [document.createTextNode(length(duration)), el("span", { class: "vh", text: `, ${room}` })];
    this.#length.replaceChildren(...this.#whole);
    this.showAge(Date.now());
  }

  /** @param {number} now ms since 1970 */
  showAge(now) {
    this.#age.textContent = age(this.#created, now, this.#lang);
  }

  /**
   * @param {string} words what becomes of it, in the place of its age; "" when it is an ordinary clip
   * @param {boolean} fresh it was not heard yet
   */
  showState(words, fresh) {
    this.#state.textContent = words;
    if (words) this.#time.replaceWith(this.#state);
    else this.#state.replaceWith(this.#time);
    if (fresh) this.#length.before(this.#chip);
    else this.#chip.remove();
  }

  /** @param {number|null} position seconds; null: it is not in the player */
  showPosition(position) {
    if (position === null) this.#length.replaceChildren(...this.#whole);
    else this.#length.replaceChildren(el("b", { text: clock(position) }), this.#live ? "" : ` / ${length(this.#duration)}`);
  }
}
