/**
 * The rows of the list: each item in its place, coming and going without moving what is looked at.
 *
 * @typedef {import("./clip-item.js").ClipItem} ClipItem
 * @typedef {{id: string, make: () => ClipItem}} Row an item that there should be, and how it is made
 */
import { day } from "../ui/format.js";
import { Painter } from "./painter.js";

/** Milliseconds that a clip takes to go; twice that to come. */
const MOTION = 200;

export class ClipRows {
  #rows;
  #scroll;
  #painter;
  #lang;
  /** By id of clip or outbox item. @type {Map<string, ClipItem>} */
  #items = new Map();

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list what scrolls
   * @param {HTMLElement} parts.rows the list itself
   * @param {import("./scroll.js").ListScroll} parts.scroll
   * @param {string} parts.lang
   */
  constructor({ list, rows, scroll, lang }) {
    this.#rows = rows;
    this.#scroll = scroll;
    this.#painter = new Painter(list);
    this.#lang = lang;
  }

  get size() {
    return this.#items.size;
  }

  /** @param {string} id */
  get(id) {
    return this.#items.get(id);
  }

  /**
   * The same item under another id.
   * @param {string} from
   * @param {string} to
   */
  rename(from, to) {
    const item = this.#items.get(from);
    this.#items.delete(from);
    if (item) this.#items.set(to, item);
  }

  /**
   * Makes the rows be these.
   * @param {Row[]} wanted in order
   * @param {boolean} moving what is new comes in with a motion
   */
  show(wanted, moving) {
    this.#scroll.keep(() => {
      this.#drop(new Set(wanted.map(({ id }) => id)));
      /** @type {ClipItem|null} */
      let later = null;
      for (const row of wanted.reverse()) {
        const item = this.#place(row, later, moving);
        if (later) this.#tellDay(item.entry.created, later);
        later = item;
      }
      if (later) this.#tellDay(new Date().toISOString(), later);
    });
  }

  /**
   * @param {Row} row
   * @param {ClipItem|null} later what follows it
   * @param {boolean} moving
   */
  #place({ id, make }, later, moving) {
    const known = this.#items.get(id);
    const item = known ?? make();
    const next = later?.element ?? null;
    if (!known || followerOf(item.element) !== next) this.#rows.insertBefore(item.element, next);
    if (known) return item;
    this.#items.set(id, item);
    this.#painter.add(item);
    if (moving) welcome(item);
    return item;
  }

  /**
   * @param {string} before when the one before it was made, or now for the first
   * @param {ClipItem} item
   */
  #tellDay(before, item) {
    const of = (/** @type {string} */ created) => day(created, Date.now(), this.#lang);
    const words = of(item.entry.created);
    item.showDay(words === of(before) ? "" : words);
  }

  /** @param {Set<string>} kept ids; of the others those that are seen go with a motion */
  #drop(kept) {
    const gone = [...this.#items].filter(([id]) => !kept.has(id));
    // All are looked at before any is removed: to look again after a removal would cost a layout each.
    const seen = new Set(gone.filter(([, { element }]) => this.#scroll.sees(element)).map(([id]) => id));
    for (const [id, item] of gone) {
      this.#items.delete(id);
      this.#painter.remove(item);
      if (seen.has(id)) this.#farewell(item.element);
      else item.element.remove();
    }
  }

  /** @param {HTMLElement} row */
  #farewell(row) {
    row.classList.add("leaving");
    row.inert = true;
    setTimeout(() => this.#scroll.keep(() => row.remove()), MOTION);
  }
}

/** @param {ClipItem} item */
function welcome(item) {
  item.paint();
  item.element.classList.add("arriving");
  setTimeout(() => item.element.classList.remove("arriving"), 2 * MOTION);
}

/**
 * @param {Element} row
 * @returns {Element|null} what follows, but for what is on its way out
 */
function followerOf(row) {
  let next = row.nextElementSibling;
  while (next?.classList.contains("leaving")) next = next.nextElementSibling;
  return next;
}
