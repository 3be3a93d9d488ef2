/**
 * Microphone and camera: asked for when they are needed, let go when they are not.
 *
 * Events: "interrupted" when a device is taken away while it is open; "devices" when there are others to choose from.
 *
 * @typedef {object} CaptureWish
 * @property {boolean} [video]
 * @property {string} [quality] one of QUALITIES
 * @property {string} [microphone] deviceId, "" for the browser's choice
 * @property {string} [camera] deviceId, "" for the browser's choice
 *
 * @typedef {{id: string, label: string}} Device the label is "" until a device was allowed once
 */

import { Meter } from "./meter.js";
import { QUALITIES } from "./media-type.js";
import { loudness } from "./peaks.js";

/**
 * "refused" by the person or the site's policy; "missing": no such device; "busy": another program has it;
 * "insecure": the page is not on https; "unsupported": this browser cannot.
 * @typedef {"refused"|"missing"|"busy"|"insecure"|"unsupported"|"other"} CaptureReason
 */

/** @type {Record<string, CaptureReason>} */
const REASONS = {
  NotAllowedError: "refused",
  PermissionDeniedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  NotSupportedError: "unsupported",
  TypeError: "unsupported",
};

/** @type {PermissionName[]} */
const PERMISSIONS = ["microphone", "camera"];

export class CaptureError extends Error {
  /**
   * @param {CaptureReason} reason
   * @param {"microphone"|"camera"|"either"} device which of them it is about
   */
  constructor(reason, device) {
    super(`${device} ${reason}`);
    this.name = "CaptureError";
    this.reason = reason;
    this.device = device;
  }
}

export class Capture extends EventTarget {
  /** What is open, with its sound and picture; null when nothing is. @type {MediaStream|null} */
  stream = null;
  #mediaDevices;
  #secure;
  #meter;
  /** What the browser opens without asking the person. @type {Set<PermissionName>} */
  #allowed = new Set();
  /** Counts what was opened and closed: devices that come too late for it are let go. */
  #turn = 0;

  /**
   * @param {object} [parts]
   * @param {MediaDevices} [parts.mediaDevices] not there where the page is insecure
   * @param {Pick<Permissions, "query">} [parts.permissions] not in every browser
   * @param {boolean} [parts.secure]
   * @param {Pick<Meter, "attach"|"detach"|"rms">} [parts.meter]
   */
  constructor({
    mediaDevices = navigator.mediaDevices, permissions = globalThis.navigator?.permissions, secure = globalThis.isSecureContext,
    meter = new Meter(),
  } = {}) {
    super();
    this.#mediaDevices = mediaDevices;
    this.#secure = secure;
    this.#meter = meter;
    mediaDevices?.addEventListener?.("devicechange", () => this.dispatchEvent(new CustomEvent("devices")));
    for (const name of PERMISSIONS) permissions?.query({ name }).then((status) => this.#follow(status, name), () => {});
  }

  /**
   * Opens the devices, asking the person where the browser wants it. What was open is closed; so is this, and fails,
   * when close() or another open() comes before the person's answer.
   * @param {CaptureWish} [wish]
   * @returns {Promise<MediaStream>}
   * @throws {CaptureError}
   */
  async open(wish = {}) {
    this.close();
    const device = wish.video ? "either" : "microphone";
    if (!this.#secure) throw new CaptureError("insecure", device);
    if (!this.#mediaDevices?.getUserMedia) throw new CaptureError("unsupported", device);
    const turn = this.#turn;
    const stream = await this.#ask(wish);
    if (turn !== this.#turn) {
      release(stream);
      throw new CaptureError("other", device);
    }
    this.stream = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => this.#interrupted(stream));
      track.addEventListener("mute", () => this.#interrupted(stream));
    }
    return stream;
  }

  /**
   * @param {CaptureWish} wish
   * @returns {boolean} the person need not be asked; a browser that does not tell may ask
   */
  isAllowed({ video = false }) {
    return this.#allowed.has("microphone") && (!video || this.#allowed.has("camera"));
  }

  /** Starts measuring the open microphone; apart from open(), as a recording need not wait for it. */
  listen() {
    if (this.stream) this.#meter.attach(this.stream);
  }

  /** @returns {number|null} 0 to 1; null where it cannot be known */
  rms() {
    return this.#meter.rms();
  }

  /** @returns {number} how loud it is felt to be, 0 to 1 */
  level() {
    return loudness(this.rms() ?? 0);
  }

  /** @returns {Promise<{microphones: Device[], cameras: Device[]}>} */
  async devices() {
    const all = await (this.#mediaDevices?.enumerateDevices?.() ?? []);
    const ofKind = (/** @type {MediaDeviceKind} */ kind) =>
      all.filter((one) => one.kind === kind && one.deviceId).map(({ deviceId, label }) => ({ id: deviceId, label }));
    return { microphones: ofKind("audioinput"), cameras: ofKind("videoinput") };
  }

  /** Lets the devices go: the browser's sign for "recording" goes out. */
  close() {
    const { stream } = this;
    this.#turn += 1;
    this.stream = null;
    this.#meter.detach();
    if (stream) release(stream);
  }

  /**
   * A device that was remembered and is gone must not stand in the way: then any will do.
   * @param {CaptureWish} wish
   * @returns {Promise<MediaStream>}
   */
  async #ask(wish) {
    try {
      return await this.#mediaDevices.getUserMedia(constraintsFor(wish));
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== "missing" || !(wish.microphone || wish.camera)) throw await this.#explain(reason, wish);
      return this.#ask({ ...wish, microphone: "", camera: "" });
    }
  }

  /**
   * @param {CaptureReason} reason
   * @param {CaptureWish} wish
   */
  async #explain(reason, { video }) {
    if (!video) return new CaptureError(reason, "microphone");
    if (reason !== "missing") return new CaptureError(reason, "either");
    const all = await this.#mediaDevices.enumerateDevices().catch(() => []);
    return new CaptureError(reason, all.some(({ kind }) => kind === "audioinput") ? "camera" : "microphone");
  }

  /**
   * @param {PermissionStatus} status
   * @param {PermissionName} name
   */
  #follow(status, name) {
    const note = () => (status.state === "granted" ? this.#allowed.add(name) : this.#allowed.delete(name));
    status.addEventListener("change", note);
    note();
  }

  /** @param {MediaStream} stream a track of it ended, or gives silence: a telephone call, a headset taken away */
  #interrupted(stream) {
    if (stream === this.stream) this.dispatchEvent(new CustomEvent("interrupted"));
  }
}

/**
 * @param {unknown} error of getUserMedia
 * @returns {CaptureReason}
 */
export function reasonOf(error) {
  return REASONS[/** @type {Error} */ (error).name] ?? "other";
}

/** @param {MediaStream} stream */
function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/**
 * A device is named exactly, as a better match in size would else win over the chosen one; sizes never are. The camera's
 * own sizes are preferred: Chromium shows a scaled picture, but records it at the size that the camera gives.
 * @param {CaptureWish} wish
 * @returns {MediaStreamConstraints}
 */
export function constraintsFor({ video = false, quality = "480p30", microphone = "", camera = "" }) {
  const { width, height, frameRate } = QUALITIES[quality];
  const picture = {
    width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: frameRate }, resizeMode: { ideal: "none" },
  };
  const facing = camera ? { deviceId: { exact: camera } } : { facingMode: { ideal: "user" } };
  return {
    audio: {
      channelCount: { ideal: 1 },
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...(microphone && { deviceId: { exact: microphone } }),
    },
    video: video && { ...picture, ...facing },
  };
}
