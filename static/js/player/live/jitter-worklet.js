/**
 * The jitter buffer in an AudioWorklet.
 *
 * It is told {samples, at}, {finish}, {clear}, {rate}, {close}, and tells {@link Played} some times a second.
 *
 * @typedef {{position: number, sounding: boolean, ended: boolean}} Played `position`: seconds of the recording
 */

import { JitterBuffer } from "./jitter-buffer.js";

/** Blocks between two words about how it goes: with 128 samples each, 43 ms. */
const WORD = 16;

/** What a browser has only in this place. @type {any} */
const { AudioWorkletProcessor, registerProcessor, sampleRate } = globalThis;

class Jitter extends AudioWorkletProcessor {
  #buffer = new JitterBuffer(sampleRate);
  #closed = false;
  #blocks = 0;

  constructor() {
    super();
    /** @type {MessagePort} */ (this.port).onmessage = ({ data }) => {
      if (data.samples) this.#buffer.write(data.samples, data.at);
      if (data.clear) this.#buffer.clear();
      if (data.rate) this.#buffer.rate = data.rate;
      if (data.finish) this.#buffer.finish();
      if (data.close) this.#closed = true;
    };
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   * @returns {boolean} false: it is done with
   */
  process(_inputs, [[output]]) {
    const { sounding } = this.#buffer;
    this.#buffer.read(output);
    if (++this.#blocks % WORD === 0 || sounding !== this.#buffer.sounding) this.#tell();
    return !this.#closed;
  }

  #tell() {
    const { position, sounding, ended } = this.#buffer;
    this.port.postMessage({ position, sounding, ended });
  }
}

registerProcessor("jitter", Jitter);
