/**
 * The thread's clips as this page knows them. Pure but for telling of changes.
 *
 * Event: "change", detail {@link Difference}.
 *
 * @typedef {import("../api.js").Clip} Clip
 * @typedef {import("../api.js").Changes} Changes
 *
 * @typedef {object} Difference
 * @property {Clip[]} added in order of time
 * @property {Clip[]} changed known before, and told anew: a live one that has grown, or is complete
 * @property {Clip[]} removed
 * @property {boolean} reset the server told the whole; this is the difference to what was here
 * @property {boolean} first the first filling: nothing of it is new to anybody
 */

export class Catalogue extends EventTarget {
  /** In order of time. @type {readonly Clip[]} */
  clips = [];
  /** @type {Map<string, Clip>} */
  #byId = new Map();
  #filled = false;

  /** @returns {Clip|undefined} the last in order of time */
  get newest() {
    return this.clips.at(-1);
  }

  get size() {
    return this.clips.length;
  }

  /** @param {string} id */
  get(id) {
    return this.#byId.get(id);
  }

  /**
   * @param {Pick<Changes, "clips"|"reset">} changes
   * @returns {Difference}
   */
  apply({ clips, reset = false }) {
    const told = clips?.added ?? [];
    const gone = reset ? this.#missingFrom(told) : (clips?.removed ?? []);
    /** @type {Difference} */
    const difference = { added: [], changed: [], removed: this.#remove(gone), reset, first: reset && !this.#filled };
    for (const clip of [...told, ...this.#grown(clips?.grown ?? [])]) {
      const known = this.#byId.get(clip.id);
      if (!known) difference.added.push(clip);
      else if (!reset || JSON.stringify(known) !== JSON.stringify(clip)) difference.changed.push(clip);
      this.#byId.set(clip.id, clip);
    }
    this.#filled ||= reset;
    difference.added.sort(byTime);
    if (difference.added.length || difference.changed.length || difference.removed.length || reset) {
      this.clips = [...this.#byId.values()].sort(byTime);
      this.dispatchEvent(new CustomEvent("change", { detail: difference }));
    }
    return difference;
  }

  /**
   * @param {import("../api.js").Growth[]} told
   * @returns {Clip[]} those that are live here, as they are now
   */
  #grown(told) {
    return told.flatMap((growth) => {
      const known = this.#byId.get(growth.id);
      return known?.live ? [{ ...known, ...growth }] : [];
    });
  }

  /** @param {Clip[]} told */
  #missingFrom(told) {
    const ids = new Set(told.map(({ id }) => id));
    return [...this.#byId.keys()].filter((id) => !ids.has(id));
  }

  /** @param {string[]} ids */
  #remove(ids) {
    const removed = ids.map((id) => this.#byId.get(id)).filter((clip) => clip !== undefined);
    for (const id of ids) this.#byId.delete(id);
    return removed;
  }
}

/**
 * Order of time; clips of the same instant stand in the order of their ids, the same for everybody.
 * @param {Pick<Clip, "created"|"id">} a
 * @param {Pick<Clip, "created"|"id">} b
 */
export function byTime(a, b) {
  if (a.created !== b.created) return a.created < b.created ? -1 : 1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
