/** Stand-ins for several tabs of one browser, and for a site with threads that they ask for events. */
import { ApiError } from "../../static/js/api.js";
import { Downlink } from "../../static/js/downlink/downlink.js";
import { Tabs } from "../../static/js/downlink/tabs.js";
import { FakePage, FakePreferences, record } from "./support.mjs";

/** A site with threads; a cursor is the number of clips that its bearer has been told of. */
export class FakeSite {
  /** Of each question: who asked, for which threads, and how long it may wait. */
  asked = [];
  /** The questions that are held. */
  held = new Set();
  /** By thread: what it answers instead. @type {Map<string, {status: number, detail: string}>} */
  problems = new Map();
  isDown = false;
  hub = new FakeHub(this);
  /** Milliseconds that an answer is on its way. */
  latency = () => 0;
  #clock;
  #clips = new Map();

  constructor(clock) {
    this.#clock = clock;
  }

  add(thread, ...ids) {
    this.#clips.set(thread, [...this.#of(thread), ...ids]);
    for (const question of [...this.held]) question.look();
    this.hub.changed(thread);
  }

  /** What a listener is to be told; null: nothing. */
  since(thread, cursor) {
    return this.#since(thread, cursor);
  }

  api(tab, thread) {
    return {
      events: async ({ cursor, ...ask }) => {
        const { threads, retryAfter } = await this.#question(tab, new Map([[thread, cursor]]), ask);
        const told = threads.get(thread);
        if (told instanceof ApiError) throw told;
        return told ? { status: "news", changes: told } : { status: "nothing", retryAfter };
      },
      eventsOf: ({ at, ...ask }) => this.#question(tab, at, ask),
      hub: async (thread) => {
        if (this.isDown) throw new ApiError({ offline: true });
        return { url: "wss://site/hub", ticket: thread };
      },
    };
  }

  #of(thread) {
    return this.#clips.get(thread) ?? [];
  }

  #question(tab, at, { wait, signal }) {
    this.asked.push({ tab: tab.name, threads: [...at.keys()], wait });
    if (this.isDown) return Promise.reject(new ApiError({ offline: true }));
    return new Promise((resolve, reject) => {
      const settle = (how) => {
        this.held.delete(question);
        this.#clock.clearTimeout(timer);
        const latency = this.latency();
        if (latency) this.#clock.setTimeout(() => tab.does(how), latency);
        else tab.does(how);
      };
      const question = { tab, at, look: () => {
        const threads = this.#news(at);
        if (threads.size) settle(() => resolve({ threads, retryAfter: null }));
      } };
      const timer = this.#clock.setTimeout(() => settle(() => resolve({ threads: new Map(), retryAfter: null })), wait * 1000);
      signal.addEventListener("abort", () => {
        settle(() => {});
        reject(signal.reason);
      });
      this.held.add(question);
      question.look();
    });
  }

  #news(at) {
    const told = [...at].map(([thread, cursor]) => [thread, this.problems.has(thread) ? new ApiError(this.problems.get(thread))
      : this.#since(thread, cursor)]);
    return new Map(told.filter(([, changes]) => changes));
  }

  #since(thread, cursor) {
    const clips = this.#of(thread);
    const added = clips.slice(Number(cursor ?? 0)).map((id) => ({ id }));
    if (cursor !== null && !added.length) return null;
    return { cursor: String(clips.length), ...(cursor === null && { reset: true }), clips: { added } };
  }
}

/** A hub beside the site; its tickets are the threads' names. */
class FakeHub {
  isUp = true;
  /** How often somebody came. */
  came = 0;
  #site;
  /** @type {Set<FakeSocket>} */
  #sockets = new Set();

  constructor(site) {
    this.#site = site;
  }

  /** Who is connected, for which thread. */
  get connected() {
    return [...this.#sockets].filter(({ thread }) => thread).map(({ tab, thread }) => `${tab.name}: ${thread}`).sort();
  }

  socketsOf(tab) {
    const hub = this;
    return class extends FakeSocket {
      constructor() {
        super(hub, tab);
        queueMicrotask(() => tab.does(() => hub.#meet(this)));
      }
    };
  }

  changed(thread) {
    for (const socket of this.#sockets) if (socket.thread === thread) this.#tell(socket);
  }

  /** Everybody is sent away; nobody is let in before it is up again. */
  end(code, { isUp = this.isUp } = {}) {
    this.isUp = isUp;
    for (const socket of [...this.#sockets]) this.#drop(socket, code);
  }

  /** A tab's process is gone, and its connections. */
  forget(tab) {
    for (const socket of [...this.#sockets]) if (socket.tab === tab) this.#sockets.delete(socket);
  }

  latency() {
    return this.#site.latency();
  }

  hear(socket, { ticket, cursor, ping }) {
    if (ping) socket.say({ pong: ping });
    if (!ticket) return;
    Object.assign(socket, { thread: ticket, cursor });
    this.#tell(socket, { cursor });
  }

  leave(socket) {
    this.#sockets.delete(socket);
  }

  #meet(socket) {
    if (!this.isUp) return socket.arrive("close", { code: 1006 });
    this.came += 1;
    this.#sockets.add(socket);
    socket.arrive("open");
  }

  #drop(socket, code) {
    this.#sockets.delete(socket);
    socket.arrive("close", { code });
  }

  #tell(socket, otherwise = null) {
    const changes = this.#site.since(socket.thread, socket.cursor) ?? otherwise;
    if (!changes) return;
    socket.cursor = changes.cursor;
    socket.say(changes);
  }
}

/** A tab's end of a connection; what comes is in order, and late by the site's latency. */
class FakeSocket extends EventTarget {
  thread = null;
  cursor = null;
  #hub;
  #latest = 0;

  constructor(hub, tab) {
    super();
    this.#hub = hub;
    this.tab = tab;
  }

  send(text) {
    this.#hub.hear(this, JSON.parse(text));
  }

  close() {
    this.#hub.leave(this);
  }

  say(frame) {
    this.arrive("message", { data: JSON.stringify(frame) });
  }

  arrive(type, facts = {}) {
    const { clock } = this.tab;
    this.#latest = Math.max(this.#latest, clock.now() + this.#hub.latency());
    clock.setTimeout(() => this.dispatchEvent(Object.assign(new Event(type), facts)), this.#latest - clock.now());
  }
}

/** What a browser lets its tabs share. */
export class FakeBrowser {
  tabs = [];
  refusesLocks = false;
  #site;
  #clock;
  #channels = [];
  #locks = new FakeLocks();

  constructor(site, clock) {
    this.#site = site;
    this.#clock = clock;
  }

  /** Opens a tab on a thread. */
  open(name, thread, { hidden = false, poll = "long", hub = false } = {}) {
    const tab = new FakeTab(name, this.#clock);
    const Channel = this.#channelsOf(tab);
    tab.thread = thread;
    tab.page.hidden = hidden;
    tab.preferences = new FakePreferences({ poll });
    const tabs = new Tabs({ name: "site", locks: this.#locksOf(tab), Channel, page: tab.page, frame: tab.frame, clock: tab.clock });
    tab.downlink = new Downlink({ api: this.#site.api(tab, thread), thread, settings: { longPollPeriodS: 15 },
      preferences: tab.preferences, page: tab.page, tabs, network: tab.network, hub, clock: tab.clock, random: () => 0.5,
      WebSocket: this.#site.hub.socketsOf(tab) });
    tab.changes = record(tab.downlink, "changes");
    tab.states = record(tab.downlink, "state");
    this.tabs.push(tab);
    tab.downlink.start();
    return tab;
  }

  /** The tabs that go, as when their process crashes: without a word. */
  kill(tab) {
    tab.isDead = true;
    for (const question of [...this.#site.held]) if (question.tab === tab) this.#site.held.delete(question);
    this.#channels = this.#channels.filter((channel) => channel.tab !== tab);
    this.#locks.free(tab);
    this.#site.hub.forget(tab);
  }

  close(tab) {
    tab.frame.dispatchEvent(new Event("pagehide"));
    this.kill(tab);
  }

  #locksOf(tab) {
    const refuse = async () => { throw new DOMException("denied", "SecurityError"); };
    return this.refusesLocks ? { request: refuse } : this.#locks.of(tab);
  }

  #channelsOf(tab) {
    const channels = this.#channels;
    const post = (from, data) => this.#post(from, data);
    return class {
      tab = tab;

      constructor() {
        channels.push(this);
      }

      postMessage(data) {
        post(this, structuredClone(data));
      }
    };
  }

  #post(from, data) {
    if (!this.#channels.includes(from)) return;
    for (const channel of this.#channels) {
      if (channel !== from) queueMicrotask(() => channel.tab.does(() => channel.onmessage({ data })));
    }
  }
}

/** One tab; nothing happens in it while it is frozen, and nothing more when it is dead. */
export class FakeTab {
  page = new FakePage();
  frame = new EventTarget();
  network = new EventTarget();
  isDead = false;
  #isFrozen = false;
  #waiting = [];

  constructor(name, clock) {
    this.name = name;
    this.clock = { ...clock, setTimeout: (act, ms) => clock.setTimeout(() => this.does(act), ms) };
  }

  get ids() {
    return this.changes.flatMap(({ clips }) => clips?.added ?? []).map(({ id }) => id);
  }

  does(act) {
    if (this.isDead) return;
    if (this.#isFrozen) this.#waiting.push(act);
    else act();
  }

  /** Without being told, as it may happen. */
  freeze() {
    this.#isFrozen = true;
  }

  thaw() {
    this.#isFrozen = false;
    for (const act of this.#waiting.splice(0)) act();
  }
}

/** Exclusive locks as the Web Locks API has them, with `signal` and `steal`, of tabs that can be frozen and killed. */
export class FakeLocks {
  #byName = new Map();

  of(tab) {
    return { request: (name, ...rest) => this.#lock(name).request(tab, rest.length > 1 ? rest[0] : {}, rest.at(-1)) };
  }

  /** The tab is gone. */
  free(tab) {
    for (const lock of this.#byName.values()) lock.free(tab);
  }

  #lock(name) {
    if (!this.#byName.has(name)) this.#byName.set(name, new FakeLock());
    return this.#byName.get(name);
  }
}

class FakeLock {
  /** @type {{tab: FakeTab, reject: (error: Error) => void}|null} */
  #held = null;
  #queue = [];

  free(tab) {
    this.#queue = this.#queue.filter((request) => request.tab !== tab);
    if (this.#held?.tab === tab) this.#release(this.#held);
  }

  request(tab, { steal = false, signal }, callback) {
    return new Promise((resolve, reject) => {
      const aborted = () => new DOMException("aborted", "AbortError");
      const request = { tab, callback, resolve: (value) => tab.does(() => resolve(value)), reject: () => tab.does(() => reject(aborted())) };
      if (signal?.aborted) return request.reject();
      if (steal) {
        this.#held?.reject();
        this.#held = null;
        this.#queue.unshift(request);
      } else {
        this.#queue.push(request);
        signal?.addEventListener("abort", () => {
          if (!this.#queue.includes(request)) return;
          this.#queue = this.#queue.filter((one) => one !== request);
          request.reject();
        });
      }
      this.#next();
    });
  }

  #next() {
    if (this.#held || !this.#queue.length) return;
    const request = this.#queue.shift();
    this.#held = request;
    queueMicrotask(() => request.tab.does(async () => {
      const value = await request.callback();
      request.resolve(value);
      this.#release(request);
    }));
  }

  #release(request) {
    if (this.#held !== request) return;
    this.#held = null;
    this.#next();
  }
}
