import assert from "node:assert/strict";
import { test } from "node:test";

import { ChatMemory } from "../../static/js/phone/chat-memory.js";
import { FakeArea } from "./support.mjs";

const entry = { key: "missed", outgoing: false, byMe: false, secs: null, video: true };
const call = { id: "call-1-Ann", from: "Ann", to: "Bob", text: "", sent: "2026-11-21T10:00:00.000Z", state: "sent", call: entry };

test("a call is remembered over a reload as what it was", () => {
  const area = new FakeArea();
  new ChatMemory("chat", area).add(call);
  assert.deepEqual(new ChatMemory("chat", area).lines, [call]);
});

test("a line that was on its way when the page went can be sent again", () => {
  const area = new FakeArea();
  new ChatMemory("chat", area).add({ ...call, call: undefined, text: "hello", state: "sending" });
  assert.equal(new ChatMemory("chat", area).lines[0].state, "failed");
});

test("what is stored and no line is left out, with a call that is none", () => {
  const area = new FakeArea();
  area.setItem("chat", JSON.stringify([null, 3, { id: "x" }, { ...call, call: { key: 7 } }, call]));
  assert.deepEqual(new ChatMemory("chat", area).lines, [call]);
});
