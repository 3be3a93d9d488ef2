/**
 * A call that goes out or is on, large: their picture everywhere and one's own in the corner; without pictures the two
 * people and the string between them. The chat stays beside it where there is room.
 *
 * @typedef {import("./phone.js").Phone} Phone
 * @typedef {import("./phone.js").PhoneState} PhoneState
 *
 * @typedef {object} Parts
 * @property {Phone} phone
 * @property {import("../preferences.js").Preferences} preferences
 * @property {HTMLVideoElement} picture theirs, and their sound
 * @property {string} peer name
 * @property {string} me name
 * @property {string} lang
 * @property {() => void} onMinimise
 */
import { t } from "../strings.js";
import { byId, el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { WIDE } from "../ui/sheet.js";
import { CallControls } from "./call-controls.js";
import { CallMenu } from "./call-menu.js";
import { CallString } from "./call-string.js";
import { troubleWords } from "./call-words.js";

export class CallView {
  #peer;
  #picture;
  #line;
  #controls;
  #title;
  #status = el("p", { class: "call-status t13 num" });
  #note = el("p", { class: "call-note", role: "status" });
  #own = el("video", { class: "call-own", muted: true, playsInline: true, autoplay: true, "aria-hidden": "true", hidden: true });
  #wide = matchMedia(WIDE);
  #fitInert = () => this.#setInert(!this.element.hidden);
  /** @type {HTMLElement} */
  element;

  /** @param {Parts} parts */
  constructor({ phone, preferences, picture, peer, me, lang, onMinimise }) {
    this.#peer = peer;
    this.#picture = picture;
    this.#line = new CallString({ peer, me, large: true });
    this.#controls = new CallControls({ phone, lang });
    this.#title = el("h1", { class: "cut", tabIndex: -1, text: peer });
    const more = el("button", { type: "button", class: "ib cg", "aria-label": t("call.more"), "aria-haspopup": "true", "aria-expanded": "false" }, icon("more"));
    const chat = el("button", { type: "button", class: "ib cg call-chat", "aria-label": t("call.chat") }, icon("chat"));
    chat.popoverTargetElement = byId("drawer");
    // The main thing on the page while it is shown: what is so otherwise lies behind it.
    this.element = el("main", { class: "call", "aria-label": t("call.with", { name: peer }) },
      el("div", { class: "call-stage" }, picture, el("div", { class: "call-people" }, this.#line.element)),
      el("div", { class: "call-top" },
        el("button", { type: "button", class: "ib cg", "aria-label": t("call.minimise"), on: { click: onMinimise } }, icon("min")),
        el("div", { class: "grow" }, this.#title, this.#status),
        more, chat),
      this.#own,
      el("div", { class: "call-foot" }, this.#note, this.#controls.element));
    new CallMenu({ button: more, view: this.element, picture, phone, preferences });
    this.#wide.addEventListener("change", this.#fitInert);
    byId("main").after(this.element);
    this.open();
  }

  /** Show it, with the focus on it, and nothing behind it to be pressed. */
  open() {
    this.element.hidden = false;
    this.#setInert(true);
    this.#title.focus();
  }

  /** Out of sight; the call goes on. */
  hide() {
    if (document.fullscreenElement === this.element) document.exitFullscreen().catch(() => {});
    this.element.hidden = true;
    this.#setInert(false);
  }

  close() {
    this.hide();
    this.#wide.removeEventListener("change", this.#fitInert);
    this.#own.srcObject = null;
    this.element.remove();
  }

  /**
   * @param {PhoneState} state
   * @param {string} status what is going on, in words
   */
  show(state, status) {
    const { phase, local, peerCamera, peerScreen, peerMuted, screen, trouble } = state;
    const pictured = peerCamera || peerScreen;
    this.element.classList.toggle("pictured", pictured);
    this.element.classList.toggle("whole", peerScreen);
    this.element.dataset.phase = phase;
    this.#picture.classList.toggle("unseen", !pictured);
    this.#line.show(phase === "talking" ? "voice" : "plucked");
    this.#controls.show(state);
    this.showStatus(status);
    if (this.#own.srcObject !== local) this.#own.srcObject = local;
    this.#own.hidden = !local;
    this.#own.classList.toggle("mirrored", !screen);
    const wrong = troubleWords(trouble);
    const note = wrong ? t(wrong) : peerMuted && phase === "talking" ? t("call.peerMuted", { name: this.#peer }) : "";
    if (this.#note.textContent !== note) this.#note.textContent = note;
  }

  /** @param {string} status */
  showStatus(status) {
    this.#status.textContent = status;
  }

  /** @param {{me: number, peer: number}} level */
  showLevel(level) {
    this.#line.push(level);
  }

  /**
   * On a wide window the chat beside the call can be used; on a narrow one whatever the sheet over it has.
   * @param {boolean} behind the page lies behind the call
   */
  #setInert(behind) {
    byId("main").inert = behind;
    byId("people").inert = behind && this.#wide.matches;
    const side = /** @type {HTMLElement|null} */ (document.querySelector(".side"));
    if (side) side.inert = behind;
    document.body.classList.toggle("calling", behind);
  }
}
