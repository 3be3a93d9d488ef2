/** How loud both sides of a call are, some ten times a second. */

import { systemClock } from "../clock.js";
import { Meter } from "../recorder/meter.js";
import { loudness } from "../recorder/peaks.js";

/** Milliseconds. */
const PERIOD = 100;

export class Levels {
  #clock;
  #meter;
  #onLevel;
  /** @type {any} */
  #timer;
  /** @type {MediaStreamTrack|null} */
  #sound = null;

  /**
   * @param {object} parts
   * @param {(level: {me: number, peer: number}) => void} parts.onLevel 0 to 1
   * @param {import("../clock.js").Clock} [parts.clock]
   * @param {Pick<Meter, "attach"|"detach"|"rms">} [parts.meter]
   */
  constructor({ onLevel, clock = systemClock, meter = new Meter() }) {
    this.#onLevel = onLevel;
    this.#clock = clock;
    this.#meter = meter;
  }

  /** @param {() => {sound: MediaStreamTrack|null, muted: boolean, receiver: RTCRtpReceiver|null}} ask what there is at a moment */
  start(ask) {
    if (this.#timer) return;
    const look = () => {
      const { sound, muted, receiver } = ask();
      if (sound !== this.#sound) this.#listen(sound);
      const [source] = receiver?.getSynchronizationSources?.() ?? [];
      this.#onLevel({ me: muted ? 0 : loudness(this.#meter.rms() ?? 0), peer: loudness(source?.audioLevel ?? 0) });
      this.#timer = this.#clock.setTimeout(look, PERIOD);
    };
    this.#timer = this.#clock.setTimeout(look, PERIOD);
  }

  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#listen(null);
  }

  /** @param {MediaStreamTrack|null} sound */
  #listen(sound) {
    this.#sound = sound;
    if (sound) this.#meter.attach(new MediaStream([sound]));
    else this.#meter.detach();
  }
}
