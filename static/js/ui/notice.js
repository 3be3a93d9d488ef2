/**
 * A notice stands where something happened: what is so, what is safe and what to do, and the next step as a button.
 *
 * @typedef {object} NoticeAction
 * @property {string} label
 * @property {() => void} onClick
 * @property {boolean} [quiet] without a ground of its own
 *
 * @typedef {object} NoticeOptions
 * @property {string} icon
 * @property {string} title what is so, one sentence
 * @property {string} [text] what is safe and what to do
 * @property {NoticeAction[]} [actions] below the text
 * @property {NoticeAction} [inline] one quiet action at the end of the title's line
 * @property {boolean} [alert] read out at once; else when there is a pause
 */
import { el } from "./dom.js";
import { icon } from "./icons.js";

/**
 * @param {NoticeOptions} options
 * @returns {HTMLElement}
 */
export function notice({ icon: name, title, text = "", actions = [], inline, alert = false }) {
  return el("div", { class: "note", role: alert ? "alert" : "status" },
    el("span", { class: "ic" }, icon(name)),
    el("div", { class: "note-body" },
      el("div", { class: "note-head" }, el("b", { text: title }), inline && button({ ...inline, quiet: true })),
      text && el("p", { class: "dim", text }),
      actions.length > 0 && el("div", { class: "note-acts" }, ...actions.map(button))));
}

/** @param {NoticeAction} action */
function button({ label, onClick, quiet = false }) {
  return el("button", { type: "button", class: quiet ? "btn txt" : "btn", text: label, on: { click: onClick } });
}
