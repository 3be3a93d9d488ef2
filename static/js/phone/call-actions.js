/**
 * The place of calls in the phone: whom to call, how to be called, and, while one talks, both voices.
 *
 * @typedef {import("./phone.js").Phone} Phone
 */
import { t } from "../strings.js";
import { announce, el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { CallString } from "./call-string.js";

const ON = new Set(["calling", "connecting", "talking", "reconnecting"]);

export class CallActions {
  #parts;
  /** Names online but one's own. @type {string[]} */
  #others = [];
  #addressed = "";
  /** @type {Map<"ring"|"autoAnswer", HTMLInputElement>} */
  #options = new Map();
  #whom = el("span", { class: "cut", "aria-hidden": "true" });
  #hint = el("p", { class: "call-hint t13 dim", id: "call-hint" });
  #call = el("button", { type: "button", class: "btn pri grow", "aria-describedby": "call-hint", on: { click: () => this.#press(false) } },
    icon("phone"), el("span", { class: "call-words" }, el("span", { text: t("call.call") }), this.#whom));
  #picture = el("button", { type: "button", class: "btn call-cam", "aria-label": t("call.callPicture"), title: t("call.callPicture"),
    "aria-describedby": "call-hint", on: { click: () => this.#press(true) } }, icon("cam"));
  #ready;
  #on = el("div", { class: "incall", hidden: true });
  /** @type {CallString|null} */
  #line = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.place
   * @param {Phone} parts.phone
   * @param {import("../preferences.js").Preferences} parts.preferences
   * @param {string} parts.me name
   */
  constructor(parts) {
    this.#parts = parts;
    const { place, phone, preferences } = parts;
    this.#ready = el("div", { class: "callable" },
      el("div", { class: "callrow" }, this.#call, this.#picture), this.#hint,
      el("div", { class: "callopts t13" }, this.#option("ring", t("call.ring")), this.#option("autoAnswer", t("call.autoAnswer"))));
    place.replaceChildren(this.#ready, this.#on);
    preferences.addEventListener("change", () => this.#showOptions());
    phone.addEventListener("state", () => this.#show());
    phone.addEventListener("level", (event) => this.#line?.push(/** @type {CustomEvent} */ (event).detail));
    this.#showOptions();
    this.#show();
  }

  /** @param {string[]} names everybody online */
  showOnline(names) {
    this.#others = names.filter((name) => name !== this.#parts.me);
    this.#show();
  }

  /** @param {string} name the one who is written to; "" for everybody */
  address(name) {
    this.#addressed = name;
    this.#show();
  }

  /**
   * @param {string} name
   * @returns {boolean} whether they can be called; why not is said
   */
  callBack(name) {
    const obstacle = this.#obstacleTo(this.#online(name), name);
    if (obstacle) announce(obstacle, { assertive: true });
    else this.#parts.phone.call(name);
    return !obstacle;
  }

  /** The one who would be called: who is chosen, or the only other one. */
  get #callee() {
    if (this.#addressed) return this.#online(this.#addressed);
    return this.#others.length === 1 ? this.#others[0] : null;
  }

  /** @param {string} name in whatever case */
  #online(name) {
    return this.#others.find((other) => other.toLowerCase() === name.toLowerCase()) ?? null;
  }

  get #obstacle() {
    return this.#obstacleTo(this.#callee, this.#addressed);
  }

  /**
   * Why there is no call to be had; "" when there is.
   * @param {string|null} callee
   * @param {string} addressed
   */
  #obstacleTo(callee, addressed) {
    if (!this.#parts.phone.supported) return t(globalThis.isSecureContext ? "call.cannot" : "call.insecure");
    if (callee) return "";
    if (addressed) return t("call.away", { name: addressed });
    return t(this.#others.length ? "call.choose" : "call.nobody");
  }

  /** @param {boolean} video */
  #press(video) {
    const name = this.#callee;
    if (name && !this.#obstacle) this.#parts.phone.call(name, { video });
    else announce(this.#obstacle, { assertive: true });
  }

  #show() {
    const { phase, peer } = this.#parts.phone.state;
    const on = ON.has(phase);
    this.#ready.hidden = on;
    this.#on.hidden = !on;
    if (on) this.#showCall(peer ?? "", phase);
    else this.#line = null;
    const obstacle = this.#obstacle;
    const name = this.#callee;
    this.#whom.textContent = name ? t("call.whom", { name }) : "";
    this.#hint.textContent = obstacle || t("call.rings", { name: name ?? "" });
    this.#hint.classList.toggle("vh", !obstacle);
    for (const button of [this.#call, this.#picture]) button.setAttribute("aria-disabled", String(Boolean(obstacle)));
  }

  /**
   * @param {string} peer
   * @param {string} phase
   */
  #showCall(peer, phase) {
    if (!this.#line) {
      this.#line = new CallString({ peer, me: this.#parts.me });
      this.#on.replaceChildren(el("h2", { class: "lab", text: t("call.inThis") }), this.#line.element);
    }
    this.#line.show(phase === "talking" ? "voice" : "plucked");
  }

  /**
   * @param {"ring"|"autoAnswer"} key
   * @param {string} label
   */
  #option(key, label) {
    const input = el("input", { class: "sw s", type: "checkbox", on: { change: () => this.#parts.preferences.set(key, input.checked) } });
    this.#options.set(key, input);
    return el("label", { class: "callopt" }, input, el("span", { text: label }));
  }

  #showOptions() {
    for (const [key, input] of this.#options) input.checked = this.#parts.preferences.get(key);
  }
}
