/** Asks the browser not to throw away what is kept here when it wants room: once, and after there is something. */
import { Storage } from "../storage.js";

/**
 * @param {object} parts
 * @param {string} parts.base URL prefix of the site
 * @param {Storage} [parts.storage]
 * @param {Partial<Pick<StorageManager, "persist">>} [parts.manager]
 */
export async function askToPersist({ base, storage = new Storage(), manager = navigator.storage }) {
  const key = `mozchat${base}/persist`;
  if (!manager?.persist || storage.read(key)) return;
  storage.write(key, true);
  await manager.persist().catch(() => false);
}
