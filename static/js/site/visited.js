/**
 * The threads that were visited here, beside this one; a mark where something was said since. What is said elsewhere
 * is looked up now and then, and only while the column can be seen.
 */
import { t } from "../strings.js";
import { el } from "../ui/dom.js";
import { WIDE } from "../ui/sheet.js";

/** Milliseconds. */
const LOOK_EVERY = 60_000;

export class VisitedThreads {
  #parts;
  #looked = 0;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list holds this thread already
   * @param {string} parts.base URL prefix of the site
   * @param {{name: string, title: string}} parts.thread
   * @param {Pick<import("../api.js").Api, "threads">} parts.api
   * @param {import("../preferences.js").Preferences} parts.preferences
   */
  constructor(parts) {
    this.#parts = parts;
    const { name, title } = parts.thread;
    parts.preferences.visit({ name, title });
    this.#show(new Set());
    this.#look();
    setInterval(() => this.#look(), LOOK_EVERY);
    document.addEventListener("visibilitychange", () => this.#look());
    matchMedia(WIDE).addEventListener("change", () => this.#look());
  }

  /** @param {string} newest `created` of this thread's newest clip: what there was at this visit */
  saw(newest) {
    const { name, title } = this.#parts.thread;
    this.#parts.preferences.visit({ name, title, seen: newest });
  }

  #others() {
    const { preferences, thread } = this.#parts;
    return preferences.get("threads").filter(({ name }) => name !== thread.name);
  }

  async #look() {
    const due = Date.now() - this.#looked > LOOK_EVERY / 2;
    if (!due || document.hidden || !matchMedia(WIDE).matches || !this.#others().length) return;
    this.#looked = Date.now();
    const cards = await this.#parts.api.threads().catch(() => null);
    if (!cards) return;
    const newest = new Map(cards.map(({ name, newest: clip }) => [name, clip?.created ?? ""]));
    const fresh = this.#others().filter(({ name, seen }) => (newest.get(name) ?? "") > (seen ?? ""));
    this.#show(new Set(fresh.map(({ name }) => name)));
  }

  /** @param {Set<string>} withNews names */
  #show(withNews) {
    const { list, base } = this.#parts;
    const rows = this.#others().map(({ name, title }) => el("li", null,
      el("a", { href: `${base}/${name}/` }, el("span", { class: "grow cut", text: title || name }),
        withNews.has(name) && el("span", { class: "chip", text: t("clip.new") }))));
    list.replaceChildren(list.children[0], ...rows);
  }
}
