/**
 * The ribbon: a line that swells where somebody speaks. It shows a clip, how much of it was played or sent, and
 * takes a seek.
 *
 * @typedef {"fresh"|"heard"|"playing"|"sending"|"live"} RibbonState
 *
 * @typedef {object} RibbonOptions
 * @property {string} [label] accessible name; needed with onSeek
 * @property {(fraction: number) => void} [onSeek] makes it a slider: told the chosen part of the clip, 0 to 1
 * @property {boolean} [tail] shows the newest that was pushed, at its right end, and forgets the rest
 */
import { el, svg } from "./dom.js";
import { clock } from "./format.js";

const PIXELS_PER_PEAK = 3.4;
const PIXELS_PER_PUSH = 4.4;
const PUSHES_KEPT = 256;

/**
 * The outline of a ribbon: a cubic through the peaks, flat at the extremes so that it never overshoots, and the
 * same mirrored below.
 * @param {ArrayLike<number>} peaks 0 to 100, at least two
 * @param {number} width pixels
 * @param {number} height pixels
 * @param {number} [min] half of the line's height where there is silence, pixels
 * @returns {string} path data
 */
export function ribbonPath(peaks, width, height, min = 1) {
  const last = peaks.length - 1;
  const step = width / last;
  const middle = height / 2;
  const y = Array.from(peaks, (peak) => Math.max(min, (peak / 100) * (middle - 1)));
  const slope = Array.from(y, (value, i) => {
    const before = y[Math.max(0, i - 1)];
    const after = y[Math.min(last, i + 1)];
    return (value - before) * (after - value) <= 0 ? 0 : (after - before) / 2;
  });
  /** One piece of the outline. @param {number} from @param {number} to @param {1|-1} side below is 1 */
  const piece = (from, to, side) => {
    const third = (to - from) / 3;
    const a = middle + side * (y[from] + slope[from] * third);
    const b = middle + side * (y[to] - slope[to] * third);
    const end = `${round(to * step)} ${round(middle + side * y[to])}`;
    return `C${round((from + third) * step)} ${round(a)} ${round((to - third) * step)} ${round(b)} ${end}`;
  };
  let path = `M0 ${round(middle - y[0])}`;
  for (let i = 0; i < last; i++) path += piece(i, i + 1, -1);
  path += `L${round(width)} ${round(middle + y[last])}`;
  for (let i = last; i > 0; i--) path += piece(i, i - 1, 1);
  return `${path}Z`;
}

/**
 * As many peaks as there is room for: each is the highest of those that it stands for.
 * @param {ArrayLike<number>} peaks
 * @param {number} most at least 2
 * @returns {number[]} as they were where there are no more than `most`
 */
export function fitPeaks(peaks, most) {
  if (peaks.length <= most) return Array.from(peaks);
  const all = Array.from(peaks);
  return Array.from({ length: most }, (_, i) => {
    const from = Math.floor((i * all.length) / most);
    return Math.max(...all.slice(from, Math.max(from + 1, Math.floor(((i + 1) * all.length) / most))));
  });
}

/** Draws a ribbon when its element gets a size, and again when that changes. */
class Redraw {
  /** @type {WeakMap<Element, (width: number, height: number) => void>} */
  #draw = new WeakMap();
  #observer = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) this.#draw.get(target)?.(contentRect.width, contentRect.height);
  });

  /**
   * @param {Element} element
   * @param {(width: number, height: number) => void} draw
   */
  watch(element, draw) {
    this.#draw.set(element, draw);
    this.#observer.observe(element);
  }
}

/** One observer serves all ribbons of the page. @type {Redraw|undefined} */
let redraw;

/** A ribbon on the page. */
export class Ribbon {
  /** @type {HTMLElement} */
  element;
  /** @type {ArrayLike<number>} */
  #peaks = [];
  /** Of the width, what the peaks take; beyond is a line. */
  #share = 1;
  /** @type {number[]} */
  #pushed = [];
  #paths = [svg("path"), svg("path")];
  #pictures = ["rest", "done"].map((part, i) => svg("svg", { class: part, "aria-hidden": "true" }, this.#paths[i]));
  #size = { width: 0, height: 0 };
  #duration = 0;
  #progress = 0;
  #dragging = false;
  #tail;
  #onSeek;

  /** @param {RibbonOptions} [options] */
  constructor({ label, onSeek, tail = false } = {}) {
    this.#tail = tail;
    this.#onSeek = onSeek;
    this.element = el("span", { class: "ribbon heard" }, ...this.#pictures, el("span", { class: "pos" }));
    if (onSeek) this.#becomeSlider(label ?? "");
    redraw ??= new Redraw();
    redraw.watch(this.element, (width, height) => {
      this.#size = { width, height };
      this.#draw();
    });
  }

  /**
   * @param {ArrayLike<number>|null|undefined} peaks 0 to 100; without any it is a line
   * @param {number} [share] of the width that they take, above 0 to 1: of what still grows there is a line beyond
   */
  setPeaks(peaks, share = 1) {
    this.#peaks = peaks ?? [];
    this.#share = share;
    this.#draw();
    this.setProgress(this.#progress);
  }

  /**
   * The next moment of a recording; only for a ribbon with `tail`.
   * @param {number} level 0 to 1
   */
  push(level) {
    this.#pushed.push(level * 100);
    if (this.#pushed.length > PUSHES_KEPT) this.#pushed.shift();
    this.#draw();
  }

  /** Forget what was pushed. */
  clear() {
    this.#pushed = [];
    this.#draw();
  }

  /** @param {number} fraction how much was played or sent, 0 to 1 */
  setProgress(fraction) {
    if (!this.#dragging) this.#showProgress(fraction);
  }

  /** @param {number} seconds the clip's length, for a slider's arrow keys and words */
  setDuration(seconds) {
    this.#duration = seconds;
    if (!this.#onSeek) return;
    this.element.setAttribute("aria-valuemax", seconds.toFixed(1));
    this.#showProgress(this.#progress);
  }

  /** @param {RibbonState} state */
  setState(state) {
    this.element.className = `ribbon ${state}`;
  }

  #draw() {
    const { width, height } = this.#size;
    if (!width || !height) return;
    const path = ribbonPath(this.#shown(width), width, height);
    this.#pictures.forEach((picture, i) => {
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.#paths[i].setAttribute("d", path);
    });
  }

  /**
   * @param {number} width pixels
   * @returns {ArrayLike<number>}
   */
  #shown(width) {
    if (!this.#tail) {
      const most = Math.max(2, Math.round((width * this.#share) / PIXELS_PER_PEAK));
      const peaks = fitPeaks(this.#peaks, most);
      // Whatever was cut off there, a ribbon begins and ends as a line.
      return [0, ...peaks, ...new Array(Math.round(peaks.length / this.#share) - peaks.length).fill(0), 0];
    }
    const count = Math.max(2, Math.round(width / PIXELS_PER_PUSH));
    const newest = this.#pushed.slice(-count);
    const all = [...new Array(count - newest.length).fill(0), ...newest];
    return all.map((peak, i) => peak * Math.min(1, 0.15 + (1.1 * i) / count));
  }

  /** @param {number} fraction */
  #showProgress(fraction) {
    this.#progress = Math.min(1, Math.max(0, fraction || 0));
    this.element.style.setProperty("--at", `${(this.#progress * this.#share * 100).toFixed(2)}%`);
    if (!this.#onSeek) return;
    const seconds = this.#progress * this.#duration;
    this.element.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.element.setAttribute("aria-valuetext", `${clock(seconds)} / ${clock(this.#duration)}`);
  }

  /** @param {string} label */
  #becomeSlider(label) {
    const { element } = this;
    element.tabIndex = 0;
    for (const [name, value] of Object.entries({
      role: "slider", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0",
    })) element.setAttribute(name, value);
    element.addEventListener("keydown", (event) => this.#onKey(event));
    element.addEventListener("pointerdown", (event) => this.#onGrab(event));
    element.addEventListener("pointermove", (event) => { if (this.#dragging) this.#showProgress(this.#at(event)); });
    element.addEventListener("pointerup", (event) => this.#onDrop(event));
    element.addEventListener("pointercancel", () => { this.#dragging = false; });
  }

  /** @param {PointerEvent} event */
  #onGrab(event) {
    if (event.button !== 0) return;
    this.#dragging = true;
    this.element.setPointerCapture(event.pointerId);
    this.#showProgress(this.#at(event));
  }

  /** @param {PointerEvent} event */
  #onDrop(event) {
    if (!this.#dragging) return;
    this.#dragging = false;
    this.#onSeek?.(this.#at(event));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const now = this.#progress * this.#duration;
    const target = {
      ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1,
      PageUp: now + 10, PageDown: now - 10, Home: 0, End: this.#duration,
    }[event.key];
    if (target === undefined || !this.#duration) return;
    event.preventDefault();
    const fraction = Math.min(1, Math.max(0, target / this.#duration));
    this.#showProgress(fraction);
    this.#onSeek?.(fraction);
  }

  /**
   * @param {PointerEvent} event
   * @returns {number} 0 to 1
   */
  #at(event) {
    const { left, width } = this.element.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / (width * this.#share)));
  }
}

/** @param {number} value */
function round(value) {
  return value.toFixed(1);
}
