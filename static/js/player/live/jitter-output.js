/**
 * The way to the ear for sound that the page decodes itself: a jitter buffer in an AudioWorklet, behind it the volume.
 *
 * Events: "playing", "waiting" (there is nothing to play), "time", "ended"; "blocked" (the browser wants a gesture first),
 * "paused" (by the system, not by us).
 *
 * @typedef {Pick<import("../../preferences.js").Preferences, "get"|"addEventListener"|"removeEventListener">} Preferences
 */

/** Samples a second: what Opus decodes to. */
export const SAMPLE_RATE = 48_000;
/** Milliseconds in which a browser that lets a page sound does so. */
const SOON = 2000;

/** The page's only one: browsers have few. @type {AudioContext|null} */
let context = null;
/** @type {Promise<void>|null} */
let loaded = null;

export class JitterOutput extends EventTarget {
  /** What is played now, seconds of the recording. */
  position = 0;
  /** There is something to play. */
  sounding = false;
  #context;
  #clock;
  #volume;
  #tune;
  #preferences;
  /** Sound is wanted; the browser has let it. */
  #on = false;
  #allowed = false;
  #ended = false;
  /** @type {MessagePort|null} */
  #port = null;
  #rate = 1;
  #over = new AbortController();

  /**
   * @param {object} parts
   * @param {Preferences} parts.preferences
   * @param {import("../../clock.js").Clock} parts.clock
   */
  constructor({ preferences, clock }) {
    super();
    context ??= new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: "interactive" });
    this.#context = context;
    this.#clock = clock;
    this.#preferences = preferences;
    this.#volume = new GainNode(context);
    this.#volume.connect(context.destination);
    this.#tune = () => { this.#volume.gain.value = preferences.get("volume"); };
    this.#tune();
    preferences.addEventListener("change", this.#tune);
    context.addEventListener("statechange", () => this.#stateChanged(), { signal: this.#over.signal });
  }

  /**
   * To be waited for before anything is written.
   * @throws {Error} this browser cannot do it
   */
  async open() {
    loaded ??= this.#context.audioWorklet.addModule(new URL("jitter-worklet.js", import.meta.url));
    await loaded.catch((error) => {
      loaded = null; // the network failed, perhaps
      throw error;
    });
    if (this.#over.signal.aborted) return;
    const node = new AudioWorkletNode(this.#context, "jitter", { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }) => { if (!this.#over.signal.aborted) this.#told(data); };
    node.connect(this.#volume);
    this.#port = node.port;
  }

  play() {
    this.#on = true;
    this.#context.resume().catch(() => {});
    this.#clock.setTimeout(() => {
      if (!this.#on || this.#context.state === "running") return;
      this.#on = false;
      this.#tell("blocked");
    }, SOON);
    if (this.sounding) this.#tell("playing");
  }

  pause() {
    this.#on = false;
    this.#context.suspend().catch(() => {});
  }

  /**
   * @param {Float32Array<ArrayBuffer>} samples that follow
   * @param {number} at seconds of the recording
   */
  write(samples, at) {
    this.#port?.postMessage({ samples, at }, [samples.buffer]);
  }

  /** What was written and not played is not played. */
  clear() {
    this.sounding = false;
    this.#port?.postMessage({ clear: true });
  }

  /** Nothing more will be written. */
  finish() {
    this.#port?.postMessage({ finish: true });
  }

  /** How fast it is played: 1 or more. */
  get rate() {
    return this.#rate;
  }

  set rate(rate) {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#port?.postMessage({ rate });
  }

  close() {
    if (this.#over.signal.aborted) return;
    this.pause();
    this.#over.abort();
    this.#preferences.removeEventListener("change", this.#tune);
    this.#port?.postMessage({ close: true });
    this.#volume.disconnect();
  }

  /** @param {import("./jitter-worklet.js").Played} played */
  #told({ position, sounding, ended }) {
    const changed = sounding !== this.sounding;
    Object.assign(this, { position, sounding });
    if (changed && !ended) this.#tell(sounding ? "playing" : "waiting");
    this.#tell("time");
    if (ended && !this.#ended) this.#tell("ended");
    this.#ended = ended;
  }

  #stateChanged() {
    const running = this.#context.state === "running";
    if (this.#on && this.#allowed && !running) {
      this.#on = false;
      this.#tell("paused");
    }
    this.#allowed = running && this.#on;
  }

  /** @param {string} type */
  #tell(type) {
    this.dispatchEvent(new CustomEvent(type));
  }
}
