/** Calls shown by the system while the page is not seen: only after the person asked for it. */
import { t } from "../strings.js";

/** @returns {boolean} it makes sense to ask them */
export function canAskToNotify() {
  return globalThis.Notification?.permission === "default";
}

/** To be called from a press. @returns {Promise<boolean>} they allow it */
export async function askToNotify() {
  return (await Notification.requestPermission().catch(() => "denied")) === "granted";
}

/**
 * @param {{peer: string, thread: string}} call `thread` is a title
 * @returns {{close: () => void}|null} null: the page is seen, or it is not allowed
 */
export function notifyOfCall({ peer, thread }) {
  if (!document.hidden || globalThis.Notification?.permission !== "granted") return null;
  try {
    const shown = new Notification(t("call.isCalling", { name: peer }), { body: thread, tag: `mozchat-call-${peer}`, requireInteraction: true });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
    });
    return shown;
  } catch {
    return null; // a phone's browser shows them from a worker only
  }
}
