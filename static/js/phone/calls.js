/**
 * Joins the phone with the page: its lines in the chat, and what yields while a call lasts. What is seen and heard of
 * a call is loaded when there is the first one.
 *
 * @typedef {object} Parts
 * @property {import("./phone.js").Phone} phone
 * @property {import("./panel.js").PhonePanel} panel
 * @property {import("../player/player.js").Player} player
 * @property {import("../recorder/panel.js").RecorderPanel} recording
 * @property {import("../preferences.js").Preferences} preferences
 * @property {import("../site/notes.js").Notes} notes
 * @property {string} me name
 * @property {string} thread title
 * @property {string} lang
 */
import { t } from "../strings.js";
import { el } from "../ui/dom.js";

/** Phases in which microphone and loudspeaker are the call's. */
const ON = new Set(["calling", "connecting", "talking", "reconnecting"]);

export class Calls {
  #parts;
  /** @type {Promise<void>|null} */
  #surface = null;
  /** Where the focus was before the call. @type {Element|null} */
  #focus = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { phone, panel } = parts;
    phone.addEventListener("state", () => this.#follow());
    phone.addEventListener("missed", (event) => {
      const { name, at, video } = /** @type {CustomEvent} */ (event).detail;
      panel.addCall({ name, at, entry: { key: "missed", outgoing: false, byMe: false, secs: null, video } });
    });
    phone.addEventListener("note", (event) => {
      const { name, ...entry } = /** @type {CustomEvent<import("./phone.js").Note>} */ (event).detail;
      panel.addCall({ name, at: Date.now(), entry });
    });
    this.#follow();
  }

  #follow() {
    const { phone, player, recording } = this.#parts;
    const { phase } = phone.state;
    if (phase === "idle") {
      this.#giveFocusBack();
    } else {
      this.#focus ??= document.activeElement;
      this.#load();
    }
    if (ON.has(phase) || phase === "ringing") player.hold("call");
    else player.release("call");
    recording.rest(ON.has(phase) ? t("call.recorderRests") : "");
  }

  /** To where it was, unless it is somewhere already. */
  #giveFocusBack() {
    const nowhere = !document.activeElement || document.activeElement === document.body;
    if (nowhere && this.#focus instanceof HTMLElement) this.#focus.focus({ preventScroll: true });
    this.#focus = null;
  }

  /** Once; where the network fails, at the next sign of a call again. */
  #load() {
    const { phone, preferences, notes, me, thread, lang } = this.#parts;
    this.#surface ??= Promise.all([import("./call-surface.js"), loadStyles()])
      .then(([{ CallSurface }]) => { new CallSurface({ phone, preferences, notes, me, thread, lang }); })
      .catch(() => {
        this.#surface = null;
        // A call that nobody sees cannot be ended by anybody.
        if (ON.has(phone.state.phase)) phone.hangUp();
      });
  }
}

/** @returns {Promise<unknown>} when they are there */
function loadStyles() {
  const link = el("link", { rel: "stylesheet", href: new URL("../../css/call.css", import.meta.url).href });
  return new Promise((resolve, reject) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => {
      link.remove();
      reject(new Error("no styles"));
    });
    document.head.append(link);
  });
}
