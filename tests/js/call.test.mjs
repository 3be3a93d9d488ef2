import assert from "node:assert/strict";
import { test } from "node:test";

import { IDLE, isOn, limitOf, step } from "../../static/js/phone/call.js";

const AT = 1_000_000;
const CALLING = act(IDLE, { type: "call", id: "m", peer: "Bob", video: true }).call;
const INVITED = act(CALLING, { type: "ready" }).call;
const RINGING = hear(IDLE, { type: "invite", call: "x", video: true }).call;
const CONNECTING = hear(INVITED, { type: "accept", call: "m" }).call;
const TAKEN = act(RINGING, { type: "accept", video: false }).call;
const TALKING = act(CONNECTING, { type: "connected" }).call;
const RECONNECTING = act(TALKING, { type: "lost" }).call;
const ENDED = act(TALKING, { type: "hangUp" }).call;
const EVERY = { IDLE, CALLING, INVITED, RINGING, CONNECTING, TAKEN, TALKING, RECONNECTING, ENDED };

/** What comes of an event, a minute after the beginning. */
function act(call, event, at = AT) {
  return step(call, { ...event, at });
}

/** What comes of a signal: from Bob's tab, unless the test says otherwise. */
function hear(call, signal, at = AT) {
  const whole = { from: "Bob", own: false, here: false, tab: "bob-1", sent: AT - 500, video: false, reason: null, secs: null,
    sdp: "", candidates: [], ...signal };
  return step(call, { type: "signal", signal: whole, at });
}

const own = (signal) => ({ from: "Ann", own: true, tab: "ann-2", ...signal });
const sent = ({ effects }) => effects.filter((one) => one.do === "send").map(({ type, body }) => ({ type, ...body }));
const doings = ({ effects }) => effects.map((one) => one.do);
const missed = ({ effects }) => effects.filter((one) => one.do === "missed");

test("a call opens the devices first, and invites when they are there", () => {
  const pressed = act(IDLE, { type: "call", id: "m", peer: "Bob", video: true });
  assert.deepEqual([pressed.call.phase, pressed.call.peer, pressed.call.outgoing], ["calling", "Bob", true]);
  assert.deepEqual(pressed.effects, [{ do: "prepare", video: true }]);
  const ready = act(pressed.call, { type: "ready" });
  assert.deepEqual(sent(ready), [{ type: "invite", call: "m", video: true }]);
  assert.deepEqual(act(ready.call, { type: "ready" }).effects, [], "once");
});

test("an acceptance brings the offer to the tab that accepted, and to no other", () => {
  const accepted = hear(INVITED, { type: "accept", call: "m", tab: "bob-2" });
  assert.deepEqual([accepted.call.phase, accepted.call.tab], ["connecting", "bob-2"]);
  assert.deepEqual(doings(accepted), ["offer"]);
  const late = hear(accepted.call, { type: "accept", call: "m", tab: "bob-1" });
  assert.deepEqual([late.call, late.effects], [accepted.call, []]);
});

test("an invitation rings, and is taken with what the person wants", () => {
  assert.deepEqual([RINGING.phase, RINGING.peer, RINGING.tab, RINGING.video], ["ringing", "Bob", "bob-1", true]);
  const taken = act(RINGING, { type: "accept", video: false });
  assert.equal(taken.call.phase, "connecting");
  assert.deepEqual(sent(taken), [{ type: "accept", call: "x", to_tab: "bob-1", video: false }]);
  assert.deepEqual(doings(taken), ["send", "answer"]);
});

test("to call somebody who is calling is to take their call", () => {
  const taken = act(RINGING, { type: "call", id: "m", peer: "Bob", video: true });
  assert.deepEqual(sent(taken), [{ type: "accept", call: "x", to_tab: "bob-1", video: true }]);
  assert.equal(act(RINGING, { type: "call", id: "m", peer: "Eve", video: true }).call, RINGING);
});

test("while a call is on no other can be begun", () => {
  for (const call of [CALLING, INVITED, CONNECTING, TAKEN, TALKING, RECONNECTING]) {
    assert.deepEqual(act(call, { type: "call", id: "n", peer: "Eve", video: false }), { call, effects: [] });
  }
});

test("offers, answers and candidates of the other tab are handed on while the line is made and after", () => {
  for (const call of [CONNECTING, TALKING, RECONNECTING]) {
    for (const type of ["offer", "answer", "candidate"]) {
      assert.deepEqual(doings(hear(call, { type, call: "m" })), ["negotiate"]);
      assert.deepEqual(hear(call, { type, call: "m", tab: "bob-2" }).effects, [], "another tab's");
      assert.deepEqual(hear(call, { type, call: "old" }).effects, [], "another call's");
      assert.deepEqual(hear(call, { type, call: "m", from: "Eve" }).effects, [], "somebody else's");
    }
  }
  for (const call of [IDLE, CALLING, RINGING, ENDED]) assert.deepEqual(hear(call, { type: "offer", call: call.id ?? "m" }).effects, []);
});

test("one talks from the first connection on, interruptions included", () => {
  assert.deepEqual([TALKING.phase, TALKING.since], ["talking", AT]);
  assert.equal(RECONNECTING.phase, "reconnecting");
  const back = act(RECONNECTING, { type: "connected" }, AT + 9000).call;
  assert.deepEqual([back.phase, back.since], ["talking", AT]);
  assert.equal(act(CONNECTING, { type: "lost" }).call, CONNECTING);
});

test("hanging up tells the other what it was and how long", () => {
  const before = act(INVITED, { type: "hangUp" });
  assert.deepEqual(sent(before), [{ type: "hangup", call: "m", reason: "cancelled" }]);
  assert.deepEqual(before.call.end, { reason: "cancelled", byMe: true, secs: null, why: null });
  const after = act(TALKING, { type: "hangUp" }, AT + 4400);
  assert.deepEqual(sent(after), [{ type: "hangup", call: "m", reason: "ended", secs: 4 }]);
  assert.deepEqual(after.call.end, { reason: "ended", byMe: true, secs: 4, why: null });
  assert.deepEqual(doings(after), ["send", "close", "note"]);
  assert.deepEqual(sent(act(CALLING, { type: "hangUp" })), [], "nobody was invited yet");
});

test("declining tells the other", () => {
  for (const type of ["reject", "hangUp"]) {
    const declined = act(RINGING, { type });
    assert.deepEqual(sent(declined), [{ type: "reject", call: "x", reason: "declined" }]);
    assert.deepEqual([declined.call.end.reason, declined.call.end.byMe], ["declined", true]);
  }
  for (const reason of ["declined", "busy"]) {
    const { end } = hear(INVITED, { type: "reject", call: "m", reason }).call;
    assert.deepEqual([end.reason, end.byMe], [reason, false]);
  }
});

test("a hang-up of the other ends it, whatever is on", () => {
  for (const call of [CONNECTING, TALKING, RECONNECTING]) {
    const over = hear(call, { type: "hangup", call: "m", reason: "gone", secs: 3 });
    assert.deepEqual([over.call.phase, over.call.end.reason, over.call.end.byMe], ["ended", "gone", false]);
    assert.deepEqual(sent(over), []);
  }
});

test("what rang and was not taken is a missed call, once", () => {
  for (const reason of ["cancelled", "unanswered", "gone"]) {
    const over = hear(RINGING, { type: "hangup", call: "x", reason });
    assert.deepEqual(missed(over), [{ do: "missed", name: "Bob", at: AT, video: true }]);
    assert.deepEqual(missed(hear(over.call, { type: "hangup", call: "x", reason })), []);
    assert.deepEqual(missed(hear(act(over.call, { type: "dismiss" }).call, { type: "hangup", call: "x", reason })), []);
  }
  assert.equal(missed(act(RINGING, { type: "timeout" })).length, 1);
  assert.equal(missed(act(RINGING, { type: "gone" })).length, 1);
});

test("a call that came and went while one was away is missed; one that was taken is not", () => {
  const away = hear(IDLE, { type: "hangup", call: "x", reason: "unanswered" });
  assert.deepEqual(missed(away), [{ do: "missed", name: "Bob", at: AT - 500, video: false }]);
  assert.deepEqual(missed(hear(away.call, { type: "hangup", call: "x", reason: "unanswered" })), []);
  assert.deepEqual(missed(hear(IDLE, { type: "hangup", call: "x", reason: "ended" })), []);
  assert.deepEqual(missed(hear(IDLE, { type: "hangup", call: "x", reason: "gone", secs: 9 })), []);
  const declined = act(act(RINGING, { type: "reject" }).call, { type: "dismiss" }).call;
  assert.deepEqual(missed(hear(declined, { type: "hangup", call: "x", reason: "cancelled" })), [], "crossed");
});

test("nobody is rung for ever", () => {
  const over = act(INVITED, { type: "timeout" });
  assert.deepEqual(sent(over), [{ type: "hangup", call: "m", reason: "unanswered" }]);
  assert.equal(over.call.end.reason, "unanswered");
  for (const call of [CONNECTING, RECONNECTING]) {
    const failed = act(call, { type: "timeout" });
    assert.equal(failed.call.end.reason, "failed");
    assert.deepEqual(sent(failed).map(({ reason }) => reason), ["failed"]);
  }
  assert.deepEqual([CALLING, INVITED, RINGING, CONNECTING, RECONNECTING].map(limitOf), [60_000, 45_000, 50_000, 30_000, 60_000]);
  assert.deepEqual([IDLE, TALKING, ENDED].map(limitOf), [Infinity, Infinity, Infinity]);
});

test("who goes offline before the talk has gone; in the talk the line itself tells", () => {
  for (const call of [INVITED, CONNECTING]) {
    const over = act(call, { type: "gone" });
    assert.deepEqual([over.call.end.reason, over.call.end.byMe], ["gone", false]);
    assert.deepEqual(sent(over).map(({ reason }) => reason), ["gone"]);
  }
  for (const call of [TALKING, RECONNECTING]) assert.equal(act(call, { type: "gone" }).call, call);
});

test("without a microphone there is no call, and who was told of one learns it", () => {
  const asked = act(CALLING, { type: "deviceless", why: "refused" });
  assert.deepEqual(sent(asked), []);
  assert.deepEqual(asked.call.end, { reason: "no-microphone", byMe: true, secs: null, why: "refused" });
  const taken = act(TAKEN, { type: "deviceless", why: "busy" });
  assert.deepEqual(sent(taken), [{ type: "hangup", call: "x", reason: "failed" }]);
});

test("who talks is busy for others, and learns who called", () => {
  for (const call of [CALLING, INVITED, RINGING, CONNECTING, TAKEN, TALKING, RECONNECTING]) {
    const busy = hear(call, { type: "invite", call: "e", from: "Eve", tab: "eve-1" });
    assert.deepEqual(sent(busy), [{ type: "reject", call: "e", reason: "busy" }]);
    assert.equal(missed(busy)[0].name, "Eve");
    assert.equal(busy.call.id, call.id);
    assert.deepEqual(missed(hear(busy.call, { type: "hangup", call: "e", from: "Eve", reason: "cancelled" })), []);
  }
});

test("of two who call each other the call with the lower id stays, and the other takes it unasked", () => {
  const winner = hear(INVITED, { type: "invite", call: "z" });
  assert.deepEqual([winner.call.phase, winner.call.id, winner.effects], ["calling", "m", []]);
  assert.equal(hear(winner.call, { type: "accept", call: "m" }).call.phase, "connecting");
  const loser = hear(INVITED, { type: "invite", call: "a", tab: "bob-3" });
  assert.deepEqual([loser.call.phase, loser.call.id, loser.call.outgoing], ["connecting", "a", false]);
  assert.deepEqual(sent(loser), [
    { type: "accept", call: "a", to_tab: "bob-3", video: true },
    { type: "hangup", call: "m", reason: "ended" },
  ]);
  const early = hear(CALLING, { type: "invite", call: "z" });
  assert.deepEqual(sent(early).map(({ type }) => type), ["accept"], "who has not invited yet takes theirs in any case");
});

test("another tab of the winner, which rings with the other call, falls silent", () => {
  const ringing = hear(IDLE, { type: "invite", call: "z" }).call;
  const over = hear(ringing, { type: "accept", call: "m" });
  assert.equal(over.call.end.reason, "elsewhere");
  assert.deepEqual(missed(hear(over.call, { type: "hangup", call: "z", reason: "ended" })), []);
});

test("what was taken or declined in another tab rings here no more", () => {
  for (const type of ["accept", "reject"]) {
    const over = hear(RINGING, own({ type, call: "x", reason: type === "reject" ? "declined" : null }));
    assert.deepEqual([over.call.end.reason, doings(over)], ["elsewhere", ["close"]]);
  }
  const busy = hear(RINGING, own({ type: "reject", call: "x", reason: "busy" }));
  assert.equal(missed(busy).length, 1);
});

test("of two tabs that take a call at once the first one has it", () => {
  const first = hear(TAKEN, own({ type: "accept", call: "x", here: true })).call;
  assert.equal(hear(first, own({ type: "accept", call: "x" })).call, first);
  const second = hear(TAKEN, own({ type: "accept", call: "x" }));
  assert.equal(second.call.end.reason, "elsewhere");
});

test("a call of one's own in another tab is none of this one's business", () => {
  const heard = hear(IDLE, own({ type: "invite", call: "t" }));
  assert.equal(heard.call.phase, "idle");
  assert.deepEqual(missed(hear(heard.call, { type: "hangup", call: "t", reason: "gone" })), []);
});

test("who calls again while one still believes to talk with them has a new call", () => {
  const again = hear(TALKING, { type: "invite", call: "x", tab: "bob-9" });
  assert.deepEqual([again.call.phase, again.call.id, again.call.tab], ["ringing", "x", "bob-9"]);
  assert.deepEqual(doings(again), ["close", "note"]);
});

test("the page that goes away tells the other side", () => {
  const reasons = (call) => sent(act(call, { type: "closing" })).map(({ type, reason }) => `${type} ${reason}`);
  assert.deepEqual(reasons(INVITED), ["hangup cancelled"]);
  for (const call of [CONNECTING, TAKEN, TALKING, RECONNECTING]) assert.deepEqual(reasons(call), ["hangup gone"]);
  for (const call of [IDLE, CALLING, RINGING, ENDED]) assert.deepEqual(reasons(call), []);
});

test("a call that the server does not take fails without another word", () => {
  const over = act(INVITED, { type: "unsendable" });
  assert.deepEqual([over.call.end.reason, sent(over)], ["failed", []]);
});

test("an ended call stays until it is dismissed or the next one begins, and its id never rings again", () => {
  assert.equal(ENDED.phase, "ended");
  assert.equal(hear(ENDED, { type: "invite", call: "m" }).call, ENDED);
  const idle = act(ENDED, { type: "dismiss" }).call;
  assert.deepEqual([idle.phase, idle.end], ["idle", null]);
  assert.equal(hear(idle, { type: "invite", call: "m" }).call, idle);
  assert.equal(act(ENDED, { type: "call", id: "n", peer: "Eve", video: false }).call.phase, "calling");
  assert.equal(hear(ENDED, { type: "invite", call: "y" }).call.phase, "ringing");
});

test("whatever happens whenever, the state is one of the seven and nothing is sent without a call", () => {
  const events = ["ready", "reject", "hangUp", "dismiss", "timeout", "connected", "lost", "gone", "unsendable", "closing"];
  const phases = new Set(["idle", "calling", "ringing", "connecting", "talking", "reconnecting", "ended"]);
  for (const call of Object.values(EVERY)) {
    for (const type of events) {
      const after = act(call, { type });
      assert.ok(phases.has(after.call.phase), type);
      for (const { call: id } of sent(after)) assert.equal(id, call.id);
    }
    assert.equal(isOn(call), !["idle", "ended", "ringing"].includes(call.phase));
  }
});
