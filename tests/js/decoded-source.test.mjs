import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { beforeEach, test } from "node:test";

import { DecodedSource } from "../../static/js/player/live/decoded-source.js";
import { JitterBuffer } from "../../static/js/player/live/jitter-buffer.js";
import { FakeClock, FakePreferences, record, settle } from "./support.mjs";

const RATE = 48_000;
const content = new Uint8Array(await readFile(new URL("../samples/firefox-audio.webm", import.meta.url)));
/** Its packets are of 20 ms; it is cut a little into a block, as recorders do. */
const SECONDS = 1.52;
const CUT = 5200;

/** The worklet: a jitter buffer that plays when the test says so. */
class FakeNode {
  buffer = new JitterBuffer(RATE);
  port = {
    onmessage: null,
    postMessage: ({ samples, at, clear, rate, finish, close }) => {
      if (samples) {
        this.written.push(at);
        this.buffer.write(samples, at);
      }
      if (clear) this.buffer.clear();
      if (rate) this.buffer.rate = rate;
      if (finish) this.buffer.finish();
      if (close) this.closed = true;
    },
  };
  /** Where each piece of sound belongs, seconds. */
  written = [];
  closed = false;

  constructor() {
    FakeNode.made = this;
  }

  connect() {}

  disconnect() {}
}

class FakeContext extends EventTarget {
  state = "suspended";
  audioWorklet = { addModule: async () => {} };

  constructor() {
    super();
    FakeContext.made = this;
  }

  async resume() {
    if (FakeContext.refuses) return;
    this.#be("running");
  }

  async suspend() {
    this.#be("suspended");
  }

  #be(state) {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** A tone of 20 ms for each packet, at once. */
class FakeDecoder {
  static isConfigSupported = async () => ({ supported: true });
  state = "unconfigured";

  constructor({ output }) {
    this.output = output;
  }

  configure(config) {
    this.state = "configured";
    FakeDecoder.config = config;
  }

  decode({ timestamp }) {
    const numberOfFrames = RATE / 50;
    this.output({ timestamp, numberOfFrames, numberOfChannels: 1, sampleRate: RATE, copyTo: (plane) => plane.fill(0.5), close() {} });
  }

  async flush() {}

  close() {
    this.state = "closed";
  }
}

let clock, site, source, events, preferences;

beforeEach((context) => {
  clock = new FakeClock();
  preferences = new FakePreferences({ volume: 0.8, speed: 1 });
  FakeContext.refuses = false;
  Object.assign(globalThis, {
    AudioContext: FakeContext, AudioWorkletNode: FakeNode, AudioDecoder: FakeDecoder,
    GainNode: class { gain = {}; connect() {} disconnect() {} },
    EncodedAudioChunk: class { constructor(parts) { Object.assign(this, parts); } },
  });
  context.mock.method(globalThis, "fetch", async (url) => {
    if (!String(url).includes("wait=")) return new Response(new ReadableStream({ start: (controller) => { site = controller; } }));
    return new Response(null, { status: 204, headers: { "Clip-Complete": "?1" } });
  });
});

const told = (news) => ({ media: "/media", bytes: 0, live: true, paused: false, ...news });

async function begin(from = null, clip = {}) {
  source = new DecodedSource({ clip: told(clip), from, preferences, clock });
  events = Object.fromEntries(["playing", "waiting", "paused", "blocked", "ended"].map((type) => [type, record(source, type)]));
  source.play();
  await settle();
}

async function comes(bytes) {
  site.enqueue(bytes);
  await settle();
}

/** Plays so many seconds. */
async function play(seconds) {
  const { buffer, port } = FakeNode.made;
  for (let block = 0; block < Math.ceil((seconds * RATE) / 2048); block++) {
    buffer.read(new Float32Array(2048));
    await clock.advance(2048 / 48);
    port.onmessage({ data: { position: buffer.position, sounding: buffer.sounding, ended: buffer.ended } });
  }
}

const counts = () => Object.fromEntries(Object.entries(events).filter(([, all]) => all.length).map(([type, all]) => [type, all.length]));

test("WebM with Opus it is, where there is a decoder", async () => {
  assert.deepEqual(await Promise.all(["audio/webm;codecs=opus", "audio/webm", "video/webm;codecs=vp8,opus", "audio/mp4"]
    .map((mime) => DecodedSource.supports(mime))), [true, true, false, false]);
});

test("it begins near the newest, plays to the end of the complete clip, and is over then", async () => {
  await begin(null, { bytes: 1, duration: 9 });
  await comes(content.slice(0, CUT));
  const { written } = FakeNode.made;
  assert.ok(written[0] > 0.4 && written[0] < 1, String(written[0]));
  assert.equal(String.fromCharCode(...FakeDecoder.config.description.subarray(0, 8)), "OpusHead");
  await play(0.1);
  assert.ok(source.position > written[0]);
  await comes(content.slice(CUT));
  site.close();
  await settle();
  await clock.advance(500);
  await settle();
  await play(2);
  assert.deepEqual(counts(), { playing: 1, ended: 1 });
  assert.equal(source.underflows, 0, "the end is none");
  assert.ok(Math.abs(source.position - SECONDS) < 0.02, String(source.position));
  source.close();
  assert.deepEqual([FakeNode.made.closed, FakeContext.made.state], [true, "suspended"]);
});

test("from the start, and from a place in it that has not come yet", async () => {
  await begin(0);
  await comes(content.slice(0, CUT));
  assert.ok(FakeNode.made.written[0] < 0.03);
  source.close();
  await begin(1.3);
  await comes(content.slice(0, CUT));
  assert.equal(FakeNode.made.written.length, 0);
  await comes(content.slice(CUT));
  assert.ok(Math.abs(FakeNode.made.written[0] - 1.3) <= 0.02, String(FakeNode.made.written[0]));
  source.close();
});

test("silence is an underflow, but not while the speaker pauses", async () => {
  for (const paused of [false, true]) {
    await begin();
    await comes(content.slice(0, CUT));
    await play(0.1);
    source.told(told({ paused }));
    await play(1);
    assert.deepEqual([counts(), source.underflows], [{ playing: 1, waiting: 1 }, paused ? 0 : 1]);
    source.told(told({}));
    await comes(content.slice(CUT));
    await play(0.6);
    assert.equal(counts().playing, 2, "it goes on by itself");
    source.close();
  }
});

test("paused by the person it keeps what comes; by the system it says so", async () => {
  await begin();
  await comes(content.slice(0, CUT));
  await play(0.1);
  source.pause();
  assert.equal(FakeContext.made.state, "suspended");
  await comes(content.slice(CUT));
  source.play();
  await play(1.5);
  assert.ok(Math.abs(source.position - SECONDS) < 0.02, "nothing was left out");
  assert.equal(source.skips, 0);
  assert.equal(events.paused.length, 0);
  await FakeContext.made.suspend();
  assert.equal(events.paused.length, 1);
  source.close();
});

test("a browser that wants a gesture first is said to", async () => {
  FakeContext.refuses = true;
  await begin();
  await clock.advance(2100);
  assert.deepEqual(counts(), { blocked: 1 });
  FakeContext.refuses = false;
  source.play();
  await clock.advance(2100);
  assert.deepEqual([counts(), FakeContext.made.state], [{ blocked: 1 }, "running"]);
  source.close();
});

test("what is no such recording is told as broken", async () => {
  await begin();
  const broken = record(source, "broken");
  await comes(new Uint8Array(100));
  await settle();
  assert.deepEqual(broken.map(({ problem }) => problem), ["format"]);
});
