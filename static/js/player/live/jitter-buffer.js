/**
 * Sound that comes in pieces, some of them late, and goes out evenly. Pure: it runs in an AudioWorklet.
 *
 * It begins when it has a little in hand, and after silence again. It can play faster without changing the pitch: now and
 * then it leaves out a few milliseconds, where what follows them is most like them.
 */

/** Seconds in hand before it begins; and after which it begins with less, as nothing more comes. */
const IN_HAND = 0.3;
const LONG_ENOUGH = 0.4;
/** Seconds in which one sound becomes another. */
const FADE = 0.005;
/** Seconds that are left out at once: at least and at most the length of a wave of a voice. */
const SHORTEST = 0.0025;
const LONGEST = 0.015;
/** Of a sample, each that follows, where the sound breaks off. */
const DECAY = 0.97;
/** Every so many samples are enough to see how like two sounds are. */
const STRIDE = 2;

export class JitterBuffer {
  /** How fast it is played: 1 or more. */
  rate = 1;
  /** It sounds; else it waits for more. */
  sounding = false;
  #sampleRate;
  /** What has come and was not played: from `#from` to `#to`. */
  #samples = new Float32Array(1 << 16);
  #from = 0;
  #to = 0;
  /** When the last of them is played, in seconds of the recording. */
  #end = 0;
  /** No more will come. */
  #over = false;
  /** Seconds since anything came. */
  #idle = 0;
  /** Samples that should have been left out by now. */
  #debt = 0;
  /** Of the fade with which it begins, samples so far; and the sample with which it broke off. */
  #faded = 0;
  #last = 0;

  /** @param {number} sampleRate samples a second */
  constructor(sampleRate) {
    this.#sampleRate = sampleRate;
  }

  /** What is played now, in seconds of the recording. */
  get position() {
    return this.#end - this.inHand;
  }

  /** Seconds. */
  get inHand() {
    return (this.#to - this.#from) / this.#sampleRate;
  }

  /** Everything was played. */
  get ended() {
    return this.#over && this.#to === this.#from;
  }

  /**
   * @param {Float32Array} samples that follow
   * @param {number} at when the first of them is played, in seconds of the recording
   */
  write(samples, at) {
    this.#makeRoom(samples.length);
    this.#samples.set(samples, this.#to);
    this.#to += samples.length;
    this.#end = at + samples.length / this.#sampleRate;
    this.#idle = 0;
  }

  /** No more will come. */
  finish() {
    this.#over = true;
  }

  /** What has come and was not played is not played: something else follows. */
  clear() {
    this.#from = this.#to;
    this.#debt = 0;
    this.sounding = false;
  }

  /** @param {Float32Array} output is filled with what is played now */
  read(output) {
    this.#idle += output.length / this.#sampleRate;
    if (!this.sounding && this.#begins()) {
      this.sounding = true;
      this.#faded = 0;
    }
    if (this.sounding) this.#hurry(output.length);
    const there = this.sounding ? Math.min(output.length, this.#to - this.#from) : 0;
    output.set(this.#samples.subarray(this.#from, this.#from + there));
    this.#from += there;
    this.#fadeIn(output.subarray(0, there));
    if (there > 0) this.#last = output[there - 1];
    if (there < output.length) this.sounding = false;
    for (let i = there; i < output.length; i++) output[i] = this.#last *= DECAY;
  }

  #begins() {
    return this.inHand > 0 && (this.#over || this.inHand >= IN_HAND || this.#idle > LONG_ENOUGH);
  }

  /** @param {Float32Array} samples */
  #fadeIn(samples) {
    const length = FADE * this.#sampleRate;
    for (let i = 0; i < samples.length && this.#faded < length; i++) samples[i] *= this.#faded++ / length;
  }

  /** @param {number} count samples that are going to be played */
  #hurry(count) {
    const [fade, shortest, longest] = [FADE, SHORTEST, LONGEST].map((seconds) => Math.round(seconds * this.#sampleRate));
    this.#debt = this.rate > 1 ? this.#debt + count * (this.rate - 1) : 0;
    if (this.#debt < longest / 2 || this.#to - this.#from < longest + fade) return;
    const out = this.#likest(shortest, longest, fade);
    const [samples, from] = [this.#samples, this.#from];
    for (let i = 0; i < fade; i++) {
      samples[from + out + i] = (samples[from + i] * (fade - i) + samples[from + out + i] * i) / fade;
    }
    this.#from += out;
    this.#debt -= out;
  }

  /**
   * @param {number} shortest
   * @param {number} longest
   * @param {number} length
   * @returns {number} so many samples on, the next `length` are most like those that are to be played now
   */
  #likest(shortest, longest, length) {
    const [samples, from] = [this.#samples, this.#from];
    let [best, bestLikeness] = [longest, -Infinity];
    for (let shift = shortest; shift <= longest; shift++) {
      let [product, power] = [0, 1e-9];
      for (let i = from; i < from + length; i += STRIDE) {
        const other = samples[i + shift];
        product += samples[i] * other;
        power += other * other;
      }
      const likeness = product / Math.sqrt(power);
      if (likeness > bestLikeness) [best, bestLikeness] = [shift, likeness];
    }
    return best;
  }

  /** @param {number} count samples */
  #makeRoom(count) {
    if (this.#to + count <= this.#samples.length) return;
    const kept = this.#samples.subarray(this.#from, this.#to);
    const enough = kept.length + count <= this.#samples.length / 2;
    const samples = enough ? this.#samples : new Float32Array(2 * (kept.length + count));
    samples.set(kept);
    [this.#samples, this.#from, this.#to] = [samples, 0, kept.length];
  }
}
