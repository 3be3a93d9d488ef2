/**
 * Keeps the screen on while recording: a dark phone records silence. The browser takes the lock away with a hidden
 * tab, so it is asked for again when the tab is seen. Where it is refused nothing else depends on it.
 */
export class WakeLock {
  #page;
  #api;
  #wanted = false;
  /** @type {WakeLockSentinel|null} */
  #sentinel = null;

  /**
   * @param {{hidden: boolean, addEventListener: (type: string, listener: () => void) => void}} page `document`
   * @param {Navigator["wakeLock"]|undefined} [api]
   */
  constructor(page, api = navigator.wakeLock) {
    this.#page = page;
    this.#api = api;
    page.addEventListener("visibilitychange", () => this.#ask());
  }

  hold() {
    this.#wanted = true;
    this.#ask();
  }

  release() {
    this.#wanted = false;
    this.#sentinel?.release().catch(() => {});
    this.#sentinel = null;
  }

  async #ask() {
    const held = this.#sentinel && !this.#sentinel.released;
    if (!this.#wanted || held || this.#page.hidden) return;
    try {
      const sentinel = await this.#api?.request("screen");
      if (this.#wanted) this.#sentinel = sentinel ?? null;
      else sentinel?.release().catch(() => {});
    } catch {
      // a low battery, or a page that may not
    }
  }
}
