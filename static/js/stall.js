/** Calls `act` once nothing has been heard for a while. */
export class Stall {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #act;
  #seconds;

  /**
   * @param {number} seconds
   * @param {() => void} act
   */
  constructor(seconds, act) {
    this.#seconds = seconds;
    this.#act = act;
    this.restart();
  }

  restart() {
    this.end();
    this.#timer = setTimeout(this.#act, this.#seconds * 1000);
  }

  end() {
    clearTimeout(this.#timer);
  }
}

