/**
 * Where the list stands. It is laid out from its end, so at its end it stays there by itself; elsewhere nothing that
 * is added or removed may move what a person looks at.
 */

/** Nearer to the end than this (px) is at the end. */
const NEAR = 40;
/** Nearer to the first row than this (px), more rows are wanted. */
const SOON = 1500;

export class ListScroll {
  #list;
  #rows;

  /**
   * @param {HTMLElement} list what scrolls; its `scrollTop` is 0 at the end and negative above
   * @param {HTMLElement} rows what is in it
   * @param {{onMove: (atEnd: boolean) => void, onTop: () => void}} told when the end is reached or left, and when the
   *   first row is near
   */
  constructor(list, rows, { onMove, onTop }) {
    this.#list = list;
    this.#rows = rows;
    let wasAtEnd = true;
    list.addEventListener("scroll", () => {
      const { atEnd } = this;
      if (atEnd !== wasAtEnd) onMove(atEnd);
      wasAtEnd = atEnd;
      if (list.scrollHeight - list.clientHeight + list.scrollTop < SOON) onTop();
    }, { passive: true });
  }

  get atEnd() {
    return this.#list.scrollTop > -NEAR;
  }

  toEnd() {
    this.#list.scrollTop = 0;
  }

  /**
   * Changes the rows without moving what is seen.
   * @param {() => void} change
   */
  keep(change) {
    const anchor = this.atEnd ? null : this.#firstSeen();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    change();
    if (anchor?.isConnected) this.#list.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  /**
   * @param {HTMLElement} row
   * @returns {boolean} some of it is in the window
   */
  sees(row) {
    const frame = this.#list.getBoundingClientRect();
    const { top, bottom } = row.getBoundingClientRect();
    return bottom > frame.top && top < frame.bottom;
  }

  /** The first row in the window, by halving: there may be thousands. */
  #firstSeen() {
    const { top } = this.#list.getBoundingClientRect();
    const { children } = this.#rows;
    let [low, high] = [0, children.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (children[middle].getBoundingClientRect().bottom <= top) low = middle + 1;
      else high = middle;
    }
    return children.item(low);
  }
}
