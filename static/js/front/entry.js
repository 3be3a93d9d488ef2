/** The entry form: a name, a thread, a password where one is needed, and in. What went wrong stands at its field. */
import { Api, ApiError } from "../api.js";
import { newKey } from "../key.js";
import { t, tn } from "../strings.js";
import { bead } from "../ui/bead.js";
import { byId, el } from "../ui/dom.js";

/** @typedef {import("../config.js").FrontConfig} FrontConfig */
/** @typedef {"name"|"thread"|"password"|"enter"} Place where a mistake is shown */

const PLACES = /** @type {Place[]} */ (["name", "thread", "password", "enter"]);

export class Entry {
  #config;
  #preferences;
  /** @type {{name: HTMLInputElement, thread: HTMLInputElement, password: HTMLInputElement}} */
  #fields = { name: byId("name"), thread: byId("thread"), password: byId("password") };
  /** @type {HTMLButtonElement} */
  #button = /** @type {HTMLButtonElement} */ (byId("go"));
  #label = this.#button.textContent ?? "";
  /** An answer that is lost on the way has already given the name away: with the same key it is still ours. */
  #key = newKey();

  /**
   * @param {object} parts
   * @param {FrontConfig} parts.config
   * @param {import("../preferences.js").Preferences} parts.preferences
   */
  constructor({ config, preferences }) {
    this.#config = config;
    this.#preferences = preferences;
    this.#fillIn();
    this.#showBead();
    this.#fields.name.addEventListener("input", () => this.#showBead());
    for (const place of PLACES) document.getElementById(place)?.addEventListener("input", () => this.#clear(place));
    byId("enter").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.enter();
    });
    // Before now a press would have sent the form nowhere, so the page came with it disabled.
    this.#button.disabled = false;
    // Back from the thread, the page may be the one that was left.
    addEventListener("pageshow", () => this.#setBusy(false));
  }

  get hasName() {
    return this.#fields.name.value.trim() !== "";
  }

  /**
   * Join a thread and go there.
   * @param {string} [thread] another than the one in the field
   */
  async enter(thread) {
    if (thread) this.#fields.thread.value = thread;
    PLACES.forEach((place) => this.#clear(place));
    const name = this.#fields.name.value.trim();
    const to = threadName(this.#fields.thread.value, this.#config.threads);
    if (!name) return this.#mistake("name", t("front.error.name"));
    if (!to) return this.#mistake("thread", t("front.error.thread"));
    this.#setBusy(true);
    try {
      const api = new Api({ base: this.#config.base, thread: to });
      const me = await api.join({ name, password: this.#password, key: this.#key });
      this.#preferences.set("name", me.name);
      location.assign(this.#address(to));
    } catch (error) {
      this.#setBusy(false);
      this.#explain(error, name, to);
    }
  }

  get #password() {
    return byId("password-row").hidden ? undefined : this.#fields.password.value;
  }

  /** @param {string} thread */
  #address(thread) {
    const { base, clip, thread: door } = this.#config;
    const query = clip && door?.name === thread ? `?clip=${encodeURIComponent(clip)}` : "";
    return `${base}/${thread}/${query}`;
  }

  /** What is known already, and the cursor where the next thing is to be written. */
  #fillIn() {
    const { name, thread } = this.#fields;
    name.value ||= this.#preferences.get("name");
    thread.value ||= this.#preferences.get("threads")[0]?.name ?? "";
    // On a phone the focus would raise the keyboard over the page before it was seen.
    if (matchMedia("(pointer: fine)").matches) (name.value ? (thread.value ? this.#button : thread) : name).focus();
  }

  #showBead() {
    const name = this.#fields.name.value;
    byId("name-bead").replaceChildren(name.trim() ? bead(name, { size: 48 }) : el("span", { class: "ghost" }));
  }

  /**
   * @param {unknown} error
   * @param {string} name
   * @param {string} thread
   */
  #explain(error, name, thread) {
    const { status = 0, detail = "", retryAfter = 0, offline = false } = error instanceof ApiError ? error : {};
    if (offline) this.#mistake("enter", t("front.error.offline"));
    else if (status === 409) this.#mistake("name", t("front.error.taken", { name }));
    else if (status === 422) this.#mistake("name", t("front.error.badName"));
    else if (status === 404) this.#mistake("thread", t("front.error.noThread", { thread }));
    else if (status === 401) this.#mistake("password", t("front.error.needsPassword"));
    else if (status === 403) this.#mistake("password", t("front.error.wrongPassword"));
    else if (status === 429) this.#mistake("enter", tn("front.error.slowDown", Math.max(1, Math.ceil(retryAfter ?? 1))));
    else this.#mistake("enter", detail || t("front.error.other"));
  }

  /**
   * @param {Place} place
   * @param {string} sentence
   */
  #mistake(place, sentence) {
    if (place === "password") byId("password-row").hidden = false;
    byId(`${place}-error`).textContent = sentence;
    if (place === "enter") return;
    this.#fields[place].setAttribute("aria-invalid", "true");
    this.#fields[place].focus();
    this.#fields[place].select();
  }

  /** @param {Place} place */
  #clear(place) {
    byId(`${place}-error`).textContent = "";
    if (place !== "enter") this.#fields[place].removeAttribute("aria-invalid");
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#button.setAttribute("aria-busy", String(busy));
    this.#button.textContent = busy ? t("front.entering") : this.#label;
  }
}

/**
 * The thread that somebody means who wrote its name, its title or a link to it.
 * @param {string} text
 * @param {{name: string, title: string}[]} threads the known ones
 * @returns {string} "" where it can be none
 */
export function threadName(text, threads) {
  const wanted = text.trim();
  const same = (/** @type {string} */ other) => other.toLowerCase() === wanted.toLowerCase();
  const known = threads.find(({ name }) => name === wanted) ?? threads.find(({ name, title }) => same(name) || same(title));
  if (known) return known.name;
  const last = wanted.replace(/[?#].*$/, "").split("/").filter(Boolean).at(-1) ?? "";
  return /^[A-Za-z0-9_-]{1,64}$/.test(last) ? last : "";
}
