/** Microphone, camera and screen, one track each: asked for when a call needs them. */

import { CaptureError, constraintsFor, reasonOf } from "../recorder/capture.js";

/** @typedef {import("../recorder/capture.js").CaptureReason} CaptureReason */

export class Devices {
  #media;
  #secure;

  /**
   * @param {object} [parts]
   * @param {MediaDevices} [parts.mediaDevices] not there where the page is insecure
   * @param {boolean} [parts.secure]
   */
  constructor({ mediaDevices = navigator.mediaDevices, secure = globalThis.isSecureContext } = {}) {
    this.#media = mediaDevices;
    this.#secure = secure;
  }

  get canShareScreen() {
    return typeof this.#media?.getDisplayMedia === "function";
  }

  /**
   * Both in one question to the person; where there is no picture to be had the sound is enough.
   * @param {{video: boolean, microphone: string, camera: string, quality: string}} wish
   * @returns {Promise<{microphone: MediaStreamTrack, camera: MediaStreamTrack|null, trouble: CaptureError|null}>}
   * @throws {CaptureError}
   */
  async both({ video, microphone, camera, quality }) {
    if (!video) return { microphone: await this.microphone(microphone), camera: null, trouble: null };
    try {
      const stream = await this.#ask({ video, microphone, camera, quality }, "either");
      return { microphone: stream.getAudioTracks()[0], camera: stream.getVideoTracks()[0], trouble: null };
    } catch (error) {
      const trouble = new CaptureError(/** @type {CaptureError} */ (error).reason, "camera");
      return { microphone: await this.microphone(microphone), camera: null, trouble };
    }
  }

  /**
   * @param {string} id deviceId, "" for the browser's choice
   * @returns {Promise<MediaStreamTrack>}
   * @throws {CaptureError}
   */
  async microphone(id) {
    return (await this.#ask({ microphone: id }, "microphone")).getAudioTracks()[0];
  }

  /**
   * @param {string} id deviceId, "" for the browser's choice
   * @param {string} quality
   * @returns {Promise<MediaStreamTrack>}
   * @throws {CaptureError}
   */
  async camera(id, quality) {
    return (await this.#ask({ video: true, camera: id, quality }, "camera")).getVideoTracks()[0];
  }

  /**
   * @returns {Promise<MediaStreamTrack>}
   * @throws {CaptureError} also when the person thinks better of it ("refused")
   */
  async screen() {
    try {
      const [track] = (await this.#media.getDisplayMedia({ video: true })).getVideoTracks();
      track.contentHint = "detail";
      return track;
    } catch (error) {
      throw new CaptureError(reasonOf(error), "either");
    }
  }

  /**
   * A device that was remembered and is gone must not stand in the way: then any will do.
   * @param {import("../recorder/capture.js").CaptureWish} wish
   * @param {"microphone"|"camera"|"either"} device
   * @returns {Promise<MediaStream>}
   */
  async #ask(wish, device) {
    if (!this.#secure) throw new CaptureError("insecure", device);
    if (!this.#media?.getUserMedia) throw new CaptureError("unsupported", device);
    const constraints = constraintsFor(wish);
    if (device === "camera") constraints.audio = false;
    try {
      return await this.#media.getUserMedia(constraints);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== "missing" || !(wish.microphone || wish.camera)) throw new CaptureError(reason, device);
      return this.#ask({ ...wish, microphone: "", camera: "" }, device);
    }
  }
}
