import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { CaptureError } from "../../static/js/recorder/capture.js";
import { Recorder } from "../../static/js/recorder/recorder.js";
import { Session } from "../../static/js/recorder/session.js";
import { WakeLock } from "../../static/js/recorder/wake-lock.js";
import { FakeClock, FakePage, settle } from "./support.mjs";

let clock, page, capture, wakeLock, recorder, log, takes, ticks, pieces, dropped;

/** A MediaRecorder whose every second is `bytesPerSecond` of sound. */
class FakeMedia {
  static made = [];
  static supported = (type) => type.includes("webm");
  static bytesPerSecond = 4000;
  /** Milliseconds until the first frame. */
  static firstFrame = 40;
  static isTypeSupported = (type) => FakeMedia.supported(type);
  state = "inactive";
  /** Milliseconds that were recorded and not given when it was paused. */
  #held = null;

  constructor(stream, options) {
    Object.assign(this, { stream, options, mimeType: options.mimeType });
    FakeMedia.made.push(this);
  }

  start(slice) {
    this.state = "recording";
    this.slice = slice;
    this.began = this.told = clock.now();
    log.push(`start ${FakeMedia.made.indexOf(this)}`);
    clock.setTimeout(() => this.onstart(), FakeMedia.firstFrame);
    if (slice) this.#cut();
  }

  stop() {
    this.state = "inactive";
    log.push(`stop ${FakeMedia.made.indexOf(this)}`);
    const { ondataavailable } = this;
    clock.setTimeout(() => {
      if (ondataavailable) this.#give();
      this.onstop();
    }, 5);
  }

  pause() {
    this.state = "paused";
    this.#held = clock.now() - this.told;
  }

  resume() {
    this.state = "recording";
    this.told = clock.now() - this.#held;
    this.#held = null;
    if (this.slice) this.#cut();
  }

  requestData() {
    clock.setTimeout(() => this.#give(), 5);
  }

  #cut() {
    clock.setTimeout(() => {
      if (this.state !== "recording") return;
      this.#give();
      this.#cut();
    }, this.slice);
  }

  #give() {
    const bytes = Math.round(((this.#held ?? clock.now() - this.told) / 1000) * FakeMedia.bytesPerSecond);
    this.told = clock.now();
    if (this.#held !== null) this.#held = 0;
    this.ondataavailable?.({ data: new Blob([new Uint8Array(bytes)]) });
  }
}

class FakeCapture extends EventTarget {
  stream = null;
  opened = [];
  level = 0.1;
  /** Milliseconds that the person, or the device, takes. */
  delay = 50;
  error = null;
  /** The person need not be asked. */
  allowed = false;

  isAllowed() {
    return this.allowed;
  }

  async open(wish) {
    this.opened.push(wish);
    await new Promise((resolve) => clock.setTimeout(resolve, this.delay));
    if (this.error) throw this.error;
    this.stream = { name: "stream" };
    return this.stream;
  }

  listen() {
    log.push("listen");
  }

  rms() {
    return this.level;
  }

  close() {
    if (this.stream) log.push("close");
    this.stream = null;
  }
}

beforeEach(() => {
  clock = new FakeClock();
  page = new FakePage();
  capture = new FakeCapture();
  FakeMedia.made = [];
  FakeMedia.bytesPerSecond = 4000;
  FakeMedia.firstFrame = 40;
  FakeMedia.supported = (type) => type.includes("webm");
  log = [];
  takes = [];
  ticks = [];
  pieces = [];
  dropped = [];
  wakeLock = { hold: () => log.push("awake"), release: () => log.push("asleep") };
  recorder = open({ maxClipSizeSec: 15, maxBlobBytes: 1_000_000 });
});

function open(settings) {
  const made = new Recorder({ capture, session: Promise.resolve(Session), settings, page, clock, Media: FakeMedia, wakeLock, browser: {} });
  made.addEventListener("state", ({ detail }) => log.push(detail.state));
  made.addEventListener("error", ({ detail }) => log.push(`error ${detail.reason} ${detail.device}`));
  made.addEventListener("tick", ({ detail }) => ticks.push(detail));
  made.addEventListener("piece", ({ detail }) => pieces.push(detail));
  made.addEventListener("drop", ({ detail }) => dropped.push(detail.id));
  made.addEventListener("take", ({ detail }) => {
    takes.push(detail.take);
    log.push(`take ${detail.take.reason}`);
  });
  return made;
}

/** Presses Record and waits until it records. */
async function press(wish) {
  recorder.start(wish);
  await clock.advance(60);
  assert.equal(recorder.state, "recording");
}

test("one clip: asked, recorded, stopped, given, and the microphone let go", async () => {
  assert.equal(capture.opened.length, 0, "nothing is asked before the press");
  await press({ microphone: "m1" });
  await clock.advance(3000);
  recorder.stop();
  await clock.advance(10);
  assert.deepEqual(log, [
    "asking", "start 0", "recording", "listen", "awake", "stop 0", "take stopped", "close", "asleep", "idle",
  ]);
  const [take] = takes;
  assert.ok(Math.abs(take.seconds - 3) < 0.02, String(take.seconds));
  assert.deepEqual([take.mime, take.kind, take.blob.type], ["audio/webm;codecs=opus", "audio", "audio/webm;codecs=opus"]);
  assert.ok(Math.abs(take.blob.size - 12_000) < 100);
  assert.match(take.id, /^[0-9a-f]{32}$/);
  assert.match(take.created, /^2026-11-21T10:00:00/);
  assert.deepEqual(capture.opened, [{ video: false, quality: "480p30", microphone: "m1", camera: "" }]);
});

test("what is recorded is handed out as it comes, and the take is all of it", async () => {
  await press();
  await clock.advance(3000);
  assert.ok(pieces.length >= 12 && pieces.length <= 13, String(pieces.length));
  const last = pieces.at(-1);
  assert.ok(last.seconds > 2.7 && last.seconds <= 3 && last.peaks.length > 60);
  recorder.stop();
  await clock.advance(10);
  const [take] = takes;
  const { id, mime, kind, created } = take;
  for (const piece of pieces) {
    assert.deepEqual([piece.id, piece.mime, piece.kind, piece.created], [id, mime, kind, created]);
  }
  assert.equal(pieces.reduce((sum, { blob }) => sum + blob.size, 0), take.blob.size);
  assert.deepEqual(dropped, []);
});

test("sound comes four times a second, a picture once, and a short clip whole", async () => {
  recorder = open({ maxClipSizeSec: 15, maxBlobBytes: 10_000_000 });
  for (const [wish, slice] of [[{}, 230], [{ kind: "video" }, 1000], [{ seconds: 2 }, undefined]]) {
    await press(wish);
    assert.equal(FakeMedia.made.at(-1).slice, slice);
    await clock.advance(1000);
    recorder.stop();
    await clock.advance(20);
  }
  assert.ok(!pieces.some(({ id }) => id === takes[2].id), "its take is all that there is of it");
});

for (const [what, end] of [["cancelled", () => recorder.cancel()], ["a slip of the finger", () => recorder.stop()]]) {
  test(`what was handed out of a recording is dropped when it is ${what}`, async () => {
    await press();
    await clock.advance(280);
    end();
    await clock.advance(20);
    assert.equal(pieces.length, 1);
    assert.deepEqual([takes, dropped], [[], [pieces[0].id]]);
  });
}

test("what was handed out of a stream's last scrap is dropped", async () => {
  recorder = open({ maxClipSizeSec: 15, maxBlobBytes: 1_000_000 });
  await press({ seconds: 15, stream: true });
  await clock.advance(15_000 + 20);
  recorder.stop();
  await clock.advance(100);
  assert.deepEqual([takes.length, dropped.length], [1, 1]);
  assert.notEqual(dropped[0], takes[0].id);
});

test("ticks tell time, what is left, level and the shape so far", async () => {
  await press({ seconds: 4 });
  await clock.advance(1000);
  const last = ticks.at(-1);
  assert.ok(ticks.length >= 24 && ticks.length <= 27, String(ticks.length));
  assert.ok(Math.abs(last.seconds - 1) < 0.05);
  assert.ok(Math.abs(last.seconds + last.left - 4) < 1e-6);
  assert.ok(last.level > 0.4 && last.level < 0.7);
  assert.equal(last.peaks.length, ticks.length);
  recorder.stop();
  await clock.advance(10);
  assert.ok(takes[0].peaks.length > 20 && takes[0].peaks.every((peak) => peak > 40));
});

test("where the level cannot be measured there are no peaks rather than silence", async () => {
  capture.level = null;
  await press({ seconds: 1 });
  await clock.advance(1100);
  assert.deepEqual(takes[0].peaks, []);
});

test("a clip is cut to the moment", async () => {
  await press({ seconds: 15 });
  await clock.advance(20_000);
  assert.equal(takes.length, 1);
  assert.equal(takes[0].reason, "time");
  assert.ok(takes[0].seconds >= 15 && takes[0].seconds < 15.005, String(takes[0].seconds));
  assert.equal(recorder.state, "idle");
});

test("a wish beyond the thread's limit is cut to it", async () => {
  await press({ seconds: 600 });
  await clock.advance(20_000);
  assert.ok(takes[0].seconds < 15.005);
});

test("in a hidden tab, whose timers are late, it is cut a second early", async () => {
  await press({ seconds: 15 });
  page.show(false);
  await clock.advance(20_000);
  assert.ok(takes[0].seconds >= 14 && takes[0].seconds < 14.1, String(takes[0].seconds));
});

test("a stream: each clip begins before the last one stops, and they come in order", async () => {
  await press({ seconds: 1, stream: true });
  await clock.advance(3300);
  recorder.stop();
  await clock.advance(20);
  assert.deepEqual(log.filter((entry) => !/listen|awake|asleep/.test(entry)), [
    "asking", "start 0", "recording",
    "start 1", "stop 0", "take time", "start 2", "stop 1", "take time", "start 3", "stop 2", "take time",
    "stop 3", "take stopped", "close", "idle",
  ]);
  assert.equal(new Set(takes.map(({ id }) => id)).size, 4);
  assert.equal(capture.opened.length, 1, "the microphone is opened once");
  for (const take of takes.slice(0, 3)) assert.ok(take.seconds >= 1 && take.seconds < 1.005, String(take.seconds));
  const overlaps = FakeMedia.made.slice(1).map((media, n) => FakeMedia.made[n].began + takes[n].seconds * 1000 - media.began);
  assert.deepEqual(overlaps.map(Math.round), [60, 60, 60]);
});

test("a stream ends at the flood limit", async () => {
  await press({ seconds: 15, stream: true });
  await clock.advance(130_000);
  assert.equal(takes.length, 9);
  assert.deepEqual([takes[7].reason, takes[8].reason, recorder.state], ["time", "flood", "idle"]);
  const whole = takes.reduce((sum, { seconds }) => sum + seconds, 0);
  assert.ok(Math.abs(whole - 8 * 0.06 - 120) < 0.01, String(whole));
});

test("stopped just after a joint, the scrap is no clip of its own", async () => {
  await press({ seconds: 1, stream: true });
  await clock.advance(960);
  recorder.stop();
  await clock.advance(80);
  assert.deepEqual(takes.map(({ reason }) => reason), ["time"]);
  assert.equal(log.at(-1), "idle");
});

test("a slip of the finger gives no clip, but a reason", async () => {
  await press();
  await clock.advance(200);
  recorder.stop();
  await clock.advance(20);
  assert.equal(takes.length, 0);
  assert.deepEqual(log.slice(-4), ["close", "asleep", "idle", "error short microphone"]);
});

test("released before the microphone came: nothing stays open", async () => {
  capture.delay = 400;
  recorder.start();
  await clock.advance(100);
  recorder.stop();
  assert.deepEqual(log, ["asking", "asleep", "idle", "error short microphone"]);
  await clock.advance(1000);
  assert.equal(FakeMedia.made.length, 0);
});

test("cancel throws away, and it can begin again at once", async () => {
  await press();
  await clock.advance(2000);
  recorder.cancel();
  assert.equal(recorder.state, "idle");
  await press();
  await clock.advance(1000);
  recorder.stop();
  await clock.advance(20);
  assert.equal(takes.length, 1);
  assert.ok(!log.some((entry) => entry.startsWith("error")));
});

test("a second press while it records changes nothing", async () => {
  await press();
  recorder.start();
  await clock.advance(100);
  assert.equal(capture.opened.length, 1);
});

for (const reason of ["refused", "missing", "busy", "insecure"]) {
  test(`the microphone is ${reason}: said, and ready for another try`, async () => {
    capture.error = new CaptureError(reason, "microphone");
    recorder.start();
    await clock.advance(100);
    assert.deepEqual(log, ["asking", "asleep", "idle", `error ${reason} microphone`]);
    capture.error = null;
    await press();
  });
}

test("a browser that cannot record is not asked for a microphone", async () => {
  FakeMedia.supported = () => false;
  await recorder.start();
  assert.deepEqual([log, capture.opened.length], [["error unsupported either"], 0]);
});

test("a device taken away ends the clip with what there is", async () => {
  await press();
  await clock.advance(2000);
  capture.dispatchEvent(new CustomEvent("interrupted"));
  await clock.advance(20);
  assert.deepEqual([takes[0].reason, recorder.state], ["interrupted", "idle"]);
  assert.ok(takes[0].blob.size > 7000);
});

test("a recorder that stops by itself ends the clip too, once", async () => {
  await press();
  await clock.advance(2000);
  FakeMedia.made[0].stop();
  await clock.advance(20);
  assert.deepEqual(takes.map(({ reason }) => reason), ["interrupted"]);
});

test("it stops before the size is passed", async () => {
  recorder = open({ maxClipSizeSec: 300, maxBlobBytes: 50_000 });
  await press({});
  assert.equal(FakeMedia.made[0].slice, 230);
  await clock.advance(60_000);
  assert.deepEqual(takes.map(({ reason }) => reason), ["bytes"]);
  assert.ok(takes[0].blob.size <= 50_000 && takes[0].blob.size > 42_000, String(takes[0].blob.size));
});

test("in a stream, a full clip is followed by the next", async () => {
  recorder = open({ maxClipSizeSec: 60, maxBlobBytes: 50_000 });
  await press({ stream: true });
  await clock.advance(30_000);
  recorder.stop();
  await clock.advance(20);
  assert.deepEqual(takes.map(({ reason }) => reason), ["bytes", "bytes", "stopped"]);
  assert.ok(takes.every(({ blob }) => blob.size <= 50_000));
});

test("a picture that grows faster than it should is stopped in time", async () => {
  FakeMedia.bytesPerSecond = 300_000;
  recorder = open({ maxClipSizeSec: 15, maxBlobBytes: 1_500_000 });
  await press({ kind: "video", camera: "cam" });
  assert.equal(recorder.stream.name, "stream");
  await clock.advance(20_000);
  assert.deepEqual([takes[0].reason, takes[0].kind], ["bytes", "video"]);
  assert.ok(takes[0].blob.size <= 1_500_000, String(takes[0].blob.size));
  assert.deepEqual(capture.opened[0], { video: true, quality: "480p30", microphone: "", camera: "cam" });
});

test("a slow camera is waited for, so that what was said is not lost", async () => {
  FakeMedia.firstFrame = 900;
  await press({ kind: "video" });
  await clock.advance(500);
  recorder.stop();
  await clock.advance(300);
  assert.equal(recorder.state, "recording");
  await clock.advance(100);
  assert.ok(takes[0].seconds >= 0.9 && takes[0].seconds < 0.95, String(takes[0].seconds));
  FakeMedia.firstFrame = Infinity;
  await press({ kind: "video" });
  await clock.advance(500);
  recorder.stop();
  await clock.advance(1100);
  assert.equal(recorder.state, "idle", "but not for ever");
});

test("nothing came out of it: said", async () => {
  FakeMedia.bytesPerSecond = 100; // a header
  await press();
  await clock.advance(1000);
  recorder.stop();
  await clock.advance(20);
  assert.deepEqual([takes.length, log.at(-1)], [0, "error failed microphone"]);
  assert.deepEqual(dropped, [pieces[0].id]);
});

test("the wake lock is asked for again when the tab is seen again", async () => {
  const asked = [];
  const api = {
    request: async (kind) => {
      const sentinel = { kind, released: false, release: async () => (sentinel.released = true) };
      asked.push(sentinel);
      return sentinel;
    },
  };
  const lock = new WakeLock(page, api);
  page.show(true);
  assert.equal(asked.length, 0);
  lock.hold();
  await settle();
  asked[0].released = true; // the browser takes it away with the hidden tab
  page.show(false);
  assert.equal(asked.length, 1);
  page.show(true);
  await settle();
  assert.equal(asked.length, 2);
  lock.release();
  assert.ok(asked[1].released);
  page.show(true);
  await settle();
  assert.equal(asked.length, 2);
});

test("a live clip is told of when it begins, is one as long as one speaks, and its pieces suit the way to the site", async () => {
  const begun = [];
  recorder.addEventListener("live", ({ detail }) => begun.push(detail));
  for (const [roundTrip, slice] of [[5, 50], [80, 100], [300, 230], [undefined, 100]]) {
    await press({ live: true, stream: true, seconds: 15, roundTrip });
    assert.equal(FakeMedia.made.at(-1).slice, slice);
    await clock.advance(16_000);
    assert.equal(takes.at(-1).reason, "time");
    assert.deepEqual([begun.at(-1).id, begun.at(-1).mime], [takes.at(-1).id, takes.at(-1).mime]);
  }
  assert.deepEqual([begun.length, takes.length], [4, 4]);
});

for (const allowed of [true, false]) {
  test(`a live clip is told of ${allowed ? "while the devices are opened, where nobody is asked" : "when they are open"}`, async () => {
    const begun = [];
    recorder.addEventListener("live", ({ detail }) => begun.push(detail.id));
    Object.assign(capture, { allowed, delay: 500 });
    recorder.start({ live: true });
    await clock.advance(10);
    assert.equal(begun.length, allowed ? 1 : 0);
    await clock.advance(1000);
    assert.deepEqual([begun.length, begun[0], dropped.length], [1, pieces[0].id, 0]);
  });

  test(`devices that do not open ${allowed ? "take back what listeners were told" : "were never told of"}`, async () => {
    const begun = [];
    recorder.addEventListener("live", ({ detail }) => begun.push(detail.id));
    Object.assign(capture, { allowed, error: new CaptureError("busy", "microphone") });
    recorder.start({ live: true });
    await clock.advance(100);
    recorder.start({ live: true });
    await clock.advance(10);
    recorder.cancel();
    await clock.advance(100);
    assert.equal(begun.length, allowed ? 2 : 0);
    assert.deepEqual(dropped, begun);
  });
}

test("of a live picture there is a key frame every two seconds", async () => {
  await press({ live: true, kind: "video" });
  assert.equal(FakeMedia.made[0].options.videoKeyFrameIntervalDuration, 2000);
});

test("a pause is not recorded, however long; what was said before comes at once", async () => {
  const pauses = [];
  recorder.addEventListener("pause", ({ detail }) => pauses.push(detail.paused));
  await press({ seconds: 5, live: true });
  await clock.advance(1000);
  recorder.togglePause();
  await clock.advance(10);
  const said = pieces.reduce((sum, { blob }) => sum + blob.size, 0);
  assert.ok(said > 4000, String(said));
  const { length } = ticks;
  await clock.advance(600_000);
  assert.deepEqual([ticks.length, recorder.paused, recorder.state, takes.length], [length, true, "recording", 0]);
  recorder.togglePause();
  await clock.advance(1000);
  assert.ok(Math.abs(ticks.at(-1).seconds - 2.06) < 0.1, String(ticks.at(-1).seconds));
  await clock.advance(4000);
  const [take] = takes;
  assert.deepEqual([take.reason, pauses, recorder.paused], ["time", [true, false], false]);
  assert.ok(Math.abs(take.seconds - 5) < 0.05, String(take.seconds));
  assert.ok(Math.abs(take.blob.size - 5 * 4000) < 500, String(take.blob.size));
  assert.ok(take.peaks.length > 60);
});

test("what is paused can be ended, or thrown away", async () => {
  await press();
  await clock.advance(1000);
  recorder.togglePause();
  await clock.advance(30_000);
  recorder.stop();
  await clock.advance(10);
  assert.ok(Math.abs(takes[0].seconds - 1.06) < 0.1, String(takes[0].seconds));
  await press();
  recorder.togglePause();
  recorder.cancel();
  await clock.advance(10);
  assert.deepEqual([takes.length, recorder.state, recorder.paused], [1, "idle", false]);
});

test("a row of clips goes on after a pause where it was", async () => {
  await press({ seconds: 5, stream: true });
  await clock.advance(3000);
  recorder.togglePause();
  await clock.advance(300_000);
  recorder.togglePause();
  await clock.advance(8000);
  recorder.stop();
  await clock.advance(100);
  assert.deepEqual(takes.map(({ reason, seconds }) => `${reason} ${Math.round(seconds)}`), ["time 5", "time 5", "stopped 1"]);
});
