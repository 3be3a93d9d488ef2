/** A call that goes on while one looks at the thread: a bar under its head. */
import { t } from "../strings.js";
import { byId, el } from "../ui/dom.js";
import { icon, setIcon } from "../ui/icons.js";
import { CallString } from "./call-string.js";

export class CallMini {
  #line;
  #status = el("span", { class: "t13 num dim cut" });
  #mute;
  #enlarge;
  /** @type {HTMLElement} */
  element;

  /** @param {{phone: import("./phone.js").Phone, peer: string, me: string, onEnlarge: () => void}} parts names */
  constructor({ phone, peer, me, onEnlarge }) {
    this.#line = new CallString({ peer, me });
    this.#mute = el("button", { type: "button", class: "ib", on: { click: () => phone.setMuted(!phone.state.muted) } }, icon("mic"));
    this.#enlarge = el("button", { type: "button", class: "ib", "aria-label": t("call.enlarge"), on: { click: onEnlarge } }, icon("max"));
    this.element = el("div", { class: "callbar", role: "group", "aria-label": t("call.with", { name: peer }), hidden: true },
      this.#line.element,
      el("div", { class: "callbar-who" }, el("b", { class: "cut", text: peer }), this.#status),
      this.#mute, this.#enlarge,
      el("button", { type: "button", class: "ib end", "aria-label": t("call.hangUp"), on: { click: () => phone.hangUp() } }, icon("hang")));
    byId("main").querySelector(".head")?.append(this.element);
  }

  /** Show it, with the focus where one came from. */
  open() {
    this.element.hidden = false;
    this.#enlarge.focus();
  }

  hide() {
    this.element.hidden = true;
  }

  close() {
    this.element.remove();
  }

  /**
   * @param {import("./phone.js").PhoneState} state
   * @param {string} status
   */
  show({ muted, phase }, status) {
    setIcon(this.#mute, muted ? "micoff" : "mic");
    this.#mute.setAttribute("aria-label", t(muted ? "call.unmute" : "call.mute"));
    this.#mute.classList.toggle("on", muted);
    this.#line.show(phase === "talking" ? "voice" : "plucked");
    this.showStatus(status);
  }

  /** @param {string} status */
  showStatus(status) {
    this.#status.textContent = status;
  }

  /** @param {{me: number, peer: number}} level */
  showLevel(level) {
    this.#line.push(level);
  }
}
