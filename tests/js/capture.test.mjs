import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Capture } from "../../static/js/recorder/capture.js";
import { settle } from "./support.mjs";

class FakeTrack extends EventTarget {
  stopped = false;

  stop() {
    this.stopped = true;
  }
}

class FakeStream {
  tracks = [new FakeTrack()];

  getTracks() {
    return this.tracks;
  }
}

class FakeDevices extends EventTarget {
  asked = [];
  list = [
    { kind: "audioinput", deviceId: "m1", label: "Headset" }, { kind: "videoinput", deviceId: "v1", label: "Front" },
    { kind: "audiooutput", deviceId: "o1", label: "Speaker" }, { kind: "videoinput", deviceId: "", label: "" },
  ];
  answers = [];

  async getUserMedia(constraints) {
    this.asked.push(constraints);
    const answer = await (this.answers.shift() ?? new FakeStream());
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async enumerateDevices() {
    return this.list;
  }
}

let mediaDevices, capture, metered;

beforeEach(() => {
  mediaDevices = new FakeDevices();
  metered = [];
  const meter = { attach: (stream) => metered.push(stream), detach: () => {}, rms: () => 0.08 };
  capture = new Capture({ mediaDevices, secure: true, meter });
});

const failure = (name) => new DOMException("no", name);

for (const [name, reason] of Object.entries({
  NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", OverconstrainedError: "missing",
  NotReadableError: "busy", AbortError: "busy", InvalidStateError: "other",
})) {
  test(`${name} means ${reason}`, async () => {
    mediaDevices.answers = [failure(name)];
    await assert.rejects(capture.open(), { reason, device: "microphone" });
    assert.equal(capture.stream, null);
  });
}

test("a page without https is told apart from an old browser", async () => {
  const meter = { attach() {}, detach() {}, rms: () => null };
  await assert.rejects(new Capture({ mediaDevices, secure: false, meter }).open(), { reason: "insecure" });
  await assert.rejects(new Capture({ mediaDevices: null, secure: true, meter }).open(), { reason: "unsupported" });
  mediaDevices.answers = [new TypeError("no")];
  await assert.rejects(capture.open(), { reason: "unsupported" });
});

test("whether the person need not be asked is what the browser says just now of all that is wished", async () => {
  const statuses = {};
  const query = async ({ name }) => (statuses[name] = Object.assign(new EventTarget(), { state: name === "camera" ? "prompt" : "granted" }));
  const asked = new Capture({ mediaDevices, permissions: { query }, secure: true, meter: {} });
  await settle();
  assert.deepEqual([asked.isAllowed({}), asked.isAllowed({ video: true })], [true, false]);
  for (const state of ["granted", "denied"]) {
    statuses.camera.state = state;
    statuses.camera.dispatchEvent(new Event("change"));
    assert.deepEqual([asked.isAllowed({}), asked.isAllowed({ video: true })], [true, state === "granted"]);
  }
});

test("a browser that does not know of such permissions may ask", async () => {
  for (const permissions of [undefined, { query: async () => { throw new TypeError("no such name"); } }]) {
    const unknown = new Capture({ mediaDevices, permissions, secure: true, meter: {} });
    await settle();
    assert.equal(unknown.isAllowed({}), false);
  }
});

test("it says whether the camera or the microphone is missing", async () => {
  mediaDevices.answers = [failure("NotFoundError"), failure("NotFoundError"), failure("NotAllowedError")];
  await assert.rejects(capture.open({ video: true }), { reason: "missing", device: "camera" });
  mediaDevices.list = mediaDevices.list.filter(({ kind }) => kind !== "audioinput");
  await assert.rejects(capture.open({ video: true }), { reason: "missing", device: "microphone" });
  await assert.rejects(capture.open({ video: true }), { reason: "refused", device: "either" });
});

test("sizes are ideals, a chosen device is exact", async () => {
  await capture.open({ video: true, quality: "720p30", microphone: "m1", camera: "v1" });
  const [{ audio, video }] = mediaDevices.asked;
  assert.deepEqual(video, {
    width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, resizeMode: { ideal: "none" },
    deviceId: { exact: "v1" },
  });
  assert.deepEqual(audio, {
    channelCount: { ideal: 1 }, echoCancellation: true, noiseSuppression: true, autoGainControl: true,
    deviceId: { exact: "m1" },
  });
  await capture.open();
  assert.equal(mediaDevices.asked[1].video, false);
  assert.equal(mediaDevices.asked[1].audio.deviceId, undefined);
});

test("a device that was remembered and is gone does not stand in the way", async () => {
  mediaDevices.answers = [failure("OverconstrainedError")];
  await capture.open({ microphone: "gone" });
  assert.equal(mediaDevices.asked.length, 2);
  assert.equal(mediaDevices.asked[1].audio.deviceId, undefined);
  assert.ok(capture.stream);
});

test("closed means released, and what comes too late is let go", async () => {
  const stream = await capture.open();
  capture.close();
  assert.ok(stream.tracks[0].stopped);
  const late = new FakeStream();
  let arrive;
  mediaDevices.answers = [new Promise((resolve) => (arrive = () => resolve(late)))];
  const asked = capture.open();
  capture.close();
  arrive();
  await assert.rejects(asked, { reason: "other" });
  assert.ok(late.tracks[0].stopped);
  assert.equal(capture.stream, null);
});

test("opening again lets the first stream go", async () => {
  const first = await capture.open();
  const second = await capture.open();
  assert.deepEqual([first.tracks[0].stopped, second.tracks[0].stopped, capture.stream === second], [true, false, true]);
});

test("a track that ends or falls silent is told while it is open", async () => {
  let told = 0;
  capture.addEventListener("interrupted", () => (told += 1));
  const { tracks: [track] } = await capture.open();
  track.dispatchEvent(new Event("mute"));
  track.dispatchEvent(new Event("ended"));
  assert.equal(told, 2);
  capture.close();
  track.dispatchEvent(new Event("ended"));
  assert.equal(told, 2);
});

test("devices are listed by kind, and a change is told", async () => {
  assert.deepEqual(await capture.devices(), {
    microphones: [{ id: "m1", label: "Headset" }], cameras: [{ id: "v1", label: "Front" }],
  });
  let told = 0;
  capture.addEventListener("devices", () => (told += 1));
  mediaDevices.dispatchEvent(new Event("devicechange"));
  assert.equal(told, 1);
});

test("the level is measured when it is asked for, and as loud as it is felt", async () => {
  const stream = await capture.open();
  assert.deepEqual(metered, []);
  capture.listen();
  assert.deepEqual(metered, [stream]);
  assert.equal(capture.rms(), 0.08);
  assert.ok(capture.level() > 0.4);
});
