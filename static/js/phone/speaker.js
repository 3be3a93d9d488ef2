/** Which loudspeaker a sound comes from, where the browser leaves the choice. */

/** @typedef {import("../preferences.js").Preferences} Preferences */

/** @returns {boolean} this browser can send a sound to another one than its own choice */
export function canChooseSpeaker() {
  return "setSinkId" in HTMLMediaElement.prototype;
}

/**
 * Those that there are, once a microphone was allowed.
 * @returns {Promise<{id: string, label: string}[]>}
 */
export async function speakers() {
  if (!canChooseSpeaker()) return [];
  const all = await navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? [];
  return all.filter(({ kind, deviceId }) => kind === "audiooutput" && deviceId && deviceId !== "default")
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/**
 * Lets an element sound where it is wanted, now and when that changes.
 * @param {HTMLMediaElement} media
 * @param {Preferences} preferences
 */
export function followSpeaker(media, preferences) {
  if (!canChooseSpeaker()) return;
  // A speaker that was unplugged, or is not allowed any more: the browser's own choice sounds.
  const follow = () => media.setSinkId(preferences.get("speaker")).catch(() => {});
  if (preferences.get("speaker")) follow();
  preferences.addEventListener("change", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.key === "speaker") follow();
  });
}
