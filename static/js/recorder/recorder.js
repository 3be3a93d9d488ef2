/**
 * From a press of Record to takes: opens the devices, records, lets them go.
 *
 * Events: "state", detail {state, kind}; "live", detail {id, created, kind, mime}, when a clip begins that is heard while it
 * is recorded: where the browser need not ask, before the devices are open; "tick", "piece", "take", "drop" and "pause" as of
 * {@link Session};
 * "error", detail {reason, device}, the reason being CaptureError's, "short" or "failed".
 * The state stays "recording" until the last take is given.
 *
 * @typedef {import("./plan.js").Plan} Plan
 * @typedef {import("./plan.js").Wish} Wish
 * @typedef {import("./session.js").Session} Session
 * @typedef {import("./session.js").Take} Take
 * @typedef {import("./session.js").Tick} Tick
 */

import { systemClock } from "../clock.js";
import { CaptureError } from "./capture.js";
import { isWebKit } from "./media-type.js";
import { planFor } from "./plan.js";
import { WakeLock } from "./wake-lock.js";

export class Recorder extends EventTarget {
  /** @type {"idle"|"asking"|"recording"} */
  state = "idle";
  #capture;
  #Session;
  #settings;
  #page;
  #clock;
  #Media;
  #wakeLock;
  #webkit;
  /** The press that is on. @type {Plan|null} */
  #plan = null;
  /** What listeners were told that it will be, where it is live. @type {import("./session.js").Begun|null} */
  #begun = null;
  /** Its recording, once the devices are there. @type {Session|null} */
  #session = null;

  /**
   * @param {object} parts
   * @param {Pick<import("./capture.js").Capture, "open"|"isAllowed"|"close"|"listen"|"rms"|"stream"|"addEventListener">} parts.capture
   * @param {Promise<typeof import("./session.js").Session>} parts.session what records: it may still be on its way when the devices are asked for
   * @param {import("../api.js").Settings} parts.settings the thread's
   * @param {{hidden: boolean, addEventListener: (type: string, listener: () => void) => void}} parts.page `document`
   * @param {import("../clock.js").Clock} [parts.clock]
   * @param {typeof globalThis.MediaRecorder} [parts.Media]
   * @param {{hold: () => void, release: () => void}} [parts.wakeLock]
   * @param {{vendor?: string}} [parts.browser]
   */
  constructor({
    capture, session, settings, page, clock = systemClock, Media = globalThis.MediaRecorder,
    wakeLock = new WakeLock(page), browser = navigator,
  }) {
    super();
    this.#capture = capture;
    this.#Session = session;
    this.#settings = settings;
    this.#page = page;
    this.#clock = clock;
    this.#Media = Media;
    this.#wakeLock = wakeLock;
    this.#webkit = isWebKit(browser);
    capture.addEventListener("interrupted", () => this.#session?.end("interrupted"));
  }

  /** The open devices, for one's own picture. */
  get stream() {
    return this.#capture.stream;
  }

  /**
   * Never rejects: what goes wrong is an "error" event.
   * @param {Wish} wish
   */
  async start(wish = {}) {
    if (this.state !== "idle") return;
    const isSupported = (/** @type {string} */ type) => Boolean(this.#Media?.isTypeSupported(type));
    const plan = planFor(wish, this.#settings, { isSupported, webkit: this.#webkit });
    if (!plan) return this.#complain("unsupported", "either");
    this.#plan = plan;
    this.#tell("asking", plan);
    try {
      const { kind, quality, microphone, camera } = plan.wish;
      const wish = { video: kind === "video", quality, microphone, camera };
      const opened = this.#capture.open(wish);
      const ready = this.#Session.then((Session) => {
        if (this.#plan === plan && this.#capture.isAllowed(wish)) this.#announce(plan, Session.begin(plan, this.#clock));
        return Session;
      });
      const [stream, Session] = await Promise.all([opened, ready]);
      if (this.#plan === plan) this.#record(plan, stream, Session);
    } catch (error) {
      if (this.#plan === plan) this.#fail(error, plan);
    }
  }

  /** Nothing is recorded for now; the microphone stays open. */
  get paused() {
    return this.#session?.paused === true;
  }

  /** Records nothing for now, or goes on. */
  togglePause() {
    if (this.paused) this.#session?.resume();
    else this.#session?.pause();
  }

  /** Ends the recording; its last take follows. */
  stop() {
    if (!this.#plan) return;
    if (this.#session && !this.#session.short) {
      this.#session.end("stopped");
    } else {
      this.cancel();
      this.#complain("short", "microphone");
    }
  }

  /** Ends the recording and throws away what is not yet a take. */
  cancel() {
    if (!this.#plan) return;
    this.#session?.cancel();
    this.#release(this.#plan);
  }

  /**
   * Listeners are told of a live clip, once.
   * @param {Plan} plan
   * @param {import("./session.js").Begun} begun
   */
  #announce(plan, begun) {
    if (!plan.wish.live || this.#begun) return;
    this.#begun = begun;
    this.dispatchEvent(new CustomEvent("live", { detail: begun }));
  }

  /**
   * Recording comes first, then what can wait.
   * @param {Plan} plan
   * @param {MediaStream} stream
   * @param {typeof import("./session.js").Session} Session
   */
  #record(plan, stream, Session) {
    const begun = this.#begun ?? Session.begin(plan, this.#clock);
    const session = new Session({
      id: begun.id, plan, stream, Media: this.#Media, page: this.#page, clock: this.#clock, rms: () => this.#capture.rms(),
    });
    this.#session = session;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      session.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    for (const type of ["tick", "piece", "take", "drop", "pause"]) {
      on(type, (detail) => this.dispatchEvent(new CustomEvent(type, { detail })));
    }
    on("end", ({ takes }) => {
      this.#release(plan);
      if (!takes) this.#complain("failed", "microphone");
    });
    this.#announce(plan, begun);
    this.#tell("recording", plan);
    if (this.#session !== session) return;
    this.#capture.listen();
    this.#wakeLock.hold();
  }

  /**
   * @param {unknown} error
   * @param {Plan} plan
   */
  #fail(error, plan) {
    this.#release(plan);
    if (error instanceof CaptureError) this.#complain(error.reason, error.device);
    else this.#complain("failed", "microphone");
  }

  /** @param {Plan} plan */
  #release(plan) {
    const vain = this.#session ? null : this.#begun;
    this.#plan = null;
    this.#session = null;
    this.#begun = null;
    this.#capture.close();
    this.#wakeLock.release();
    if (vain) this.dispatchEvent(new CustomEvent("drop", { detail: { id: vain.id } }));
    this.#tell("idle", plan);
  }

  /**
   * @param {Recorder["state"]} state
   * @param {Plan} plan
   */
  #tell(state, { wish: { kind } }) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, kind } }));
  }

  /**
   * @param {import("./capture.js").CaptureReason|"short"|"failed"} reason
   * @param {"microphone"|"camera"|"either"} device
   */
  #complain(reason, device) {
    this.dispatchEvent(new CustomEvent("error", { detail: { reason, device } }));
  }
}
