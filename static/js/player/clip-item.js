/**
 * One clip in the list. Its words and buttons are there from the beginning; bead, ribbon and picture are drawn when
 * it comes near the window (`paint`), so that a thousand clips cost little.
 *
 * @typedef {import("./entry.js").Entry} Entry
 * @typedef {import("./clip-words.js").Problem} Problem
 * @typedef {import("./clip-words.js").Way} Way
 * @typedef {{playing: boolean, position: number, duration: number}} Playback `playing` also while it loads; seconds
 *
 * @typedef {object} Deeds what pressing the item's parts does
 * @property {(item: ClipItem) => void} play
 * @property {(item: ClipItem) => void} fromStart of a live one
 * @property {(item: ClipItem, fraction: number) => void} seek
 * @property {(item: ClipItem, anchor: HTMLElement) => void} more
 * @property {(item: ClipItem) => void} remove the clip, or what waits in the outbox
 * @property {(item: ClipItem) => void} retry also sends what was left behind
 * @property {(item: ClipItem) => void} review hears, and decides about, what was left behind
 * @property {(item: ClipItem) => void} save
 * @property {(item: ClipItem) => void} enlarge
 * @property {(entry: Entry, canvas: HTMLCanvasElement) => void} draw its first picture
 */
import { t } from "../strings.js";
import { beadShape } from "../ui/bead.js";
import { el } from "../ui/dom.js";
import { Ribbon } from "../ui/ribbon.js";
import { actButtons, enlargeButton, PlayButton, whyBox } from "./clip-buttons.js";
import { ClipMeta } from "./clip-meta.js";
import { leftBehind, liveWords, phaseWords, problemWords, refusal } from "./clip-words.js";
import { isVideo, shareOf } from "./entry.js";
import { onLongPress } from "./long-press.js";

const PHASES = ["sending", "waiting", "failed", "unfinished"];

export class ClipItem {
  /** @type {Entry} */
  entry;
  /** The frame of its picture, where the player's element moves in; null where there is none. @type {HTMLElement|null} */
  screen = null;
  #deeds;
  #lang;
  #heard = true;
  /** @type {Way} */
  #way = { progress: 0, left: null, error: null };
  /** @type {Problem|null} */
  #problem = null;
  /** @type {Playback|null} */
  #playback = null;
  /** @type {Ribbon|null} */
  #ribbon = null;
  /** @type {HTMLElement|null} */
  #knot = null;
  /** @type {HTMLElement|null} */
  #why = null;
  #meta;
  #play = new PlayButton(() => this.#press());
  #line = el("div", { class: "line" });
  #acts = el("div", { class: "acts" });

  /**
   * @param {Entry} entry
   * @param {Deeds} deeds
   * @param {string} lang
   */
  constructor(entry, deeds, lang) {
    this.entry = entry;
    this.#deeds = deeds;
    this.#lang = lang;
    this.#meta = new ClipMeta(lang);
    this.element = el("li", { class: "clip" }, this.#meta.element, this.#play.element, this.#line, this.#acts);
    if (isVideo(entry)) this.#addScreen();
    if (entry.description) this.#acts.before(el("p", { class: "desc", text: entry.description }));
    const { element } = this.#play;
    onLongPress(element, () => { if (this.entry.phase === "sent" && !this.entry.live) deeds.more(this, element); });
    this.show(entry);
  }

  /**
   * Shows it as it is now: also when a clip of the outbox has become one of the thread's.
   * @param {Entry} entry
   */
  show(entry) {
    const { phase, live } = this.entry;
    const moved = entry.phase !== phase || entry.live !== live || !this.#acts.firstChild;
    if (live && !entry.live) this.#problem = null; // now it can be played like any other
    this.entry = entry;
    this.element.id = `clip-${entry.id}`;
    this.element.dataset.id = entry.id;
    this.element.dataset.hue = String(beadShape(entry.author).hue);
    this.element.classList.toggle("own", entry.own);
    for (const phase of PHASES) this.element.classList.toggle(phase, phase === entry.phase);
    this.#meta.show(entry);
    this.#play.element.setAttribute("aria-describedby", this.#meta.element.id);
    this.#ribbon?.setDuration(entry.duration);
    this.#ribbon?.setPeaks(entry.peaks, shareOf(entry));
    if (this.#ribbon) this.#drawPoster();
    if (moved) this.#buildButtons();
    this.#showState();
  }

  /** @param {Way} way */
  showWay(way) {
    this.#way = way;
    this.#showState();
  }

  /** @param {boolean} heard */
  showHeard(heard) {
    if (heard === this.#heard) return;
    this.#heard = heard;
    this.#showState();
  }

  /** @param {Problem|null} problem why it does not play */
  showProblem(problem) {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#showState();
  }

  /** @param {Playback|null} playback null: the player has another clip, or none */
  showPlayback(playback) {
    const before = this.#playback;
    this.#playback = playback;
    if (before?.playing !== playback?.playing) this.#showState();
    else this.#showPosition();
  }

  /** @param {string} day in words, above the first clip of a day; "" for none */
  showDay(day) {
    if (day === (this.#knot?.textContent ?? "")) return;
    this.#knot?.remove();
    this.#knot = day ? el("div", { class: "knot" }, el("span", { text: day })) : null;
    if (this.#knot) this.element.prepend(this.#knot);
  }

  /** @param {number} now ms since 1970 */
  showAge(now) {
    this.#meta.showAge(now);
  }

  /** Draws bead, ribbon and picture. */
  paint() {
    if (this.#ribbon) return;
    const { entry } = this;
    this.#ribbon = new Ribbon({ label: t("clip.position"), onSeek: (fraction) => this.#deeds.seek(this, fraction) });
    this.#ribbon.setPeaks(entry.peaks, shareOf(entry));
    this.#ribbon.setDuration(entry.duration);
    this.#play.paint(entry.author);
    this.#line.replaceChildren(this.#ribbon.element);
    this.#drawPoster();
    this.showAge(Date.now());
    this.#showState();
  }

  /** Forgets what paint() drew, unless the player or the keyboard is there. */
  unpaint() {
    if (this.#playback || this.element.contains(document.activeElement)) return;
    this.#play.unpaint();
    this.#line.replaceChildren();
    this.#ribbon = null;
  }

  #press() {
    const { phase } = this.entry;
    if (phase === "failed") this.#deeds.retry(this);
    else if (phase === "unfinished") this.#deeds.review(this);
    else if (phase === "sent") this.#deeds.play(this);
  }

  #addScreen() {
    const canvas = el("canvas", { class: "poster", width: 640, height: 360, "aria-hidden": "true" });
    this.screen = el("div", { class: "screen", on: { click: () => this.#press() } }, canvas);
    this.element.classList.add("video");
    this.#acts.before(el("div", { class: "pv" }, this.screen));
  }

  #drawPoster() {
    const canvas = this.screen?.querySelector("canvas");
    if (canvas && this.entry.media && !this.entry.live) this.#deeds.draw(this.entry, canvas);
  }

  #buildButtons() {
    this.#acts.replaceChildren(...actButtons(this.entry, {
      remove: () => this.#deeds.remove(this),
      more: (anchor) => this.#deeds.more(this, anchor),
      fromStart: () => this.#deeds.fromStart(this),
    }));
    this.screen?.querySelector(".enlarge")?.remove();
    if (this.entry.phase === "sent") this.screen?.append(enlargeButton(() => this.#deeds.enlarge(this)));
  }

  #showState() {
    const { phase, own, live, paused } = this.entry;
    const fresh = phase === "sent" && !own && !this.#heard;
    const { classList } = this.element;
    classList.toggle("fresh", fresh || phase !== "sent");
    classList.toggle("playing", this.#playback?.playing === true);
    classList.toggle("paused", this.#playback?.playing === false);
    classList.toggle("unplayable", this.#problem === "format");
    classList.toggle("live", live && !paused);
    this.#meta.showState(live ? liveWords(paused) : phaseWords(phase, this.#way, this.#lang), fresh && !live);
    this.#play.show(phase, this.#playback?.playing === true, live && own);
    this.#showWhy();
    this.#showPosition();
  }

  #showPosition() {
    const { phase, duration } = this.entry;
    const { position = 0, duration: known = 0 } = this.#playback ?? {};
    this.#meta.showPosition(this.#playback && position);
    this.#ribbon?.setState(this.#playback ? "playing" : phase === "sending" ? "sending"
      : this.element.classList.contains("fresh") ? "fresh" : "heard");
    this.#ribbon?.setProgress(phase === "sending" ? this.#way.progress : position / (known || duration || 1));
  }

  #showWhy() {
    const { words, ways } = this.#trouble();
    if (words === (this.#why?.firstChild?.textContent ?? "")) return;
    this.#why?.remove();
    this.#why = words ? whyBox(words, ways) : null;
    if (this.#why) this.#acts.before(this.#why);
  }

  /** @returns {{words: string, ways: {key: string, act: () => void}[]}} what is wrong with it, and the ways out */
  #trouble() {
    const again = { key: "retry", act: () => this.#press() };
    const save = { key: "clip.save", act: () => this.#deeds.save(this) };
    switch (this.entry.phase) {
      case "failed":
        return { words: refusal(this.#way.error), ways: [again, save] };
      case "unfinished": {
        const upload = { key: "preview.upload", act: () => this.#deeds.retry(this) };
        return { words: leftBehind(this.entry, this.#lang), ways: [upload, { ...again, key: "clip.listen" }, save] };
      }
      default: {
        const download = { ...save, key: "clip.download" };
        const ways = this.#problem === "network" ? [again, download] : this.#problem === "format" ? [download] : [];
        return { words: this.#problem ? problemWords(this.#problem) : "", ways };
      }
    }
  }
}
