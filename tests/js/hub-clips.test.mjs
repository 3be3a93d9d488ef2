import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { HubClips } from "../../static/js/downlink/hub-clips.js";
import { frame } from "./hub-frames.mjs";

let clips, sent, over;

beforeEach(() => {
  sent = [];
  clips = new HubClips((said) => sent.push(said));
  over = new AbortController();
});

const wish = (place) => clips.listen({ clip: "c1", from: 0, back: 1, ...place }, over.signal);

const begin = (listen, offset, prefix = "") => clips.told({ listen, mime: "audio/webm", offset, prefix: btoa(prefix) });

/** All that has come, of one that is over. */
async function heard(wish) {
  let text = "";
  for await (const { bytes } of wish.portions()) text += new TextDecoder("latin1").decode(bytes);
  return [text, wish.end];
}

test("what a decoder needs comes with the first bytes, and only with them", async () => {
  const one = wish({ from: null });
  begin(1, 700, "\x00\xff");
  clips.take(frame("c1", 700, "one "));
  clips.take(frame("c1", 704, "two "));
  const portions = one.portions();
  const [first, second] = [(await portions.next()).value, (await portions.next()).value];
  assert.deepEqual([[...first.bytes], first.next], [[0, 255, ...Buffer.from("one ")], 704]);
  assert.deepEqual([[...second.bytes], second.next], [[...Buffer.from("two ")], 708]);
});

test("what belonged to an earlier wish is passed over", async () => {
  const first = wish({ from: null });
  over.abort();
  assert.deepEqual(await heard(first), ["", "lost"]);
  over = new AbortController();
  const second = wish({ from: null });
  assert.deepEqual(sent.map(({ listen, unlisten }) => [listen, unlisten]), [[1, undefined], [undefined, 1], [2, undefined]]);
  begin(1, 0);
  clips.take(frame("c1", 0, "old "));
  clips.told({ listen: 1, complete: true });
  begin(2, 4);
  clips.take(frame("c1", 4, "new "));
  clips.told({ listen: 2, complete: true });
  assert.deepEqual(await heard(second), ["new ", "complete"]);
});

test("two clips at once do not mix", async () => {
  const wishes = [wish(), wish({ clip: "c22" })];
  begin(1, 0);
  begin(2, 0);
  clips.take(frame("c1", 0, "one "));
  clips.take(frame("c22", 0, "two "));
  clips.lose();
  assert.deepEqual(await Promise.all(wishes.map(heard)), [["one ", "lost"], ["two ", "lost"]]);
});

test("bytes that do not join on are not taken: they are to come in another way", async () => {
  const one = wish();
  begin(1, 0);
  clips.take(frame("c1", 0, "one "));
  clips.take(frame("c1", 5, "two "));
  clips.take(frame("c1", 4, "two "));
  assert.deepEqual(await heard(one), ["one ", "refused"]);
  assert.deepEqual(sent.at(-1), { unlisten: 1 });
});

for (const [what, bytes] of [["nothing", []], ["no offset", [1, 65, 0, 0]], ["no bytes", [1, 65, 0, 0, 0, 0, 0, 0, 0, 9]], ["half an id", [99, 65]]]) {
  test(`a frame with ${what} makes no sense`, () => {
    assert.equal(clips.take(new Uint8Array(bytes).buffer), false);
  });
}
