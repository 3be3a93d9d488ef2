/**
 * The part of the settings in which one asks for mail about new clips, where the thread offers that: an address, then
 * a mail to it that asks for a yes.
 *
 * @typedef {import("../api.js").Subscription} Subscription
 */
import { ApiError } from "../api-error.js";
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** What is said where the site refuses, by status. @type {Record<number, string>} */
const REFUSALS = { 0: "offline", 422: "invalid", 429: "tooMany", 503: "unavailable" };

export class MailSettings {
  #api;
  #address = el("input", { class: "field grow", type: "email", autocomplete: "email", maxLength: 254, required: true,
    "aria-label": t("settings.mail.address"), placeholder: t("settings.mail.address") });
  #ask = el("button", { class: "btn grow", type: "submit" }, t("settings.mail.ask"));
  #form = el("form", { class: "opt btns", noValidate: true }, this.#address, this.#ask);
  #stop = el("button", { class: "btn grow", type: "button" }, icon("x"), t("settings.mail.stop"));
  #stopping = el("div", { class: "opt btns", hidden: true }, this.#stop);
  #said = el("p", { class: "facts t13 dim", role: "status" });
  element = el("div", null, el("h3", { class: "lab", text: t("settings.mail") }), this.#form, this.#said, this.#stopping);

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "subscription"|"subscribe"|"unsubscribe">} parts.api
   * @param {HTMLElement} parts.opener what brings the settings up
   */
  constructor({ api, opener }) {
    this.#api = api;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#do(() => api.subscribe(this.#address.value.trim()));
    });
    this.#stop.addEventListener("click", () => this.#do(async () => {
      await api.unsubscribe();
      this.#form.hidden = false;
      this.#address.focus();
      return { state: "none", address: null };
    }));
    opener.addEventListener("click", () => this.#look());
  }

  /** As it stands now: it may have been confirmed, or ended, by a link in a mail. */
  async #look() {
    const found = await this.#api.subscription().catch(() => null);
    if (found) this.#show(found);
  }

  /** @param {() => Promise<Subscription>} deed */
  async #do(deed) {
    if (this.element.getAttribute("aria-busy") === "true") return;
    this.element.setAttribute("aria-busy", "true");
    try {
      this.#show(await deed());
    } catch (error) {
      const reason = REFUSALS[error instanceof ApiError ? error.status : 0] ?? "unavailable";
      this.#said.textContent = t(`settings.mail.${reason}`);
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  /** @param {Subscription} subscription */
  #show({ state, address }) {
    this.#form.hidden = state === "confirmed";
    this.#stopping.hidden = state === "none";
    this.#said.textContent = t(`settings.mail.${state}`, { address: address ?? "" });
    if (address) this.#address.value = address;
  }
}
