/**
 * What a press on Record means. A tap turns recording on and off; a press that lasts is push-to-talk; let go after
 * sliding away from it, it throws the recording away. Knows no browser: it is told times and places.
 *
 * @typedef {"start"|"stop"|"cancel"|null} Deed
 *
 * @typedef {object} Held
 * @property {number} at ms when it began
 * @property {number} x
 * @property {number} y
 * @property {boolean} began this press started the recording, or found it running
 * @property {boolean} tap a short press means something: it is on the button, not the space bar on the page
 * @property {boolean} away it has slid from where it began
 */

/** A press longer than this (ms) is held. */
export const HOLD_MS = 300;
/** Sliding further than this (px) is away. */
export const SLIDE_PX = 60;

export class Press {
  /** @type {Held|null} */
  #held = null;

  /** A press that started a recording is still down. */
  get holding() {
    return this.#held?.began === true;
  }

  /** Let go now, it would throw the recording away. */
  get away() {
    return this.holding && this.#held?.away === true;
  }

  /**
   * @param {{at: number, x?: number, y?: number, running: boolean, tap?: boolean}} press `running`: recording, or about to
   * @returns {Deed}
   */
  down({ at, x = 0, y = 0, running, tap = true }) {
    if (this.#held) return null;
    this.#held = { at, x, y, began: !running, tap, away: false };
    return running ? null : "start";
  }

  /** @param {{x: number, y: number}} place */
  move({ x, y }) {
    if (this.#held) this.#held.away = Math.hypot(x - this.#held.x, y - this.#held.y) > SLIDE_PX;
  }

  /**
   * @param {{at: number, asking: boolean}} release `asking`: the microphone is not there yet; what nobody holds any
   *   more must not begin
   * @returns {Deed}
   */
  up({ at, asking }) {
    const held = this.#held;
    this.#held = null;
    if (!held) return null;
    if (!held.began) return held.away ? null : "stop";
    if (held.away) return "cancel";
    if (at - held.at <= HOLD_MS) return held.tap ? null : "cancel";
    return asking ? "cancel" : "stop";
  }

  /**
   * The press was taken away: the window lost the focus, or the browser made a gesture of it.
   * @param {{at: number, asking: boolean}} now
   * @returns {Deed}
   */
  lost({ at, asking }) {
    const held = this.#held;
    this.#held = null;
    if (!held?.began) return null;
    return at - held.at > HOLD_MS && !asking ? "stop" : "cancel";
  }

  /** Forgets the press: the recording ended by itself. */
  forget() {
    this.#held = null;
  }
}
