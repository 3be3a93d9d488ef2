import assert from "node:assert/strict";
import { test } from "node:test";
import { age, bytes, clock, day, exactTime, length, percent, roughly, timeOfDay } from "../../static/js/ui/format.js";

// No "Z": these are moments of the reader's own time zone, whichever the tests run in.
const NOW = new Date("2026-11-21T10:15:00");
const at = (text) => new Date(text);

test("a position in seconds, minutes and hours", () => {
  assert.deepEqual([0, 6.99, 7, 59.999, 61, 3723].map(clock), ["0:00", "0:06", "0:07", "0:59", "1:01", "1:02:03"]);
  assert.deepEqual([NaN, Infinity, -1].map(clock), ["0:00", "0:00", "0:00"]);
});

test("a length is rounded and never nothing", () => {
  assert.deepEqual([0.2, 4.26, 4.5, 60].map(length), ["0:01", "0:04", "0:05", "1:00"]);
});

test("an age grows from now to a date", () => {
  const ages = {
    "2026-11-21T10:14:30": "now",
    "2026-11-21T10:15:20": "now",
    "2026-11-21T10:03:00": "12 min",
    "2026-11-21T05:15:00": "5 hr",
    "2026-11-20T09:00:00": "yesterday",
    "2026-11-17T12:00:00": "Tuesday",
    "2026-11-03T12:00:00": "3 Nov",
    "2025-11-03T12:00:00": "3 Nov 2025",
  };
  for (const [then, words] of Object.entries(ages)) assert.equal(age(at(then), NOW, "en"), words, then);
  assert.equal(age(at("2026-11-21T10:03:00"), NOW, "ru"), "12 мин");
  assert.equal(age(at("2026-11-20T09:00:00"), NOW, "ru"), "вчера");
});

test("shortly after midnight, last evening is hours and not a day ago", () => {
  assert.equal(age(at("2026-11-20T23:10:00"), at("2026-11-21T01:20:00"), "en"), "2 hr");
});

test("the day of a clip", () => {
  assert.equal(day(at("2026-11-21T00:01:00"), NOW, "en"), "today");
  assert.equal(day(at("2026-11-20T23:59:00"), NOW, "en"), "yesterday");
  assert.equal(day(at("2026-11-03T23:59:00"), NOW, "en"), "3 November");
  assert.equal(day(at("2026-11-17T23:59:00"), NOW, "ru"), "вторник");
});

test("a day is a calendar day, also where the clocks change", () => {
  assert.equal(day(at("2026-03-28T23:30:00"), at("2026-03-29T23:30:00"), "en"), "yesterday");
  assert.equal(day(at("2026-10-24T23:30:00"), at("2026-10-25T00:30:00"), "en"), "yesterday");
});

test("a clock ahead of ours makes nothing of tomorrow", () => {
  assert.equal(age(at("2026-11-22T10:15:00"), NOW, "en"), "now");
  assert.equal(day(at("2026-11-22T00:01:00"), NOW, "en"), "today");
});

test("the time of a chat line", () => {
  assert.equal(timeOfDay(at("2026-11-21T09:41:00"), NOW, "en"), "09:41");
  assert.equal(timeOfDay(at("2026-11-20T09:41:00"), NOW, "en"), "yesterday 09:41");
});

test("the exact time names day and minute", () => {
  assert.match(exactTime(at("2026-11-21T10:15:00"), "en"), /Saturday.*21 November 2026.*10:15/);
  assert.match(exactTime(at("2026-11-21T10:15:00"), "ru"), /суббота.*21 ноября 2026.*10:15/);
});

test("sizes and parts", () => {
  assert.deepEqual([0, 999, 381_200, 1_500_000, 15_000_000].map((n) => bytes(n, "en")),
    ["0 byte", "999 byte", "381 kB", "1.5 MB", "15 MB"]);
  assert.equal(bytes(1_500_000, "ru"), "1,5 МБ");
  assert.equal(percent(0.638, "en"), "64%");
});

test("what something will still take is said roughly", () => {
  assert.deepEqual([11, 25, 52, 55, 80, 100].map((n) => roughly(n, "en")), ["15 sec", "25 sec", "55 sec", "1 min", "1 min", "2 min"]);
});
