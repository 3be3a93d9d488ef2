/** Hearing oneself with one's eyes: the level of the microphone, for as long as one tries it. */
import { CaptureError } from "../recorder/capture.js";
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { Ribbon } from "../ui/ribbon.js";

/** Milliseconds. */
const LOOK_EVERY = 50;
const LASTS = 15_000;

export class LevelCheck {
  #capture;
  #wish;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #looking;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #end;
  #ribbon = new Ribbon({ tail: true });
  #button = el("button", { type: "button", class: "btn grow", "aria-pressed": "false",
    on: { click: () => (this.#looking ? this.stop() : this.#start()) } }, icon("mic"), t("settings.check"));
  #complaint = el("p", { class: "t13 dim", role: "status" });
  row = el("div", { class: "opt btns" }, this.#button, el("span", { class: "lvl", "aria-hidden": "true" }, this.#ribbon.element));
  /** Stands under the row, where something is wrong. */
  complaint = this.#complaint;

  /**
   * @param {import("../recorder/capture.js").Capture} capture its own, not the recorder's
   * @param {() => string} wish the chosen microphone's deviceId
   */
  constructor(capture, wish) {
    this.#capture = capture;
    this.#wish = wish;
    this.#ribbon.setState("live");
  }

  stop() {
    clearInterval(this.#looking);
    clearTimeout(this.#end);
    this.#looking = undefined;
    this.#button.setAttribute("aria-pressed", "false");
    this.#capture.close();
    this.#ribbon.clear();
  }

  async #start() {
    this.#complaint.textContent = "";
    try {
      await this.#capture.open({ microphone: this.#wish() });
    } catch (error) {
      this.#complaint.textContent = error instanceof CaptureError ? words(error) : t("recorder.other");
      return;
    }
    this.#capture.listen();
    this.#button.setAttribute("aria-pressed", "true");
    this.#looking = setInterval(() => this.#ribbon.push(this.#capture.level()), LOOK_EVERY);
    this.#end = setTimeout(() => this.stop(), LASTS);
  }
}

/** @param {CaptureError} error */
function words({ reason }) {
  const key = ["refused", "missing", "busy"].includes(reason) ? `recorder.${reason}.microphone` : `recorder.${reason}`;
  return `${t(key)} ${t(`${key}.text`)}`;
}
