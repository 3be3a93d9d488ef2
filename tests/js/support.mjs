/** Stand-ins for what a browser gives: time, storage, a page, a media element; and for the server's uploads. */

import { ApiError } from "../../static/js/api.js";

/** Time that passes when a test says so; timers run in order, and what they start is waited for. */
export class FakeClock {
  #now = 0;
  #timers = new Map();
  #ids = 0;
  #start = Date.parse("2026-11-21T10:00:00Z");

  now = () => this.#now;
  wall = () => this.#start + this.#now;
  setTimeout = (act, ms) => {
    this.#timers.set(++this.#ids, { at: this.#now + Math.max(0, ms), act });
    return this.#ids;
  };
  clearTimeout = (id) => this.#timers.delete(id);

  get pending() {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer. */
  get next() {
    return Math.min(...[...this.#timers.values()].map(({ at }) => at)) - this.#now;
  }

  async advance(ms) {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].act();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets everything that only waits for promises happen. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** `document`, as far as logic looks at it. */
export class FakePage extends EventTarget {
  hidden = false;

  show(visible) {
    this.hidden = !visible;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** The area of localStorage; `refuse` makes it throw as a browser that blocks it does. */
export class FakeArea {
  values = new Map();
  refuse = false;

  getItem(key) {
    if (this.refuse) throw new Error("denied");
    return this.values.get(key) ?? null;
  }

  setItem(key, value) {
    if (this.refuse) throw new Error("denied");
    this.values.set(key, value);
  }
}

/** Preferences without storage or rules. */
export class FakePreferences extends EventTarget {
  constructor(values) {
    super();
    this.values = values;
  }

  get(key) {
    return this.values[key];
  }

  set(key, value) {
    this.values[key] = value;
    this.dispatchEvent(new CustomEvent("change", { detail: { key, value } }));
  }
}

/** A media element that plays when it is told how far. */
export class FakeMedia extends EventTarget {
  currentTime = 0;
  duration = NaN;
  playbackRate = 1;
  defaultPlaybackRate = 1;
  volume = 1;
  paused = true;
  ended = false;
  error = null;
  readyState = 0;
  seekable = { length: 1 };
  buffered = { length: 0 };
  /** Every address that was ever loaded. */
  loaded = [];
  /** What play() does: "play", "refuse" (no gesture yet) or "wait". */
  mood = "play";
  unplayable = /never/;
  #src = "";

  get src() {
    return this.#src;
  }

  set src(value) {
    this.#src = value;
    this.loaded.push(value);
    this.paused = true;
    this.ended = false;
    this.error = null;
    this.currentTime = 0;
    this.readyState = 0;
  }

  canPlayType(mime) {
    return this.unplayable.test(mime) ? "" : "probably";
  }

  async play() {
    if (this.mood === "refuse") throw new DOMException("no gesture", "NotAllowedError");
    if (!this.paused) throw new Error("played twice");
    this.paused = false;
    if (this.mood === "wait") return;
    this.readyState = 4;
    await settle();
    if (!this.paused) this.dispatchEvent(new Event("playing"));
  }

  pause() {
    if (this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }

  removeAttribute() {
    this.#src = "";
  }

  load() {}

  /** Plays up to a second. */
  reach(seconds) {
    this.currentTime = seconds;
    this.dispatchEvent(new Event("timeupdate"));
  }

  end() {
    this.ended = true;
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
    this.dispatchEvent(new Event("ended"));
  }

  fail(code) {
    this.error = { code };
    this.dispatchEvent(new Event("error"));
  }
}

const OVER = { status: 400, type: "https://iana.org/assignments/http-problem-types#completed-upload" };

/** The server's uploads, as far as a page sees them. */
export class FakeUploads {
  /** What it was asked, a line a request. */
  asked = [];
  /** What was said of live clips, a request each. */
  said = [];
  /** What each clip was to be held against. */
  digested = [];
  /** By key: what was published. */
  clips = new Map();
  /** The next answer does not arrive. */
  loseAnswer = false;
  /** What every request, or the next one, is answered with instead. */
  refuse = null;
  refuseOnce = null;
  #open = new Map();

  async sendPiece({ upload, key, offset, body, finish, whole, growing }, { onProgress } = {}) {
    if (growing) this.said.push(growing);
    const text = await body.text();
    this.asked.push(`${upload ? `PATCH ${offset}` : "POST"} ?${finish ? 1 : 0} ${text.length < 100 ? text : text.length}`);
    this.#refuse();
    onProgress?.(body.size);
    const named = upload?.slice(3) ?? key;
    const known = this.#open.get(named);
    if (upload && known === undefined) throw new ApiError({ status: 404 });
    if (this.clips.has(named) && (!finish || offset + text.length !== known.length)) throw new ApiError(OVER);
    if (this.clips.has(named)) return this.#answer(named, known, true);
    if (upload && offset !== known.length) throw new ApiError({ status: 409, offset: known.length });
    if (upload || known === undefined) this.#open.set(named, (known ?? "") + text);
    this.digested.push(whole ? await whole.text() : null);
    if (finish) this.clips.set(named, { content: this.#open.get(named), ...finish });
    return this.#answer(named, this.#open.get(named), Boolean(finish));
  }

  async uploadOffset(upload) {
    this.asked.push("HEAD");
    this.#refuse();
    const content = this.#open.get(upload.slice(3));
    if (content === undefined) throw new ApiError({ status: 404 });
    return content.length;
  }

  async deleteClip(id) {
    this.asked.push(`DELETE clip ${id}`);
    this.#refuse();
    this.clips.delete(id.slice(3));
  }

  async dropUpload(upload) {
    this.asked.push(`DELETE ${upload}`);
    this.#refuse();
    if (this.clips.has(upload.slice(3))) throw new ApiError(OVER);
    this.#open.delete(upload.slice(3));
  }

  content(key) {
    return this.#open.get(key);
  }

  /** Waits no longer for the rest of an upload: it is a clip. */
  finish(key) {
    this.clips.set(key, { content: this.#open.get(key) });
  }

  /** Keeps of an upload only so much. */
  cut(key, bytes) {
    this.#open.set(key, this.#open.get(key).slice(0, bytes));
  }

  forget(key) {
    this.#open.delete(key);
  }

  #refuse() {
    const facts = this.refuse ?? this.refuseOnce;
    this.refuseOnce = null;
    if (facts) throw new ApiError(facts);
  }

  #answer(key, content, done) {
    const lost = this.loseAnswer;
    this.loseAnswer = false;
    if (lost) throw new ApiError({ offline: true });
    return { upload: `id-${key}`, offset: content.length, clip: done ? { id: `id-${key}` } : null };
  }
}

/** A clip of the catalogue; `n` is its place in time, a minute apart. */
export function clip(n, more = {}) {
  return {
    id: `c${n}`, author: "Ann", authorId: "ann", created: `2026-11-21T10:${String(n).padStart(2, "0")}:00.000Z`,
    mime: "audio/webm;codecs=opus", duration: 4, bytes: 1000, expires: "2026-11-22T10:00:00.000Z",
    description: "", media: `/media/c${n}`, ...more,
  };
}

/** Collects the details of an event. */
export function record(target, type) {
  const details = [];
  target.addEventListener(type, (event) => details.push(structuredClone(event.detail)));
  return details;
}
