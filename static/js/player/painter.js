/**
 * Draws the clips that are near the window, forgets those that are far, and keeps the ages of the drawn ones right.
 *
 * @typedef {import("./clip-item.js").ClipItem} ClipItem
 */

/** How far beyond the window is near. */
const MARGIN = "600px 0px";
/** Milliseconds between two looks at the ages. */
const AGE_TICK = 20_000;

export class Painter {
  /** @type {WeakMap<Element, ClipItem>} */
  #items = new WeakMap();
  /** @type {Set<ClipItem>} */
  #near = new Set();
  #observer;

  /** @param {HTMLElement} list what scrolls */
  constructor(list) {
    this.#observer = new IntersectionObserver((entries) => this.#moved(entries), { root: list, rootMargin: MARGIN });
    setInterval(() => this.#age(), AGE_TICK);
    document.addEventListener("visibilitychange", () => this.#age());
  }

  /** @param {ClipItem} item */
  add(item) {
    this.#items.set(item.element, item);
    this.#observer.observe(item.element);
  }

  /** @param {ClipItem} item */
  remove(item) {
    this.#observer.unobserve(item.element);
    this.#near.delete(item);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      const item = this.#items.get(target);
      if (!item) continue;
      if (isIntersecting) {
        this.#near.add(item);
        item.paint();
      } else {
        this.#near.delete(item);
        item.unpaint();
      }
    }
  }

  #age() {
    if (document.hidden) return;
    for (const item of this.#near) item.showAge(Date.now());
  }
}
