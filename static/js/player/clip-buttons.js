/** The small buttons of a clip in the list. They tell their `deeds`; the item knows which clip it is. */
import { t } from "../strings.js";
import { bead, setBeadIcon } from "../ui/bead.js";
import { el } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** What the author can do to a clip by where it is: the name's key and the icon. */
const REMOVALS = {
  sent: ["clip.delete", "trash"], sending: ["clip.stopSending", "x"], waiting: ["preview.discard", "trash"],
  failed: ["preview.discard", "trash"], unfinished: ["preview.discard", "trash"],
};

/** The bead: it plays, where there is something to be played. */
export class PlayButton {
  element;
  /** @type {HTMLElement|null} */
  #bead = null;
  #sign = "play";

  /** @param {() => void} press */
  constructor(press) {
    this.element = el("button", { type: "button", class: "play", on: { click: press } });
  }

  /** @param {string} author */
  paint(author) {
    this.#bead = bead(author, { size: 48, icon: this.#sign });
    this.element.replaceChildren(this.#bead);
  }

  unpaint() {
    this.#bead = null;
    this.element.replaceChildren();
  }

  /**
   * @param {import("./entry.js").Entry["phase"]} phase
   * @param {boolean} playing
   * @param {boolean} speaking it is one's own, and live: nobody hears themselves
   */
  show(phase, playing, speaking) {
    const { element } = this;
    this.#sign = phase !== "sent" ? UNSENT[phase] : playing ? "pause" : "play";
    if (this.#bead) setBeadIcon(this.#bead, this.#sign);
    element.setAttribute("aria-label", t(playing ? "clip.pause" : "clip.play"));
    element.disabled = phase === "sending" || phase === "waiting" || speaking;
    // What failed has a button "Try again" in words, and what was left behind "Listen"; the bead does the same for a finger.
    const double = phase === "failed" || phase === "unfinished";
    element.ariaHidden = double ? "true" : null;
    element.tabIndex = double ? -1 : 0;
  }
}

/** The bead's icon before the clip is the thread's. */
const UNSENT = { sending: "send", waiting: "clock", failed: "redo", unfinished: "play" };

/**
 * @param {import("./entry.js").Entry} entry
 * @param {{remove: () => void, more: (anchor: HTMLElement) => void, fromStart: () => void}} deeds
 * @returns {HTMLElement[]} at the end of the ribbon
 */
export function actButtons({ own, phase, live }, deeds) {
  if (live) return own ? [] : [iconButton("ib act", "clip.fromStart", "start", deeds.fromStart)];
  const [key, sign] = REMOVALS[phase];
  const remove = own && iconButton("ib act", key, sign, deeds.remove);
  const more = phase === "sent" && iconButton(own ? "ib act more" : "ib act", "clip.more", "more", deeds.more);
  if (more) more.setAttribute("aria-expanded", "false");
  return [remove, more].filter((button) => button !== false);
}

/**
 * On the picture of a video.
 * @param {() => void} enlarge
 */
export function enlargeButton(enlarge) {
  const button = iconButton("ib glass enlarge", "clip.enlarge", "max", enlarge);
  button.addEventListener("click", (event) => event.stopPropagation());
  return button;
}

/**
 * What is wrong, and what can be done about it.
 * @param {string} words
 * @param {{key: string, act: () => void}[]} ways out
 */
export function whyBox(words, ways) {
  const buttons = ways.map(({ key, act }) => el("button", { type: "button", class: "btn s", text: t(key), on: { click: act } }));
  return el("div", { class: "why" }, el("span", { text: words }), ...buttons);
}

/**
 * @param {string} className
 * @param {string} key of its name
 * @param {string} sign
 * @param {(button: HTMLElement) => void} act
 */
function iconButton(className, key, sign, act) {
  const button = el("button", { type: "button", class: className, "aria-label": t(key) }, icon(sign));
  button.addEventListener("click", () => act(button));
  return button;
}
