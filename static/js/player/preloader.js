/**
 * Fetches the next clip while this one plays, so that no silence of the network falls between them. It makes no sound:
 * the one media element gets the bytes as an object URL.
 *
 * @typedef {import("../api.js").Clip} Clip
 */

/** Bytes: bigger clips begin to play before they are whole, so let the browser stream them. */
const MOST = 3_000_000;

export class Preloader {
  #load;
  /** @type {{id: string, abort: AbortController, url: string|null}|null} */
  #slot = null;

  /** @param {(url: string, signal: AbortSignal) => Promise<Blob>} [load] */
  constructor(load = fetchBlob) {
    this.#load = load;
  }

  /** @param {Clip|null} clip the one to have ready; another is forgotten */
  async want(clip) {
    const id = clip && clip.bytes <= MOST ? clip.id : null;
    if (this.#slot?.id === id) return;
    this.drop();
    if (!clip || !id) return;
    const slot = (this.#slot = { id, abort: new AbortController(), url: /** @type {string|null} */ (null) });
    try {
      const blob = await this.#load(clip.media, slot.abort.signal);
      if (this.#slot === slot) slot.url = URL.createObjectURL(blob);
    } catch {
      if (this.#slot === slot) this.#slot = null;
    }
  }

  /**
   * @param {string} id
   * @returns {string|null} an object URL that is now the caller's to revoke; null where the clip is not ready
   */
  take(id) {
    if (this.#slot?.id !== id || !this.#slot.url) return null;
    const { url } = this.#slot;
    this.#slot = null;
    return url;
  }

  drop() {
    this.#slot?.abort.abort();
    if (this.#slot?.url) URL.revokeObjectURL(this.#slot.url);
    this.#slot = null;
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function fetchBlob(url, signal) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.blob();
}
