import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { LiveSource } from "../../static/js/player/live/live-source.js";
import { FakeClock, FakeMedia, settle } from "./support.mjs";

/** A source that has as many seconds as it was given bytes. */
class FakeSource extends EventTarget {
  static isTypeSupported = () => true;
  readyState = "closed";
  seconds = 0;

  constructor() {
    super();
    FakeSource.made = this;
    queueMicrotask(() => {
      this.readyState = "open";
      this.dispatchEvent(new Event("sourceopen"));
    });
  }

  addSourceBuffer() {
    const buffer = {
      buffered: { length: 1, start: () => 0, end: () => this.seconds },
      appendBuffer: (bytes) => {
        this.seconds += bytes.length;
        queueMicrotask(() => buffer.onupdateend());
      },
      remove: () => queueMicrotask(() => buffer.onupdateend()),
    };
    return buffer;
  }
}

let clock, media, grow, source;

beforeEach(async (context) => {
  clock = new FakeClock();
  media = new FakeMedia();
  context.mock.method(globalThis, "fetch", async () => new Response(new ReadableStream({
    start: (controller) => { grow = (seconds) => controller.enqueue(new Uint8Array(seconds)); },
  })));
  context.mock.method(URL, "createObjectURL", () => "blob:live");
  globalThis.MediaSource = FakeSource;
  source = new LiveSource({ clip: told({ bytes: 1, duration: 9 }), media, from: null, clock });
  media.src = source.url;
  await settle();
  grow(2);
  await settle();
  await media.play();
  await settle();
});

const told = (news) => ({ media: "/media", live: true, paused: false, ...news });
const happens = (type) => media.dispatchEvent(new Event(type));

/** Plays with that lag all the while; gives how fast. */
async function play(seconds, lag) {
  const rates = new Set();
  for (let i = 0; i < seconds * 20; i++) {
    FakeSource.made.seconds += 0.05;
    media.currentTime = FakeSource.made.seconds - lag;
    await clock.advance(50);
    rates.add(media.playbackRate);
  }
  return [...rates];
}

test("it begins near the newest, and what is more is caught up with", async () => {
  assert.equal(media.currentTime, 1.6);
  assert.deepEqual(await play(5, 0.4), [1, 1.05]);
  source.close();
  assert.equal(media.playbackRate, 1);
});

test("while a browser says that it plays and does not, nothing is learnt of how what it plays comes in", async () => {
  const place = media.currentTime;
  for (let ms = 0; ms < 1000; ms += 50) {
    FakeSource.made.seconds += 0.05;
    await clock.advance(50);
  }
  assert.equal(media.currentTime, place);
  assert.deepEqual(await play(3, 1.4), [1], "it was not taken for uneven");
  assert.deepEqual(await play(3, 1.4), [1, 1.1]);
  source.close();
});

test("an underflow is one, and makes it more careful", async () => {
  await play(1, 0.25);
  happens("waiting");
  grow(1);
  await settle();
  happens("playing");
  assert.deepEqual([await play(5, 0.25), source.underflows], [[1], 1]);
  source.close();
});

test("that there is nothing while the speaker pauses is no fault, and it goes on by itself", async () => {
  await play(1, 0.25);
  source.told(told({ bytes: 2, paused: true }));
  happens("waiting");
  source.told(told({ bytes: 3 }));
  grow(1);
  await settle();
  happens("playing");
  assert.deepEqual([await play(5, 0.25), source.underflows], [[1, 1.05], 0]);
  source.close();
});

test("nor where one hears of the pause after the silence", async () => {
  await play(1, 0.25);
  happens("waiting");
  source.told(told({ bytes: 2, paused: true }));
  happens("playing");
  assert.deepEqual(await play(5, 0.25), [1, 1.05]);
  source.close();
});
