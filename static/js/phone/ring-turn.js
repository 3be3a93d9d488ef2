/**
 * Which of one's tabs rings aloud: the one that holds a Web Lock while it rings. Where it is closed the next one does.
 *
 * Event: "change", when `mine` became true.
 */
export class RingTurn extends EventTarget {
  /** This tab is the one. */
  mine = false;
  #locks;
  #name;
  /** Gives the turn to the next tab; null while nothing rings. @type {(() => void)|null} */
  #give = null;

  /**
   * @param {object} parts
   * @param {Pick<LockManager, "request">|undefined} parts.locks where there are none each tab rings
   * @param {string} parts.name of the lock
   */
  constructor({ locks, name }) {
    super();
    this.#locks = locks;
    this.#name = name;
  }

  /** It rings. */
  ask() {
    if (this.#give) return;
    if (!this.#locks) {
      this.#give = () => {};
      this.mine = true;
      return;
    }
    const over = new Promise((resolve) => { this.#give = () => resolve(null); });
    const give = this.#give;
    this.#locks.request(this.#name, () => {
      if (this.#give !== give) return null;
      this.#take();
      return over;
    }).catch(() => {
      if (this.#give === give) this.#take(); // a browser that refuses locks
    });
  }

  /** It rings no more. */
  end() {
    this.#give?.();
    this.#give = null;
    this.mine = false;
  }

  #take() {
    this.mine = true;
    this.dispatchEvent(new CustomEvent("change"));
  }
}
