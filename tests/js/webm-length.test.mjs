import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { withLength } from "../../static/js/recorder/webm-length.js";

const sample = (name) => readFileSync(new URL(`../samples/${name}`, import.meta.url));
/** Where a file's Duration is, and what it says, in ms. */
const durationOf = (bytes) => {
  const at = bytes.indexOf(Buffer.from([0x44, 0x89, 0x88]));
  return { at, value: at < 0 ? null : bytes.readDoubleBE(at + 3) };
};

for (const [name, changed] of [
  ["chromium-audio-live.webm", 18], ["chromium-video-live.webm", 18], ["firefox-audio.webm", 11], ["firefox-video.webm", 11],
]) {
  test(`${name} gets a length, and is the same otherwise`, async () => {
    const before = sample(name);
    const patched = await withLength(new Blob([before], { type: "video/webm" }), 12.5);
    const after = Buffer.from(await patched.arrayBuffer());
    const { at, value } = durationOf(after);
    assert.deepEqual([value, after.length, patched.type], [12_500, before.length, "video/webm"]);
    assert.ok(before.subarray(0, at).equals(after.subarray(0, at)));
    assert.ok(before.subarray(at + changed).equals(after.subarray(at + changed)));
    if (changed > 11) assert.deepEqual([...after.subarray(at + 11, at + 18)], [0x4d, 0x80, 0x81, 0x43, 0x57, 0x41, 0x80]);
  });
}

for (const name of ["chromium-audio.webm", "webkit-audio.mp4", "firefox-audio.ogg"]) {
  test(`${name} is left as it is`, async () => {
    const blob = new Blob([sample(name)]);
    assert.equal(await withLength(blob, 12.5), blob);
  });
}

test("what is shorter than a header is left as it is", async () => {
  const blob = new Blob(["x"]);
  assert.equal(await withLength(blob, 1), blob);
});
