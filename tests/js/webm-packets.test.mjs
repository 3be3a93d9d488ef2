import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { opusSeconds, WebmPackets } from "../../static/js/player/live/webm-packets.js";

const sample = async (name) => new Uint8Array(await readFile(new URL(`../samples/${name}.webm`, import.meta.url)));

/** What comes of it in pieces of so many bytes. */
function read(content, size = content.length) {
  const webm = new WebmPackets();
  const packets = [];
  for (let at = 0; at < content.length; at += size) packets.push(...webm.push(content.slice(at, at + size)));
  return { webm, packets };
}

const facts = ({ webm: { track }, packets }) => ({
  packets: packets.length, bytes: packets.reduce((sum, { data }) => sum + data.length, 0),
  channels: track?.channels, head: track && String.fromCharCode(...track.head.subarray(0, 8)),
});

/** What ffprobe says of them. */
const EXPECTED = {
  "chromium-audio-live": { packets: 25, bytes: 6252, channels: 1, length: 0.06 },
  "chromium-audio": { packets: 25, bytes: 6252, channels: 1, length: 0.06 },
  "firefox-audio": { packets: 76, bytes: 6032, channels: 1, length: 0.02 },
  "chromium-video-live": { packets: 20, bytes: 5137, channels: 1, length: 0.06 },
};

for (const [name, { length, ...expected }] of Object.entries(EXPECTED)) {
  test(`every packet of ${name}, in whatever pieces it comes`, async () => {
    const content = await sample(name);
    const whole = read(content);
    assert.deepEqual(facts(whole), { ...expected, head: "OpusHead" });
    for (const packet of whole.packets) assert.equal(packet.length, length);
    whole.packets.forEach(({ seconds }, n) => assert.ok(Math.abs(seconds - n * length) < 0.01, `${n}: ${seconds}`));
    for (const size of [1, 7, 500]) assert.deepEqual(read(content, size).packets, whole.packets);
  });
}

test("joined in the middle, behind the beginning of the file and a new head of a cluster, packets are where they were", async () => {
  const content = await sample("firefox-audio");
  const whole = read(content).packets;
  const cluster = find(content, [0x1f, 0x43, 0xb6, 0x75]);
  const middle = whole[40];
  const body = find(content, middle.data);
  const block = content.lastIndexOf(0xa3, body - 5);
  const [high, low] = content.subarray(body - 3, body - 1);
  const head = [0x1f, 0x43, 0xb6, 0x75, 0x01, ...Array(7).fill(0xff), 0xe7, 0x81, 0];
  const joined = read(Uint8Array.from([...content.subarray(0, cluster), ...head, ...content.subarray(block)])).packets;
  assert.deepEqual(joined.map(({ data }) => data), whole.slice(40).map(({ data }) => data));
  assert.equal(joined[0].seconds, (high * 256 + low) / 1000);
});

test("what is not such a recording is refused", async () => {
  const mp4 = new Uint8Array(await readFile(new URL("../samples/chromium-audio-live.mp4", import.meta.url)));
  assert.throws(() => read(mp4));
  const content = await sample("chromium-audio-live");
  const codec = find(content, new TextEncoder().encode("A_OPUS"));
  assert.throws(() => read(content.with(codec, 0x42)), /no Opus/);
});

test("a packet tells how long it is", () => {
  assert.equal(opusSeconds([0x78 | 0x80]), 0.02); // CELT, 20 ms, one frame
  assert.equal(opusSeconds([0x18]), 0.06); // SILK, 60 ms
  assert.equal(opusSeconds([0xf9]), 0.04); // CELT, two of 20 ms
  assert.equal(opusSeconds([0xfb, 3]), 0.06); // three
  assert.equal(opusSeconds([0x60]), 0.01); // hybrid, 10 ms
});

function find(content, part) {
  for (let at = 0; ; at++) if (part.every((byte, i) => content[at + i] === byte)) return at;
}
