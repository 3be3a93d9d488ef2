/**
 * The line to the other side: a Peer that is looked after. Where it is interrupted, another way is looked for until
 * there is one or the line is closed.
 *
 * Events: those of Peer but "connection", and "up"; "lost"; "quality", detail {@link Quality}.
 *
 * @typedef {import("./phone.js").Quality} Quality
 * @typedef {import("../clock.js").Clock} Clock
 * @typedef {{reason: string, secs: number|null}} Bye
 */

import { systemClock } from "../clock.js";
import { Peer } from "./peer.js";
import { judge, sampleOf } from "./quality.js";

/** Milliseconds that an interruption may last before another way is looked for. */
const PATIENCE = 3000;
/** Milliseconds between two looks. */
const RETRY = 4000;
/** Milliseconds between two looks at the quality. */
const LOOK = 2000;
/** Milliseconds for the last word to get through. */
const LAST_WORD = 300;
const HANDED_ON = ["offer", "answer", "candidate", "told", "open", "joined", "broken"];

export class Line extends EventTarget {
  #ice;
  #clock;
  #network;
  /** @type {Promise<Peer>} */
  #made;
  /** @type {Peer|null} */
  #peer = null;
  #closed = new AbortController();
  #up = false;
  /** Runs while it is interrupted. @type {any} */
  #repair;
  /** Runs while it is up. @type {any} */
  #look;
  /** @type {import("./quality.js").Sample|null} */
  #sample = null;

  /**
   * @param {object} parts
   * @param {() => Promise<RTCConfiguration>} parts.ice gives the servers, with credentials that last
   * @param {boolean} parts.polite
   * @param {Clock} [parts.clock]
   * @param {Pick<EventTarget, "addEventListener">} [parts.network] tells "online"
   * @param {typeof globalThis.RTCPeerConnection} [parts.Connection]
   */
  constructor({ ice, polite, clock = systemClock, network = globalThis, Connection = globalThis.RTCPeerConnection }) {
    super();
    this.#ice = ice;
    this.#clock = clock;
    this.#network = network;
    this.#made = this.#make(polite, Connection);
    this.#made.catch((error) => this.#tell("broken", { error }));
    this.#network.addEventListener("online", () => this.#networkIsBack(), { signal: this.#closed.signal });
  }

  /** Their sound and their picture. */
  get received() {
    return this.#peer?.received ?? { audio: null, video: null };
  }

  get receiver() {
    return this.#peer?.receiver ?? null;
  }

  /** Makes the offer, to have it when they accept. */
  prepare() {
    this.#with((peer) => peer.prepare());
  }

  /** They have accepted: the offer goes out. */
  address() {
    this.#with((peer) => peer.address());
  }

  /** @param {{type: string, sdp: string, candidates: RTCIceCandidateInit[]}} signal */
  receive(signal) {
    this.#with((peer) => peer.receive(signal));
  }

  /**
   * @param {"audio"|"video"} kind
   * @param {MediaStreamTrack|null} track
   */
  send(kind, track) {
    this.#with((peer) => peer.send(kind, track));
  }

  /** @param {object} what to tell the other page; lost where it cannot be told now */
  tell(what) {
    this.#peer?.tell(what);
  }

  /** @param {Bye} [bye] what the other page is told first, which may be faster than the site */
  close(bye) {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#clock.clearTimeout(this.#repair);
    this.#clock.clearTimeout(this.#look);
    const peer = this.#peer;
    for (const kind of /** @type {const} */ (["audio", "video"])) peer?.send(kind, null).catch(() => {});
    if (bye && peer?.tell({ bye })) this.#clock.setTimeout(() => peer.close(), LAST_WORD);
    else peer?.close();
  }

  /**
   * @param {boolean} polite
   * @param {typeof globalThis.RTCPeerConnection} Connection
   */
  async #make(polite, Connection) {
    const configuration = await this.#ice();
    const peer = new Peer({ configuration, polite, Connection });
    if (this.#closed.signal.aborted) {
      peer.close();
      return peer;
    }
    this.#peer = peer;
    for (const type of HANDED_ON) {
      peer.addEventListener(type, (event) => this.#tell(type, /** @type {CustomEvent} */ (event).detail));
    }
    peer.addEventListener("connection", () => this.#connection(peer.state));
    return peer;
  }

  /** @param {(peer: Peer) => unknown} act in the order of the calls, once there is one */
  #with(act) {
    this.#made.then((peer) => {
      if (!this.#closed.signal.aborted) return act(peer);
    }).catch(() => {}); // that there is none was told
  }

  /** @param {RTCPeerConnectionState} state */
  #connection(state) {
    if (this.#closed.signal.aborted) return;
    if (state === "connected") this.#isUp();
    if (state === "disconnected" && this.#up) this.#interrupted(PATIENCE);
    if (state === "failed") this.#interrupted(0);
  }

  #isUp() {
    this.#up = true;
    this.#clock.clearTimeout(this.#repair);
    this.#repair = undefined;
    this.#tell("up", {});
    if (!this.#look) this.#lookAgain();
  }

  /** @param {number} patience ms until it is said */
  #interrupted(patience) {
    this.#up = false;
    this.#clock.clearTimeout(this.#repair);
    this.#repair = this.#clock.setTimeout(() => {
      this.#tell("lost", {});
      this.#lookForAnother();
    }, patience);
  }

  /** Again and again: an offer that was made without a network has no way in it. */
  async #lookForAnother() {
    this.#repair = this.#clock.setTimeout(() => this.#lookForAnother(), RETRY);
    try {
      const configuration = await this.#ice();
      if (this.#repair) this.#peer?.restart(configuration);
    } catch {
      // no network yet
    }
  }

  #networkIsBack() {
    if (this.#repair) this.#interrupted(0);
  }

  #lookAgain() {
    this.#look = this.#clock.setTimeout(async () => {
      const stats = await this.#peer?.stats().catch(() => null);
      if (this.#closed.signal.aborted) return;
      const sample = stats && sampleOf(stats.values());
      if (sample && this.#sample && this.#up) this.#tell("quality", judge(this.#sample, sample));
      this.#sample = sample ?? null;
      this.#lookAgain();
    }, LOOK);
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #tell(type, detail) {
    if (!this.#closed.signal.aborted) this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
