/**
 * Which of one's tabs of a thread plays what comes in: the one that was used last. It holds a Web Lock, so that where it
 * is closed the next one goes on. It keeps its turn while it is busy, unless another tab begins to play or to record.
 *
 * Event: "change", detail {wanted}: `mine` has changed; `wanted`: not before somebody used this tab.
 */
import { StandingLock } from "../standing-lock.js";

export class PlayTurn extends EventTarget {
  #locks;
  #name;
  #lock;
  #taking = false;
  /** Waits until the tab whose turn it is has done. @type {AbortController|null} */
  #wanting = null;
  /** Ends being busy. @type {(() => void)|null} */
  #rest = null;

  /**
   * @param {object} parts
   * @param {Pick<LockManager, "request">|undefined} parts.locks where there are none each tab plays
   * @param {string} parts.name of the lock
   */
  constructor({ locks, name }) {
    super();
    this.#locks = locks;
    this.#name = name;
    this.#lock = locks ? new StandingLock({ locks, name, onChange: () => this.#changed() }) : null;
  }

  /** This tab is the one. */
  get mine() {
    return this.#lock ? this.#lock.held : true;
  }

  join() {
    this.#lock?.stand();
  }

  leave() {
    this.unwant();
    this.busy = false;
    this.#lock?.leave();
  }

  /** This tab is used: it has its turn as soon as the tab that has it is not busy. */
  want() {
    if (this.mine || this.#taking || this.#wanting) return;
    const wanting = new AbortController();
    this.#wanting = wanting;
    const { signal } = wanting;
    this.#locks?.request(`${this.#name}:busy`, { signal }, () => {
      if (!signal.aborted) this.#take();
    }).catch(() => {}); // this tab is not used any more
  }

  /** This tab is not used any more. */
  unwant() {
    this.#wanting?.abort();
    this.#wanting = null;
  }

  /** It plays, or needs silence: while it does its turn is not over, and it begins at once. */
  get busy() {
    return this.#rest !== null;
  }

  set busy(busy) {
    if (busy === this.busy || !this.#locks) return;
    if (!busy) {
      this.#rest?.();
      this.#rest = null;
      return;
    }
    const over = new Promise((resolve) => { this.#rest = () => resolve(null); });
    this.#locks.request(`${this.#name}:busy`, () => over).catch(() => {}); // a browser that refuses locks
    if (!this.mine) this.#take();
  }

  #take() {
    this.#taking = true;
    this.#lock?.stand({ steal: true });
  }

  #changed() {
    const wanted = this.#taking;
    this.#taking = false;
    if (this.mine) this.unwant();
    this.dispatchEvent(new CustomEvent("change", { detail: { wanted } }));
  }
}

/**
 * Joins the turn with the player, and with what tells that this tab is used.
 * @param {object} parts
 * @param {PlayTurn} parts.turn
 * @param {import("./player.js").Player} parts.player
 * @param {EventTarget & {hidden: boolean}} [parts.page]
 * @param {EventTarget} [parts.frame] tells "focus", "blur", "pagehide" and "pageshow"
 * @param {() => boolean} [parts.mayPlay] whether the browser lets this tab sound by itself
 */
export function takeTurns({ turn, player, page = document, frame = globalThis, mayPlay = hasBeenPressed }) {
  const show = () => {
    if (turn.mine) player.release("elsewhere");
    else player.hold("elsewhere");
  };
  const use = () => { if (!page.hidden && mayPlay()) turn.want(); };
  turn.addEventListener("change", (event) => {
    // What the other tab left out by somebody's choice does not begin to sound because this one is looked at.
    if (/** @type {CustomEvent} */ (event).detail.wanted && !turn.busy) player.forgetWaiting();
    show();
  });
  player.addEventListener("state", () => { turn.busy = player.isBusy; });
  for (const type of ["click", "input", "visibilitychange"]) page.addEventListener(type, use);
  frame.addEventListener("focus", use);
  frame.addEventListener("blur", () => turn.unwant());
  frame.addEventListener("pagehide", () => turn.leave());
  frame.addEventListener("pageshow", (event) => { if (/** @type {PageTransitionEvent} */ (event).persisted) turn.join(); });
  show();
  turn.join();
}

/** Before anything was pressed a browser may keep a tab silent. */
function hasBeenPressed() {
  return navigator.userActivation?.hasBeenActive ?? true;
}
