/** The rows that settings are made of: a name and a native control. */
import { el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** @typedef {{value: string, label: string}} Choice */

let groups = 0;

/**
 * On or off.
 * @param {string} label
 * @param {(on: boolean) => void} onChange
 */
export function switchRow(label, onChange) {
  const input = el("input", { class: "sw", type: "checkbox" });
  input.addEventListener("change", () => onChange(input.checked));
  const row = el("label", { class: "opt" }, el("span", { class: "grow", text: label }), input);
  return { row, show: (/** @type {boolean} */ on) => { input.checked = on; } };
}

/**
 * One of a few, all of them seen.
 * @param {string} label
 * @param {Choice[]} choices
 * @param {(value: string) => void} onChange
 */
export function segmentRow(label, choices, onChange) {
  const name = `choice-${++groups}`;
  const inputs = choices.map(({ value }) => el("input", { type: "radio", name, value, on: { change: () => onChange(value) } }));
  const row = el("div", { class: "opt" },
    el("span", { class: "grow", id: name, text: label }),
    el("div", { class: "seg", role: "radiogroup", "aria-labelledby": name },
      ...choices.map((choice, i) => el("label", null, inputs[i], el("span", { text: choice.label })))));
  return { row, show: (/** @type {string} */ value) => { for (const input of inputs) input.checked = input.value === value; } };
}

/**
 * One of several.
 * @param {string} label
 * @param {Choice[]} choices
 * @param {(value: string) => void} onChange
 * @param {{sign?: string}} [look] with a sign instead of the name in front
 */
export function selectRow(label, choices, onChange, { sign } = {}) {
  const select = el("select", { class: "field sel", "aria-label": sign ? label : null });
  select.addEventListener("change", () => onChange(select.value));
  const wrap = (/** @type {"label"|"span"} */ tag) =>
    el(tag, { class: "sel-wrap" }, sign ? icon(sign) : null, select, icon("down"));
  const row = sign ? el("div", { class: "opt dev" }, wrap("label"))
    : el("label", { class: "opt" }, el("span", { class: "grow", text: label }), wrap("span"));
  const offer = (/** @type {Choice[]} */ offered) => {
    const chosen = select.value;
    select.replaceChildren(...offered.map(({ value, label: text }) => el("option", { value, text })));
    select.value = chosen;
  };
  offer(choices);
  return { row, offer, show: (/** @type {string} */ value) => { select.value = value; } };
}

/**
 * A place on a scale, by its number.
 * @param {string} label
 * @param {number} last the highest place; the lowest is 0
 * @param {(place: number) => void} onChange
 */
export function rangeRow(label, last, onChange) {
  const input = el("input", { class: "range", type: "range", min: "0", max: String(last), step: "1" });
  const value = el("b", { class: "num val" });
  const row = el("label", { class: "opt" }, el("span", { text: label }), input, value);
  input.addEventListener("input", () => onChange(Number(input.value)));
  /** @param {number} place @param {string} words */
  const show = (place, words) => {
    input.value = String(place);
    input.style.setProperty("--v", `${(100 * place) / (last || 1)}%`);
    input.setAttribute("aria-valuetext", words);
    value.textContent = words;
  };
  return { row, show };
}

/**
 * @param {string} sign
 * @param {string} label
 * @param {() => void} onClick
 */
export function actionButton(sign, label, onClick) {
  return el("button", { type: "button", class: "btn grow", on: { click: onClick } }, icon(sign), label);
}
