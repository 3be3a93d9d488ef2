/**
 * Clips that were not heard yet: their number in the page's title and on "Play new", a hint where they came below
 * what is looked at, and a word to the screen reader.
 */
import { t, tn } from "../strings.js";
import { announce } from "../ui/dom.js";
import { length } from "../ui/format.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../api.js").Clip} Clip */

export class News {
  #parts;
  #title = document.title;
  /** Came below the window. @type {string[]} */
  #below = [];

  /**
   * @param {object} parts
   * @param {import("./catalogue.js").Catalogue} parts.catalogue
   * @param {import("./heard.js").Heard} parts.heard
   * @param {Pick<import("./player.js").Player, "state"|"playFrom"|"addEventListener">} parts.player
   * @param {(clip: Clip) => boolean} parts.isMine
   * @param {HTMLElement} parts.button "Play new"
   * @param {HTMLElement} parts.jump the hint
   * @param {(id: string) => void} parts.show scrolls to a clip
   * @param {() => boolean} parts.atEnd
   */
  constructor(parts) {
    this.#parts = parts;
    const { catalogue, heard, player, button, jump } = parts;
    heard.addEventListener("change", () => this.#count());
    player.addEventListener("state", () => this.#count());
    catalogue.addEventListener("change", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    button.addEventListener("click", () => {
      const [next] = this.#unheard();
      if (next) player.playFrom(next.id);
    });
    jump.addEventListener("click", () => {
      parts.show(this.#below[0]);
      this.scrolled(true);
    });
  }

  /** @param {boolean} atEnd */
  scrolled(atEnd) {
    if (atEnd) this.#below = [];
    this.#hint();
  }

  /** @param {import("./catalogue.js").Difference} difference */
  #changed({ added, removed, first }) {
    this.#count();
    const gone = new Set(removed.map(({ id }) => id));
    this.#below = this.#below.filter((id) => !gone.has(id));
    const { catalogue, isMine } = this.#parts;
    const news = first ? [] : added.filter((clip) => !isMine(clip));
    if (!this.#parts.atEnd()) this.#below.push(...news.map(({ id }) => id));
    this.#hint();
    if (news.length === 1 && news[0].live) announce(t("clip.speaks", { name: news[0].author }));
    else if (news.length === 1) announce(t("clip.arrived", { name: news[0].author, length: length(news[0].duration) }));
    else if (news.length) announce(tn("player.jump", news.length));
    const takenBack = removed.find((clip) => clip.live && clip.duration > 0 && !isMine(clip) && !catalogue.get(clip.id));
    if (takenBack) toast(t("clip.takenBack", { name: takenBack.author }));
  }

  /** What is on just now is not new any more. */
  #unheard() {
    const { catalogue, heard, player, isMine } = this.#parts;
    const on = player.state.clip?.id;
    return catalogue.clips.filter((clip) => clip.id !== on && !isMine(clip) && !heard.has(clip.id));
  }

  #count() {
    const { button } = this.#parts;
    const { length: count } = this.#unheard();
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
    button.hidden = count === 0;
    const words = button.querySelector("span");
    if (words) words.textContent = tn("player.playNew", count);
  }

  #hint() {
    const { jump } = this.#parts;
    jump.hidden = this.#below.length === 0;
    jump.textContent = tn("player.jump", this.#below.length);
  }
}
