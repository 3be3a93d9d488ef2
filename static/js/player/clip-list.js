/**
 * The list "Clips": the thread's clips in order of time, and after them what waits in the outbox. A clip that was
 * sent stays the item that it was while it waited.
 *
 * @typedef {import("../api.js").Clip} Clip
 * @typedef {import("../recorder/outbox.js").OutboxItem} OutboxItem
 * @typedef {import("./clip-item.js").Deeds} Deeds
 *
 * @typedef {object} Parts
 * @property {HTMLElement} list what scrolls
 * @property {HTMLElement} rows the list itself
 * @property {HTMLElement} empty shown instead when there is nothing
 * @property {import("./catalogue.js").Catalogue} catalogue
 * @property {import("../recorder/outbox.js").Outbox} outbox
 * @property {import("./player.js").Player} player
 * @property {import("./heard.js").Heard} heard
 * @property {(clip: Clip) => boolean} isMine
 * @property {string} me name
 * @property {string|null} target the clip that the page was opened at
 * @property {Deeds} deeds
 * @property {(atEnd: boolean) => void} onScroll
 * @property {string} lang
 */
import { day } from "../ui/format.js";
import { ClipItem } from "./clip-item.js";
import { entryOfClip, entryOfItem, sentAs } from "./entry.js";
import { Painter } from "./painter.js";
import { ListScroll } from "./scroll.js";

/** Of many clips the newest are there at once, the others follow in steps when the browser has nothing to do. */
const STEP = 150;
/** Milliseconds that a clip takes to go; twice that to come. */
const MOTION = 200;

export class ClipList {
  scroll;
  #parts;
  #painter;
  /** By id of clip or outbox item. @type {Map<string, ClipItem>} */
  #items = new Map();
  /** Outbox items that are clips of the thread already. @type {Set<string>} */
  #sent = new Set();
  /** How many of the newest clips have their items. */
  #depth = STEP;
  #filling = false;
  /** The clip in the player. @type {string|null} */
  #current = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#painter = new Painter(parts.list);
    this.scroll = new ListScroll(parts.list, parts.rows, parts.onScroll);
    this.#listen();
  }

  /** @param {string} id @returns {ClipItem|undefined} */
  item(id) {
    return this.#items.get(id);
  }

  /**
   * Scrolls to a clip and puts the keyboard there.
   * @param {string} id
   */
  reveal(id) {
    const item = this.item(id);
    if (!item) return;
    item.element.tabIndex = -1;
    item.element.scrollIntoView({ block: "center" });
    item.element.focus({ preventScroll: true });
    item.element.classList.add("target");
  }

  #listen() {
    const { catalogue, outbox, player, heard } = this.#parts;
    const on = (/** @type {EventTarget} */ source, /** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      source.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on(catalogue, "change", (difference) => this.#clipsChanged(difference));
    on(outbox, "sent", ({ item, clip }) => this.#adopt(item, clip));
    on(outbox, "change", ({ item }) => this.#outboxChanged(item));
    on(heard, "change", ({ id }) => this.item(id)?.showHeard(true));
    on(player, "state", (state) => this.#playerChanged(state));
    on(player, "time", ({ position, duration }) => {
      if (this.#current) this.item(this.#current)?.showPlayback({ playing: true, position, duration });
    });
  }

  /** @param {import("./catalogue.js").Difference} difference */
  #clipsChanged({ added, changed, removed, first }) {
    const { outbox, isMine, target, catalogue } = this.#parts;
    for (const clip of added) {
      const item = isMine(clip) && sentAs(clip, outbox.items.filter(({ id }) => !this.#sent.has(id)));
      if (item) this.#adopt(item, clip);
    }
    for (const clip of changed) this.item(clip.id)?.show(entryOfClip(clip, isMine(clip)));
    const from = first ? catalogue.clips.findIndex(({ id }) => id === target) : -1;
    if (from >= 0) this.#depth = Math.max(this.#depth, catalogue.size - from + STEP);
    this.scroll.keep(() => {
      for (const { id } of removed) this.#drop(id);
      this.#arrange(!first);
    });
    if (from >= 0 && target) this.reveal(target);
    this.#fill();
  }

  /** @param {OutboxItem} item */
  #outboxChanged(item) {
    const known = this.item(item.id);
    const { outbox, me } = this.#parts;
    if (known && outbox.items.includes(item)) {
      if (known.entry.phase !== item.state) known.show(entryOfItem(item, me));
      known.showWay(item);
      return;
    }
    this.scroll.keep(() => {
      if (known) this.#drop(item.id);
      this.#arrange(true);
    });
    if (!known) this.scroll.toEnd();
  }

  /**
   * From now on the item is the clip.
   * @param {OutboxItem} sent
   * @param {Clip} clip
   */
  #adopt(sent, clip) {
    const item = this.item(sent.id);
    if (!item || this.item(clip.id)) return;
    this.#sent.add(sent.id);
    this.#items.delete(sent.id);
    this.#items.set(clip.id, item);
    item.show(entryOfClip(clip, true));
  }

  /** @param {import("./player.js").PlayerState} state */
  #playerChanged({ clip, state, position, duration, problem }) {
    const id = clip?.id ?? null;
    if (id !== this.#current) {
      const before = this.#current ? this.item(this.#current) : undefined;
      before?.showPlayback(null);
      const next = id ? this.item(id) : undefined;
      if (before && next && this.scroll.sees(before.element) && !this.scroll.atEnd) next.element.scrollIntoView({ block: "nearest" });
      this.#current = id;
    }
    if (!id) return;
    const playing = state === "playing" || state === "loading";
    this.item(id)?.showPlayback(state === "unplayable" ? null : { playing, position, duration });
    this.item(id)?.showProblem(problem);
  }

  /**
   * Puts every item in its place, from the newest backwards, and makes those that are missing.
   * @param {boolean} moving what is new comes in with a motion
   */
  #arrange(moving) {
    const { catalogue, outbox, rows, empty } = this.#parts;
    const { clips } = catalogue;
    /** @type {ClipItem|null} */
    let later = null;
    for (const item of outbox.items.filter(({ id }) => !this.#sent.has(id)).reverse()) {
      later = this.#place(item.id, () => this.#ofOutbox(item), later, moving);
    }
    for (let i = clips.length - 1; i >= Math.max(0, clips.length - this.#depth); i--) {
      later = this.#place(clips[i].id, () => this.#ofClip(clips[i]), later, moving);
    }
    if (later) this.#tellDay(null, later);
    empty.hidden = rows.childElementCount > 0;
  }

  /**
   * @param {string} id
   * @param {() => ClipItem} make
   * @param {ClipItem|null} later what follows it
   * @param {boolean} moving
   */
  #place(id, make, later, moving) {
    let item = this.item(id);
    const fresh = !item;
    item ??= make();
    this.#items.set(id, item);
    if (fresh || nextOf(item.element) !== (later?.element ?? null)) {
      this.#parts.rows.insertBefore(item.element, later?.element ?? null);
    }
    if (fresh) this.#painter.add(item);
    if (fresh && moving) this.#welcome(item);
    if (later) this.#tellDay(item, later);
    return item;
  }

  /** @param {ClipItem} item */
  #welcome(item) {
    item.paint();
    item.element.classList.add("arriving");
    setTimeout(() => item.element.classList.remove("arriving"), 2 * MOTION);
  }

  /**
   * @param {ClipItem|null} earlier
   * @param {ClipItem} later
   */
  #tellDay(earlier, later) {
    const of = (/** @type {string} */ created) => day(created, Date.now(), this.#parts.lang);
    const words = of(later.entry.created);
    const before = earlier ? of(earlier.entry.created) : of(new Date().toISOString());
    later.showDay(words === before ? "" : words);
  }

  /** @param {Clip} clip */
  #ofClip(clip) {
    const { isMine, deeds, lang, heard, player } = this.#parts;
    const item = new ClipItem(entryOfClip(clip, isMine(clip)), deeds, lang);
    item.showHeard(heard.has(clip.id));
    if (!player.canPlay(clip)) item.showProblem("format");
    return item;
  }

  /** @param {OutboxItem} waiting */
  #ofOutbox(waiting) {
    const { me, deeds, lang } = this.#parts;
    const item = new ClipItem(entryOfItem(waiting, me), deeds, lang);
    item.showWay(waiting);
    return item;
  }

  /** @param {string} id */
  #drop(id) {
    const item = this.item(id);
    if (!item) return;
    this.#items.delete(id);
    this.#painter.remove(item);
    if (!this.scroll.sees(item.element)) return item.element.remove();
    item.element.classList.add("leaving");
    item.element.inert = true;
    setTimeout(() => this.scroll.keep(() => item.element.remove()), MOTION);
  }

  /** The rest of many clips, step by step. */
  #fill() {
    if (this.#filling || this.#depth >= this.#parts.catalogue.size) return;
    this.#filling = true;
    whenIdle(() => {
      this.#filling = false;
      this.#depth += STEP;
      this.scroll.keep(() => this.#arrange(false));
      this.#fill();
    });
  }
}

/**
 * @param {Element} row
 * @returns {Element|null} what follows, but for what is on its way out
 */
function nextOf(row) {
  let next = row.nextElementSibling;
  while (next?.classList.contains("leaving")) next = next.nextElementSibling;
  return next;
}

/** @param {() => void} act */
function whenIdle(act) {
  if ("requestIdleCallback" in window) requestIdleCallback(() => act(), { timeout: 500 });
  else setTimeout(act, 30);
}
