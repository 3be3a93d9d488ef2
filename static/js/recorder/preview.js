/**
 * A take that waits for its author: to be heard, described, sent, or thrown away.
 *
 * Events: "play" before it sounds; "quiet" when it has stopped; "upload", detail {description}; "redo"; "discard".
 *
 * @typedef {import("./recorder.js").Take} Take
 */
import { fileName, saveAs } from "../files.js";
import { t } from "../strings.js";
import { bead, beadShape, setBeadIcon } from "../ui/bead.js";
import { el } from "../ui/dom.js";
import { clock, length } from "../ui/format.js";
import { icon } from "../ui/icons.js";
import { Ribbon } from "../ui/ribbon.js";
import { withLength } from "./webm-length.js";

export class Preview extends EventTarget {
  /** @type {Take|null} */
  take = null;
  #stage;
  #me;
  #url = "";
  #title = el("h2", { class: "grow", tabIndex: -1, text: t("preview.title") });
  #time = el("span", { class: "num dim" });
  #screen = el("div", { class: "screen" });
  #media = el("video", { playsInline: true, preload: "auto" });
  #ribbon = new Ribbon({ label: t("clip.position"), onSeek: (part) => this.#seek(part) });
  #description = el("textarea", { class: "field box", rows: 2, maxLength: 200 });
  #bead;
  #play;
  #plate;

  /**
   * @param {HTMLElement} stage
   * @param {string} me name
   */
  constructor(stage, me) {
    super();
    this.#stage = stage;
    this.#me = me;
    this.#bead = bead(me, { size: 56, icon: "play" });
    this.#play = el("button", { type: "button", class: "play", on: { click: () => this.#toggle() } }, this.#bead);
    this.#plate = el("div", { class: "preview" },
      el("div", { class: "row" }, this.#title, this.#time),
      this.#screen,
      el("div", { class: "pvline", dataset: { hue: beadShape(me).hue } },
        this.#play, el("div", { class: "line" }, this.#ribbon.element)),
      el("label", null, el("span", { class: "lab", text: t("preview.description") }), this.#description),
      this.#mainButtons(), this.#quietButtons());
    for (const type of ["play", "pause", "ended"]) this.#media.addEventListener(type, () => this.#showState());
    this.#media.addEventListener("timeupdate", () => this.#showTime());
  }

  /**
   * @param {Take} take
   * @param {string} description written before
   * @param {{focus: boolean}} how `focus`: the keyboard was in the recorder, and goes on here
   */
  open(take, description, { focus }) {
    this.take = take;
    this.#load(take);
    this.#screen.replaceChildren(this.#media);
    this.#screen.hidden = take.kind !== "video";
    this.#ribbon.setPeaks(take.peaks);
    this.#ribbon.setDuration(take.seconds);
    this.#description.value = description;
    this.#stage.replaceChildren(this.#plate);
    this.#showState();
    if (focus) this.#title.focus();
  }

  /** @returns {string} what was written so far */
  close() {
    this.take = null;
    this.#media.pause();
    this.#media.removeAttribute("src");
    this.#media.load();
    URL.revokeObjectURL(this.#url);
    this.#plate.remove();
    return this.#description.value.trim();
  }

  /** @param {Take} take */
  async #load(take) {
    const playable = await withLength(take.blob, take.seconds);
    if (this.take !== take) return;
    this.#url = URL.createObjectURL(playable);
    this.#media.src = this.#url;
  }

  #mainButtons() {
    const upload = () => this.#tell("upload", { description: this.#description.value.trim() });
    return el("div", { class: "acts2" },
      el("button", { type: "button", class: "btn pri l grow", on: { click: upload } }, icon("send"), t("preview.upload")),
      el("button", { type: "button", class: "btn l", on: { click: () => this.#tell("redo") } }, icon("redo"), t("preview.redo")));
  }

  #quietButtons() {
    return el("div", { class: "acts3" },
      el("button", { type: "button", class: "btn txt", on: { click: () => this.#save() } }, icon("save"), t("preview.save")),
      el("button", { type: "button", class: "btn txt", on: { click: () => this.#tell("discard") } }, icon("trash"), t("preview.discard")));
  }

  #save() {
    if (this.take) saveAs(this.take.blob, fileName({ ...this.take, author: this.#me }));
  }

  #toggle() {
    if (!this.#media.paused) return this.#media.pause();
    this.#tell("play");
    this.#media.play().catch(() => this.#showState());
  }

  /** @param {number} part 0 to 1 */
  #seek(part) {
    if (this.take) this.#media.currentTime = part * this.take.seconds;
  }

  #showState() {
    const playing = !this.#media.paused && !this.#media.ended;
    this.#play.setAttribute("aria-label", t(playing ? "clip.pause" : "preview.play"));
    setBeadIcon(this.#bead, playing ? "pause" : "play");
    if (!playing) this.#tell("quiet");
    this.#showTime();
  }

  /** Before it is played all of it is in full colour, as nobody has heard it. */
  #showTime() {
    if (!this.take) return;
    const { currentTime, ended } = this.#media;
    const midway = currentTime > 0 && !ended;
    this.#ribbon.setState(midway ? "playing" : "fresh");
    this.#ribbon.setProgress(midway ? currentTime / this.take.seconds : 0);
    const whole = length(this.take.seconds);
    this.#time.textContent = midway ? `${clock(currentTime)} / ${whole}` : whole;
  }

  /**
   * @param {string} type
   * @param {object} [detail]
   */
  #tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
