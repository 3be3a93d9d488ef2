/** What is seen while recording: the time, what is left, the voice as a thread, one's own picture, and a way out. */
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { clock } from "../ui/format.js";
import { icon, setIcon } from "../ui/icons.js";
import { Ribbon } from "../ui/ribbon.js";

export class RecordingView {
  #stage;
  #ribbon = new Ribbon({ tail: true });
  #time = el("span", { class: "rec-time num", role: "timer" });
  #left = el("span", { class: "rec-left num dim" });
  #hint = el("p", { class: "hint" });
  #video = el("video", { muted: true, playsInline: true, autoplay: true, "aria-hidden": "true" });
  #picture = el("div", { class: "rec-video" }, this.#video, el("span", { class: "tag glass", text: t("recorder.onlyYou") }));
  #pause;
  #top;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.stage
   * @param {HTMLElement} parts.live the ribbon's place
   * @param {() => void} parts.onPause pauses, or goes on
   * @param {() => void} parts.onCancel
   */
  constructor({ stage, live, onPause, onCancel }) {
    this.#stage = stage;
    live.append(this.#ribbon.element);
    const cancel = el("button", { type: "button", class: "btn txt", on: { click: onCancel } }, icon("x"), t("recorder.cancel"));
    this.#pause = el("button", { type: "button", class: "ib", on: { click: onPause } }, icon("pause"));
    this.#top = el("div", { class: "rec-top" }, this.#time, this.#left, this.#pause, cancel, this.#hint);
  }

  /** @param {MediaStream|null} picture one's own, where it is recorded */
  open(picture) {
    this.#ribbon.clear();
    this.#ribbon.setState("live");
    this.showTick({ seconds: 0, left: NaN, level: 0 });
    this.showPaused(false);
    if (picture) this.#video.srcObject = picture;
    this.#stage.replaceChildren(...(picture ? [this.#picture] : []), this.#top);
  }

  close() {
    this.#video.srcObject = null;
    this.#stage.replaceChildren();
  }

  /** @param {{seconds: number, left: number, level: number}} tick seconds; level 0 to 1 */
  showTick({ seconds, left, level }) {
    this.#time.textContent = clock(seconds);
    this.#left.textContent = Number.isFinite(left) ? leftWords(Math.ceil(left)) : "";
    this.#ribbon.push(level);
  }

  /** @param {boolean} paused */
  showPaused(paused) {
    setIcon(this.#pause, paused ? "mic" : "pause");
    this.#pause.setAttribute("aria-label", t(paused ? "recorder.resume" : "recorder.pause"));
  }

  /** @param {string} words what a tap, or letting go, does now */
  showHint(words) {
    this.#hint.textContent = words;
  }
}

/** @param {number} seconds */
function leftWords(seconds) {
  return seconds < 60 ? t("recorder.left", { seconds }) : t("recorder.leftLong", { time: clock(seconds) });
}
