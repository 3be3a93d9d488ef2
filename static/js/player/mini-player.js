/**
 * The player as one line under the list: what is on, how far, how fast, and what waits.
 *
 * @typedef {import("./player.js").PlayerState} PlayerState
 */
import { t, tn } from "../strings.js";
import { bead, beadShape, setBeadIcon } from "../ui/bead.js";
import { el } from "../ui/dom.js";
import { clock, length } from "../ui/format.js";
import { icon } from "../ui/icons.js";
import { openMenu } from "../ui/menu.js";
import { Ribbon } from "../ui/ribbon.js";
import { shareOf } from "./entry.js";

const SPEEDS = /** @type {const} */ ([1, 1.5, 2]);

export class MiniPlayer {
  #place;
  #player;
  #preferences;
  #lang;
  /** Whose bead is there. */
  #author = "";
  /** @type {import("../api.js").Clip|null} */
  #clip = null;
  #bead = el("span");
  #play = el("button", { type: "button", class: "play", on: { click: () => this.#player.toggle() } });
  #name = el("span", { class: "name cut" });
  #queue = el("span", { class: "queue t13 dim" });
  #ribbon = new Ribbon({ label: t("clip.position"), onSeek: (part) => this.#player.seek(part * this.#player.state.duration) });
  #line = el("div", { class: "line" }, this.#ribbon.element);
  #position = el("span");
  #of = el("span", { class: "of" });
  #time = el("span", { class: "time num" }, this.#position, this.#of);
  #speed = el("button", { type: "button", class: "speed", on: { click: () => this.#faster() } });
  #listen = el("button", { type: "button", class: "btn pri grow", text: t("player.start"), on: { click: () => this.#player.unlock() } });
  #standing = el("span", { class: "grow cut t13" });
  #goOn = el("button", { type: "button", class: "btn", on: { click: () => this.#goesOn() } });
  #more = el("button", { type: "button", class: "ib dim i20 more", "aria-label": t("clip.more"), "aria-expanded": "false",
    on: { click: () => this.#openMenu() } }, icon("more"));
  #stop = el("button", { type: "button", class: "ib dim i20", "aria-label": t("player.stop"),
    on: { click: () => this.#player.stop() } }, icon("x"));

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.place
   * @param {import("./player.js").Player} parts.player
   * @param {import("../preferences.js").Preferences} parts.preferences
   * @param {string} parts.lang
   */
  constructor({ place, player, preferences, lang }) {
    this.#place = place;
    this.#player = player;
    this.#preferences = preferences;
    this.#lang = lang;
    place.append(this.#play, this.#name, this.#standing, this.#queue, this.#line, this.#listen, this.#time, this.#speed,
      this.#goOn, this.#more, this.#stop);
    player.addEventListener("state", (event) => this.#show(/** @type {CustomEvent} */ (event).detail));
    player.addEventListener("time", (event) => this.#showTime(/** @type {CustomEvent} */ (event).detail));
    preferences.addEventListener("change", () => this.#showSpeed());
    this.#showSpeed();
    this.#show(player.state);
  }

  /** @param {PlayerState} state */
  #show(state) {
    const { clip, waiting, standby, stopAfterThis } = state;
    const quiet = !clip || state.state === "unplayable";
    this.#place.hidden = quiet && !standby && !(state.elsewhere && waiting);
    if (this.#place.hidden) return;
    this.#place.dataset.state = quiet ? "paused" : state.state;
    this.#queue.textContent = quiet ? "" : stopAfterThis ? t("player.stopAfter") : waiting ? tn("player.queue", waiting) : "";
    for (const part of [this.#standing, this.#goOn]) part.hidden = !quiet;
    for (const part of [this.#play, this.#name, this.#stop, this.#more]) part.hidden = quiet;
    this.#listen.hidden = quiet || state.state !== "blocked";
    for (const part of [this.#line, this.#time, this.#speed]) part.hidden = quiet || state.state === "blocked";
    if (quiet) return this.#showQuiet(state);
    const playing = state.state === "playing" || state.state === "loading";
    this.#showClip(clip);
    this.#name.textContent = clip.author;
    this.#play.setAttribute("aria-label", t(playing ? "clip.pause" : "clip.play"));
    setBeadIcon(this.#bead, playing ? "pause" : "play");
    this.#showTime(state);
  }

  /** @param {PlayerState} state nothing is on here, but clips may wait */
  #showQuiet({ waiting, standby }) {
    const words = waiting ? `${t("player.standby")}: ${tn("player.queue", waiting)}` : t("player.standingBy");
    this.#standing.textContent = standby ? words : t("player.elsewhere");
    this.#goOn.textContent = t(standby ? "player.goOn" : "player.playHere");
  }

  #goesOn() {
    if (this.#player.state.standby) this.#player.standby(false);
    else this.#player.playHere();
  }

  /** @param {import("../api.js").Clip} clip */
  #showClip(clip) {
    if (clip === this.#clip) return;
    this.#clip = clip;
    const { author, peaks = [], duration, live } = clip;
    if (author !== this.#author) {
      this.#author = author;
      this.#bead = bead(author, { size: 44, icon: "play" });
      this.#play.replaceChildren(this.#bead);
      this.#place.dataset.hue = String(beadShape(author).hue);
    }
    this.#ribbon.setPeaks(peaks, shareOf(clip));
    this.#ribbon.setDuration(duration);
    this.#ribbon.setState("playing");
    this.#of.textContent = live ? ` ${t("clip.live")}` : ` / ${length(duration)}`;
  }

  /** @param {{position: number, duration: number}} time seconds */
  #showTime({ position, duration }) {
    this.#position.textContent = clock(position);
    this.#ribbon.setProgress(position / (duration || 1));
  }

  #showSpeed() {
    const words = t("player.speedTimes", { speed: new Intl.NumberFormat(this.#lang).format(this.#preferences.get("speed")) });
    this.#speed.textContent = words;
    this.#speed.setAttribute("aria-label", `${t("player.speed")} ${words}`);
  }

  #faster() {
    const at = SPEEDS.indexOf(this.#preferences.get("speed"));
    this.#player.setSpeed(SPEEDS[(at + 1) % SPEEDS.length]);
  }

  #openMenu() {
    const { stopAfterThis, standby } = this.#player.state;
    openMenu(this.#more, [
      { label: t("player.stopAfter"), checked: stopAfterThis, onSelect: () => this.#player.stopAfterThis(!stopAfterThis) },
      { label: t("player.standby"), checked: standby, onSelect: () => this.#player.standby(!standby) },
    ]);
  }
}
