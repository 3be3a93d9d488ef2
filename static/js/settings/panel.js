/**
 * The sheet "Recording and listening": what a person chooses in this thread, and what the thread allows.
 *
 * @typedef {import("../preferences.js").Preferences} Preferences
 *
 * @typedef {object} Parts
 * @property {import("../api.js").Api} api
 * @property {Preferences} preferences
 * @property {import("../player/player.js").Player} player
 * @property {import("../downlink/downlink.js").Downlink} downlink
 * @property {import("../recorder/capture.js").Capture} capture for choosing and trying devices; not the recorder's
 * @property {import("../api.js").Settings} settings the thread's
 * @property {import("../phone/phone.js").Phone} phone
 * @property {HTMLButtonElement} opener comes disabled: until here a press would have been lost
 * @property {string} lang
 */
import { flag } from "../preferences.js";
import { t, tn } from "../strings.js";
import { el } from "../ui/dom.js";
import { Sheet } from "../ui/sheet.js";
import { CallSettings } from "./calls.js";
import { factsOf } from "./facts.js";
import { lengthRow } from "./length-row.js";
import { LevelCheck } from "./level-check.js";
import { MailSettings } from "./mail.js";
import { actionButton, rangeRow, segmentRow, selectRow, switchRow } from "./rows.js";

/** Seconds between polls that are offered. */
const INTERVALS = [1, 3, 10];
const QUALITIES = ["480p15", "480p30", "600p30", "720p30"];
/** Places of the volume's slider. */
const LOUDEST = 20;

export class SettingsPanel {
  #parts;
  /** Shows again what is set, a function a row. @type {(() => void)[]} */
  #shows = [];
  #facts = el("p", { class: "facts t13 dim" });
  #check;
  #grid;
  /** @type {number|null} */
  #free = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#check = new LevelCheck(parts.capture, () => parts.preferences.get("microphone"));
    this.#grid = el("div", { class: "sgrid" }, this.#recording(), this.#listening(), new CallSettings(parts).element);
    parts.preferences.addEventListener("change", () => this.#show());
    parts.player.addEventListener("state", () => this.#show());
    this.#showFacts();
    this.#show();
    this.#place();
    parts.opener.disabled = false;
  }

  /** @param {number} free bytes of room in the thread */
  showFree(free) {
    this.#free = free;
    this.#showFacts();
  }

  /** Unfolded over the recorder where the thread wants it so; else in a sheet. */
  #place() {
    const { settings, opener } = this.#parts;
    if (flag(settings.showMore)) {
      const unfolded = el("div", { class: "unfolded wide" }, this.#grid);
      opener.closest("section")?.prepend(unfolded);
      opener.addEventListener("click", () => {
        unfolded.hidden = !unfolded.hidden;
        opener.setAttribute("aria-expanded", String(!unfolded.hidden));
      });
      opener.removeAttribute("aria-haspopup");
      opener.setAttribute("aria-expanded", "true");
      return;
    }
    const sheet = new Sheet({ title: t("settings.title"), closeLabel: t("close"), className: "sets" });
    sheet.body.append(this.#grid);
    sheet.addEventListener("close", () => this.#check.stop());
    opener.addEventListener("click", () => sheet.open());
  }

  #recording() {
    const { settings } = this.#parts;
    const longest = Number(settings.maxClipSizeSec);
    const choices = (/** @type {string[]} */ values, /** @type {string} */ key) => values.map((value) => ({ value, label: t(`${key}.${value}`) }));
    const video = flag(settings.allowVideo) && this.#bound(segmentRow(t("settings.record"), choices(["audio", "video"], "settings.record"),
      (value) => this.#set("video", value === "video")), () => (this.#get("video") ? "video" : "audio"));
    const stop = (flag(settings.allowStream) || settings.onRecorded === "upload") && this.#bound(segmentRow(t("settings.onRecorded"), choices(["stop", "upload"], "settings.onRecorded"),
      (value) => this.#set("onRecorded", value)), () => this.#get("onRecorded"));
    const seconds = longest > 1 && this.#bound(lengthRow(longest, (value) => this.#set("clipSeconds", value)), () => this.#get("clipSeconds"));
    const quality = flag(settings.allowVideo) && this.#bound(selectRow(t("settings.quality"), choices(QUALITIES, "settings.quality"),
      (value) => this.#set("quality", value)), () => this.#get("quality"));
    return el("div", null, el("h3", { class: "lab", text: t("settings.recording") }), video, stop, seconds, quality,
      this.#deviceRow("microphone", "mic"), flag(settings.allowVideo) && this.#deviceRow("camera", "cam"),
      this.#check.row, this.#check.complaint);
  }

  #listening() {
    const { player, downlink } = this.#parts;
    const toggle = (/** @type {"playNew"|"onlyOthers"|"pausePlayer"} */ key) =>
      this.#bound(switchRow(t(`settings.${key}`), (on) => this.#set(key, on)), () => this.#get(key));
    const stopAfter = switchRow(t("player.stopAfter"), (on) => player.stopAfterThis(on));
    const volume = rangeRow(t("settings.volume"), LOUDEST, (place) => this.#set("volume", place / LOUDEST));
    this.#shows.push(() => volume.show(Math.round(this.#get("volume") * LOUDEST), `${Math.round(this.#get("volume") * 100)}%`));
    const standby = actionButton("pause", t("player.standby"), () => player.standby(!player.state.standby));
    this.#shows.push(() => standby.setAttribute("aria-pressed", String(player.state.standby)));
    return el("div", { class: "tall" }, el("h3", { class: "lab", text: t("settings.listening") }),
      toggle("playNew"), toggle("onlyOthers"), toggle("pausePlayer"),
      this.#bound(stopAfter, () => player.state.stopAfterThis),
      volume.row, this.#pollRow(),
      el("div", { class: "opt btns" }, actionButton("redo", t("settings.refresh"), () => downlink.refresh()), standby),
      this.#facts, flag(this.#parts.settings.allowSubscribe) && new MailSettings(this.#parts).element);
  }

  #pollRow() {
    const own = this.#get("poll");
    const intervals = typeof own === "number" && !INTERVALS.includes(own) ? [...INTERVALS, own].sort((a, b) => a - b) : INTERVALS;
    const choices = [
      { value: "long", label: t("settings.poll.long") },
      ...intervals.map((count) => ({ value: String(count), label: tn("settings.poll.every", count) })),
      { value: "off", label: t("settings.poll.off") },
    ];
    const set = (/** @type {string} */ value) => this.#set("poll", value === "long" || value === "off" ? value : Number(value));
    return this.#bound(selectRow(t("settings.poll"), choices, set), () => String(this.#get("poll")));
  }

  /**
   * A choice only where there are several.
   * @param {"microphone"|"camera"} kind
   * @param {string} sign
   */
  #deviceRow(kind, sign) {
    const { capture } = this.#parts;
    const select = selectRow(t(`settings.${kind}`), [], (id) => this.#set(kind, id), { sign });
    const offer = async () => {
      const devices = (await capture.devices().catch(() => null))?.[`${kind}s`] ?? [];
      select.row.hidden = devices.length < 2;
      select.offer([{ value: "", label: t("settings.defaultDevice") },
        ...devices.map(({ id, label }, i) => ({ value: id, label: label || t("settings.device", { number: i + 1 }) }))]);
      select.show(this.#get(kind));
    };
    capture.addEventListener("devices", offer);
    this.#parts.opener.addEventListener("click", offer);
    offer();
    return select.row;
  }

  /**
   * @template V
   * @param {{row: HTMLElement, show: (value: V) => void}} control
   * @param {() => V} value
   */
  #bound({ row, show }, value) {
    this.#shows.push(() => show(value()));
    return row;
  }

  #show() {
    for (const show of this.#shows) show();
  }

  #showFacts() {
    this.#facts.textContent = factsOf(this.#parts.settings, this.#free, this.#parts.lang);
  }

  /** @template {keyof import("../preferences.js").Values} K @param {K} key */
  #get(key) {
    return this.#parts.preferences.get(key);
  }

  /**
   * @template {keyof import("../preferences.js").Values} K
   * @param {K} key
   * @param {any} value what a control gives; one that does not fit is ignored
   */
  #set(key, value) {
    this.#parts.preferences.set(key, value);
  }
}
