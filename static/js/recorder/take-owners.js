/**
 * Which tab a recording belongs to: the one that records it and, when that is gone, the next that knows of it. The
 * browser itself takes a lock from a tab that dies (Web Locks). Where there are none every tab is on its own.
 *
 * @typedef {{id: string, thread: string, name: string}} Address whose recording it is
 */

export class TakeOwners {
  #prefix;
  #locks;
  #channel;
  /** @type {Map<string, () => void>} */
  #release = new Map();

  /**
   * @param {object} parts
   * @param {string} parts.base URL prefix of the site
   * @param {LockManager|undefined} [parts.locks]
   * @param {Pick<BroadcastChannel, "postMessage"|"addEventListener">|null} [parts.channel] to the other tabs
   */
  constructor({ base, locks = globalThis.navigator?.locks, channel = channelOf(base) }) {
    this.#prefix = `mozchat${base}/take/`;
    this.#locks = locks;
    this.#channel = channel;
  }

  /** @param {(address: Address) => void} act told of what other tabs begin to record */
  onBegun(act) {
    if (this.#locks) this.#channel?.addEventListener("message", (event) => act(/** @type {MessageEvent} */ (event).data));
  }

  /**
   * A new recording of this tab's.
   * @param {Address} address
   */
  own(address) {
    this.wait(address.id, () => this.#channel?.postMessage(address));
  }

  /**
   * @param {string} id
   * @param {() => void} act once it is this tab's, which it stays until it is released
   */
  wait(id, act) {
    if (!this.#locks) return act();
    this.#locks.request(this.#prefix + id, () => new Promise((resolve) => {
      this.#release.set(id, () => resolve(null));
      act();
    })).catch(() => {}); // the page is going away
  }

  /** @param {string} id */
  release(id) {
    this.#release.get(id)?.();
    this.#release.delete(id);
  }

  /** @returns {Promise<Set<string>>} the ids of what belongs to some tab now */
  async owned() {
    const { held = [] } = (await this.#locks?.query()) ?? {};
    const names = held.map(({ name }) => name ?? "").filter((name) => name.startsWith(this.#prefix));
    return new Set(names.map((name) => name.slice(this.#prefix.length)));
  }
}

/** @param {string} base */
function channelOf(base) {
  return globalThis.BroadcastChannel && globalThis.document ? new BroadcastChannel(`mozchat${base}/outbox`) : null;
}
