/** Taking things out of the page: a file, a link. */
import { el } from "./ui/dom.js";

/** What a file of a type is called at its end; sound in MP4 has an ending of its own. @type {Record<string, string>} */
const ENDINGS = {
  "audio/webm": "webm", "video/webm": "webm", "video/x-matroska": "mkv", "audio/ogg": "ogg", "video/ogg": "ogv",
  "audio/mp4": "m4a", "video/mp4": "mp4", "audio/wav": "wav", "audio/x-wav": "wav",
};

/**
 * @param {{author: string, created: string, mime: string}} clip
 * @returns {string} "Ann 2026-11-21 10.15.30.webm": no character that a file system refuses
 */
export function fileName({ author, created, mime }) {
  const at = created.slice(0, 19).replace("T", " ").replaceAll(":", ".");
  const ending = ENDINGS[mime.split(";")[0].trim().toLowerCase()] ?? "bin";
  return `${author.replace(/[\\/:*?"<>|]/g, "_")} ${at}.${ending}`;
}

/**
 * Has the browser save it as a file.
 * @param {string|Blob} what a URL of this site, or the bytes
 * @param {string} name
 */
export function saveAs(what, name) {
  const href = typeof what === "string" ? what : URL.createObjectURL(what);
  el("a", { href, download: name }).click();
  // The browser has taken hold of the bytes by then.
  if (typeof what !== "string") setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/**
 * @param {string} text
 * @returns {Promise<boolean>} false where the browser does not let us
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

/**
 * Without https there is no clipboard interface; the old command works on a selection.
 * @param {string} text
 */
function copyByHand(text) {
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  const field = el("textarea", { class: "vh", value: text, readOnly: true });
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  before?.focus();
  return done;
}
