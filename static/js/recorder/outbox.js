/**
 * Recordings of this browser that are not clips of the server yet. Each is kept in the browser's store and sent in pieces
 * while it is being recorded; when it is over, and its author wants it so, the last piece makes it a clip. Only then is it
 * forgotten here; a live one that is taken back, when the server has heard of that. There is one request at a time, and
 * clips are finished in the order in which they were recorded.
 *
 * Events: "change", detail {item}; "sent", detail {id, clip}, before the item leaves; "unkept", once, when the browser
 * does not keep a recording.
 *
 * @typedef {import("./session.js").Take} Take
 * @typedef {import("./session.js").Piece} Piece
 * @typedef {import("./take-store.js").StoredTake} StoredTake
 * @typedef {import("../clock.js").Clock} Clock
 * @typedef {import("./outbox-items.js").OutboxItem} OutboxItem
 */

import { ApiError, isOver } from "../api-error.js";
import { pause, systemClock } from "../clock.js";
import { backoff } from "../downlink/backoff.js";
import { KeptTake } from "./kept-take.js";
import { OutboxItems } from "./outbox-items.js";
import { TransferRate } from "./transfer-rate.js";

/** What passes by itself; anything else is for the author to decide. */
const PASSING = new Set([429, 502, 503, 504]);
/** Milliseconds after which a live one is tried again at the latest: somebody waits for the next word. */
const LIVE_REST = 2000;
/** Bytes up to which what was not sent while it grew goes in one request. */
const MOST_WHOLE = 1_000_000;
/** Seconds: what a tab that died had only begun was a slip of the finger. */
const SHORTEST = 0.3;

export class Outbox extends EventTarget {
  #items = new OutboxItems((item) => this.dispatchEvent(new CustomEvent("change", { detail: { item } })));
  #api;
  #store;
  #owners;
  #place;
  #clock;
  #random;
  /** All of them, also those that are still recorded or being reviewed. @type {Map<string, KeptTake>} */
  #takes = new Map();
  /** Uploads that the server shall forget. @type {string[]} */
  #unwanted = [];
  /** What is under way, and ends when it is discarded. @type {{id: string, abort: () => void}|null} */
  #sending = null;
  /** Ends the rest before a try. */
  #nap = new AbortController();
  #running = false;
  #failures = 0;
  #rate;
  #unkept = false;

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "sendPiece"|"uploadOffset"|"dropUpload"|"deleteClip">} parts.api
   * @param {Pick<import("./take-store.js").TakeStore, "all"|"get"|"pieces"|"put"|"addPiece"|"remove">} parts.store
   * @param {Pick<import("./take-owners.js").TakeOwners, "onBegun"|"own"|"wait"|"release"|"owned">} parts.owners
   * @param {{thread: string, name: string}} parts.place whose outbox it is
   * @param {Pick<EventTarget, "addEventListener">} [parts.network] tells "online"
   * @param {{hidden: boolean, addEventListener: (type: string, listener: () => void) => void}} parts.page `document`
   * @param {Clock} [parts.clock]
   * @param {() => number} [parts.random]
   */
  constructor({ api, store, owners, place, page, network = globalThis, clock = systemClock, random = Math.random }) {
    super();
    this.#api = api;
    this.#store = store;
    this.#owners = owners;
    this.#place = place;
    this.#clock = clock;
    this.#random = random;
    this.#rate = new TransferRate(clock);
    network.addEventListener?.("online", () => this.wake());
    page.addEventListener("visibilitychange", () => { if (!page.hidden) this.wake(); });
    owners.onBegun((address) => { if (this.#mine(address)) owners.wait(address.id, () => this.#takeOver(address.id)); });
  }

  /** In the order of recording. @returns {readonly OutboxItem[]} */
  get items() {
    return this.#items.all;
  }

  /** Clips that go out by themselves. */
  get pending() {
    return this.#items.all.filter(({ state }) => state === "waiting" || state === "sending").length;
  }

  /** Something would be lost with the page. */
  get atRisk() {
    return [...this.#takes.values()].some(({ safe }) => !safe);
  }

  /**
   * What earlier visits left behind comes into the list, or goes out by itself.
   * @returns {Promise<{thread: string, name: string}[]>} where else something waits that no open tab sees to
   */
  async restore() {
    const stored = await this.#store.all().catch(() => []);
    for (const { id } of stored.filter((take) => this.#mine(take))) this.#owners.wait(id, () => this.#takeOver(id));
    const owned = await this.#owners.owned();
    return stored.filter((take) => take.thread !== this.#place.thread && !owned.has(take.id));
  }

  /** Milliseconds that a request takes, as far as is known. @returns {number|undefined} */
  get roundTrip() {
    return this.#rate.roundTrip;
  }

  /**
   * A live recording begins: the server hears of it before there is anything of it.
   * @param {Pick<Take, "id"|"kind"|"mime"|"created">} take
   */
  begin(take) {
    this.#begin(take, { live: true });
    this.#run();
  }

  /**
   * A piece of what is being recorded.
   * @param {Piece} piece
   */
  grow({ id, kind, mime, created, seconds, peaks, blob }) {
    const kept = this.#takes.get(id) ?? this.#begin({ id, kind, mime, created }, {});
    kept.add(blob, { seconds, peaks });
    this.#run();
  }

  /**
   * Its author has paused, or goes on: of a live one listeners are told at once.
   * @param {string} id
   * @param {boolean} paused
   */
  pause(id, paused) {
    const kept = this.#takes.get(id);
    if (!kept) return;
    kept.parcel.paused = paused;
    this.#run();
  }

  /**
   * It is over, and waits for its author.
   * @param {Take} take
   */
  hold(take) {
    const { seconds, peaks } = take;
    this.#ended(take).note({ seconds, peaks, state: "held" });
    this.#items.hide(take.id);
    this.#run();
  }

  /**
   * It is over, and shall be sent.
   * @param {Take} take
   * @param {{description?: string}} [words]
   */
  add(take, { description = "" } = {}) {
    const { id, seconds, peaks } = take;
    const kept = this.#ended(take);
    kept.refused = false;
    kept.note({ seconds, peaks, description, state: "waiting" });
    const state = this.#sending?.id === id ? "sending" : "waiting";
    const progress = kept.parcel.share;
    this.#items.show({ id, take, description, state, progress, left: null, error: null, upload: kept.facts.upload });
    this.#run();
  }

  /** @param {string} id of one that failed, waits for its next try, or was left behind */
  retry(id) {
    const item = this.#items.get(id);
    if (item?.state === "failed" || item?.state === "unfinished") this.#again(item);
    this.wake();
  }

  /** @param {string} id of a recording in whatever state */
  discard(id) {
    const kept = this.#takes.get(id);
    if (!kept) return;
    if (this.#sending?.id === id) this.#sending.abort();
    if (kept.facts.live) {
      kept.note({ state: "takenBack" });
      this.#items.hide(id);
    } else {
      if (kept.parcel.upload) this.#unwanted.push(kept.parcel.upload);
      this.#forget(kept);
    }
    this.wake();
  }

  /** Does not wait any longer for the next try: the server is back, or knows us again. */
  wake() {
    this.#nap.abort();
    for (const item of this.#items.all) if (item.state === "failed" && item.error?.status === 401) this.#again(item);
    this.#run();
  }

  /** @param {{thread: string, name: string}} place */
  #mine({ thread, name }) {
    return thread === this.#place.thread && name === this.#place.name;
  }

  /**
   * @param {Pick<Take, "id"|"kind"|"mime"|"created">} take
   * @param {{whole?: boolean, live?: boolean}} how
   */
  #begin(take, { whole = false, live = false }) {
    const { id, kind, mime, created } = take;
    /** @type {StoredTake} */
    const facts = {
      id, kind, mime, created, whole, live, ...this.#place, state: "recording", seconds: 0, peaks: [], description: "", upload: null,
      error: null,
    };
    this.#owners.own({ id, ...this.#place });
    return this.#know(new KeptTake(facts, { store: this.#store, onLost: () => this.#lost() }));
  }

  /** @param {Take} take all of it: where no piece came before, it is the only one */
  #ended(take) {
    const known = this.#takes.get(take.id);
    if (known) return known;
    const kept = this.#begin(take, { whole: take.blob.size <= MOST_WHOLE });
    kept.add(take.blob, {});
    return kept;
  }

  /** @param {string} id of what another tab recorded, which is gone now, or has sent it */
  async #takeOver(id) {
    const [facts, found] = await Promise.all([this.#store.get(id), this.#store.pieces(id)]).catch(() => []);
    if (!facts || !found) return this.#owners.release(id);
    const kept = this.#know(new KeptTake(facts, { store: this.#store, onLost: () => this.#lost(), found }));
    const { description, state, error, upload, live } = facts;
    const slip = !kept.parcel.size || facts.seconds < SHORTEST;
    if (live && (slip || state === "takenBack")) return this.discard(id);
    if (slip) return this.#forget(kept);
    // What others have heard of a live one was to be heard to its end.
    const goesOn = state === "waiting" || error?.status === 401 || (live && state === "recording");
    this.#items.show({
      id, take: kept.take, description, progress: 0, left: null, upload,
      state: goesOn ? "waiting" : state === "failed" ? "failed" : "unfinished",
      error: error && !goesOn ? new ApiError(error) : null,
    });
    this.#run();
  }

  /** @param {KeptTake} kept */
  #know(kept) {
    this.#takes.set(kept.facts.id, kept);
    return kept;
  }

  /** @param {KeptTake} kept */
  async #forget(kept) {
    const { id } = kept.facts;
    this.#takes.delete(id);
    this.#items.hide(id);
    await kept.forget();
    this.#owners.release(id);
  }

  #lost() {
    if (!this.#unkept) this.dispatchEvent(new CustomEvent("unkept"));
    this.#unkept = true;
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#next(); next; next = this.#next()) {
      if (typeof next === "string") await this.#giveUp(next);
      else if (next.facts.state === "takenBack") await this.#takeBack(next);
      else await this.#send(next);
    }
    this.#running = false;
  }

  /** @returns {string|KeptTake|undefined} an upload to be given up, or what is to be sent: what is over comes first */
  #next() {
    const due = this.#items.all.find(({ state }) => state === "waiting" || state === "sending");
    return this.#unwanted.shift() ?? this.#takenBack() ?? (due ? this.#takes.get(due.id) : this.#growing());
  }

  #takenBack() {
    return [...this.#takes.values()].find(({ facts }) => facts.state === "takenBack");
  }

  #growing() {
    return [...this.#takes.values()].find(({ facts, parcel, refused }) =>
      !refused && !parcel.whole && parcel.due && !this.#items.get(facts.id));
  }

  /** @param {KeptTake} kept */
  async #send(kept) {
    const { facts, parcel } = kept;
    const abort = new AbortController();
    const finish = this.#items.get(facts.id) ? kept.fields : null;
    // A first piece arrives, discarded or not, so that the server's name for it is known, and it can be given up there.
    this.#sending = { id: facts.id, abort: () => { if (finish || parcel.upload) abort.abort(); } };
    this.#progress(kept, 0);
    this.#rate.begin();
    try {
      const onProgress = (/** @type {number} */ bytes) => this.#progress(kept, bytes);
      const growing = finish ? null : kept.growing(this.#clock.now());
      const clip = await parcel.send(this.#api, { finish, growing, onProgress, signal: abort.signal });
      this.#rate.answered();
      this.#failures = 0;
      if (clip) this.#sent(kept, clip);
      else this.#named(kept);
    } catch (error) {
      if (this.#takes.has(facts.id) && facts.state !== "takenBack") await this.#failed(kept, error);
    } finally {
      this.#sending = null;
    }
  }

  /**
   * What others hear ends for them, and would else become a clip when the server has waited long enough: so this is said
   * until it is understood.
   * @param {KeptTake} kept
   */
  async #takeBack(kept) {
    try {
      const upload = await kept.parcel.name(this.#api);
      if (upload) await this.#remove(upload);
      this.#failures = 0;
    } catch (cause) {
      const error = cause instanceof ApiError ? cause : new ApiError({ title: String(cause) });
      if (error.offline || error.status === 401 || PASSING.has(error.status)) return this.#rest(error.retryAfter);
    }
    await this.#forget(kept);
  }

  /** @param {string} upload that nobody shall hear, also where the server has not waited for its end */
  async #remove(upload) {
    try {
      await this.#api.dropUpload(upload);
    } catch (error) {
      if (!(error instanceof ApiError && isOver(error))) throw error;
      await this.#api.deleteClip(upload);
    }
  }

  /** @param {string} upload that the server shall forget: what it does not hear of it forgets in a day */
  async #giveUp(upload) {
    await this.#api.dropUpload(upload).catch(() => {});
  }

  /**
   * @param {KeptTake} kept
   * @param {number} bytes of the request that is under way
   */
  #progress({ facts, parcel }, bytes) {
    const item = this.#items.get(facts.id);
    this.#rate.reached(bytes);
    if (!item || item.state === "unfinished") return;
    const left = Math.max(0, parcel.behind - bytes);
    const progress = (parcel.size - left) / parcel.size;
    this.#items.update(item, { state: "sending", error: null, progress, left: this.#rate.seconds(left) });
  }

  /** @param {KeptTake} kept of which the server has some, under a name */
  #named(kept) {
    const { facts, parcel: { upload, key } } = kept;
    if (!upload || upload === facts.upload) return;
    if (!this.#takes.has(facts.id)) this.#unwanted.push(upload);
    else kept.note({ upload, key });
    const item = this.#items.get(facts.id);
    if (item) this.#items.update(item, { upload });
  }

  /**
   * @param {KeptTake} kept
   * @param {import("../api.js").Clip} clip
   */
  #sent(kept, clip) {
    this.dispatchEvent(new CustomEvent("sent", { detail: { id: kept.facts.id, clip } }));
    this.#forget(kept);
  }

  /**
   * @param {KeptTake} kept
   * @param {unknown} cause
   */
  #failed(kept, cause) {
    const error = cause instanceof ApiError ? cause : new ApiError({ title: String(cause) });
    const passing = error.offline || PASSING.has(error.status);
    const item = this.#items.get(kept.facts.id);
    if (item) this.#items.update(item, { state: passing ? "waiting" : "failed", error, left: null });
    if (passing) return this.#rest(error.retryAfter, kept.facts.live ? LIVE_REST : Infinity);
    kept.refused = true;
    const { status, title, detail } = error;
    if (item) kept.note({ state: "failed", error: { status, title, detail } });
  }

  /**
   * @param {number|null} retryAfter seconds that the server asked for
   * @param {number} [most] ms, where the server asked for nothing
   */
  #rest(retryAfter, most = Infinity) {
    this.#failures += 1;
    this.#nap = new AbortController();
    const rest = Math.min(backoff(this.#failures, this.#random), most);
    return pause(this.#clock, Math.max(rest, (retryAfter ?? 0) * 1000), this.#nap.signal);
  }

  /** @param {OutboxItem} item */
  #again(item) {
    const kept = this.#takes.get(item.id);
    if (kept) kept.refused = false;
    kept?.note({ state: "waiting", error: null });
    this.#items.update(item, { state: "waiting", error: null, progress: 0 });
  }
}
