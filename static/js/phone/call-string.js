/** Two people and the string between them: plucked while one calls the other, and while they talk it swells. */
import { bead, beadShape } from "../ui/bead.js";
import { el, svg } from "../ui/dom.js";
import { Ribbon } from "../ui/ribbon.js";

/** Halves of a wave on the string. */
const BELLIES = 3;
const POINTS = 60;
/** The envelope of the standing wave: how far it swings, and how much of it is seen. */
const SWINGS = [[1, 1], [0.55, 0.45], [-0.55, 0.45], [-1, 1]];
/** Louder than this (0 to 1) is speaking. */
const SPEAKING = 0.12;

/**
 * A standing wave.
 * @param {number} swing -1 to 1
 * @param {number} width
 * @param {number} height
 * @returns {string} path data
 */
export function pluckPath(swing, width, height) {
  let path = "";
  for (let i = 0; i <= POINTS; i++) {
    const x = (i / POINTS) * width;
    const y = height / 2 + swing * (height / 2 - 2) * Math.sin((BELLIES * Math.PI * i) / POINTS);
    path += `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  return path;
}

export class CallString {
  #people;
  #beads;
  #line = el("span", { class: "cs-line" });
  #ribbon = new Ribbon({ tail: true });
  #pluck = svg("svg", { class: "cs-pluck", viewBox: "0 0 300 56", preserveAspectRatio: "none" },
    ...SWINGS.map(([swing, opacity]) => svg("path", { d: pluckPath(swing, 300, 56), opacity })));
  /** @type {HTMLElement} */
  element;

  /**
   * @param {object} parts
   * @param {string} parts.peer name
   * @param {string} parts.me name
   * @param {boolean} [parts.large]
   */
  constructor({ peer, me, large = false }) {
    this.#people = { peer, me };
    this.#beads = { peer: bead(peer, { size: large ? 72 : 40 }), me: bead(me, { size: large ? 72 : 40 }) };
    this.#ribbon.setState("live");
    this.element = el("div", { class: `callstring${large ? " large" : ""}`, "aria-hidden": "true" },
      this.#beads.peer, this.#line, this.#beads.me);
    this.show("voice");
  }

  /** @param {"plucked"|"voice"} what */
  show(what) {
    this.#colour("peer");
    const part = what === "plucked" ? this.#pluck : this.#ribbon.element;
    if (this.#line.firstChild !== part) this.#line.replaceChildren(part);
  }

  /** @param {{me: number, peer: number}} level 0 to 1 each */
  push({ me, peer }) {
    for (const [who, level] of Object.entries({ me, peer })) {
      this.#beads[/** @type {"me"|"peer"} */ (who)].classList.toggle("speaking", level > SPEAKING);
    }
    this.#colour(me > peer && me > SPEAKING ? "me" : "peer");
    this.#ribbon.push(Math.max(me, peer));
  }

  /** @param {"me"|"peer"} who it is whose voice is seen */
  #colour(who) {
    this.#line.dataset.hue = String(beadShape(this.#people[who]).hue);
  }
}
