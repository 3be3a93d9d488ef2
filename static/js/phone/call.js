/**
 * What becomes of a call: from a state and an event, the next state and what is to be done. Pure.
 *
 * @typedef {import("./phone.js").Phase} Phase
 * @typedef {import("./phone.js").End} End
 * @typedef {import("./phone.js").Note} Note
 * @typedef {import("./signals.js").Signal} Signal
 *
 * @typedef {object} Call
 * @property {Phase} phase
 * @property {string|null} id
 * @property {string|null} peer name of the other
 * @property {string|null} tab theirs, once it is known which of them it is
 * @property {boolean} outgoing
 * @property {boolean} video asked for by who calls
 * @property {boolean} invited outgoing: the devices are there and the other is told
 * @property {boolean} settled incoming: it is sure that it was this tab that took it
 * @property {number|null} since talking since then, ms since 1970
 * @property {End|null} end
 * @property {readonly string[]} past ids of calls that are over: what still comes of them is dropped
 *
 * What happens: "ready" and "deviceless" are about the devices of this side; "timeout": the phase has lasted for its
 * limit; "connected" and "lost": media flow, or do not any more; "gone": the other is offline; "unsendable": what this
 * call has to say cannot be said; "closing": the page goes away.
 * @typedef {{type: "call", id: string, peer: string, video: boolean}
 *   | {type: "deviceless", why: End["why"]}
 *   | {type: "accept", video: boolean}
 *   | {type: "ready"|"reject"|"hangUp"|"dismiss"|"timeout"|"connected"|"lost"|"gone"|"unsendable"|"closing"}
 *   | {type: "signal", signal: Signal}} Happening
 * @typedef {Happening & {at: number}} Event `at` in ms since 1970
 *
 * What is to be done: "prepare": open the devices and make the offer, then say "ready" or "deviceless"; "offer": send it
 * to the tab that has accepted; "answer": open the devices and expect the offer; "close": connection and devices.
 * @typedef {{do: "send", type: string, body: Record<string, any>, to: string}
 *   | {do: "prepare"|"answer", video: boolean}
 *   | {do: "offer"|"close"}
 *   | {do: "negotiate", signal: Signal}
 *   | {do: "missed", name: string, at: number, video: boolean}
 *   | {do: "note", note: Note}} Effect
 *
 * @typedef {{call: Call, effects: Effect[]}} Step
 */

/** Calls that are remembered when they are over. */
const MOST_PAST = 30;
const NEGOTIATION = new Set(["offer", "answer", "candidate"]);

/** @type {Call} */
export const IDLE = Object.freeze({
  phase: "idle", id: null, peer: null, tab: null, outgoing: false, video: false, invited: false, settled: false, since: null,
  end: null, past: [],
});

/** Milliseconds that a phase may last. An invitation is kept for 45 s, so who rings hears of its end soon after. */
const LIMITS = { asking: 60_000, calling: 45_000, ringing: 50_000, connecting: 30_000, reconnecting: 60_000 };

/**
 * @param {Call} call
 * @returns {number} ms; Infinity: no limit
 */
export function limitOf({ phase, invited }) {
  const name = phase === "calling" && !invited ? "asking" : phase;
  return LIMITS[/** @type {keyof typeof LIMITS} */ (name)] ?? Infinity;
}

/**
 * @param {Call} call
 * @returns {boolean} it keeps microphone and loudspeaker busy
 */
export function isOn({ phase }) {
  return phase !== "idle" && phase !== "ended" && phase !== "ringing";
}

/**
 * @param {Call} call
 * @param {Event} event
 * @returns {Step}
 */
export function step(call, event) {
  const act = /** @type {(call: Call, event: any) => Step} */ (event.type === "signal" ? hear : ACTS[event.type]);
  return act(call, event);
}

/** What a person, the devices, the connection or the time does. @type {Record<string, (call: Call, event: any) => Step>} */
const ACTS = {
  call: (call, { id, peer, video }) => {
    if (call.phase === "ringing" && call.peer === peer) return take(call, video);
    if (call.phase !== "idle" && call.phase !== "ended") return same(call);
    return { call: { ...IDLE, phase: "calling", id, peer, outgoing: true, video, past: call.past }, effects: [{ do: "prepare", video }] };
  },
  ready: (call) => {
    if (call.phase !== "calling" || call.invited) return same(call);
    return { call: { ...call, invited: true }, effects: [send(call, "invite", { video: call.video })] };
  },
  deviceless: (call, { why, at }) => {
    if (!isOn(call)) return same(call);
    const told = call.outgoing && !call.invited ? [] : [send(call, "hangup", { reason: "failed" })];
    return finish(call, { reason: "no-microphone", byMe: true, at, why }, told);
  },
  accept: (call, { video }) => (call.phase === "ringing" ? take(call, video) : same(call)),
  reject: (call, { at }) => {
    if (call.phase !== "ringing") return same(call);
    return finish(call, { reason: "declined", byMe: true, at }, [send(call, "reject", { reason: "declined" })]);
  },
  hangUp: (call, event) => {
    if (call.phase === "ringing") return ACTS.reject(call, event);
    return isOn(call) ? end(call, call.phase === "calling" ? "cancelled" : "ended", event.at) : same(call);
  },
  dismiss: (call) => (call.phase === "ended" ? { call: { ...IDLE, past: call.past }, effects: [] } : same(call)),
  timeout: (call, { at }) => {
    if (call.phase === "ringing") return missed(call, "unanswered", at);
    if (call.phase === "calling" && call.invited) return end(call, "unanswered", at);
    return isOn(call) ? end(call, "failed", at) : same(call);
  },
  connected: (call, { at }) => {
    if (call.phase !== "connecting" && call.phase !== "reconnecting") return same(call);
    return { call: { ...call, phase: "talking", since: call.since ?? at }, effects: [] };
  },
  lost: (call) => (call.phase === "talking" ? { call: { ...call, phase: "reconnecting" }, effects: [] } : same(call)),
  gone: (call, { at }) => {
    if (call.phase === "ringing") return missed(call, "gone", at);
    if (call.phase === "calling" || call.phase === "connecting") return end(call, "gone", at, false);
    return same(call);
  },
  unsendable: (call, { at }) => (isOn(call) ? finish(call, { reason: "failed", byMe: true, at }) : same(call)),
  closing: (call, { at }) => {
    if (call.phase === "calling") return end(call, "cancelled", at);
    return isOn(call) ? end(call, "gone", at) : same(call);
  },
};

/**
 * @param {Call} call
 * @param {{signal: Signal, at: number}} event
 * @returns {Step}
 */
function hear(call, { signal, at }) {
  if (signal.own) return hearOwn(call, signal, at);
  if (signal.type === "invite") return invited(call, signal, at);
  if (signal.call !== call.id || signal.from !== call.peer || call.phase === "ended") return hearOther(call, signal, at);
  if (call.tab && signal.tab !== call.tab) return same(call);
  const { type } = signal;
  if (type === "hangup" && call.phase === "ringing") return missed(call, signal.reason ?? "cancelled", at);
  if (type === "hangup") return finish(call, { reason: signal.reason ?? "ended", byMe: false, at });
  if (call.phase === "calling") return hearAnswer(call, signal, at);
  return isOn(call) && NEGOTIATION.has(type) ? { call, effects: [{ do: "negotiate", signal }] } : same(call);
}

/**
 * While one calls: they take it, or not.
 * @param {Call} call
 * @param {Signal} signal
 * @param {number} at
 * @returns {Step}
 */
function hearAnswer(call, signal, at) {
  if (signal.type === "accept") return { call: { ...call, phase: "connecting", tab: signal.tab }, effects: [{ do: "offer" }] };
  if (signal.type === "reject") return finish(call, { reason: signal.reason ?? "declined", byMe: false, at });
  return same(call);
}

/**
 * A call that is not this tab's, or not any more.
 * @param {Call} call
 * @param {Signal} signal
 * @param {number} at
 * @returns {Step}
 */
function hearOther(call, signal, at) {
  const { type, from, secs, video } = signal;
  if (type === "accept" && call.phase === "ringing" && call.peer === from) {
    return finish(call, { reason: "elsewhere", byMe: true, at }); // two called each other: another tab has their answer
  }
  const never = type === "hangup" && secs === null && signal.reason !== "ended" && signal.reason !== "failed";
  if (!never || signal.call === call.id || call.past.includes(signal.call)) return same(call);
  return { call: { ...call, past: withPast(call, signal.call) }, effects: [{ do: "missed", name: from, at: signal.sent, video }] };
}

/**
 * What another tab of one's own has said, or this one, come back.
 * @param {Call} call
 * @param {Signal} signal
 * @param {number} at
 * @returns {Step}
 */
function hearOwn(call, { type, call: id, here, reason }, at) {
  if (id !== call.id || call.outgoing) return { call: here ? call : { ...call, past: withPast(call, id) }, effects: [] };
  if (here) return { call: type === "accept" ? { ...call, settled: true } : call, effects: [] };
  if (type === "reject" && call.phase === "ringing" && reason === "busy") return missed(call, "elsewhere", at);
  const taken = type === "accept" && call.phase === "connecting" && !call.settled;
  if (taken || (call.phase === "ringing" && (type === "accept" || type === "reject"))) {
    return finish(call, { reason: "elsewhere", byMe: true, at });
  }
  return same(call);
}

/**
 * Somebody calls.
 * @param {Call} call
 * @param {Signal} signal
 * @param {number} at
 * @returns {Step}
 */
function invited(call, signal, at) {
  const { from: peer, call: id, tab, video } = signal;
  if (id === call.id || call.past.includes(id)) return same(call);
  const ring = { ...IDLE, phase: /** @type {const} */ ("ringing"), id, peer, tab, video, past: call.past };
  if (call.phase === "idle" || call.phase === "ended") return { call: ring, effects: [] };
  if (call.peer !== peer) {
    const busy = /** @type {Effect} */ ({ do: "send", to: peer, type: "reject", body: { call: id, reason: "busy" } });
    return { call: { ...call, past: withPast(call, id) }, effects: [busy, { do: "missed", name: peer, at: signal.sent, video }] };
  }
  if (call.phase === "calling") return both(call, ring);
  // Who calls while one talks with them has lost this call: their page is another one.
  const lost = call.phase === "ringing" ? missed(call, "gone", at) : finish(call, { reason: "gone", byMe: false, at });
  return { call: { ...ring, past: lost.call.past }, effects: lost.effects };
}

/**
 * Two call each other: the call with the lower id stays, and its callee takes it unasked, as wanted for their own.
 * @param {Call} mine
 * @param {Call} theirs
 * @returns {Step}
 */
function both(mine, theirs) {
  const id = /** @type {string} */ (theirs.id);
  if (mine.invited && /** @type {string} */ (mine.id) < id) {
    return { call: { ...mine, past: withPast(mine, id) }, effects: [] };
  }
  const { call, effects } = take({ ...theirs, past: withPast(theirs, /** @type {string} */ (mine.id)) }, mine.video);
  // After the answer, so that their other tabs do not take it for a call that was given up.
  return { call, effects: mine.invited ? [...effects, send(mine, "hangup", { reason: "ended" })] : effects };
}

/**
 * @param {Call} call
 * @param {boolean} video
 * @returns {Step}
 */
function take(call, video) {
  const accept = send(call, "accept", { to_tab: call.tab, video });
  return { call: { ...call, phase: "connecting" }, effects: [accept, { do: "answer", video }] };
}

/**
 * Nobody has answered here.
 * @param {Call} call
 * @param {End["reason"]} reason
 * @param {number} at
 * @returns {Step}
 */
function missed(call, reason, at) {
  const { peer: name, video } = /** @type {Call & {peer: string}} */ (call);
  return { call: over(call, { reason, byMe: false, at }), effects: [{ do: "close" }, { do: "missed", name, at, video }] };
}

/**
 * Ends it, and tells the other.
 * @param {Call} call
 * @param {End["reason"]} reason
 * @param {number} at
 * @param {boolean} [byMe]
 * @returns {Step}
 */
function end(call, reason, at, byMe = true) {
  const secs = talked(call, at);
  const told = call.outgoing && !call.invited ? [] : [send(call, "hangup", secs === null ? { reason } : { reason, secs })];
  return finish(call, { reason, byMe, at }, told);
}

/**
 * @param {Call} call
 * @param {{reason: End["reason"], byMe: boolean, at: number, why?: End["why"]}} how
 * @param {Effect[]} [told]
 * @returns {Step}
 */
function finish(call, how, told = []) {
  const done = over(call, how);
  const { peer, outgoing, video } = call;
  const { reason: key, byMe, secs } = /** @type {End} */ (done.end);
  const note = /** @type {Note} */ ({ key, name: peer, outgoing, byMe, secs, video });
  return { call: done, effects: [...told, { do: "close" }, ...(key === "elsewhere" ? [] : [/** @type {Effect} */ ({ do: "note", note })])] };
}

/**
 * @param {Call} call
 * @param {{reason: End["reason"], byMe: boolean, at: number, why?: End["why"]}} how
 * @returns {Call}
 */
function over(call, { reason, byMe, at, why = null }) {
  const past = withPast(call, /** @type {string} */ (call.id));
  return { ...call, phase: "ended", end: { reason, byMe, secs: talked(call, at), why }, past };
}

/**
 * @param {Call} call
 * @param {number} at
 * @returns {number|null} whole seconds
 */
function talked({ since }, at) {
  return since === null ? null : Math.max(0, Math.round((at - since) / 1000));
}

/**
 * @param {Call} call
 * @param {string} id
 */
function withPast({ past }, id) {
  return past.includes(id) ? past : [...past, id].slice(-MOST_PAST);
}

/**
 * @param {Call} call
 * @param {string} type
 * @param {Record<string, any>} body
 * @returns {Effect}
 */
function send({ id, peer }, type, body) {
  return { do: "send", to: /** @type {string} */ (peer), type, body: { call: id, ...body } };
}

/**
 * @param {Call} call
 * @returns {Step}
 */
function same(call) {
  return { call, effects: [] };
}
