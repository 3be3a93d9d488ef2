/** The cards of the open threads: who is there, and the newest clip, which the bead plays. */
import { Heard } from "../player/heard.js";
import { t } from "../strings.js";
import { bead, beadShape, setBeadIcon } from "../ui/bead.js";
import { el } from "../ui/dom.js";
import { age, clock, exactTime, length } from "../ui/format.js";
import { Ribbon } from "../ui/ribbon.js";

/** @typedef {import("../api.js").Clip} Clip */
/** @typedef {import("../api.js").ThreadCard} ThreadCard */

const BEADS_SHOWN = 3;

/** Plays one clip at a time, for all cards. Dispatches "change", and "heard" with the clip that came to its end. */
export class Listening extends EventTarget {
  #audio = new Audio();
  /** @type {Clip|null} */
  clip = null;

  constructor() {
    super();
    const tell = () => this.dispatchEvent(new Event("change"));
    const end = () => this.stop();
    this.#audio.addEventListener("ended", () => this.dispatchEvent(new CustomEvent("heard", { detail: this.clip })));
    this.#audio.preload = "none";
    for (const type of ["play", "pause", "timeupdate"]) this.#audio.addEventListener(type, tell);
    for (const type of ["ended", "error"]) this.#audio.addEventListener(type, end);
  }

  get playing() {
    return !this.#audio.paused;
  }

  /** Seconds. */
  get position() {
    return this.#audio.currentTime;
  }

  /** @param {Clip} clip */
  toggle(clip) {
    if (clip.id !== this.clip?.id) {
      this.clip = clip;
      this.#audio.src = clip.media;
    } else if (this.playing) {
      this.#audio.pause();
      return;
    }
    this.#audio.play().catch(() => this.stop());
  }

  stop() {
    this.clip = null;
    this.#audio.pause();
    this.dispatchEvent(new Event("change"));
  }
}

/** What a card shows of its thread's newest clip and of who is there. The words are in the page already. */
export class Card {
  #element;
  #listening;
  #lang;
  #heard;
  /** @type {Clip|null} */
  #clip = null;
  #ribbon = new Ribbon();
  #time = el("time");
  #length = el("span", { class: "len num" });
  /** @type {HTMLButtonElement|null} */
  #button = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.element
   * @param {Listening} parts.listening
   * @param {string} parts.lang
   * @param {string} parts.base
   */
  constructor({ element, listening, lang, base }) {
    this.#element = element;
    this.#listening = listening;
    this.#lang = lang;
    this.#heard = new Heard({ base, thread: this.thread });
    listening.addEventListener("change", () => this.#showProgress());
    listening.addEventListener("heard", (event) => {
      const { id } = /** @type {CustomEvent<Clip>} */ (event).detail;
      if (id === this.#clip?.id) this.#heard.mark(id);
    });
  }

  get thread() {
    return this.#element.dataset.thread ?? "";
  }

  /** @param {ThreadCard} card */
  show(card) {
    if (card.locked) return;
    this.#showWho(card.online ?? []);
    if (card.newest && card.newest.id !== this.#clip?.id) this.#showClip(card.newest);
    this.refreshAge();
  }

  /** Ages grow while the page stands. */
  refreshAge() {
    if (!this.#clip) return;
    this.#time.textContent = age(this.#clip.created, Date.now(), this.#lang);
  }

  /** @param {string[]} names */
  #showWho(names) {
    const who = this.#part("card-who");
    if (!names.length) return who.replaceChildren(t("front.nobody"));
    const beads = names.slice(0, BEADS_SHOWN).map((name) => bead(name));
    const more = names.length - beads.length;
    return who.replaceChildren(
      el("span", { class: "stack" }, ...beads),
      el("span", { class: "vh", text: names.join(", ") }),
      more > 0 ? el("span", { text: `+${more}`, "aria-hidden": "true" }) : "");
  }

  /** @param {Clip} clip */
  #showClip(clip) {
    this.#clip = clip;
    this.#button = el("button", {
      class: "play", type: "button", "aria-label": t("front.hears", { name: clip.author }),
      on: { click: () => this.#listening.toggle(clip) },
    }, bead(clip.author, { size: 44, icon: "play" }));
    this.#ribbon.setPeaks(clip.peaks);
    const said = this.#part("card-said");
    said.dataset.hue = String(beadShape(clip.author).hue);
    said.replaceChildren(this.#button, this.#ribbon.element);
    this.#time.dateTime = clip.created;
    this.#time.title = exactTime(clip.created, this.#lang);
    this.#part("card-meta").replaceChildren(el("b", { class: "cut", text: clip.author }), this.#time, this.#length);
    this.#showProgress();
  }

  #showProgress() {
    const clip = this.#clip;
    if (!clip || !this.#button) return;
    const { playing, position, clip: current } = this.#listening;
    const mine = current?.id === clip.id;
    setBeadIcon(this.#button, mine && playing ? "pause" : "play");
    this.#button.setAttribute("aria-pressed", String(mine && playing));
    const fresh = !this.#heard.has(clip.id);
    this.#part("card-said").classList.toggle("fresh", fresh || mine);
    this.#ribbon.setState(mine ? "playing" : fresh ? "fresh" : "heard");
    this.#ribbon.setProgress(mine ? position / clip.duration : 0);
    this.#length.textContent = mine ? `${clock(position)} / ${length(clip.duration)}` : length(clip.duration);
  }

  /**
   * @param {string} name
   * @returns {HTMLElement}
   */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#element.querySelector(`.${name}`));
  }
}
