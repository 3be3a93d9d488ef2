/**
 * How good a connection is, from what the browser counts. Pure.
 *
 * @typedef {import("./phone.js").Quality} Quality
 *
 * @typedef {object} Sample counts at one moment
 * @property {number} received packets
 * @property {number} lost packets that did not come
 * @property {number} theirLoss what did not reach the other side, 0 to 1, as they report it
 * @property {number} rtt milliseconds
 * @property {Quality["route"]} route
 */

/** Milliseconds of the way there and back up to which a talk is easy, and possible. */
const EASY = 250;
const POSSIBLE = 500;
/** Share of packets that a codec hides, and that one hears but understands. */
const HIDDEN = 0.02;
const UNDERSTOOD = 0.08;

/**
 * @param {Iterable<any>} stats the values of an RTCStatsReport
 * @returns {Sample}
 */
export function sampleOf(stats) {
  const all = [...stats];
  const byId = new Map(all.map((one) => [one.id, one]));
  const ofType = (/** @type {string} */ type) => all.filter((one) => one.type === type);
  const inbound = ofType("inbound-rtp");
  const chosen = ofType("transport").map(({ selectedCandidatePairId }) => byId.get(selectedCandidatePairId)).find(Boolean);
  const pairs = ofType("candidate-pair").filter(({ state }) => state === "succeeded");
  const pair = chosen ?? pairs.find(({ selected, nominated }) => selected ?? nominated);
  const sum = (/** @type {string} */ key) => inbound.reduce((total, one) => total + Math.max(0, one[key] ?? 0), 0);
  return {
    received: sum("packetsReceived"),
    lost: sum("packetsLost"),
    theirLoss: Math.max(0, ...ofType("remote-inbound-rtp").map(({ fractionLost }) => fractionLost ?? 0)),
    rtt: Math.round((pair?.currentRoundTripTime ?? 0) * 1000),
    route: routeOf(byId.get(pair?.localCandidateId), byId.get(pair?.remoteCandidateId)),
  };
}

/**
 * @param {Sample} before
 * @param {Sample} now some seconds later
 * @returns {Quality}
 */
export function judge(before, now) {
  const came = now.received - before.received;
  const missing = Math.max(0, now.lost - before.lost);
  const loss = Math.max(came + missing > 0 ? missing / (came + missing) : 0, now.theirLoss);
  const facts = { rtt: now.rtt, loss, route: now.route };
  if (came <= 0) return { steps: 1, reason: "silent", ...facts };
  const bySpeed = now.rtt <= EASY ? 3 : now.rtt <= POSSIBLE ? 2 : 1;
  const byLoss = loss <= HIDDEN ? 3 : loss <= UNDERSTOOD ? 2 : 1;
  if (bySpeed === 3 && byLoss === 3) return { steps: 3, reason: "good", ...facts };
  return byLoss <= bySpeed ? { steps: byLoss, reason: "loss", ...facts } : { steps: bySpeed, reason: "slow", ...facts };
}

/**
 * @param {any} [local] candidate
 * @param {any} [remote] candidate
 * @returns {Quality["route"]}
 */
function routeOf(local, remote) {
  if (!local && !remote) return null;
  return local?.candidateType === "relay" || remote?.candidateType === "relay" ? "relay" : "direct";
}
