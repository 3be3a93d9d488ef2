/**
 * One's own sound and picture in a call: which devices are open, and what of them is sent.
 *
 * Events: "track", detail {kind: "audio"|"video"}, when another track is to be sent; "change" when anything else did.
 */

import { CaptureError } from "../recorder/capture.js";

/** @typedef {import("./devices.js").Devices} Devices */

export class Media extends EventTarget {
  #devices;
  #preferences;
  #page;
  /** @type {MediaStreamTrack|null} */
  #microphone = null;
  /** @type {MediaStreamTrack|null} */
  #camera = null;
  /** @type {MediaStreamTrack|null} */
  #screen = null;
  #muted = false;
  /** Counts calls: a device that comes after its call is let go. */
  #turn = 0;
  /** @type {Promise<void>|null} */
  #opening = null;
  /** @type {MediaStream|null} */
  #local = null;
  /** Device and reason of what does not work. @type {string|null} */
  trouble = null;

  /**
   * @param {object} parts
   * @param {Pick<Devices, "both"|"microphone"|"camera"|"screen"|"canShareScreen">} parts.devices
   * @param {Pick<import("../preferences.js").Preferences, "get">} parts.preferences
   * @param {{hidden: boolean, addEventListener: (type: string, listener: () => void) => void}} parts.page `document`
   */
  constructor({ devices, preferences, page }) {
    super();
    this.#devices = devices;
    this.#preferences = preferences;
    this.#page = page;
    // A phone takes the camera away from a page that is not seen.
    page.addEventListener("visibilitychange", () => {
      if (!this.#page.hidden && this.trouble === "camera.lost") this.setCamera(true);
    });
  }

  get muted() {
    return this.#muted;
  }

  get camera() {
    return this.#camera !== null;
  }

  get screen() {
    return this.#screen !== null;
  }

  get canShareScreen() {
    return this.#devices.canShareScreen;
  }

  /** What is sent. */
  get sound() {
    return this.#microphone;
  }

  get picture() {
    return this.#screen ?? this.#camera;
  }

  /** One's own picture. */
  get local() {
    return this.#local;
  }

  /**
   * Opens what a call needs; once for a call, however often it is asked.
   * @param {{video: boolean}} wish
   * @returns {Promise<void>}
   * @throws {CaptureError} there is no sound
   */
  open({ video }) {
    this.#opening ??= this.#open(video);
    return this.#opening;
  }

  /** Lets everything go. */
  close() {
    this.#turn += 1;
    if (this.#opening) setSession("auto");
    this.#opening = null;
    for (const track of [this.#microphone, this.#camera, this.#screen]) track?.stop();
    this.#microphone = this.#camera = this.#screen = null;
    this.#muted = false;
    this.trouble = null;
    this.#local = null;
    this.#tell("change");
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted;
    if (this.#microphone) this.#microphone.enabled = !muted;
    this.#tell("change");
  }

  /** @param {boolean} on */
  async setCamera(on) {
    if (!on) return this.#show("camera", null);
    await this.#try("camera", async () => this.#devices.camera(this.#preferences.get("camera"), this.#preferences.get("quality")));
  }

  /** @param {boolean} on */
  async setScreen(on) {
    if (!on) return this.#show("screen", null);
    await this.#try("screen", () => this.#devices.screen());
  }

  /** @param {string} id deviceId, "" for the browser's choice */
  async useMicrophone(id) {
    if (!this.#microphone) return;
    await this.#try("microphone", () => this.#devices.microphone(id));
  }

  /** @param {string} id deviceId, "" for the browser's choice */
  async useCamera(id) {
    if (!this.#camera) return;
    this.#camera.stop(); // a phone opens one camera at a time
    await this.#try("camera", () => this.#devices.camera(id, this.#preferences.get("quality")));
  }

  /** @param {boolean} video */
  async #open(video) {
    const turn = this.#turn;
    setSession("play-and-record");
    const [microphone, camera] = [this.#preferences.get("microphone"), this.#preferences.get("camera")];
    const opened = await this.#devices.both({ video, microphone, camera, quality: this.#preferences.get("quality") });
    if (turn !== this.#turn) {
      opened.microphone.stop();
      opened.camera?.stop();
      return;
    }
    this.#hear(opened.microphone);
    if (opened.camera) this.#show("camera", opened.camera);
    if (opened.trouble) this.#complain("camera", opened.trouble);
  }

  /**
   * @param {"microphone"|"camera"|"screen"} device
   * @param {() => Promise<MediaStreamTrack>} ask
   */
  async #try(device, ask) {
    const turn = this.#turn;
    try {
      const track = await ask();
      if (turn !== this.#turn) track.stop();
      else if (device === "microphone") this.#hear(track);
      else this.#show(device, track);
    } catch (error) {
      if (turn !== this.#turn) return;
      if (device === "camera") this.#show("camera", null);
      this.#complain(device, error);
    }
  }

  /** @param {MediaStreamTrack} track */
  #hear(track) {
    this.#microphone?.stop();
    this.#microphone = track;
    track.enabled = !this.#muted;
    const now = (/** @type {string} */ type, /** @type {() => void} */ act) =>
      track.addEventListener(type, () => track === this.#microphone && act());
    now("ended", () => this.#lost());
    now("mute", () => this.#fail("microphone.lost"));
    now("unmute", () => this.#fail(null));
    this.#mended("microphone");
    this.#tell("track", { kind: "audio" });
  }

  /** A headset was taken away: what is there now will do. */
  async #lost() {
    this.#fail("microphone.lost");
    await this.#try("microphone", () => this.#devices.microphone(""));
  }

  /**
   * @param {"camera"|"screen"} device
   * @param {MediaStreamTrack|null} track
   */
  #show(device, track) {
    const before = device === "camera" ? this.#camera : this.#screen;
    if (before !== track) before?.stop();
    if (device === "camera") this.#camera = track;
    else this.#screen = track;
    track?.addEventListener("ended", () => {
      if (track !== this.#camera && track !== this.#screen) return;
      this.#show(device, null);
      if (device === "camera") this.#fail("camera.lost");
    });
    this.#local = this.picture && new MediaStream([this.picture]);
    this.#mended(device);
    this.#tell("track", { kind: "video" });
  }

  /**
   * @param {"microphone"|"camera"|"screen"} device
   * @param {unknown} error
   */
  #complain(device, error) {
    const reason = error instanceof CaptureError ? error.reason : "other";
    // Who closes the browser's question about the screen knows that.
    if (device !== "screen" || reason !== "refused") this.#fail(`${device}.${reason}`);
  }

  /** @param {string} device */
  #mended(device) {
    if (this.trouble?.startsWith(device)) this.trouble = null;
  }

  /** @param {string|null} trouble */
  #fail(trouble) {
    this.trouble = trouble;
    this.#tell("change");
  }

  /**
   * @param {string} type
   * @param {object} [detail]
   */
  #tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/**
 * An iPhone whose silent switch is on plays a call only where it is told that it is one.
 * @param {"auto"|"play-and-record"} type
 */
function setSession(type) {
  const { audioSession } = /** @type {{audioSession?: {type: string}}} */ (/** @type {unknown} */ (globalThis.navigator ?? {}));
  if (audioSession) audioSession.type = type;
}
