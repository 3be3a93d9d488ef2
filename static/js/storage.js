/** The browser's storage, which may be refused, full, or changed by another tab. Nothing here throws. */

export class Storage {
  #area;
  #tabs;

  /**
   * @param {object} [parts]
   * @param {Pick<globalThis.Storage, "getItem"|"setItem">|null} [parts.area]
   * @param {Partial<Pick<EventTarget, "addEventListener">>} [parts.tabs] where "storage" events of other tabs arrive
   */
  constructor({ area = localArea(), tabs = globalThis } = {}) {
    this.#area = area;
    this.#tabs = tabs;
  }

  /**
   * @param {string} key
   * @returns {any} null where nothing, or nothing of ours, is kept
   */
  read(key) {
    try {
      return JSON.parse(this.#area?.getItem(key) ?? "null");
    } catch {
      return null;
    }
  }

  /**
   * @param {string} key
   * @param {any} value
   */
  write(key, value) {
    try {
      this.#area?.setItem(key, JSON.stringify(value));
    } catch {
      // refused or full: what is written lasts as long as the page
    }
  }

  /** @param {(key: string|null) => void} listener told of what another tab wrote; null: everything was cleared */
  onOtherTab(listener) {
    this.#tabs.addEventListener?.("storage", (event) => listener(/** @type {StorageEvent} */ (event).key));
  }
}

/** The mere look at it may throw. */
function localArea() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
