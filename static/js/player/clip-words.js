/** What the list says of a clip that is on its way, or that does not play. */
import { t } from "../strings.js";
import { percent, roughly, timeOfDay } from "../ui/format.js";

/**
 * @typedef {import("./entry.js").Entry} Entry
 * @typedef {"format"|"gone"|"network"|"full"|"later"} Problem why the player could not play a clip; of a live one, that it
 *   can be heard when it is complete: the site has no room for another listener, or this browser does not hear it before
 * @typedef {Pick<import("../recorder/outbox.js").OutboxItem, "progress"|"left"|"error">} Way how far a clip of the outbox is
 */

/** Seconds from which it is said how long sending will take. */
const LONG = 10;

/**
 * @param {Entry["phase"]} phase
 * @param {Way} way
 * @param {string} lang
 * @returns {string} "" for an ordinary clip
 */
export function phaseWords(phase, { progress, left }, lang) {
  if (phase === "sent") return "";
  if (phase === "waiting") return t("clip.waits");
  if (phase !== "sending") return t("clip.notSent");
  const words = { percent: percent(progress, lang) };
  return left !== null && left > LONG ? t("clip.sendingLong", { ...words, time: roughly(left, lang) }) : t("clip.sending", words);
}

/** @param {boolean} paused */
export function liveWords(paused) {
  return t(paused ? "clip.livePaused" : "clip.live");
}

/**
 * Of a recording that an earlier visit left behind.
 * @param {Entry} entry
 * @param {string} lang
 */
export function leftBehind({ created }, lang) {
  return t("clip.unfinished", { time: timeOfDay(created, Date.now(), lang) });
}

/** Answers that we have words for, in the page's language. */
const KNOWN = new Set([401, 403, 404, 413, 415, 422, 429, 503, 507]);

/**
 * Why a clip was not taken, and what can be done: the server's words are English and for programs too, so they stand
 * in only where there are none of the page's own.
 * @param {import("../api-error.js").ApiError|null} error
 * @returns {string}
 */
export function refusal(error) {
  if (error?.offline) return t("clip.failed.offline");
  if (error && KNOWN.has(error.status)) return t(`clip.failed.${error.status}`);
  return error?.detail || t("clip.failed.other");
}

/** Why a clip does not play. @type {Record<Problem, string>} */
const PROBLEMS = { format: "clip.unplayable", gone: "clip.gone", network: "clip.broken", full: "clip.live.full", later: "clip.live.later" };

/** @param {Problem} problem */
export function problemWords(problem) {
  return t(PROBLEMS[problem]);
}
