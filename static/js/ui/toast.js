/** One line at the foot of the page that goes by itself, with one thing that can be done about it. */
import { announce, el } from "./dom.js";

/**
 * @typedef {object} ToastOptions
 * @property {string} [action] what the button says
 * @property {() => void} [onAction]
 * @property {() => void} [onGone] it went, and nobody pressed the button
 * @property {number} [seconds] how long it stays
 */

/** What is shown now. @type {Toast|undefined} */
let current;

/**
 * Show a toast in the place of the one before, which thereby goes. It does not go while the pointer or the focus is
 * on it.
 * @param {string} text
 * @param {ToastOptions} [options]
 * @returns {{close: () => void}} close it as if its time were over
 */
export function toast(text, options = {}) {
  current?.close();
  current = new Toast(text, options);
  announce(text);
  return current;
}

class Toast {
  #options;
  #element;
  #timer = 0;

  /**
   * @param {string} text
   * @param {ToastOptions} options
   */
  constructor(text, options) {
    this.#options = options;
    // A status, but a silent one: what it says was announced by the page's own region already.
    this.#element = el("div", { class: "toast", popover: "manual", role: "status", "aria-live": "off" },
      el("span", { class: "grow", text }));
    if (options.action) this.#addButton(options.action);
    const stay = () => clearTimeout(this.#timer);
    const go = () => this.#wait();
    for (const type of ["pointerenter", "focusin"]) this.#element.addEventListener(type, stay);
    for (const type of ["pointerleave", "focusout"]) this.#element.addEventListener(type, go);
    document.body.append(this.#element);
    this.#element.showPopover();
    this.#wait();
  }

  close() {
    if (this.#remove()) this.#options.onGone?.();
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.close(), (this.#options.seconds ?? 5) * 1000);
  }

  /** @param {string} label */
  #addButton(label) {
    const press = () => { if (this.#remove()) this.#options.onAction?.(); };
    this.#element.append(el("button", { type: "button", class: "btn txt", text: label, on: { click: press } }));
  }

  /** @returns {boolean} it was still there */
  #remove() {
    clearTimeout(this.#timer);
    const there = this.#element.isConnected;
    this.#element.remove();
    if (current === this) current = undefined;
    return there;
  }
}
