import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Catalogue } from "../../static/js/player/catalogue.js";
import { Heard } from "../../static/js/player/heard.js";
import { attachMediaSession } from "../../static/js/player/media-session.js";
import { Player } from "../../static/js/player/player.js";
import { Playlist } from "../../static/js/player/playlist.js";
import { Preloader } from "../../static/js/player/preloader.js";
import { Storage } from "../../static/js/storage.js";
import { clip, FakeArea, FakeClock, FakeMedia, FakePreferences, record, settle } from "./support.mjs";

const mine = { author: "Me", authorId: "me" };

/** What plays a live clip. */
class FakeLive extends EventTarget {
  static made = [];
  /** What this browser has. @type {typeof FakeLive|null} */
  static chosen = FakeLive;
  static load = async () => ({ sourceFor: async () => FakeLive.chosen });
  closed = false;

  constructor({ clip: { id }, from }) {
    super();
    Object.assign(this, { id, from, url: `live:${id}` });
    FakeLive.made.push(this);
  }

  told({ bytes }) {
    this.bytes = bytes;
  }

  close() {
    this.closed = true;
  }
}

/** The same, without the media element. */
class FakeVoice extends FakeLive {
  position = 0;
  log = [];

  constructor(parts) {
    super(parts);
    this.url = null;
  }

  play() {
    this.log.push("play");
  }

  pause() {
    this.log.push("pause");
  }

  says(type, position = this.position) {
    this.position = position;
    this.dispatchEvent(new CustomEvent(type));
  }
}

let catalogue, preferences, heard, media, clock, player, states, fetched;

beforeEach(() => {
  catalogue = new Catalogue();
  catalogue.apply({ reset: true, clips: { added: [clip(1), clip(2, mine), clip(3)] } });
  preferences = new FakePreferences({ playNew: true, onlyOthers: true, speed: 1, volume: 0.8 });
  heard = new Heard({ thread: "walk", storage: new Storage({ area: new FakeArea(), tabs: {} }) });
  const playlist = new Playlist({ catalogue, preferences, heard, myAuthorId: "me" });
  media = new FakeMedia();
  clock = new FakeClock();
  fetched = [];
  const preloader = new Preloader(async (url) => {
    fetched.push(url);
    return new Blob([url]);
  });
  const loadLive = FakeLive.load;
  FakeLive.made = [];
  FakeLive.chosen = FakeLive;
  player = new Player({ catalogue, playlist, preferences, heard, media, preloader, clock, loadLive });
  states = record(player, "state");
});

const now = () => `${player.state.state} ${player.state.clip?.id ?? "-"}`;

async function arrive(...clips) {
  catalogue.apply({ clips: { added: clips } });
  await settle();
}

async function play(id, options) {
  player.play(id, options);
  await settle();
}

async function end() {
  media.end();
  await settle();
}

test("Play plays one clip, marks it heard, and is silent again", async () => {
  await play("c1");
  assert.equal(now(), "playing c1");
  assert.deepEqual([media.src, media.volume, media.preservesPitch], ["/media/c1", 0.8, true]);
  assert.deepEqual(states.map(({ state }) => state), ["loading", "playing"]);
  assert.ok(!heard.has("c1"));
  await end();
  assert.deepEqual([now(), heard.has("c1")], ["idle -", true]);
});

test("a clip counts as heard when nearly all of it was", async () => {
  await play("c1");
  media.reach(3.5);
  assert.ok(!heard.has("c1"));
  media.reach(3.7);
  assert.ok(heard.has("c1"));
});

test("the server's duration is the truth, whatever the file says", async () => {
  media.duration = Infinity;
  await play("c1");
  media.reach(9);
  assert.deepEqual([player.duration, player.position], [4, 4]);
  player.seek(100);
  assert.equal(media.currentTime, 3.95);
  player.seek(-3);
  assert.equal(media.currentTime, 0);
});

test("time is told about 15 times a second while it plays", async () => {
  const times = record(player, "time");
  await play("c1");
  await clock.advance(1000);
  assert.ok(times.length >= 14 && times.length <= 16, String(times.length));
  assert.deepEqual(times[0], { position: 0, duration: 4 });
  player.pause();
  const { length } = times;
  await clock.advance(1000);
  assert.equal(times.length, length);
});

test("a file in which this browser would hang is not seeked", async () => {
  await play("c1");
  media.seekable.length = 0;
  player.seek(2);
  assert.equal(media.currentTime, 0);
});

test("arrivals are played one after the other, never two at once", async () => {
  await arrive(clip(4));
  assert.equal(now(), "playing c4");
  await arrive(clip(5), clip(6, mine), clip(7));
  assert.deepEqual([now(), player.state.waiting], ["playing c4", 2]);
  await end();
  assert.deepEqual([now(), player.state.waiting], ["playing c5", 1]);
  await end();
  assert.equal(now(), "playing c7");
  await end();
  assert.equal(now(), "idle -");
  assert.equal(media.loaded.length, 3);
});

test("a page that opens does not begin to talk", async () => {
  assert.deepEqual([now(), media.loaded.length], ["idle -", 0]);
});

test("without Play new clips they only appear", async () => {
  preferences.set("playNew", false);
  await arrive(clip(4));
  assert.equal(now(), "idle -");
});

test("while a clip plays the next one is fetched, and then played from memory", async () => {
  await arrive(clip(4));
  assert.deepEqual(fetched, []);
  await arrive(clip(5), clip(6));
  assert.deepEqual(fetched, ["/media/c5"]);
  await end();
  assert.match(media.src, /^blob:/);
  assert.deepEqual(fetched, ["/media/c5", "/media/c6"]);
  await play("c1");
  assert.equal(media.src, "/media/c1");
});

test("a big clip is left to stream", async () => {
  await arrive(clip(4), clip(5, { bytes: 9_000_000 }));
  assert.deepEqual(fetched, []);
  await end();
  assert.equal(media.src, "/media/c5");
});

test("Play from here goes on, one's own left out", async () => {
  player.playFrom("c1");
  await settle();
  await end();
  assert.equal(now(), "playing c3");
  await end();
  assert.equal(now(), "idle -");
});

test("what was left in the middle goes on there, what was heard begins anew", async () => {
  await play("c1");
  media.reach(2);
  await play("c3");
  await play("c1");
  assert.equal(media.currentTime, 2);
  await end();
  await play("c1");
  assert.equal(media.currentTime, 0);
  await play("c3", { position: 1.5 });
  assert.equal(media.currentTime, 1.5);
});

test("toggle: play, pause, on; another clip's button changes over", async () => {
  player.toggle();
  assert.equal(now(), "idle -");
  player.toggle("c1");
  await settle();
  player.toggle("c1");
  assert.deepEqual([now(), media.paused], ["paused c1", true]);
  player.toggle();
  await settle();
  assert.equal(now(), "playing c1");
  player.toggle("c3");
  await settle();
  assert.equal(now(), "playing c3");
});

test("paused by its listener, it stays so when clips arrive", async () => {
  await play("c1");
  player.pause();
  await arrive(clip(4));
  assert.deepEqual([now(), player.state.waiting], ["paused c1", 1]);
  player.unlock();
  await settle();
  await end();
  assert.equal(now(), "playing c4");
});

test("paused by the system (headphones pulled out) it says so", async () => {
  await play("c1");
  media.pause();
  assert.equal(now(), "paused c1");
});

test("Stop is silence: what waits is forgotten, later clips are played", async () => {
  await arrive(clip(4), clip(5));
  player.stop();
  assert.deepEqual([now(), player.state.waiting, media.src, media.paused], ["idle -", 0, "", true]);
  await arrive(clip(6));
  assert.equal(now(), "playing c6");
});

test("stop after this one", async () => {
  await arrive(clip(4), clip(5));
  player.stopAfterThis(true);
  assert.equal(player.state.stopAfterThis, true);
  await end();
  assert.deepEqual([now(), player.state.stopAfterThis, player.state.waiting], ["idle -", false, 0]);
});

test("Standby collects, then goes on where it stopped", async () => {
  await arrive(clip(4));
  media.reach(2);
  player.standby(true);
  assert.deepEqual([now(), player.state.standby], ["paused c4", true]);
  await arrive(clip(5), clip(6));
  assert.deepEqual([now(), player.state.waiting], ["paused c4", 2]);
  player.standby(false);
  await settle();
  assert.deepEqual([now(), media.currentTime], ["playing c4", 2]);
  await end();
  await end();
  assert.equal(now(), "playing c6");
});

test("Standby with nothing on: what was collected is played when it ends", async () => {
  player.standby(true);
  await arrive(clip(4));
  assert.equal(now(), "idle -");
  player.standby(false);
  await settle();
  assert.equal(now(), "playing c4");
});

test("choosing a clip ends standby", async () => {
  player.standby(true);
  await play("c1");
  assert.deepEqual([now(), player.state.standby], ["playing c1", false]);
});

test("held while recording, it goes on when all let go", async () => {
  await play("c1");
  player.hold("recorder");
  player.hold("call");
  assert.equal(now(), "paused c1");
  await arrive(clip(4));
  player.release("recorder");
  assert.equal(now(), "paused c1");
  player.release("call");
  await settle();
  assert.equal(now(), "playing c1");
});

test("held in silence, arrivals wait for the release", async () => {
  player.hold();
  await arrive(clip(4));
  assert.deepEqual([now(), player.state.waiting], ["idle -", 1]);
  player.release();
  await settle();
  assert.equal(now(), "playing c4");
});

test("what its listener paused does not go on after a recording", async () => {
  await play("c1");
  player.pause();
  player.hold();
  player.release();
  await settle();
  assert.equal(now(), "paused c1");
  player.release("never held");
  assert.equal(now(), "paused c1");
});

test("a browser that wants a gesture first: blocked, then unlocked", async () => {
  media.mood = "refuse";
  await arrive(clip(4));
  assert.equal(now(), "blocked c4");
  await arrive(clip(5));
  assert.deepEqual([now(), player.state.waiting], ["blocked c4", 1]);
  media.mood = "play";
  player.unlock();
  await settle();
  assert.equal(now(), "playing c4");
});

test("a format that this browser cannot play is said; others go on", async () => {
  const strange = { mime: "video/never" };
  await arrive(clip(4, strange));
  assert.deepEqual([now(), player.state.problem], ["unplayable c4", "format"]);
  assert.equal(player.canPlay(clip(4, strange)), false);
  assert.equal(media.loaded.length, 0);
  await arrive(clip(5, strange), clip(6));
  assert.equal(now(), "playing c6");
  assert.ok(states.some(({ state, clip: { id } = {} }) => state === "unplayable" && id === "c5"));
});

test("a clip that breaks is said, and the next one is played", async () => {
  await arrive(clip(4), clip(5));
  media.fail(3);
  await settle();
  assert.equal(now(), "playing c5");
  assert.equal(states.find(({ state }) => state === "unplayable").problem, "format");
  media.fail(2);
  assert.deepEqual([now(), player.state.problem], ["unplayable c5", "network"]);
  player.toggle("c5");
  await settle();
  assert.equal(now(), "playing c5");
});

test("a clip that was removed may be heard to its end, or is said to be gone", async () => {
  await arrive(clip(4));
  catalogue.apply({ clips: { removed: ["c4"] } });
  assert.equal(now(), "playing c4");
  media.fail(4);
  assert.deepEqual([now(), player.state.problem], ["unplayable c4", "gone"]);
});

test("a clip that broke is gone, once it is told", async () => {
  await play("c1");
  media.fail(4);
  assert.equal(player.state.problem, "format");
  catalogue.apply({ clips: { removed: ["c1"] } });
  assert.equal(player.state.problem, "gone");
});

test("a clip of which nothing comes is given up after 20 s", async () => {
  media.mood = "wait";
  await arrive(clip(4));
  await clock.advance(19_000);
  media.dispatchEvent(new Event("progress"));
  await clock.advance(19_000);
  assert.equal(now(), "loading c4");
  await clock.advance(1000);
  assert.deepEqual([now(), player.state.problem], ["unplayable c4", "network"]);
});

test("waiting for the network is shown, and over when it goes on", async () => {
  await play("c1");
  media.dispatchEvent(new Event("waiting"));
  assert.equal(now(), "loading c1");
  media.dispatchEvent(new Event("playing"));
  media.dispatchEvent(new Event("progress"));
  assert.equal(now(), "playing c1");
  await clock.advance(60_000);
  assert.equal(now(), "playing c1");
});

test("speed and volume follow the preferences at once", async () => {
  await play("c1");
  player.setSpeed(1.5);
  assert.deepEqual([preferences.get("speed"), media.playbackRate, media.defaultPlaybackRate], [1.5, 1.5, 1.5]);
  preferences.set("volume", 0.3);
  assert.equal(media.volume, 0.3);
});

test("next and previous", async () => {
  player.playFrom("c1");
  await settle();
  player.next();
  await settle();
  assert.equal(now(), "playing c3");
  media.reach(1);
  player.previous();
  await settle();
  assert.equal(now(), "playing c2");
  media.reach(3.5);
  player.previous();
  assert.deepEqual([now(), media.currentTime], ["playing c2", 0]);
  player.next();
  assert.equal(now(), "idle -");
});

test("a change of the playing clip's record is taken over", async () => {
  await play("c1");
  await arrive(clip(1, { duration: 9 }));
  assert.deepEqual([player.duration, now()], [9, "playing c1"]);
});

test("the lock screen shows who speaks, and its buttons work", async () => {
  globalThis.MediaMetadata = class {
    constructor(facts) {
      Object.assign(this, facts);
    }
  };
  const session = { actions: {}, setActionHandler: (name, act) => (session.actions[name] = act), setPositionState() {} };
  attachMediaSession(player, { album: "Saturday walk", session });
  await play("c1");
  assert.deepEqual([session.playbackState, { ...session.metadata }], ["playing", { title: "Ann", artist: "Ann", album: "Saturday walk" }]);
  session.actions.pause();
  assert.deepEqual([now(), session.playbackState], ["paused c1", "paused"]);
  session.actions.play();
  await settle();
  session.actions.seekto({ seekTime: 2 });
  session.actions.seekforward({});
  assert.equal(media.currentTime, 3.95);
  session.actions.stop();
  assert.deepEqual([now(), session.playbackState, session.metadata], ["idle -", "none", null]);
});

const speaks = (n, more = {}) => clip(n, { live: true, paused: false, duration: 0, bytes: 0, ...more });
/** What plays it is fetched first. */
async function begins(...clips) {
  await arrive(...clips);
  await settle();
}
const sources = () => FakeLive.made.map(({ id, from }) => `${id} ${from}`);

test("who begins to speak is heard at once, to the end of the complete clip, which then counts as heard", async () => {
  await begins(speaks(4));
  assert.deepEqual([now(), media.src, sources()], ["playing c4", "live:c4", ["c4 null"]]);
  catalogue.apply({ clips: { grown: [{ id: "c4", bytes: 900, duration: 2, paused: false }] } });
  assert.equal(FakeLive.made[0].bytes, 900);
  media.reach(2);
  assert.ok(!heard.has("c4"), "it is not over");
  await arrive(clip(4));
  assert.equal(now(), "playing c4");
  await end();
  assert.deepEqual([now(), heard.has("c4"), FakeLive.made.length], ["idle -", true, 1]);
});

test("of two the second is heard afterwards, from its start; a press hears it now", async () => {
  await begins(speaks(4));
  await begins(speaks(5, { author: "Eve", authorId: "eve" }));
  assert.deepEqual([now(), player.state.waiting], ["playing c4", 1]);
  await arrive(clip(4));
  await end();
  assert.deepEqual(sources(), ["c4 null", "c5 0"]);
  await play("c5");
  await play("c5", { position: 0 });
  assert.deepEqual(sources(), ["c4 null", "c5 0", "c5 null", "c5 0"]);
});

test("who is speaking when one comes is heard", async () => {
  const fresh = new Catalogue();
  const playlist = new Playlist({ catalogue: fresh, preferences, heard, myAuthorId: "me" });
  const late = new Player({
    catalogue: fresh, playlist, preferences, heard, media, clock, loadLive: FakeLive.load,
  });
  fresh.apply({ reset: true, clips: { added: [clip(1), speaks(2)] } });
  await settle();
  assert.equal(late.state.clip?.id, "c2");
});

test("who is speaking when a page opens is heard live also where it learns only then that it is the tab that plays", async () => {
  player.hold("elsewhere");
  await begins(speaks(4));
  assert.deepEqual(sources(), []);
  player.release("elsewhere");
  await settle();
  assert.deepEqual(sources(), ["c4 null"]);
});

test("who began to speak while one recorded is heard from the start", async () => {
  player.hold("recorder");
  await begins(speaks(4));
  player.release("recorder");
  await settle();
  assert.deepEqual(sources(), ["c4 0"]);
});

test("nobody hears themselves, whatever they have chosen", async () => {
  preferences.set("onlyOthers", false);
  await begins(speaks(4, mine));
  assert.deepEqual([now(), sources()], ["idle -", []]);
});

test("of what is taken back not a word more is heard", async () => {
  await begins(speaks(4));
  catalogue.apply({ clips: { removed: ["c4"] } });
  await settle();
  assert.deepEqual([now(), media.src, FakeLive.made[0].closed, heard.has("c4")], ["idle -", "", true, false]);
});

test("a pause of the one lets the other be heard, and the rest of the first afterwards", async () => {
  await begins(speaks(4));
  await begins(speaks(5));
  media.reach(7);
  media.dispatchEvent(new Event("waiting"));
  catalogue.apply({ clips: { grown: [{ id: "c4", bytes: 900, duration: 7, paused: true }] } });
  await settle();
  await settle();
  assert.equal(now(), "playing c5");
  catalogue.apply({ clips: { grown: [{ id: "c4", bytes: 999, duration: 8, paused: false }] } });
  await arrive(clip(5));
  await end();
  await settle();
  assert.deepEqual([now(), sources().at(-1)], ["playing c4", "c4 7"]);
});

test("however long nothing comes of a live clip, it is not given up", async () => {
  await begins(speaks(4));
  media.dispatchEvent(new Event("waiting"));
  await clock.advance(60_000);
  assert.equal(now(), "loading c4");
});

for (const [why, problem] of [["full", "full"], ["format", "later"]]) {
  test(`where it cannot be heard live (${why}) it is said, and it is heard when it is complete`, async () => {
    await begins(speaks(4));
    FakeLive.made[0].dispatchEvent(new CustomEvent("broken", { detail: { problem: why } }));
    await settle();
    assert.deepEqual([now(), player.state.problem], ["unplayable c4", problem]);
    catalogue.apply({ clips: { grown: [{ id: "c4", bytes: 900, duration: 2, paused: false }] } });
    await settle();
    assert.equal(now(), "unplayable c4");
    await arrive(clip(4));
    assert.deepEqual([now(), media.src], ["playing c4", "/media/c4"]);
  });
}

test("a browser that plays no growing clip plays the complete one", async () => {
  FakeLive.chosen = null;
  await begins(speaks(4));
  assert.deepEqual([player.state.problem, sources()], ["later", []]);
  await arrive(clip(4));
  assert.equal(media.src, "/media/c4");
});

test("a live clip that has to begin anew is not heard a second time", async () => {
  await begins(speaks(4));
  media.reach(3);
  catalogue.apply({ clips: { removed: ["c4"] } });
  await begins(speaks(4));
  assert.deepEqual(sources(), ["c4 null", "c4 null"], "what is said now, not the beginning");
  media.reach(5);
  catalogue.apply({ clips: { removed: ["c4"] } });
  await arrive(clip(4, { duration: 9 }));
  assert.deepEqual([now(), media.currentTime], ["playing c4", 5]);
});

test("what plays a live clip without the media element is driven like it", async () => {
  FakeLive.chosen = FakeVoice;
  await begins(speaks(4));
  const [voice] = FakeLive.made;
  assert.deepEqual([now(), voice.log, media.src], ["loading c4", ["play"], ""]);
  voice.says("blocked");
  assert.equal(now(), "blocked c4");
  player.unlock();
  voice.says("playing");
  voice.says("time", 2);
  assert.deepEqual([now(), player.position, player.duration], ["playing c4", 2, 2]);
  player.pause();
  player.toggle();
  assert.deepEqual([now(), voice.log], ["loading c4", ["play", "play", "pause", "play"]]);
  voice.says("playing");
  voice.says("waiting");
  assert.equal(now(), "loading c4");
  voice.says("paused");
  assert.equal(now(), "paused c4");
  await arrive(clip(4));
  player.toggle();
  voice.says("ended");
  assert.deepEqual([now(), heard.has("c4"), voice.closed], ["idle -", true, true]);
  voice.says("playing");
  assert.equal(now(), "idle -");
  await play("c4");
  assert.deepEqual([now(), media.src], ["playing c4", "/media/c4"]);
});

test("what is stopped while it is live goes on where it was left, when it is complete", async () => {
  await begins(speaks(4));
  media.reach(3);
  player.stop();
  await arrive(clip(4, { duration: 9 }));
  assert.equal(now(), "idle -");
  await play("c4");
  assert.equal(media.currentTime, 3);
});
