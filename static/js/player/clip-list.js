/**
 * The list "Clips": the thread's clips in order of time, and after them what waits in the outbox. A clip that was
 * sent stays the item that it was while it waited. Of many clips the newest have items; the others get theirs when
 * one scrolls up to them.
 *
 * @typedef {import("../api.js").Clip} Clip
 * @typedef {import("../recorder/outbox.js").OutboxItem} OutboxItem
 * @typedef {import("./clip-rows.js").Row} Row
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
 * @property {import("./clip-item.js").Deeds} deeds
 * @property {(atEnd: boolean) => void} onMove told when the end is reached or left
 * @property {string} lang
 */
import { ClipItem } from "./clip-item.js";
import { ClipRows } from "./clip-rows.js";
import { entryOfClip, entryOfItem, sentAs } from "./entry.js";
import { ListScroll } from "./scroll.js";

/** Clips that get their items at a time. */
const STEP = 100;

export class ClipList {
  scroll;
  #parts;
  #rows;
  /** Outbox items that are clips of the thread already. @type {Set<string>} */
  #sent = new Set();
  /** How many of the newest clips have items. */
  #depth = STEP;
  /** The clip in the player. @type {string|null} */
  #current = null;

  /** @param {Parts} parts */
  constructor(parts) {
    const { list, rows, lang, onMove } = parts;
    this.#parts = parts;
    this.scroll = new ListScroll(list, rows, {
      onMove: (atEnd) => {
        if (atEnd) this.#shrink();
        onMove(atEnd);
      },
      onTop: () => this.#grow(),
    });
    this.#rows = new ClipRows({ list, rows, lang, scroll: this.scroll });
    this.#listen();
  }

  /** @param {string} id of clip or outbox item */
  item(id) {
    return this.#rows.get(id);
  }

  /**
   * Scrolls to a clip and puts the keyboard there.
   * @param {string} id
   */
  reveal(id) {
    const element = this.item(id)?.element;
    if (!element) return;
    element.tabIndex = -1;
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
    element.classList.add("target");
  }

  #listen() {
    const { catalogue, outbox, player, heard } = this.#parts;
    const on = (/** @type {EventTarget} */ source, /** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      source.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on(catalogue, "change", (difference) => this.#clipsChanged(difference));
    on(outbox, "sent", ({ id, clip }) => this.#adopt(id, clip));
    on(outbox, "change", ({ item }) => this.#outboxChanged(item));
    on(heard, "change", ({ id }) => this.item(id)?.showHeard(true));
    on(player, "state", (state) => this.#playerChanged(state));
    on(player, "time", ({ position, duration }) => {
      if (this.#current) this.item(this.#current)?.showPlayback({ playing: true, position, duration });
    });
  }

  /** @param {import("./catalogue.js").Difference} difference */
  #clipsChanged({ added, changed, first }) {
    const { outbox, isMine, target, catalogue } = this.#parts;
    const unsent = outbox.items.filter(({ id }) => !this.#sent.has(id));
    for (const clip of [...added, ...changed].filter((one) => isMine(one) && !one.live)) {
      const item = sentAs(clip, unsent);
      if (item) this.#adopt(item.id, clip);
    }
    for (const clip of changed) this.item(clip.id)?.show(entryOfClip(clip, isMine(clip)));
    const at = first ? catalogue.clips.findIndex(({ id }) => id === target) : -1;
    if (at >= 0) this.#depth = Math.max(STEP, catalogue.size - at + STEP / 2);
    this.#arrange(!first);
    if (at >= 0 && target) this.reveal(target);
  }

  /** @param {OutboxItem} item */
  #outboxChanged(item) {
    const known = this.item(item.id);
    if (known && this.#parts.outbox.items.includes(item)) {
      if (known.entry.phase !== item.state) known.show(entryOfItem(item, this.#parts.me));
      known.showWay(item);
      if (item.upload && this.item(item.upload)) this.#arrange(false); // named after listeners were told of it
      return;
    }
    if (!known && this.#isLive(item.upload)) this.#takeOn(item);
    else if (!known && !this.#sent.has(item.id)) this.scroll.toEnd();
    this.#arrange(true);
  }

  /** @param {string|null} id of a clip, perhaps */
  #isLive(id) {
    return id !== null && this.item(id)?.entry.live === true;
  }

  /**
   * What others heard while it was recorded is on its way: from now on its row is the outbox's, until it is complete.
   * @param {OutboxItem} item
   */
  #takeOn(item) {
    this.#rows.rename(/** @type {string} */ (item.upload), item.id);
    this.item(item.id)?.show(entryOfItem(item, this.#parts.me));
    this.item(item.id)?.showWay(item);
  }

  /**
   * From now on the item is the clip.
   * @param {string} sent the outbox item's id
   * @param {Clip} clip
   */
  #adopt(sent, clip) {
    const item = this.item(sent);
    if (!item || this.item(clip.id)) return;
    this.#sent.add(sent);
    this.#rows.rename(sent, clip.id);
    item.show(entryOfClip(clip, true));
  }

  /** @param {import("./player.js").PlayerState} state */
  #playerChanged({ clip, state, position, duration, problem }) {
    const id = clip?.id ?? null;
    if (id !== this.#current) {
      const before = this.#current ? this.item(this.#current) : undefined;
      const next = id ? this.item(id) : undefined;
      before?.showPlayback(null);
      if (before && next && this.scroll.sees(before.element)) next.element.scrollIntoView({ block: "nearest" });
      this.#current = id;
    }
    const item = id ? this.item(id) : undefined;
    const playing = state === "playing" || state === "loading";
    item?.showPlayback(state === "unplayable" ? null : { playing, position, duration });
    item?.showProblem(problem);
  }

  /** @param {boolean} moving what is new comes in with a motion */
  #arrange(moving) {
    const { catalogue, outbox, empty } = this.#parts;
    const unsent = outbox.items.filter(({ id }) => !this.#sent.has(id));
    const own = new Set(unsent.map(({ upload }) => upload));
    const clips = catalogue.clips.slice(-this.#depth).filter(({ id }) => !own.has(id))
      .map((clip) => ({ id: clip.id, make: () => this.#ofClip(clip) }));
    const waiting = unsent
      .map((item) => ({ id: item.id, make: () => this.#ofOutbox(item) }));
    this.#rows.show([...clips, ...waiting], moving);
    empty.hidden = this.#rows.size > 0;
  }

  /** One has scrolled up to where items end. */
  #grow() {
    if (this.#depth >= this.#parts.catalogue.size) return;
    this.#depth += STEP;
    this.#arrange(false);
  }

  /** One is back at the newest after a long way. */
  #shrink() {
    if (this.#depth <= 3 * STEP) return;
    this.#depth = STEP;
    this.#arrange(false);
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
}
