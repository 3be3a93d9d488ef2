/**
 * A few more buttons at a button: arrow keys, Home, End and first letters move among them, Escape, Tab and a press
 * elsewhere close them. To a screen reader they are buttons in a group, like those that are always there.
 *
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {() => void} onSelect
 * @property {string} [icon]
 * @property {boolean} [disabled]
 * @property {boolean} [checked] makes it a button that is on or off
 */
import { el } from "./dom.js";
import { icon } from "./icons.js";

const GAP = 4;
const MARGIN = 8;

/** The menu that is open. @type {HTMLElement|undefined} */
let current;

/**
 * Open a menu, or close it if it is this button's and open.
 * @param {HTMLElement} anchor the button; it gets `aria-expanded` while the menu is open
 * @param {MenuItem[]} items
 */
export function openMenu(anchor, items) {
  if (anchor.getAttribute("aria-expanded") === "true") {
    current?.hidePopover();
    return;
  }
  const menu = el("div", { class: "menu", role: "group", popover: "auto" });
  menu.setAttribute("aria-label", anchor.getAttribute("aria-label") ?? anchor.textContent ?? "");
  const buttons = items.map((item) => itemButton(item, () => menu.hidePopover()));
  menu.append(...buttons);
  menu.addEventListener("keydown", (event) => onKey(event, buttons, menu));
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") return;
    anchor.setAttribute("aria-expanded", "false");
    // Only if the focus was in the menu: a press elsewhere keeps what it chose.
    if (menu.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
    menu.remove();
  });
  // Beside its button, so that a drawer round the button stays open.
  anchor.after(menu);
  anchor.setAttribute("aria-expanded", "true");
  current = menu;
  // With its source known, a press on the button is not one elsewhere that closes the menu first.
  menu.showPopover(/** @type {any} */ ({ source: anchor }));
  place(menu, anchor);
  buttons.find((button) => button.getAttribute("aria-disabled") !== "true")?.focus();
}

/**
 * @param {MenuItem} item
 * @param {() => void} close
 */
function itemButton(item, close) {
  const isCheck = item.checked !== undefined;
  const name = item.icon ?? (isCheck ? (item.checked ? "check" : undefined) : undefined);
  return el("button", {
    type: "button", class: "menu-item", tabIndex: -1,
    "aria-pressed": isCheck ? String(item.checked) : null,
    "aria-disabled": item.disabled ? "true" : null,
    on: {
      click: () => {
        if (item.disabled) return;
        close();
        item.onSelect();
      },
    },
  }, name ? icon(name) : el("span", { class: "i" }), el("span", { text: item.label }));
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement[]} buttons
 * @param {HTMLElement} menu
 */
function onKey(event, buttons, menu) {
  const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const { key } = event;
  let next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[key];
  if (key === "Tab") {
    event.preventDefault();
    menu.hidePopover();
    return;
  }
  if (next === undefined && key.length === 1 && key !== " ") {
    const after = [...buttons.slice(at + 1), ...buttons.slice(0, at + 1)];
    const found = after.find((button) => button.textContent?.toLowerCase().startsWith(key.toLowerCase()));
    next = found ? buttons.indexOf(found) : undefined;
  }
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  buttons.at(next % buttons.length)?.focus();
}

/**
 * Under the button, or over it where there is no room, and always inside the window.
 * @param {HTMLElement} menu
 * @param {HTMLElement} anchor
 */
function place(menu, anchor) {
  const from = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = from.bottom + GAP + height <= innerHeight - MARGIN;
  const top = below ? from.bottom + GAP : from.top - GAP - height;
  const left = from.left + from.width / 2 > innerWidth / 2 ? from.right - width : from.left;
  menu.style.top = `${Math.max(MARGIN, top)}px`;
  menu.style.left = `${Math.min(Math.max(MARGIN, left), innerWidth - width - MARGIN)}px`;
}
