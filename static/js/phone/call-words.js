/**
 * What became of a call, how its line is, and what does not work, as keys of the page's words. Pure.
 *
 * @typedef {import("./phone.js").PhoneState} PhoneState
 * @typedef {import("./phone.js").End} End
 * @typedef {import("./phone.js").Note} Note
 * @typedef {import("./phone.js").Quality} Quality
 *
 * @typedef {object} Words
 * @property {string} key
 * @property {Record<string, string|number>} vars
 *
 * @typedef {object} LogEntry a call as the log of the chat remembers it
 * @property {End["reason"]|"missed"} key
 * @property {boolean} outgoing
 * @property {boolean} byMe
 * @property {number|null} secs talked
 * @property {boolean} video
 */
import { length } from "../ui/format.js";

/** Ends of a call that rang and was not taken. */
const UNHEARD = new Set(["unanswered", "cancelled", "gone"]);
/** Reasons for which a device stays shut that have words of their own. */
const DEVICE_REASONS = new Set(["refused", "missing", "busy", "lost"]);

/**
 * The line that is said when a call is over.
 * @param {Pick<PhoneState, "peer"|"outgoing"|"end">} state
 * @returns {(Words & {offer: "clip"|"again"|"back"|null})|null} null: whoever did it knows it. `offer` is the next
 *   step: "clip" to record one instead, "again" and "back" to call
 */
export function endWords({ peer, outgoing, end }) {
  if (!end || end.reason === "elsewhere" || end.reason === "no-microphone") return null;
  const { reason, byMe, secs } = end;
  const vars = { name: peer ?? "", length: length(secs ?? 0) };
  const words = (/** @type {string} */ key, /** @type {"clip"|"again"|"back"|null} */ offer) => ({ key: `call.end.${key}`, vars, offer });
  if (secs !== null) {
    if (reason === "gone" && !byMe) return words("leftAfter", null);
    return reason === "failed" ? words("brokeAfter", "again") : words("over", null);
  }
  if (!outgoing && UNHEARD.has(reason)) return words("missed", "back");
  if (byMe && (reason === "cancelled" || reason === "declined" || reason === "ended")) return null;
  if (reason === "failed") return words("failed", "again");
  return words(reason, reason === "ended" ? null : "clip");
}

/**
 * The line of a call in the log of the chat.
 * @param {LogEntry} entry
 * @param {string} name of the other
 * @returns {Words}
 */
export function logWords({ key, outgoing, byMe, secs, video }, name) {
  const vars = { name, length: length(secs ?? 0) };
  const words = (/** @type {string} */ which) => ({ key: `call.log.${which}`, vars });
  if (key === "missed") return words(video ? "missedPicture" : "missed");
  if (secs !== null) return words(key === "failed" ? "brokeAfter" : key === "gone" && !byMe ? "leftAfter" : "talked");
  if (key === "declined") return words(outgoing ? "declined" : "declinedByMe");
  if (key === "cancelled" || key === "ended") return words(byMe ? "cancelled" : "over");
  return words(key === "no-microphone" ? "noMicrophone" : key);
}

/**
 * How the line is, for the eye beside the time, and in full.
 * @param {Quality} quality
 * @returns {{short: string, full: string, route: string|null}} keys
 */
export function qualityWords({ steps, reason, route }) {
  return {
    short: `call.line.${steps}`,
    full: `call.line.${reason}`,
    route: route && `call.route.${route}`,
  };
}

/**
 * @param {string|null} trouble as in the state of the phone
 * @returns {string|null} key; null: nothing is wrong, or it is as they wanted it
 */
export function troubleWords(trouble) {
  if (!trouble) return null;
  const [device, reason] = trouble.split(".");
  if (device === "screen") return reason === "refused" ? null : "call.trouble.screen";
  return `call.trouble.${device}.${DEVICE_REASONS.has(reason) ? reason : "other"}`;
}

/**
 * Why a call could not be had without a microphone.
 * @param {End["why"]} why
 * @returns {{title: string, text: string}} keys
 */
export function deviceWords(why) {
  const reason = why === "insecure" || why === "unsupported" ? why : why && DEVICE_REASONS.has(why) ? why : "other";
  return { title: `call.device.${reason}`, text: `call.device.${reason}.text` };
}

/**
 * What is going on, beside the other's name.
 * @param {Pick<PhoneState, "phase"|"quality">} state
 * @returns {string} key; while talking that of the line
 */
export function phaseWords({ phase, quality }) {
  if (phase === "talking") return quality ? qualityWords(quality).short : "call.talking";
  return `call.${phase}`;
}
