/**
 * A clip that is still being recorded, where there is no Media Source: its packets are decoded one by one and go through a
 * jitter buffer, and how far behind the speaker one listens is steered there. Sound only, of WebM with Opus.
 *
 * Events: "broken" as of LiveSource; and, as it sounds by itself, those of JitterOutput.
 */

import { systemClock } from "../../clock.js";
import { GrowingClip, hasJustBegun, problemOf } from "./growing-clip.js";
import { JitterOutput, SAMPLE_RATE } from "./jitter-output.js";
import { LagControl } from "./lag-control.js";
import { WebmPackets } from "./webm-packets.js";

/** Seconds before the newest at which one begins where there is more. */
const IN_HAND = 0.4;
/** Seconds of sound that an Opus decoder wants to see before it is right. */
const PREROLL = 0.08;
/** Seconds that are decoded before they are played; the rest waits in packets, which are small. */
const AHEAD = 2;
const MICRO = 1e6;

/** @typedef {import("../../api.js").Clip} Clip */
/** @typedef {import("./webm-packets.js").Packet} Packet */

export class DecodedSource extends EventTarget {
  /** It needs no media element. @type {null} */
  url = null;
  /** What it was, for those who want to know. */
  underflows = 0;
  skips = 0;
  #clock;
  #preferences;
  #clip;
  #output;
  #control;
  #webm = new WebmPackets();
  /** What has come and was not decoded. @type {Packet[]} */
  #packets = [];
  /** @type {AudioDecoder|null} */
  #decoder = null;
  #over = new AbortController();
  /** Where to begin, seconds; null: near the newest. @type {number|null} */
  #from;
  #begun = false;
  /** What is before it may be decoded, and is not played. Seconds. */
  #start;
  /** How far has come, and how far was given to the decoder. Seconds. */
  #newest = 0;
  #decoded = 0;
  #complete = false;
  /** The speaker has paused: that there is nothing to play is no fault. */
  #paused = false;

  /** @param {string} mime */
  static async supports(mime) {
    if (!/^audio\/webm\s*(;\s*codecs="?opus"?)?$/i.test(mime)) return false;
    if (!("AudioDecoder" in globalThis && "AudioWorkletNode" in globalThis)) return false;
    const { supported } = await AudioDecoder.isConfigSupported({ codec: "opus", sampleRate: SAMPLE_RATE, numberOfChannels: 1 });
    return supported === true;
  }

  /**
   * Begins to fetch at once.
   * @param {object} parts
   * @param {Clip} parts.clip
   * @param {number|null} parts.from seconds; null: near the newest
   * @param {import("./jitter-output.js").Preferences} parts.preferences
   * @param {import("../../clock.js").Clock} [parts.clock]
   * @param {ConstructorParameters<typeof GrowingClip>[0]["hub"]} [parts.hub]
   */
  constructor({ clip, from, preferences, clock = systemClock, hub }) {
    super();
    this.#clock = clock;
    this.#preferences = preferences;
    // One that has only just begun is heard from its first word on, however late that comes.
    const whole = from === null && hasJustBegun(clip);
    this.#from = whole ? 0 : from;
    this.#start = from ?? 0;
    this.#control = new LagControl({ behind: from !== null, owed: whole });
    const start = this.#from === null ? "edge" : "start";
    this.#clip = new GrowingClip({ id: clip.id, media: clip.media, from: start, clock, hub });
    this.#output = new JitterOutput({ preferences, clock });
    this.#follow();
    this.told(clip);
    this.#run();
  }

  /** Seconds. */
  get position() {
    return this.#output.sounding ? this.#output.position : Math.max(this.#start, this.#output.position);
  }

  /** Seconds from what is played to what has come. */
  get lag() {
    return this.#begun ? this.#newest - this.position : 0;
  }

  /** @param {Pick<Clip, "bytes"|"live"|"paused">} clip as listeners are told of it */
  told({ bytes, live, paused }) {
    if (!live) return;
    this.#clip.told(bytes);
    this.#paused = paused === true;
    if (this.#paused && !this.#output.sounding) this.#control.excuse();
  }

  play() {
    this.#output.play();
  }

  pause() {
    this.#control.behind = true; // what comes while one does not listen is heard afterwards
    this.#output.pause();
  }

  /** Nothing more of it is wanted. */
  close() {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#output.close();
    if (this.#decoder?.state === "configured") this.#decoder.close();
    this.#packets = [];
  }

  async #run() {
    const { signal } = this.#over;
    try {
      await this.#output.open();
      for await (const { bytes } of this.#clip.portions(signal)) {
        signal.throwIfAborted();
        this.#take(this.#webm.push(bytes));
      }
      this.#complete = true;
      this.#begin(this.#from ?? 0);
      this.#decode();
    } catch (error) {
      this.#break(error);
    }
  }

  /** @param {Packet[]} packets */
  #take(packets) {
    if (!packets.length) return;
    this.#packets.push(...packets);
    const { seconds, length } = packets[packets.length - 1];
    this.#newest = seconds + length;
    if (this.#from === null) this.#begin(Math.max(this.#packets[0].seconds, this.#newest - IN_HAND));
    else if (this.#newest > this.#from) this.#begin(this.#from);
    this.#decode();
  }

  /** @param {number} place seconds */
  #begin(place) {
    if (this.#begun) return;
    this.#begun = true;
    this.#goTo(place);
  }

  /** @param {number} place seconds: what is before it is not played */
  #goTo(place) {
    this.#start = place;
    this.#packets = this.#packets.filter(({ seconds, length }) => seconds + length > place - PREROLL);
  }

  /** What will be played soon is decoded. */
  #decode() {
    if (!this.#begun || !this.#webm.track) return;
    this.#decoder ??= this.#open(this.#webm.track);
    while (this.#packets.length && this.#packets[0].seconds < this.position + AHEAD) {
      const { seconds, length, data } = /** @type {Packet} */ (this.#packets.shift());
      this.#decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: Math.round(seconds * MICRO), data }));
      this.#decoded = seconds + length;
    }
    if (this.#complete && !this.#packets.length && this.#decoded !== Infinity) this.#finish(this.#decoder);
  }

  /** @param {AudioDecoder} decoder */
  async #finish(decoder) {
    this.#decoded = Infinity;
    try {
      await decoder.flush();
      this.#output.finish();
    } catch (error) {
      this.#break(error);
    }
  }

  /** @param {import("./webm-packets.js").OpusTrack} track */
  #open({ channels, head }) {
    const decoder = new AudioDecoder({ output: (sound) => this.#play(sound), error: (error) => this.#break(error) });
    decoder.configure({ codec: "opus", sampleRate: SAMPLE_RATE, numberOfChannels: channels, description: head });
    return decoder;
  }

  /** @param {AudioData} sound */
  #play(sound) {
    const at = sound.timestamp / MICRO;
    if (!this.#over.signal.aborted && at + sound.numberOfFrames / sound.sampleRate > this.#start) this.#output.write(mono(sound), at);
    sound.close();
  }

  #follow() {
    const on = (/** @type {string} */ type, /** @type {() => void} */ act) => {
      this.#output.addEventListener(type, () => {
        act();
        this.dispatchEvent(new CustomEvent(type));
      });
    };
    on("time", () => this.#steer());
    on("waiting", () => {
      if (this.#complete || this.#paused) return;
      this.underflows += 1;
      this.#control.underflow(this.#clock.now());
    });
    for (const type of ["playing", "blocked", "paused", "ended"]) on(type, () => {});
  }

  #steer() {
    this.#decode();
    const output = this.#output;
    const speed = this.#preferences.get("speed");
    if (!output.sounding) return;
    if (this.#complete) {
      output.rate = this.#control.behind ? speed : 1;
      return;
    }
    const { rate, skip } = this.#control.look(this.#clock.now(), this.lag, speed);
    output.rate = rate;
    if (!skip) return;
    this.skips += 1;
    this.#goTo(this.position + skip);
    output.clear();
  }

  /** @param {unknown} error */
  #break(error) {
    if (this.#over.signal.aborted) return;
    this.close();
    this.dispatchEvent(new CustomEvent("broken", { detail: { problem: problemOf(error) } }));
  }
}

/**
 * @param {AudioData} sound
 * @returns {Float32Array<ArrayBuffer>} all channels as one
 */
function mono(sound) {
  const { numberOfChannels, numberOfFrames } = sound;
  const mixed = new Float32Array(numberOfFrames);
  const plane = new Float32Array(numberOfFrames);
  for (let planeIndex = 0; planeIndex < numberOfChannels; planeIndex++) {
    sound.copyTo(plane, { planeIndex, format: "f32-planar" });
    for (let i = 0; i < numberOfFrames; i++) mixed[i] += plane[i] / numberOfChannels;
  }
  return mixed;
}
