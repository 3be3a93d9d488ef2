import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../static/js/api.js";
import { testConnection } from "../../static/js/phone/connection-test.js";
import { judge, sampleOf } from "../../static/js/phone/quality.js";
import { Outbound, readSignal } from "../../static/js/phone/signals.js";
import { FakeClock, record, settle } from "./support.mjs";

const HERE = { me: "Ann", tab: "ann-1" };
const message = (type, body, from = "Bob") =>
  ({ id: "1", from, to: "Ann", type, sent: "2026-11-21T10:00:00.000Z", body: { call: "c", tab: "bob-1", ...body } });

test("a signal is read with whom and which tab it is from", () => {
  const signal = readSignal(message("hangup", { reason: "ended", secs: 4 }), HERE);
  assert.deepEqual([signal.type, signal.from, signal.call, signal.tab, signal.own, signal.here], ["hangup", "Bob", "c", "bob-1", false, false]);
  assert.deepEqual([signal.reason, signal.secs, signal.sent], ["ended", 4, Date.parse("2026-11-21T10:00:00Z")]);
  assert.equal(readSignal(message("hangup", { reason: "ended" }), HERE).secs, null);
});

test("one's own signals come back, from this tab or another", () => {
  const read = (tab) => readSignal(message("accept", { tab, to_tab: "bob-1" }, "Ann"), HERE);
  assert.deepEqual([read("ann-1").own, read("ann-1").here], [true, true]);
  assert.deepEqual([read("ann-2").own, read("ann-2").here], [true, false]);
});

test("what is meant for another tab, or is no signal, is not for this one", () => {
  for (const type of ["offer", "answer", "candidate"]) assert.equal(readSignal(message(type, { to_tab: "ann-2" }), HERE), null);
  assert.notEqual(readSignal(message("offer", { to_tab: "ann-1" }), HERE), null);
  assert.notEqual(readSignal(message("accept", { to_tab: "ann-2" }), HERE), null, "that a call was taken all tabs must know");
  assert.equal(readSignal(message("chat", { text: "hello" }), HERE), null);
  assert.equal(readSignal(message("invite", { call: 7 }), HERE), null);
});

/** A server that answers when the test says so. */
function server() {
  const asked = [];
  const sendMessage = (sent, options) => new Promise((resolve, reject) => asked.push({ ...sent, options, resolve, reject }));
  const clock = new FakeClock();
  const outbound = new Outbound({ api: { sendMessage }, tab: "ann-1", clock });
  return { asked, clock, outbound };
}

const types = (asked) => asked.map(({ type }) => type);

test("signals go out one after the other, each with the tab it is from and a key of its own", async () => {
  const { asked, outbound } = server();
  outbound.send("Bob", "invite", { call: "c", video: false });
  outbound.send("Bob", "offer", { call: "c", sdp: "v=0" });
  await settle();
  assert.deepEqual(types(asked), ["invite"]);
  asked[0].resolve({});
  await settle();
  assert.deepEqual(types(asked), ["invite", "offer"]);
  assert.deepEqual(asked[0].body, { call: "c", video: false, tab: "ann-1" });
  assert.notEqual(asked[0].key, asked[1].key);
});

test("candidates are gathered and sent together, after what was sent before them", async () => {
  const { asked, clock, outbound } = server();
  const to = { call: "c", to_tab: "bob-1" };
  outbound.send("Bob", "offer", { call: "c" });
  outbound.candidate("Bob", to, { candidate: "1" });
  outbound.candidate("Bob", to, { candidate: "2" });
  asked[0].resolve({});
  await clock.advance(100);
  assert.deepEqual(types(asked), ["offer"]);
  await clock.advance(150);
  assert.deepEqual(types(asked), ["offer", "candidate"]);
  assert.deepEqual(asked[1].body, { ...to, tab: "ann-1", candidates: [{ candidate: "1" }, { candidate: "2" }] });
});

test("what is said next does not overtake the candidates that wait, and no message has more than fifty", async () => {
  const { asked, outbound } = server();
  for (let n = 0; n < 51; n++) outbound.candidate("Bob", { call: "c", to_tab: "b" }, { candidate: String(n) });
  outbound.send("Bob", "hangup", { call: "c", reason: "ended" });
  for (const at of [0, 1, 2]) {
    await settle();
    asked[at].resolve({});
  }
  assert.deepEqual(types(asked), ["candidate", "candidate", "hangup"]);
  assert.deepEqual(asked.slice(0, 2).map(({ body }) => body.candidates.length), [50, 1]);
});

test("what did not get through is sent again under the same key, at once when the network is back", async () => {
  const { asked, clock, outbound } = server();
  outbound.send("Bob", "invite", { call: "c" });
  asked[0].reject(new ApiError({ offline: true }));
  await clock.advance(200);
  assert.equal(asked.length, 1);
  await clock.advance(100);
  assert.equal(asked.length, 2);
  asked[1].reject(new ApiError({ status: 503, retryAfter: 20 }));
  await settle();
  assert.equal(outbound.waits("c"), true);
  outbound.retry();
  await settle();
  assert.equal(asked.length, 3);
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
});

test("what the server will never take is said so, and the next one goes out", async () => {
  const { asked, outbound } = server();
  const refused = record(outbound, "refused");
  outbound.send("Nobody", "invite", { call: "c" });
  outbound.send("Bob", "invite", { call: "d" });
  asked[0].reject(new ApiError({ status: 422 }));
  await settle();
  assert.deepEqual(refused, [{ call: "c" }]);
  assert.equal(asked[1].body.call, "d");
});

test("of a call that is over only its end is still told", async () => {
  const { asked, clock, outbound } = server();
  outbound.send("Bob", "offer", { call: "c" });
  outbound.send("Bob", "answer", { call: "c" });
  outbound.send("Bob", "reject", { call: "d", reason: "busy" });
  outbound.candidate("Bob", { call: "c", to_tab: "b" }, { candidate: "1" });
  outbound.forget("c");
  outbound.send("Bob", "hangup", { call: "c", reason: "ended" });
  asked[0].resolve({});
  await settle();
  asked[1].resolve({});
  await clock.advance(1000);
  assert.deepEqual(types(asked), ["offer", "reject", "hangup"]);
});

test("a page that goes away sends what is left without waiting", () => {
  const { asked, outbound } = server();
  outbound.send("Bob", "offer", { call: "c" });
  outbound.send("Bob", "hangup", { call: "c", reason: "gone" });
  outbound.sendAll();
  assert.deepEqual(asked.slice(1).map(({ type, options }) => [type, options.keepalive]), [["offer", true], ["hangup", true]]);
});

const STATS = [
  { type: "transport", id: "T", selectedCandidatePairId: "P" },
  { type: "candidate-pair", id: "P", state: "succeeded", localCandidateId: "L", remoteCandidateId: "R", currentRoundTripTime: 0.048 },
  { type: "candidate-pair", id: "Q", state: "succeeded", localCandidateId: "R", remoteCandidateId: "R", currentRoundTripTime: 9 },
  { type: "local-candidate", id: "L", candidateType: "host" },
  { type: "remote-candidate", id: "R", candidateType: "relay" },
  { type: "inbound-rtp", id: "A", kind: "audio", packetsReceived: 100, packetsLost: -1 },
  { type: "inbound-rtp", id: "V", kind: "video", packetsReceived: 300, packetsLost: 4 },
  { type: "remote-inbound-rtp", id: "S", fractionLost: 0.05 },
];

test("what the browser counts becomes one sample, of the way that is used", () => {
  assert.deepEqual(sampleOf(STATS), { received: 400, lost: 4, theirLoss: 0.05, rtt: 48, route: "relay" });
  const firefox = STATS.filter(({ type }) => type !== "transport").map((one) => (one.id === "P" ? { ...one, selected: true } : one));
  assert.equal(sampleOf(firefox).rtt, 48);
  const direct = STATS.map((one) => (one.id === "R" ? { ...one, candidateType: "srflx" } : one));
  assert.equal(sampleOf(direct).route, "direct");
  assert.equal(sampleOf(direct.map((one) => (one.id === "L" ? { ...one, candidateType: "relay" } : one))).route, "relay");
  assert.deepEqual(sampleOf([]), { received: 0, lost: 0, theirLoss: 0, rtt: 0, route: null });
});

test("a line is good, fair or weak by what gets lost and how long it takes, and says which", () => {
  const before = { received: 0, lost: 0, theirLoss: 0, rtt: 0, route: null };
  const quality = (now) => {
    const { steps, reason } = judge(before, { received: 100, lost: 0, theirLoss: 0, rtt: 20, route: "direct", ...now });
    return `${steps} ${reason}`;
  };
  assert.equal(quality({}), "3 good");
  assert.equal(quality({ rtt: 300 }), "2 slow");
  assert.equal(quality({ rtt: 900 }), "1 slow");
  assert.equal(quality({ lost: 5 }), "2 loss");
  assert.equal(quality({ theirLoss: 0.2 }), "1 loss");
  assert.equal(quality({ theirLoss: 0.2, rtt: 300 }), "1 loss");
  assert.equal(quality({ theirLoss: 0.05, rtt: 300 }), "2 loss");
  assert.equal(quality({ theirLoss: 0.05, rtt: 900 }), "1 slow");
  assert.equal(quality({ received: 0 }), "1 silent");
});

/** A connection that gathers what a test says. */
class Gathering extends EventTarget {
  static gives = [];
  static errors = [];
  static closed = 0;

  createDataChannel() {}

  async setLocalDescription() {
    await settle();
    const { gives, errors } = Gathering;
    for (const error of errors) this.dispatchEvent(Object.assign(new Event("icecandidateerror"), error));
    for (const candidate of gives) this.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
  }

  close() {
    Gathering.closed += 1;
  }
}

test("the test of the connection names the furthest way, and what failed", async () => {
  const candidate = (type) => ({ type, candidate: `candidate:1 1 udp 1 10.0.0.1 9 typ ${type}` });
  const ways = async (types, errors = []) => {
    Gathering.gives = [...types.map(candidate), null];
    Gathering.errors = errors;
    return testConnection({}, { Connection: Gathering, clock: new FakeClock() });
  };
  assert.equal((await ways(["host"])).verdict, "direct");
  assert.equal((await ways(["host", "srflx"])).verdict, "stun");
  assert.deepEqual(await ways(["host", "srflx", "relay"]), { host: true, stun: true, turn: true, errors: [], verdict: "turn" });
  const failed = await ways([], [{ url: "turn:t.example", errorCode: 401, errorText: "Unauthorized" }]);
  assert.deepEqual([failed.verdict, failed.errors], ["none", ["turn:t.example: 401 Unauthorized"]]);
  assert.equal(Gathering.closed, 4);
});

test("a server that never answers ends the test after some seconds", async () => {
  Gathering.gives = [{ type: "host", candidate: "candidate:1" }];
  Gathering.errors = [];
  const clock = new FakeClock();
  const result = testConnection({}, { Connection: Gathering, clock });
  await clock.advance(9000);
  assert.equal((await result).verdict, "direct");
});
