import assert from "node:assert/strict";
import { test } from "node:test";

import { bitRates, chooseType, isWebKit, playable, preferredTypes } from "../../static/js/recorder/media-type.js";
import { planFor } from "../../static/js/recorder/plan.js";

const chromium = (type) => !type.includes("ogg") && !type.includes("mp4a");
const firefox = (type) => ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "video/webm;codecs=vp8,opus"].includes(type);
const everything = () => true;

test("Chromium and Firefox record WebM", () => {
  for (const isSupported of [chromium, firefox, everything]) {
    assert.equal(chooseType("audio", isSupported, false), "audio/webm;codecs=opus");
    assert.equal(chooseType("video", isSupported, false), "video/webm;codecs=vp8,opus");
  }
});

test("WebKit records MP4, even where it says that it can do WebM", () => {
  assert.equal(chooseType("audio", everything, true), "audio/mp4;codecs=mp4a.40.2");
  assert.match(chooseType("video", everything, true), /^video\/mp4/);
  assert.equal(chooseType("audio", (type) => type === "audio/mp4", true), "audio/mp4");
});

test("H.264 is never put in WebM", () => {
  for (const webkit of [true, false]) {
    for (const type of [...preferredTypes("audio", webkit), ...preferredTypes("video", webkit)]) {
      assert.ok(!/webm.*(avc|h264)/.test(type), type);
    }
  }
});

test("a browser that records nothing of use is told so", () => {
  assert.equal(chooseType("video", () => false, false), null);
  assert.equal(planFor({}, { maxClipSizeSec: 2, maxBlobBytes: 50_000 }, { isSupported: () => false, webkit: false }), null);
});

test("Safari, and all on iOS, are WebKit", () => {
  assert.ok(isWebKit({ vendor: "Apple Computer, Inc." }));
  assert.ok(!isWebKit({ vendor: "Google Inc." }));
  assert.ok(!isWebKit({}));
});

test("speech needs no watching where it cannot pass the limit", () => {
  assert.deepEqual(bitRates({ kind: "audio", quality: "480p30", seconds: 2, maxBytes: 50_000 }), { audio: 32_000, video: 0, watch: false });
  assert.equal(bitRates({ kind: "audio", quality: "480p30", seconds: 30, maxBytes: 100_000 }).watch, true);
});

test("a picture is pressed down so that the clip fits, but not beyond recognition", () => {
  const rates = (maxBytes) => bitRates({ kind: "video", quality: "480p30", seconds: 15, maxBytes });
  assert.deepEqual(rates(10_000_000), { audio: 32_000, video: 800_000, watch: false });
  assert.deepEqual(rates(1_500_000), { audio: 32_000, video: 688_000, watch: true });
  assert.deepEqual(rates(100_000), { audio: 32_000, video: 400_000, watch: true });
});

test("a plan keeps within the thread's limits", () => {
  const settings = { maxClipSizeSec: 15, maxBlobBytes: 5_000_000 };
  const browser = { isSupported: everything, webkit: false };
  const plan = planFor({ kind: "video", seconds: 60, quality: "720p30" }, settings, browser);
  assert.equal(plan.wish.seconds, 15);
  assert.equal(plan.options.videoBitsPerSecond, 2_368_000);
  assert.equal(plan.maxBytes, 5_000_000);
  const sound = planFor({ seconds: 1 }, settings, browser);
  assert.deepEqual(sound.options, { mimeType: "audio/webm;codecs=opus", audioBitsPerSecond: 32_000 });
  assert.deepEqual([sound.wish.seconds, sound.maxBytes], [1, null]);
});

test("what can be played is asked of the browser", () => {
  assert.ok(playable("audio/mp4", () => "maybe"));
  assert.ok(!playable("video/x-matroska;codecs=avc1", () => ""));
});
