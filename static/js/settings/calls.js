/**
 * The part of the settings that is about calls: the loudspeaker, being told while the page is out of sight, and whether
 * calls work from here at all.
 */
import { askToNotify, canAskToNotify } from "../phone/call-notification.js";
import { canChooseSpeaker, speakers } from "../phone/speaker.js";
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { actionButton, selectRow } from "./rows.js";

export class CallSettings {
  #phone;
  #speaker;
  #button;
  #result = el("div", { class: "t13", role: "status" });
  #notify = el("div", { class: "opt btns", hidden: !canAskToNotify() });
  #said = el("p", { class: "t13 dim", role: "status" });
  /** @type {HTMLElement} */
  element;

  /**
   * @param {object} parts
   * @param {import("../phone/phone.js").Phone} parts.phone
   * @param {import("../preferences.js").Preferences} parts.preferences
   * @param {HTMLElement} parts.opener what brings the settings up
   */
  constructor({ phone, preferences, opener }) {
    this.#phone = phone;
    this.#speaker = selectRow(t("settings.speaker"), [], (id) => preferences.set("speaker", id), { sign: "speaker" });
    this.#speaker.row.hidden = true;
    this.#button = actionButton("signal", t("settings.test"), () => this.#test());
    this.#notify.append(actionButton("phone", t("call.notify"), () => this.#ask()));
    this.element = el("div", null, el("h3", { class: "lab", text: t("settings.calls") }),
      this.#speaker.row, this.#notify, this.#said, el("div", { class: "opt btns" }, this.#button), this.#result);
    opener.addEventListener("click", () => this.#offer(preferences));
    preferences.addEventListener("change", () => this.#speaker.show(preferences.get("speaker")));
  }

  /**
   * A choice only where there are several.
   * @param {import("../preferences.js").Preferences} preferences
   */
  async #offer(preferences) {
    if (!canChooseSpeaker()) return;
    const found = await speakers();
    this.#speaker.row.hidden = found.length < 2;
    this.#speaker.offer([{ value: "", label: t("settings.defaultDevice") },
      ...found.map(({ id, label }, i) => ({ value: id, label: label || t("settings.device", { number: i + 1 }) }))]);
    this.#speaker.show(preferences.get("speaker"));
  }

  async #ask() {
    const allowed = await askToNotify();
    this.#notify.hidden = !canAskToNotify();
    this.#said.textContent = t(allowed ? "call.notify.on" : "call.notify.off");
  }

  async #test() {
    if (this.#button.getAttribute("aria-busy") === "true") return;
    this.#button.setAttribute("aria-busy", "true");
    this.#result.replaceChildren(el("p", { class: "dim", text: t("settings.test.running") }));
    const ways = await this.#phone.testConnection().catch(() => null);
    this.#button.removeAttribute("aria-busy");
    this.#result.replaceChildren(...(ways ? resultLines(ways) : [el("p", { text: t("settings.test.failed") })]));
  }
}

/** @param {Awaited<ReturnType<import("../phone/phone.js").Phone["testConnection"]>>} ways */
function resultLines({ host, stun, turn, errors, verdict }) {
  const word = (/** @type {boolean} */ yes) => t(yes ? "settings.test.yes" : "settings.test.no");
  return [
    el("p", { class: "b", text: t(`settings.test.${verdict}`) }),
    el("p", { class: "dim", text: t("settings.test.ways", { host: word(host), stun: word(stun), turn: word(turn) }) }),
    errors.length > 0 && el("p", { class: "dim", text: t("settings.test.errors", { errors: errors.join("; ") }) }),
  ].filter((line) => line !== false);
}
