/**
 * Sheets: what rises over the page and is put away again. On a narrow window from the lower edge, on a wide one as
 * a plate.
 */
import { byId, el } from "./dom.js";
import { icon } from "./icons.js";

/** From here on the thread page has three columns. */
export const WIDE = "(min-width: 1000px)";

/** @typedef {{title: string, closeLabel: string, className?: string}} SheetOptions */

/**
 * A modal sheet with a title and a close button. Escape, the close button and a press beside it put it away; the
 * focus goes back to where it was. Dispatches "close".
 */
export class Sheet extends EventTarget {
  /** @type {HTMLDialogElement} */
  element;
  /** What the owner fills. @type {HTMLElement} */
  body;

  /** @param {SheetOptions} options */
  constructor({ title, closeLabel, className = "" }) {
    super();
    const id = `sheet-${className.split(" ")[0] || "plain"}`;
    const close = el("button", { class: "ib dim close", type: "button", "aria-label": closeLabel }, icon("x"));
    close.addEventListener("click", () => this.close());
    this.body = el("div", { class: "sheet-body" });
    this.element = el("dialog", { class: `sheet ${className}`.trim(), "aria-labelledby": id },
      el("div", { class: "grab" }),
      el("div", { class: "sheet-head" }, el("h2", { id, class: "grow", text: title, tabIndex: -1, autofocus: true }), close),
      this.body);
    this.element.addEventListener("close", () => this.dispatchEvent(new Event("close")));
    this.element.addEventListener("click", (event) => { if (this.#isBeside(event)) this.close(); });
    document.body.append(this.element);
  }

  get isOpen() {
    return this.element.open;
  }

  /** Show it, if it is not shown. */
  open() {
    if (!this.isOpen) this.element.showModal();
  }

  close() {
    this.element.close();
  }

  /** @param {MouseEvent} event a press on the backdrop has the dialog itself as its target */
  #isBeside(event) {
    if (event.target !== this.element) return false;
    const { left, right, top, bottom } = this.element.getBoundingClientRect();
    return event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
  }
}

/**
 * The drawer holds what are columns of their own on a wide window. On a narrow one it is a native popover, opened by
 * a button with `popovertarget`. It goes when the focus goes behind it, where nobody would see it, and when the window
 * grows wide.
 * @param {HTMLElement} drawer
 * @param {HTMLElement} behind
 */
export function bindDrawer(drawer, behind) {
  const close = () => { if (drawer.matches(":popover-open")) drawer.hidePopover(); };
  drawer.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") byId("online-head").focus();
  });
  behind.addEventListener("focusin", close);
  matchMedia(WIDE).addEventListener("change", ({ matches }) => { if (matches) close(); });
}
