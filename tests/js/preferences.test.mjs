import assert from "node:assert/strict";
import { test } from "node:test";

import { flag, Preferences } from "../../static/js/preferences.js";
import { Storage } from "../../static/js/storage.js";
import { FakeArea, record } from "./support.mjs";

const settings = { maxClipSizeSec: 15, allowVideo: 1, videoOn: 1, allowStream: 1, onRecorded: "upload", playNew: 1, skipMine: 0, pollFactor: "l" };

function open(more = {}, area = new FakeArea(), tabs = new EventTarget()) {
  return new Preferences({ thread: "walk", settings: { ...settings, ...more }, storage: new Storage({ area, tabs }) });
}

test("the thread's settings are the defaults", () => {
  const preferences = open();
  const got = ["playNew", "onlyOthers", "video", "onRecorded", "clipSeconds", "poll", "speed"].map((key) => preferences.get(key));
  assert.deepEqual(got, [true, false, true, "upload", 15, "long", 1]);
  assert.equal(open({ pollFactor: 25 }).get("poll"), 2.5);
  assert.equal(open({ pollFactor: "off" }).get("poll"), "off");
});

test("what was chosen is there again, a thread's for the thread, the rest for the site", () => {
  const area = new FakeArea();
  const first = open({}, area);
  first.set("playNew", false);
  first.set("speed", 1.5);
  const again = open({}, area);
  assert.deepEqual([again.get("playNew"), again.get("speed")], [false, 1.5]);
  const other = new Preferences({ thread: "choir", settings, storage: new Storage({ area, tabs: {} }) });
  assert.deepEqual([other.get("playNew"), other.get("speed")], [true, 1.5]);
  const otherSite = new Preferences({ base: "/forum", thread: "walk", settings, storage: new Storage({ area, tabs: {} }) });
  assert.deepEqual([otherSite.get("playNew"), otherSite.get("speed")], [true, 1]);
});

test("a change is told once, and only if it is one", () => {
  const preferences = open();
  const changes = record(preferences, "change");
  preferences.set("quality", "720p30");
  preferences.set("quality", "720p30");
  preferences.set("quality", "8k");
  assert.deepEqual(changes, [{ key: "quality", value: "720p30" }]);
});

test("the thread's limits hold, whatever was remembered", () => {
  const area = new FakeArea();
  const free = open({}, area);
  free.set("video", true);
  free.set("onRecorded", "upload");
  free.set("clipSeconds", 12);
  const strict = open({ allowVideo: 0, allowStream: 0, onRecorded: "stop", maxClipSizeSec: 2 }, area);
  assert.deepEqual([strict.get("video"), strict.get("onRecorded"), strict.get("clipSeconds")], [false, "stop", 2]);
  strict.set("onRecorded", "upload");
  assert.equal(strict.get("onRecorded"), "stop");
});

test("a thread that sends at once lets one choose, with or without a stream", () => {
  const phrases = open({ allowStream: 0, onRecorded: "upload" });
  assert.equal(phrases.get("onRecorded"), "upload");
  phrases.set("onRecorded", "stop");
  assert.equal(phrases.get("onRecorded"), "stop");
});

test("where storage is refused, full or spoilt, it lasts as long as the page", () => {
  const area = new FakeArea();
  area.refuse = true;
  const preferences = open({}, area);
  preferences.set("name", "  Ann ");
  assert.equal(preferences.get("name"), "Ann");
  area.refuse = false;
  area.values.set("mozchat::name", "{not json");
  area.values.set("mozchat::volume", "7");
  assert.deepEqual([open({}, area).get("name"), open({}, area).get("volume")], ["", 1]);
});

test("another tab's change is followed", () => {
  const area = new FakeArea();
  const tabs = new EventTarget();
  const preferences = open({}, area, tabs);
  assert.equal(preferences.get("playNew"), true);
  const changes = record(preferences, "change");
  area.values.set("mozchat:walk:playNew", "false");
  tabs.dispatchEvent(Object.assign(new Event("storage"), { key: "mozchat:walk:playNew" }));
  assert.deepEqual(changes, [{ key: "playNew", value: false }]);
  assert.equal(preferences.get("playNew"), false);
});

test("threads visited: the newest first, once each, at most 20", () => {
  const area = new FakeArea();
  const preferences = new Preferences({ storage: new Storage({ area, tabs: {} }) });
  for (let n = 0; n < 22; n += 1) preferences.visit({ name: `t${n}`, title: `T ${n}`, seen: `s${n}` });
  preferences.visit({ name: "t5", title: "Five" });
  const threads = preferences.get("threads");
  assert.equal(threads.length, 20);
  assert.deepEqual(threads.slice(0, 2), [{ name: "t5", title: "Five", seen: "s5" }, { name: "t21", title: "T 21", seen: "s21" }]);
});

test("a switch of an ini may be written in several ways", () => {
  assert.deepEqual([1, "1", true, 0, "0", false, undefined, ""].map(flag), [true, true, true, false, false, false, false, false]);
});

test("calls ring and wait for an answer until something else is chosen; answering alone is for one thread only", () => {
  const area = new FakeArea();
  const first = open({}, area);
  assert.deepEqual([first.get("ring"), first.get("autoAnswer"), first.get("speaker")], [true, false, ""]);
  first.set("ring", false);
  first.set("autoAnswer", true);
  const other = new Preferences({ thread: "choir", settings, storage: new Storage({ area, tabs: {} }) });
  assert.deepEqual([other.get("ring"), other.get("autoAnswer")], [false, false]);
});
