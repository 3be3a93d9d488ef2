import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ApiError } from "../../static/js/api.js";
import { Media } from "../../static/js/phone/media.js";
import { Phone } from "../../static/js/phone/phone.js";
import { CaptureError } from "../../static/js/recorder/capture.js";
import { FakeClock, FakePage, FakePreferences, record, settle } from "./support.mjs";

globalThis.MediaStream ??= class {
  constructor(tracks = []) { this.tracks = tracks; }
  getTracks() { return this.tracks; }
  getVideoTracks() { return []; }
};

/** A device's track. */
class Track extends EventTarget {
  enabled = true;
  stopped = false;

  constructor(kind) {
    super();
    this.kind = kind;
  }

  stop() {
    this.stopped = true;
  }

  end() {
    this.dispatchEvent(new Event("ended"));
  }
}

/** A connection that never comes about. */
class Connection extends EventTarget {
  signalingState = "stable";
  connectionState = "new";
  localDescription = null;
  remoteDescription = null;
  places = [];

  addTransceiver(kind) {
    this.places.push({ sender: { replaceTrack: async () => {} }, receiver: { track: { kind } } });
    return this.places.at(-1);
  }

  getTransceivers() {
    return this.places;
  }

  async setRemoteDescription(description) {
    this.remoteDescription = description;
    for (const kind of ["audio", "video"]) this.addTransceiver(kind);
  }

  async setLocalDescription() {}

  createDataChannel() {
    return Object.assign(new EventTarget(), { close() {} });
  }

  close() {
    this.signalingState = "closed";
  }
}

/** Devices that give what is asked for, and remember it. */
function devices() {
  const given = [];
  const give = async (kind) => {
    given.push(new Track(kind));
    return given.at(-1);
  };
  return {
    given, canShareScreen: true, refuse: null,
    async both({ video }) {
      if (this.refuse) throw this.refuse;
      return { microphone: await give("audio"), camera: video ? await give("video") : null, trouble: null };
    },
    microphone: () => give("audio"),
    camera: () => give("video"),
    screen: () => give("screen"),
  };
}

/** One lock, given in the order in which it is asked for. */
class Locks {
  #last = Promise.resolve();

  request(_name, act) {
    const mine = this.#last.then(act);
    this.#last = mine;
    return mine;
  }
}

let clock, sent, refusal, locks, mics, network;
const preferences = new FakePreferences({ microphone: "", camera: "", quality: "480p30" });

beforeEach(() => {
  clock = new FakeClock();
  sent = [];
  refusal = null;
  locks = new Locks();
  mics = devices();
  network = new EventTarget();
});

function phone() {
  const api = {
    ice: async () => ({ iceServers: [] }),
    async sendMessage(message, options) {
      if (refusal) throw refusal;
      sent.push({ ...message, ...options });
    },
  };
  return new Phone({ api, base: "", thread: "walk", me: "Ann", preferences, page: new FakePage(), network, clock, locks,
    devices: mics, Connection });
}

const from = (type, body, name = "Bob") =>
  ({ id: "1", from: name, to: "Ann", type, sent: "2026-11-21T10:00:00.000Z", body: { call: "c", tab: "bob-1", ...body } });
const saidNow = () => sent.map(({ type, body }) => (body.reason ? `${type} ${body.reason}` : type));

test("a call asks for the microphone, then invites, and gives up after 45 seconds", async () => {
  const ann = phone();
  ann.call("Bob");
  assert.deepEqual([ann.state.phase, ann.state.peer, ann.state.outgoing], ["calling", "Bob", true]);
  await settle();
  assert.deepEqual(saidNow(), ["invite"]);
  await clock.advance(44_000);
  assert.equal(ann.state.phase, "calling");
  await clock.advance(1500);
  assert.deepEqual([ann.state.phase, ann.state.end.reason], ["ended", "unanswered"]);
  assert.deepEqual(saidNow(), ["invite", "hangup unanswered"]);
  assert.ok(mics.given.every(({ stopped }) => stopped), "the microphone is let go");
});

test("who was never reached has not left a call unanswered", async () => {
  refusal = new ApiError({ offline: true });
  const ann = phone();
  ann.call("Bob");
  await clock.advance(46_000);
  assert.equal(ann.state.end.reason, "failed");
});

test("a refused microphone ends the call before anybody is rung", async () => {
  mics.refuse = new CaptureError("refused", "microphone");
  const ann = phone();
  ann.call("Bob");
  await settle();
  assert.deepEqual([ann.state.end.reason, ann.state.end.why], ["no-microphone", "refused"]);
  assert.deepEqual(sent, []);
});

test("of the tabs that show a call one rings aloud, and the next one when that has gone", async () => {
  const [one, two] = [phone(), phone()];
  for (const each of [one, two]) each.receive([from("invite", { video: false })]);
  await settle();
  assert.deepEqual([one.state.phase, two.state.phase], ["ringing", "ringing"]);
  assert.deepEqual([one.state.shouldRing, two.state.shouldRing], [true, false]);
  one.receive([from("hangup", { reason: "cancelled" })]);
  await settle();
  assert.deepEqual([one.state.shouldRing, two.state.shouldRing], [false, true]);
});

test("what was called and given up before it was read does not ring, and is a missed call", () => {
  const ann = phone();
  const phases = [];
  ann.addEventListener("state", () => phases.push(ann.state.phase));
  const missed = record(ann, "missed");
  ann.receive([from("invite", { video: true }), from("hangup", { reason: "cancelled" })]);
  assert.deepEqual(phases, ["ended"]);
  assert.deepEqual(missed.map(({ name, video }) => [name, video]), [["Bob", true]]);
});

test("who is off the list for a moment is still called, who stays away is gone", async () => {
  const ann = phone();
  ann.roster(["Ann", "Bob"]);
  ann.call("Bob");
  await settle();
  ann.roster(["Ann"]);
  await clock.advance(4000);
  ann.roster(["Ann", "Bob"]);
  await clock.advance(10_000);
  assert.equal(ann.state.phase, "calling");
  ann.roster(["Ann"]);
  await clock.advance(7000);
  assert.equal(ann.state.end.reason, "gone");
});

test("the page that is closed says so, even as it goes", async () => {
  const ann = phone();
  ann.call("Bob");
  await settle();
  network.dispatchEvent(new Event("pagehide"));
  const last = sent.filter(({ type }) => type === "hangup");
  assert.deepEqual(last.map(({ body }) => body.reason), ["cancelled", "cancelled"], "in the queue, and without waiting for it");
  assert.equal(last[1].keepalive, true);
  assert.equal(last[0].key, last[1].key);
});

test("a state is frozen, and a fresh one comes only with a change", async () => {
  const ann = phone();
  const states = [];
  ann.addEventListener("state", () => states.push(ann.state));
  ann.dismiss();
  ann.hangUp();
  assert.deepEqual(states, []);
  ann.call("Bob");
  await settle();
  assert.ok(states.length > 0 && states.every((state) => Object.isFrozen(state)));
  assert.equal(new Set(states).size, states.length);
});

test("whose own call gives way to theirs hears the connection that stays", async () => {
  const ann = phone();
  ann.call("Bob");
  await settle();
  const [before] = ann.state.remote.getTracks();
  ann.receive([from("invite", { call: "0", video: false }), from("offer", { call: "0", to_tab: sent[0].body.tab, sdp: "v=0" })]);
  await settle();
  assert.deepEqual([ann.state.phase, ann.state.outgoing], ["connecting", false]);
  const [after] = ann.state.remote.getTracks();
  assert.equal(after.kind, "audio");
  assert.notEqual(after, before);
});

/** The sound and picture of a call that has begun. */
async function begun(video = false) {
  const media = new Media({ devices: mics, preferences, page: new FakePage() });
  const tracks = record(media, "track");
  await media.open({ video });
  return { media, tracks };
}

test("the screen is shown in the camera's place, and the camera after it, also when the browser's own bar ends it", async () => {
  const { media } = await begun(true);
  const camera = media.picture;
  await media.setScreen(true);
  assert.equal(media.picture.kind, "screen");
  assert.deepEqual([media.screen, media.camera, camera.stopped], [true, true, false]);
  media.picture.end();
  assert.deepEqual([media.screen, media.picture], [false, camera]);
});

test("a microphone that is taken away is replaced by whatever is there, as muted as it was", async () => {
  const { media } = await begun();
  const first = media.sound;
  media.setMuted(true);
  first.end();
  assert.equal(media.trouble, "microphone.lost");
  await settle();
  assert.notEqual(media.sound, first);
  assert.deepEqual([media.sound.enabled, media.trouble], [false, null]);
});

test("a camera that fails is said so and the sound goes on; one that comes takes the word back", async () => {
  const { media, tracks } = await begun();
  const { camera } = mics;
  mics.camera = async () => { throw new CaptureError("busy", "camera"); };
  await media.setCamera(true);
  assert.deepEqual([media.trouble, media.camera, media.sound.stopped], ["camera.busy", false, false]);
  mics.camera = camera;
  await media.setCamera(true);
  assert.deepEqual([media.trouble, media.camera], [null, true]);
  assert.equal(tracks.at(-1).kind, "video");
});

test("who closes the question about the screen is not told of it", async () => {
  const { media } = await begun();
  mics.screen = async () => { throw new CaptureError("refused", "either"); };
  await media.setScreen(true);
  assert.equal(media.trouble, null);
});

test("a device that comes after its call is let go", async () => {
  const media = new Media({ devices: mics, preferences, page: new FakePage() });
  const opening = media.open({ video: true });
  media.close();
  await opening;
  assert.equal(mics.given.length, 2);
  assert.ok(mics.given.every(({ stopped }) => stopped));
  assert.equal(media.sound, null);
});
