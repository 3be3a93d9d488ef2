/** Times, lengths and sizes in words. Pure: the clock is handed in. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Our English is British: "3 November", "09:41". @param {string} lang */
function locale(lang) {
  return lang === "en" ? "en-GB" : lang;
}

/**
 * A position or a length, as on a player: "0:07", "1:02:03".
 * @param {number} seconds
 * @returns {string}
 */
export function clock(seconds) {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds + 1e-6)) : 0;
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/**
 * A clip's length: rounded, and never nothing.
 * @param {number} seconds
 * @returns {string}
 */
export function length(seconds) {
  return clock(Math.max(1, Math.round(seconds)));
}

/**
 * How long ago: "now", "12 min", "5 hr", "yesterday", "Tuesday", "3 Nov", "3 Nov 2025".
 * @param {string|number|Date} date
 * @param {number|Date} now
 * @param {string} lang
 * @returns {string}
 */
export function age(date, now, lang) {
  const then = new Date(date);
  const passed = Number(now) - then.getTime();
  if (passed < MINUTE) return new Intl.RelativeTimeFormat(locale(lang), { numeric: "auto" }).format(0, "second");
  if (passed < HOUR) return inUnits(Math.floor(passed / MINUTE), "minute", lang);
  const days = daysBetween(then, new Date(now));
  if (days === 0 || passed < 6 * HOUR) return inUnits(Math.floor(passed / HOUR), "hour", lang);
  return dayWords(then, days, new Date(now), lang, "short");
}

/**
 * The day of a moment: "today", "yesterday", "Tuesday", "3 November".
 * @param {string|number|Date} date
 * @param {number|Date} now
 * @param {string} lang
 * @returns {string}
 */
export function day(date, now, lang) {
  const then = new Date(date);
  return dayWords(then, daysBetween(then, new Date(now)), new Date(now), lang, "long");
}

/**
 * A moment in full: "Saturday 21 November 2026 at 10:15".
 * @param {string|number|Date} date
 * @param {string} lang
 * @returns {string}
 */
export function exactTime(date, lang) {
  return new Intl.DateTimeFormat(locale(lang), { dateStyle: "full", timeStyle: "short" }).format(new Date(date));
}

/**
 * The time of a chat line: "09:41", with the day in front where it is not today's.
 * @param {string|number|Date} date
 * @param {number|Date} now
 * @param {string} lang
 * @returns {string}
 */
export function timeOfDay(date, now, lang) {
  const then = new Date(date);
  const time = new Intl.DateTimeFormat(locale(lang), { hour: "2-digit", minute: "2-digit" }).format(then);
  const days = daysBetween(then, new Date(now));
  return days <= 0 ? time : `${dayWords(then, days, new Date(now), lang, "short")} ${time}`;
}

/**
 * How long something will still take: "25 sec", "2 min".
 * @param {number} seconds
 * @param {string} lang
 */
export function roughly(seconds, lang) {
  if (seconds < 55) return inUnits(Math.ceil(seconds / 5) * 5, "second", lang);
  return inUnits(Math.round(seconds / 60), "minute", lang);
}

/**
 * @param {number} count bytes
 * @param {string} lang
 * @returns {string} "381 kB", "1.5 MB"
 */
export function bytes(count, lang) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** power;
  return new Intl.NumberFormat(locale(lang), {
    style: "unit", unit: units[power], unitDisplay: "short", maximumFractionDigits: value < 10 && power ? 1 : 0,
  }).format(value);
}

/**
 * @param {number} fraction 0 to 1
 * @param {string} lang
 * @returns {string} "64%", in Russian "64 %"
 */
export function percent(fraction, lang) {
  return new Intl.NumberFormat(locale(lang), { style: "percent", maximumFractionDigits: 0 }).format(fraction);
}

/**
 * Calendar days from one moment to another, by this machine's time zone.
 * @param {Date} from
 * @param {Date} to
 */
function daysBetween(from, to) {
  const midnight = (/** @type {Date} */ d) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  return Math.round((midnight(to) - midnight(from)) / DAY);
}

/**
 * @param {Date} then
 * @param {number} days ago
 * @param {Date} now
 * @param {string} lang
 * @param {"short"|"long"} month
 */
function dayWords(then, days, now, lang, month) {
  if (days < 2) return new Intl.RelativeTimeFormat(locale(lang), { numeric: "auto" }).format(-Math.max(0, days), "day");
  if (days < 7) return new Intl.DateTimeFormat(locale(lang), { weekday: "long" }).format(then);
  const year = then.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale(lang), { day: "numeric", month, year }).format(then);
}

/**
 * @param {number} count
 * @param {"second"|"minute"|"hour"} unit
 * @param {string} lang
 */
function inUnits(count, unit, lang) {
  // The plain locale: a British unit would have a plural, "12 mins".
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "short" }).format(count);
}
