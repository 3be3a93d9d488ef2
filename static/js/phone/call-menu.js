/**
 * The menu of a call: which microphone, camera and loudspeaker; full screen; a picture beside other windows.
 *
 * @typedef {import("../ui/menu.js").MenuItem} MenuItem
 */
import { t } from "../strings.js";
import { openMenu } from "../ui/menu.js";
import { speakers } from "./speaker.js";

/** @typedef {{id: string, label: string}} Device */

export class CallMenu {
  #parts;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.button
   * @param {HTMLElement} parts.view what goes full screen
   * @param {HTMLVideoElement} parts.picture theirs
   * @param {import("./phone.js").Phone} parts.phone
   * @param {import("../preferences.js").Preferences} parts.preferences
   */
  constructor(parts) {
    this.#parts = parts;
    parts.button.addEventListener("click", () => this.#open());
  }

  async #open() {
    const { button, view, picture, phone, preferences } = this.#parts;
    const devices = await devicesNow();
    /** @type {MenuItem[]} */
    const items = [
      this.#choice("microphone", "mic", devices.microphone, (id) => phone.useMicrophone(id)),
      ...(phone.state.camera ? [this.#choice("camera", "cam", devices.camera, (id) => phone.useCamera(id))] : []),
      ...(devices.speaker.length ? [this.#choice("speaker", "speaker", devices.speaker, (id) => preferences.set("speaker", id))] : []),
    ];
    if (document.fullscreenEnabled) {
      const full = document.fullscreenElement === view;
      items.push({ label: t(full ? "call.fullScreen.off" : "call.fullScreen"), icon: full ? "min" : "max",
        onSelect: () => (full ? document.exitFullscreen() : view.requestFullscreen()).catch(() => {}) });
    }
    if (document.pictureInPictureEnabled && (phone.state.peerCamera || phone.state.peerScreen)) {
      items.push({ label: t("call.pictureInPicture"), icon: "pip", onSelect: () => { picture.requestPictureInPicture().catch(() => {}); } });
    }
    if (button.isConnected) openMenu(button, items);
  }

  /**
   * Opens the list of the devices of a kind, in the menu's place.
   * @param {"microphone"|"camera"|"speaker"} kind
   * @param {string} sign
   * @param {Device[]} devices
   * @param {(id: string) => void} use
   * @returns {MenuItem}
   */
  #choice(kind, sign, devices, use) {
    const { button, preferences } = this.#parts;
    const chosen = preferences.get(kind);
    const choose = (/** @type {string} */ id) => {
      preferences.set(kind, id);
      use(id);
    };
    const items = [{ id: "", label: t("settings.defaultDevice") }, ...devices].map(({ id, label }, i) => ({
      label: label || t("settings.device", { number: i }), checked: id === chosen, onSelect: () => choose(id),
    }));
    // Only when the first one is closed, which it tells later.
    return { label: t(`settings.${kind}`), icon: sign, onSelect: () => { setTimeout(() => openMenu(button, items)); } };
  }
}

/** @returns {Promise<{microphone: Device[], camera: Device[], speaker: Device[]}>} */
async function devicesNow() {
  const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const ofKind = (/** @type {MediaDeviceKind} */ wanted) =>
    all.filter(({ kind, deviceId }) => kind === wanted && deviceId && deviceId !== "default").map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphone: ofKind("audioinput"), camera: ofKind("videoinput"), speaker: await speakers() };
}
