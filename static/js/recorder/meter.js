/** The level of a microphone, by Web Audio. Where that does not work, recording goes on without it. */

import { rmsOf } from "./peaks.js";

/** Samples looked at: about 43 ms. */
const WINDOW = 2048;

export class Meter {
  #Context;
  /** One for the page's life: browsers allow few. @type {AudioContext|null} */
  #context = null;
  /** @type {{source: MediaStreamAudioSourceNode, analyser: AnalyserNode}|null} */
  #chain = null;
  #samples = new Float32Array(WINDOW);

  /** @param {typeof globalThis.AudioContext} [Context] */
  constructor(Context = globalThis.AudioContext) {
    this.#Context = Context;
  }

  /** @param {MediaStream} stream */
  attach(stream) {
    this.detach();
    try {
      this.#context ??= new this.#Context();
      this.#context.resume().catch(() => {});
      const source = this.#context.createMediaStreamSource(stream);
      const analyser = new AnalyserNode(this.#context, { fftSize: WINDOW });
      source.connect(analyser);
      this.#chain = { source, analyser };
    } catch {
      this.#chain = null;
    }
  }

  detach() {
    this.#chain?.source.disconnect();
    this.#chain = null;
    if (this.#context?.state === "running") this.#context.suspend().catch(() => {});
  }

  /** @returns {number|null} 0 to 1; null where it cannot be known */
  rms() {
    if (!this.#chain || this.#context?.state !== "running") return null;
    this.#chain.analyser.getFloatTimeDomainData(this.#samples);
    return rmsOf(this.#samples);
  }
}
