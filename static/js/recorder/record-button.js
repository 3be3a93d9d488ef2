/**
 * The record button, under finger, mouse and keyboard; the space bar is one anywhere on the page where it means
 * nothing else.
 *
 * Events: "deed", detail {deed: "start"|"stop"|"cancel"}; "hold" when a press becomes push-to-talk, slides away, or
 * comes back.
 *
 * @typedef {"idle"|"asking"|"recording"} RecorderState
 */
import { discPath, REST_DISC } from "../ui/bead.js";
import { setIcon } from "../ui/icons.js";
import { HOLD_MS, Press } from "./press.js";

/** Whatever the space bar has a meaning on. */
const TAKEN = "input, textarea, select, button, a[href], summary, dialog, [contenteditable], [role=slider], [popover]";

export class RecordButton extends EventTarget {
  #button;
  #state;
  #me;
  #disc;
  #press = new Press();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #holdTimer;
  /** It is the space bar that holds the press. */
  #keyed = false;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.button
   * @param {() => RecorderState} parts.state
   * @param {() => boolean} parts.ready nothing else is in the recorder's place
   * @param {string} parts.me name: whose shape the button takes
   */
  constructor({ button, state, ready, me }) {
    super();
    this.#button = button;
    // Until here a press would have been lost, so the page came with it disabled.
    /** @type {HTMLButtonElement} */ (button).disabled = false;
    this.#state = state;
    this.#me = me;
    this.#disc = /** @type {SVGPathElement} */ (button.querySelector(".disc"));
    this.#followPointer();
    this.#followKeys(ready);
    button.addEventListener("click", ({ detail }) => {
      // Pointers and the space bar were told of already; this is Enter, or a screen reader.
      if (detail === 0) this.#tell(state() === "idle" ? "start" : "stop");
    });
    addEventListener("blur", ({ timeStamp }) => this.#lose(timeStamp));
  }

  /** A press that started the recording is still down. */
  get holding() {
    return this.#press.holding;
  }

  /** Let go now, it would throw the recording away. */
  get away() {
    return this.#press.away;
  }

  /**
   * @param {RecorderState|"refused"} state
   * @param {"audio"|"video"} kind
   */
  show(state, kind) {
    const running = state === "recording";
    this.#button.setAttribute("aria-pressed", String(running));
    const ready = state === "refused" ? "micoff" : kind === "video" ? "cam" : "mic";
    setIcon(this.#button.lastElementChild ?? this.#button, running ? "stop" : ready);
    if (running || state === "asking") return;
    this.#disc.setAttribute("d", REST_DISC);
    this.#press.forget();
    clearTimeout(this.#holdTimer);
  }

  /**
   * @param {number} left share of the time that is left, 0 to 1
   * @param {number} level 0 to 1
   */
  showTick(left, level) {
    this.#button.style.setProperty("--left", left.toFixed(4));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#disc.setAttribute("d", discPath(this.#me, still ? 0 : level));
  }

  #followPointer() {
    const button = this.#button;
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.#down({ at: event.timeStamp, x: event.clientX, y: event.clientY });
    });
    button.addEventListener("pointermove", (event) => this.#move(event.clientX, event.clientY));
    button.addEventListener("pointerup", ({ timeStamp }) => this.#up(timeStamp));
    button.addEventListener("pointercancel", ({ timeStamp }) => this.#lose(timeStamp));
    // No click is made of a touch: it would hit whatever has opened under the finger meanwhile.
    button.addEventListener("touchend", (event) => {
      if (event.cancelable) event.preventDefault();
    });
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** @param {() => boolean} ready */
  #followKeys(ready) {
    document.addEventListener("keydown", (event) => {
      const onButton = event.target === this.#button;
      const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
      if (event.code !== "Space" || !plain || !(onButton || isFree(event.target)) || !ready()) return;
      event.preventDefault();
      if (!event.repeat) this.#down({ at: event.timeStamp, tap: onButton });
    });
    document.addEventListener("keyup", (event) => {
      if (event.code !== "Space" || !this.#keyed) return;
      event.preventDefault();
      this.#up(event.timeStamp);
    });
  }

  /** @param {{at: number, x?: number, y?: number, tap?: boolean}} press when the event was; by pointer where it has a place */
  #down({ at, x, y, tap = true }) {
    this.#keyed = x === undefined;
    const deed = this.#press.down({ at, x, y, tap, running: this.#state() !== "idle" });
    if (deed) this.#holdTimer = setTimeout(() => this.#changed(), HOLD_MS + 1);
    this.#tell(deed);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #move(x, y) {
    const { away } = this.#press;
    this.#press.move({ x, y });
    if (away !== this.#press.away) this.#changed();
  }

  /** @param {number} at */
  #up(at) {
    clearTimeout(this.#holdTimer);
    this.#keyed = false;
    this.#tell(this.#press.up({ at, asking: this.#state() === "asking" }));
  }

  /** @param {number} at */
  #lose(at) {
    clearTimeout(this.#holdTimer);
    this.#keyed = false;
    this.#tell(this.#press.lost({ at, asking: this.#state() === "asking" }));
  }

  #changed() {
    if (this.holding) this.dispatchEvent(new Event("hold"));
  }

  /** @param {import("./press.js").Deed} deed */
  #tell(deed) {
    if (deed) this.dispatchEvent(new CustomEvent("deed", { detail: { deed } }));
  }
}

/** @param {EventTarget|null} target */
function isFree(target) {
  const open = document.querySelector("dialog[open], :popover-open:not(.toast)");
  return target instanceof Element && !target.closest(TAKEN) && !open;
}
