/** What the thread allows, in words. Pure. */
import { t, tn } from "../strings.js";
import { bytes } from "../ui/format.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

/**
 * @param {import("../api.js").Settings} settings the thread's
 * @param {number|null} free bytes of room; null where it is not known yet
 * @param {string} lang
 * @returns {string}
 */
export function factsOf(settings, free, lang) {
  const { maxClipSizeSec, maxBlobBytes, maxClipCount, clipLifetimeSec } = settings;
  const facts = [t("settings.limits", { seconds: Number(maxClipSizeSec), size: bytes(Number(maxBlobBytes), lang) })];
  if (Number(maxClipCount)) facts.push(tn("settings.count", Number(maxClipCount)));
  facts.push(t("settings.lifetime", { time: span(Number(clipLifetimeSec)) }));
  if (free !== null) facts.push(t("settings.free", { size: bytes(Math.max(0, free), lang) }));
  return facts.join(" ");
}

/**
 * @param {number} seconds
 * @returns {string} "5 minutes", "10 days"
 */
export function span(seconds) {
  if (seconds >= 2 * DAY) return tn("time.days", Math.round(seconds / DAY));
  if (seconds >= 2 * HOUR) return tn("time.hours", Math.round(seconds / HOUR));
  return tn("time.minutes", Math.max(1, Math.round(seconds / 60)));
}

/**
 * The lengths of a clip that are offered, up to the longest that the thread allows.
 * @param {number} longest seconds
 * @param {number} chosen seconds, perhaps one's own
 * @returns {number[]} ascending
 */
export function clipLengths(longest, chosen) {
  const usual = [1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600];
  return [...new Set([...usual.filter((seconds) => seconds < longest), longest, chosen])].sort((a, b) => a - b);
}
