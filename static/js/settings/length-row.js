/** How long a clip may get: by the usual lengths with a slider, or any other as a number. */
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { clipLengths } from "./facts.js";

/**
 * @param {number} longest seconds that the thread allows
 * @param {(seconds: number) => void} onChange
 */
export function lengthRow(longest, onChange) {
  let stops = clipLengths(longest, longest);
  const label = t("settings.clipSeconds");
  const range = el("input", { class: "range", type: "range", min: "0", step: "1", "aria-label": label });
  const number = el("input", { class: "field own num", type: "number", inputMode: "numeric", min: "1", max: String(longest),
    step: "1", "aria-label": t("settings.clipSeconds.own") });
  const unit = el("span", { class: "dim", text: t("settings.s") });
  const row = el("div", { class: "opt" }, el("span", { text: label }), range, number, unit);
  range.addEventListener("input", () => onChange(stops[Number(range.value)]));
  number.addEventListener("change", () => {
    if (number.valueAsNumber >= 1) onChange(Math.min(longest, number.valueAsNumber));
    else show(stops[Number(range.value)]);
  });
  /** @param {number} seconds */
  const show = (seconds) => {
    stops = clipLengths(longest, seconds);
    const place = stops.indexOf(seconds);
    range.max = String(stops.length - 1);
    range.value = String(place);
    range.style.setProperty("--v", `${(100 * place) / (stops.length - 1 || 1)}%`);
    range.setAttribute("aria-valuetext", t("seconds", { seconds }));
    number.value = String(seconds);
  };
  return { row, show };
}
