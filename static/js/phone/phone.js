/**
 * The phone: calls between two people, for the page to show and to press. No part of it touches the DOM.
 *
 * Events: "state" when {@link PhoneState} changed; "level", detail {me, peer}, 0 to 1, about ten times a second while
 * talking; "missed", detail {name, at, video}; "note", detail {@link Note}, when a call is over: for the log of the chat.
 *
 * @typedef {"idle"|"calling"|"ringing"|"connecting"|"talking"|"reconnecting"|"ended"} Phase
 *
 * @typedef {object} End how a call ended
 * @property {"ended"|"declined"|"busy"|"unanswered"|"cancelled"|"gone"|"failed"|"elsewhere"|"no-microphone"} reason
 *   "gone": they went offline or closed the page; "elsewhere": taken, or declined, in another tab of one's own
 * @property {boolean} byMe
 * @property {number|null} secs talked; null where it never came to that
 * @property {import("../recorder/capture.js").CaptureReason|null} why with "no-microphone"
 *
 * @typedef {object} Note
 * @property {End["reason"]} key
 * @property {string} name of the other
 * @property {boolean} outgoing
 * @property {boolean} byMe
 * @property {number|null} secs
 * @property {boolean} video
 *
 * @typedef {object} Quality
 * @property {1|2|3} steps 3 is good
 * @property {"good"|"slow"|"loss"|"silent"} reason
 * @property {number} rtt milliseconds
 * @property {number} loss 0 to 1
 * @property {"direct"|"relay"|null} route null: not known
 *
 * @typedef {object} PhoneState frozen, a fresh one at every change
 * @property {Phase} phase
 * @property {string|null} peer name of the other
 * @property {boolean} outgoing
 * @property {boolean} video the call was asked for with picture
 * @property {number|null} since talking since then, ms since 1970
 * @property {End|null} end in phase "ended", until dismiss() or the next call
 * @property {boolean} shouldRing this tab is the one of one's tabs that rings aloud (and answers by itself)
 * @property {boolean} muted
 * @property {boolean} camera one's own is on; it stays so, unseen, while the screen is shared
 * @property {boolean} screen
 * @property {boolean} peerMuted
 * @property {boolean} peerCamera their picture is on
 * @property {boolean} peerScreen their picture is their screen
 * @property {MediaStream|null} local one's own picture: camera or screen, without the sound
 * @property {MediaStream|null} remote their sound, with their picture while there is one
 * @property {boolean} canShareScreen
 * @property {Quality|null} quality
 * @property {string|null} trouble what does not work meanwhile: "camera.refused", "microphone.lost", … (a device:
 *   microphone, camera or screen; and CaptureReason or "lost")
 */

import { systemClock } from "../clock.js";
import { newKey } from "../key.js";
import { IDLE, isOn, limitOf, step } from "./call.js";
import { testConnection } from "./connection-test.js";
import { Devices } from "./devices.js";
import { Levels } from "./levels.js";
import { Line } from "./line.js";
import { Media } from "./media.js";
import { RingTurn } from "./ring-turn.js";
import { Outbound, readSignal } from "./signals.js";

/** Milliseconds that somebody may be off the list of who is online before a call to them is given up. */
const GRACE = 6000;
/** Milliseconds that the last word may take before the page is left. */
const LAST_WORD = 1500;
const BYE_REASONS = new Set(["ended", "gone", "failed"]);

/** What the other page tells of itself. @type {{muted: boolean, camera: boolean, screen: boolean}} */
const SILENT = Object.freeze({ muted: false, camera: false, screen: false });

export class Phone extends EventTarget {
  #api;
  #me;
  #tab;
  #turn;
  #clock;
  #network;
  #Connection;
  #outbound;
  #media;
  #levels;
  #call = IDLE;
  /** @type {Line|null} */
  #line = null;
  #theirs = SILENT;
  /** Their sound and picture, as far as they are there. @type {MediaStream|null} */
  #remote = null;
  /** @type {Quality|null} */
  #quality = null;
  /** @type {string[]|null} */
  #online = null;
  /** Ends the phase when it lasts too long. @type {any} */
  #limit;
  /** Runs while the other is off the list. @type {any} */
  #absence;
  /** The servers, asked for ahead. @type {Promise<RTCConfiguration>|null} */
  #ice = null;
  /** @type {PhoneState} */
  #state;

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "sendMessage"|"ice">} parts.api
   * @param {string} parts.base URL prefix of the site
   * @param {string} parts.thread name
   * @param {string} parts.me name
   * @param {Pick<import("../preferences.js").Preferences, "get">} parts.preferences
   * @param {{hidden: boolean, addEventListener: (type: string, listener: () => void) => void}} parts.page `document`
   * @param {Pick<EventTarget, "addEventListener">} [parts.network] tells "online" and "pagehide"
   * @param {import("../clock.js").Clock} [parts.clock]
   * @param {Pick<LockManager, "request">} [parts.locks] which of one's tabs rings; where there are none each does
   * @param {Devices} [parts.devices]
   * @param {typeof globalThis.RTCPeerConnection} [parts.Connection]
   */
  constructor({
    api, base, thread, me, preferences, page, network = globalThis, clock = systemClock, locks = navigator.locks,
    devices = new Devices(), Connection = globalThis.RTCPeerConnection,
  }) {
    super();
    this.#api = api;
    this.#me = me;
    this.#tab = newKey();
    this.#turn = new RingTurn({ locks, name: `mozchat${base}:${thread}:ring` });
    this.#clock = clock;
    this.#network = network;
    this.#Connection = Connection;
    this.#media = new Media({ devices, preferences, page });
    this.#levels = new Levels({ clock, onLevel: (detail) => this.dispatchEvent(new CustomEvent("level", { detail })) });
    this.#outbound = new Outbound({ api, tab: this.#tab, clock });
    this.#state = this.#snapshot();
    this.#listen();
  }

  /** @returns {PhoneState} */
  get state() {
    return this.#state;
  }

  /** This browser can make calls: the page is secure, and it knows how. */
  get supported() {
    return Boolean(this.#Connection && globalThis.isSecureContext);
  }

  /**
   * Nothing while a call is on; where this very person rings, their call is taken.
   * @param {string} name
   * @param {{video?: boolean}} [how] with one's picture
   */
  call(name, { video = false } = {}) {
    this.#happen({ type: "call", id: newKey(), peer: name, video });
  }

  /** @param {{video?: boolean}} [how] with one's picture */
  accept({ video = false } = {}) {
    this.#happen({ type: "accept", video });
  }

  /** Declines what rings. */
  reject() {
    this.#happen({ type: "reject" });
  }

  /** Ends whatever is on. */
  hangUp() {
    this.#happen({ type: "hangUp" });
  }

  /** From "ended" to "idle". */
  dismiss() {
    this.#happen({ type: "dismiss" });
  }

  /** Ends whatever is on, as the page is about to be left: resolves when the other is told, or could not be in time. */
  async leave() {
    if (!isOn(this.#call)) return;
    this.#happen({ type: "closing" });
    await Promise.race([this.#outbound.done(), new Promise((resolve) => this.#clock.setTimeout(() => resolve(null), LAST_WORD))]);
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#media.setMuted(muted);
  }

  /**
   * Never rejects: what goes wrong is the state's `trouble`.
   * @param {boolean} on
   */
  async setCamera(on) {
    if (isOn(this.#call)) await this.#media.setCamera(on);
  }

  /**
   * Never rejects.
   * @param {boolean} on
   */
  async setScreen(on) {
    if (isOn(this.#call)) await this.#media.setScreen(on);
  }

  /** @param {string} id deviceId, "" for the browser's choice */
  async useMicrophone(id) {
    await this.#media.useMicrophone(id);
  }

  /** @param {string} id deviceId, "" for the browser's choice */
  async useCamera(id) {
    await this.#media.useCamera(id);
  }

  /** @param {import("../api.js").Message[]} messages what came, of whatever type */
  receive(messages) {
    const at = this.#clock.wall();
    for (const message of messages) {
      const signal = readSignal(message, { me: this.#me, tab: this.#tab });
      if (signal) this.#apply({ type: "signal", signal, at });
    }
    // Once for all: what was called and given up again meanwhile does not ring.
    this.#follow();
  }

  /** @param {string[]} names everybody online */
  roster(names) {
    this.#online = names;
    this.#watchPeer();
  }

  /** @returns {Promise<import("./connection-test.js").Ways>} */
  async testConnection() {
    return testConnection(await this.#api.ice(), { Connection: this.#Connection, clock: this.#clock });
  }

  #listen() {
    this.#turn.addEventListener("change", () => this.#publish());
    this.#outbound.addEventListener("refused", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.call === this.#call.id) this.#happen({ type: "unsendable" });
    });
    this.#media.addEventListener("change", () => this.#tellAndPublish());
    this.#media.addEventListener("track", (event) => {
      this.#sendTrack(/** @type {CustomEvent} */ (event).detail.kind);
      this.#tellAndPublish();
    });
    this.#network.addEventListener("online", () => this.#outbound.retry());
    this.#network.addEventListener("pagehide", () => {
      this.#happen({ type: "closing" });
      this.#outbound.sendAll();
    });
  }

  /** @param {import("./call.js").Happening} event */
  #happen(event) {
    this.#apply({ ...event, at: this.#clock.wall() });
    this.#follow();
  }

  /** @param {import("./call.js").Event} event */
  #apply(event) {
    const { call, effects } = step(this.#call, event);
    const phase = this.#call.phase;
    this.#call = call;
    if (call.phase !== phase) this.#beginPhase();
    for (const effect of effects) this.#do(effect);
  }

  /** @param {import("./call.js").Effect} effect */
  #do(effect) {
    switch (effect.do) {
      case "send":
        if (effect.type === "hangup") this.#outbound.forget(effect.body.call);
        return this.#outbound.send(effect.to, effect.type, effect.body);
      case "prepare":
        this.#openLine({ polite: false }).prepare();
        return this.#openMedia(effect.video);
      case "offer":
        return this.#line?.address();
      case "answer":
        this.#openLine({ polite: true });
        return this.#openMedia(effect.video);
      case "negotiate":
        return this.#line?.receive(effect.signal);
      case "close":
        return this.#close();
      case "missed": {
        const { name, at, video } = effect;
        return void this.dispatchEvent(new CustomEvent("missed", { detail: { name, at, video } }));
      }
      case "note":
        return void this.dispatchEvent(new CustomEvent("note", { detail: effect.note }));
    }
  }

  /** A new phase has its own limit. */
  #beginPhase() {
    if (this.#call.phase === "ringing") this.#askForIce();
    this.#setLimit();
  }

  #setLimit() {
    this.#clock.clearTimeout(this.#limit);
    const limit = limitOf(this.#call);
    if (limit === Infinity) return;
    this.#limit = this.#clock.setTimeout(() => this.#timeIsUp(), limit);
  }

  /** Who was never reached did not leave a call unanswered. */
  #timeIsUp() {
    const { id, phase } = this.#call;
    const unsent = phase === "calling" && id !== null && this.#outbound.waits(id);
    this.#happen({ type: unsent ? "unsendable" : "timeout" });
  }

  /** @param {boolean} video */
  async #openMedia(video) {
    const { id } = this.#call;
    try {
      await this.#media.open({ video });
      if (this.#call.id !== id) return;
      this.#happen({ type: "ready" });
      this.#setLimit();
    } catch (error) {
      const { reason = "other" } = /** @type {import("../recorder/capture.js").CaptureError} */ (error);
      if (this.#call.id === id) this.#happen({ type: "deviceless", why: reason });
    }
  }

  /** @param {{polite: boolean}} how */
  #openLine({ polite }) {
    this.#line?.close();
    const ahead = this.#askForIce();
    let first = true;
    const ice = () => {
      if (!first) return this.#api.ice();
      first = false;
      return ahead;
    };
    const line = new Line({ ice, polite, clock: this.#clock, network: this.#network, Connection: this.#Connection });
    this.#line = line;
    this.#listenTo(line);
    for (const kind of /** @type {const} */ (["audio", "video"])) this.#sendTrack(kind);
    return line;
  }

  /** While it rings there is time for it. */
  #askForIce() {
    this.#ice ??= this.#api.ice();
    this.#ice.catch(() => {}); // whoever needs it will see
    return this.#ice;
  }

  /** @param {Line} line */
  #listenTo(line) {
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      line.addEventListener(type, (event) => {
        if (line === this.#line) act(/** @type {CustomEvent} */ (event).detail);
      });
    on("offer", ({ sdp }) => this.#signal("offer", this.#call.since === null ? { sdp } : { sdp, restart: true }));
    on("answer", ({ sdp }) => this.#signal("answer", { sdp }));
    on("candidate", ({ candidate }) => {
      const { id, peer, tab } = this.#call;
      if (id && peer && tab) this.#outbound.candidate(peer, { call: id, to_tab: tab }, candidate);
    });
    on("up", () => this.#happen({ type: "connected" }));
    on("lost", () => this.#happen({ type: "lost" }));
    on("broken", () => this.#happen({ type: "unsendable" }));
    on("joined", () => this.#publish());
    on("open", () => this.#tellAndPublish());
    on("told", (what) => this.#told(what));
    on("quality", (quality) => {
      this.#quality = quality;
      this.#publish();
    });
  }

  /**
   * @param {string} type
   * @param {object} body
   */
  #signal(type, body) {
    const { id, peer, tab } = this.#call;
    if (id && peer && tab) this.#outbound.send(peer, type, { call: id, to_tab: tab, ...body });
  }

  /** @param {"audio"|"video"} kind */
  #sendTrack(kind) {
    this.#line?.send(kind, kind === "audio" ? this.#media.sound : this.#media.picture);
  }

  /** @param {any} what the other page tells, by its channel */
  #told({ state, bye }) {
    if (bye) return this.#toldGoodbye(Object(bye));
    const { muted, camera, screen } = Object(state);
    this.#theirs = { muted: Boolean(muted), camera: Boolean(camera), screen: Boolean(screen) };
    this.#publish();
  }

  /**
   * The same as their signal, which may still be on its way.
   * @param {any} bye
   */
  #toldGoodbye({ reason, secs }) {
    const { id, peer, tab } = this.#call;
    if (!id || !peer || !tab) return;
    const at = this.#clock.wall();
    this.#happen({ type: "signal", signal: {
      type: "hangup", from: peer, own: false, here: false, call: id, tab, sent: at, video: false, sdp: "", candidates: [],
      reason: BYE_REASONS.has(reason) ? reason : "ended", secs: Number.isFinite(secs) ? secs : null,
    } });
  }

  #close() {
    const { id, end } = this.#call;
    const bye = end?.byMe ? { reason: BYE_REASONS.has(end.reason) ? end.reason : "failed", secs: end.secs } : undefined;
    if (id) this.#outbound.forget(id);
    this.#line?.close(bye);
    this.#line = null;
    this.#ice = null;
    this.#media.close();
    this.#theirs = SILENT;
    this.#remote = null;
    this.#quality = null;
  }

  /** What goes with the call wherever it stands now. */
  #follow() {
    const { phase } = this.#call;
    if (phase === "talking") {
      this.#levels.start(() => ({ sound: this.#media.sound, muted: this.#media.muted, receiver: this.#line?.receiver ?? null }));
    } else {
      this.#levels.stop();
    }
    if (phase === "ringing") this.#turn.ask();
    else this.#turn.end();
    this.#watchPeer();
    this.#publish();
  }

  /** Who does not talk yet must be there to answer; once they talk the line itself tells. */
  #watchPeer() {
    const { phase, peer } = this.#call;
    const waiting = phase === "calling" || phase === "ringing" || phase === "connecting";
    const absent = waiting && peer !== null && this.#online !== null && !this.#online.includes(peer);
    if (absent && !this.#absence) {
      this.#absence = this.#clock.setTimeout(() => {
        this.#absence = null;
        this.#happen({ type: "gone" });
      }, GRACE);
    } else if (!absent) {
      this.#clock.clearTimeout(this.#absence);
      this.#absence = null;
    }
  }

  #tellAndPublish() {
    const { muted, camera, screen } = this.#media;
    this.#line?.tell({ state: { muted, camera, screen } });
    this.#publish();
  }

  #publish() {
    const state = this.#snapshot();
    const keys = /** @type {(keyof PhoneState)[]} */ (Object.keys(state));
    if (keys.every((key) => state[key] === this.#state[key])) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  /** @returns {PhoneState} */
  #snapshot() {
    const { phase, peer, outgoing, video, since, end } = this.#call;
    const { muted, camera, screen, local, canShareScreen, trouble } = this.#media;
    return Object.freeze({
      phase, peer, outgoing, video, since, end, shouldRing: phase === "ringing" && this.#turn.mine,
      muted, camera, screen, peerMuted: this.#theirs.muted, peerCamera: this.#theirs.camera, peerScreen: this.#theirs.screen,
      local, remote: this.#arrange(), canShareScreen, quality: this.#quality, trouble,
    });
  }

  /** A place for a picture that is empty would keep some browsers from playing the sound. */
  #arrange() {
    const { audio, video } = this.#line?.received ?? { audio: null, video: null };
    if (!audio) return null;
    if (!this.#remote?.getTracks().includes(audio)) this.#remote = new MediaStream([audio]);
    const shown = this.#theirs.camera || this.#theirs.screen ? video : null;
    for (const track of this.#remote.getVideoTracks()) if (track !== shown) this.#remote.removeTrack(track);
    if (shown && !this.#remote.getTracks().includes(shown)) this.#remote.addTrack(shown);
    return this.#remote;
  }
}
