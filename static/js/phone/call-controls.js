/**
 * What can be pressed in a call: round buttons with their words under them, a menu of what is needed seldom, and how
 * the line is.
 *
 * @typedef {import("./phone.js").Phone} Phone
 * @typedef {import("./phone.js").PhoneState} PhoneState
 */
import { t } from "../strings.js";
import { el, svg } from "../ui/dom.js";
import { percent } from "../ui/format.js";
import { icon, setIcon } from "../ui/icons.js";
import { qualityWords } from "./call-words.js";

const CONNECTED = new Set(["talking", "reconnecting"]);

export class CallControls {
  #lang;
  #mute;
  #camera;
  #screen;
  #quality;
  #plate = el("div", { class: "menu line-facts", popover: "auto", id: "line-facts", role: "group", "aria-label": t("call.quality") });
  /** @type {HTMLElement} */
  element;

  /** @param {{phone: Phone, lang: string}} parts */
  constructor({ phone, lang }) {
    this.#lang = lang;
    this.#mute = control(icon("mic"), t("call.mute"), () => phone.setMuted(!phone.state.muted));
    this.#camera = control(icon("cam"), t("call.camera"), () => phone.setCamera(!phone.state.camera));
    this.#screen = control(icon("screen"), t("call.screen"), () => phone.setScreen(!phone.state.screen));
    this.#quality = control(steps(), t("call.quality"));
    this.#quality.popoverTargetElement = this.#plate;
    const hang = control(icon("hang"), t("call.hangUp"), () => phone.hangUp());
    hang.classList.add("end");
    this.element = el("div", { class: "call-controls" }, this.#mute, this.#camera, this.#screen, this.#quality, this.#plate, hang);
  }

  /** @param {PhoneState} state */
  show({ phase, muted, camera, screen, canShareScreen, quality }) {
    const connected = CONNECTED.has(phase);
    name(this.#mute, muted ? "micoff" : "mic", t(muted ? "call.unmute" : "call.mute"));
    this.#mute.classList.toggle("on", muted);
    name(this.#camera, camera ? "cam" : "camoff", t("call.camera"));
    this.#camera.setAttribute("aria-pressed", String(camera));
    this.#screen.setAttribute("aria-pressed", String(screen));
    this.#screen.classList.toggle("on", screen);
    this.#screen.hidden = !connected || !canShareScreen;
    this.#quality.hidden = !connected || !quality;
    if (quality) this.#showQuality(quality);
    else if (this.#plate.matches(":popover-open")) this.#plate.hidePopover();
  }

  /** @param {import("./phone.js").Quality} quality */
  #showQuality(quality) {
    const { full, route } = qualityWords(quality);
    this.#quality.dataset.steps = String(quality.steps);
    this.#plate.replaceChildren(
      el("p", { class: "b", text: t(full) }),
      el("p", { class: "dim num", text: t("call.facts", { rtt: quality.rtt, loss: percent(quality.loss, this.#lang) }) }),
      ...(route ? [el("p", { class: "dim", text: t(route) })] : []));
  }
}

/**
 * @param {SVGElement} sign
 * @param {string} words
 * @param {() => void} [onClick]
 */
function control(sign, words, onClick) {
  const button = el("button", { type: "button", class: "cb" }, el("span", { class: "cb-disc" }, sign), el("span", { class: "cb-word", text: words }));
  if (onClick) button.addEventListener("click", onClick);
  return button;
}

/**
 * @param {HTMLElement} button
 * @param {string} sign
 * @param {string} words
 */
function name(button, sign, words) {
  setIcon(button, sign);
  const word = /** @type {HTMLElement} */ (button.querySelector(".cb-word"));
  if (word.textContent !== words) word.textContent = words;
}

/** Three steps; those that the line does not reach are faint. */
function steps() {
  return svg("svg", { class: "i", viewBox: "0 0 24 24", "aria-hidden": "true" },
    ...[1, 2, 3].map((step) => svg("path", { class: `step${step}`, d: `M${step * 6} ${19 - 2}V${19 - step * 4.5}` })));
}
