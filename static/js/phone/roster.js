/**
 * Who is here, and who was not long ago. A press on somebody addresses them.
 *
 * Event: "chosen", detail {name, byKey}, `byKey`: by keyboard.
 */
import { t } from "../strings.js";
import { bead } from "../ui/bead.js";
import { el } from "../ui/dom.js";
import { age } from "../ui/format.js";

/** People who are away and shown. */
const MOST_AWAY = 20;
/** Beads beside the number in the head. */
const MOST_BEADS = 3;

export class Roster extends EventTarget {
  #parts;
  /** @type {string[]} */
  #online = [];
  /** Last heard of, RFC 3339, by name. @type {Map<string, string>} */
  #heardOf = new Map();
  #addressed = "";
  /** Those who speak just now. @type {Set<string>} */
  #speaking = new Set();

  /**
   * @param {object} parts
   * @param {string} parts.me name
   * @param {string} parts.lang
   * @param {HTMLElement} parts.online list
   * @param {HTMLElement} parts.away list
   * @param {HTMLElement} parts.awayHead
   * @param {HTMLElement} parts.beads those in the head
   * @param {HTMLElement} parts.count
   */
  constructor(parts) {
    super();
    this.#parts = parts;
  }

  get size() {
    return this.#online.length;
  }

  /** @param {string[]} names everybody online */
  showOnline(names) {
    const { me, online, beads, count } = this.#parts;
    const others = names.filter((name) => name !== me);
    this.#online = [...others, ...names.filter((name) => name === me)];
    keep(online, this.#online, (name) => this.#person(name, name === me ? t("phone.you") : ""));
    const heads = (others.length ? others : this.#online).slice(0, MOST_BEADS);
    beads.replaceChildren(...heads.map((name) => bead(name, { size: 32 })));
    count.textContent = String(names.length);
    this.#showAway();
    this.address(this.#addressed);
    this.showSpeaking(this.#speaking);
  }

  /** @param {Set<string>} names those who speak just now */
  showSpeaking(names) {
    this.#speaking = names;
    for (const row of this.#parts.online.children) {
      const speaks = names.has(/** @type {HTMLElement} */ (row).dataset.name ?? "");
      row.classList.toggle("speaking", speaks);
      const sign = row.querySelector(".speaks");
      if (!speaks) sign?.remove();
      else if (!sign) row.firstElementChild?.append(el("span", { class: "remark speaks", text: t("phone.speaking") }));
    }
  }

  /**
   * Somebody spoke or wrote.
   * @param {{name: string, at: string}[]} signs in any order
   */
  heardOf(signs) {
    for (const { name, at } of signs) {
      if (at > (this.#heardOf.get(name) ?? "")) this.#heardOf.set(name, at);
    }
    this.#showAway();
  }

  /** @param {string} name the one who is written to; "" for everybody */
  address(name) {
    this.#addressed = name;
    for (const row of this.#parts.online.children) mark(row, name);
    for (const row of this.#parts.away.children) mark(row, name);
  }

  #showAway() {
    const { me, lang, away, awayHead } = this.#parts;
    const here = new Set([...this.#online, me]);
    const gone = [...this.#heardOf].filter(([name]) => !here.has(name))
      .sort(([, a], [, b]) => (a < b ? 1 : -1)).slice(0, MOST_AWAY);
    away.replaceChildren(...gone.map(([name, at]) => this.#person(name, age(at, Date.now(), lang), true)));
    away.hidden = awayHead.hidden = gone.length === 0;
  }

  /**
   * @param {string} name
   * @param {string} remark
   * @param {boolean} [away]
   */
  #person(name, remark, away = false) {
    const parts = [bead(name, { size: 32, away }), el("span", { class: "name cut", text: name }),
      remark ? el("span", { class: "remark", text: remark }) : null];
    const choose = (/** @type {MouseEvent} */ { detail: presses }) =>
      this.dispatchEvent(new CustomEvent("chosen", { detail: { name, byKey: presses === 0 } }));
    const button = { type: "button", class: "pp", "aria-pressed": "false", title: t("phone.address", { name }), on: { click: choose } };
    const row = name === this.#parts.me ? el("div", { class: "pp" }, ...parts) : el("button", button, ...parts);
    return el("li", { class: "person", dataset: { name } }, row);
  }
}

/**
 * @param {Element} row
 * @param {string} name
 */
function mark(row, name) {
  const on = name !== "" && /** @type {HTMLElement} */ (row).dataset.name === name;
  row.classList.toggle("on", on);
  row.querySelector("button")?.setAttribute("aria-pressed", String(on));
}

/**
 * Rows by name, in order; what stays stays the same element, with the focus that may be on it.
 * @param {HTMLElement} list
 * @param {string[]} names
 * @param {(name: string) => HTMLElement} make
 */
function keep(list, names, make) {
  const old = new Map([...list.children].map((row) => [/** @type {HTMLElement} */ (row).dataset.name, row]));
  for (const [name, row] of old) if (!names.includes(name ?? "")) row.remove();
  names.forEach((name, at) => {
    const row = old.get(name) ?? make(name);
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
}
