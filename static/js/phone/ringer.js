/** The phone's voice: rings, and shakes a device that can. */
import { samplesOf, TUNES } from "./tunes.js";

/** As long as one round of the ring, milliseconds. */
const SHAKE_EVERY = 3000;
const SHAKE = [180, 90, 180];

export class Ringer {
  /** @type {AudioContext|undefined} */
  #context;
  /** @type {AudioBufferSourceNode|undefined} */
  #source;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #shaking;
  /** @type {keyof typeof TUNES|null} */
  #playing = null;

  /**
   * Instead of whatever sounds now; once more asked for, a tune goes on as it is.
   * @param {keyof typeof TUNES} name
   */
  play(name) {
    if (this.#playing === name) return;
    this.stop();
    if (!globalThis.AudioContext) return;
    this.#context ??= new AudioContext();
    // Before anything was pressed a browser may keep it silent; it then starts with the first press.
    this.#context.resume().catch(() => {});
    const samples = samplesOf(TUNES[name], this.#context.sampleRate);
    const buffer = this.#context.createBuffer(1, samples.length, this.#context.sampleRate);
    buffer.copyToChannel(samples, 0);
    const source = this.#context.createBufferSource();
    Object.assign(source, { buffer, loop: TUNES[name].loop });
    source.connect(this.#context.destination);
    source.addEventListener("ended", () => { if (this.#source === source) this.stop(); });
    source.start();
    this.#source = source;
    this.#playing = name;
  }

  /** Again and again until stop(), where the device can and something was pressed on the page before. */
  shake() {
    if (this.#shaking || !navigator.vibrate || !navigator.userActivation?.hasBeenActive) return;
    navigator.vibrate(SHAKE);
    this.#shaking = setInterval(() => navigator.vibrate(SHAKE), SHAKE_EVERY);
  }

  stop() {
    clearInterval(this.#shaking);
    if (this.#shaking) navigator.vibrate(0);
    this.#shaking = undefined;
    this.#source?.stop();
    this.#source?.disconnect();
    this.#source = undefined;
    this.#playing = null;
    this.#context?.suspend().catch(() => {});
  }
}
