/** How to ask for events next, and how long to rest after an answer that brought nothing. Pure. */

/** Seconds. */
const HIDDEN_REST = 10;
const CROWDED_REST = 1;
const CROWDED_SPREAD = 2;
/** A long poll that comes back sooner than this held nothing: something in between answered. */
const SOON = 0.5;
const SOON_REST = 1;

/**
 * @typedef {object} Situation
 * @property {"long"|"off"|number} poll the person's choice; a number is seconds between polls
 * @property {boolean} hidden the tab is not seen
 * @property {boolean} attentive it must not be slow even so: it plays, or is in a call
 * @property {boolean} crowded the server had no room for a listener a moment ago
 * @property {boolean} sure the last request was answered
 * @property {number} longest seconds that a long poll may last
 */

/**
 * After a failure a short poll comes first: a long one would not tell for long whether the server is back.
 * @param {Situation} situation
 * @returns {{wait: number, rest: number}} seconds: of the long poll (0: a short one), and until the next
 */
export function pace({ poll, hidden, attentive, crowded, sure, longest }, random = Math.random) {
  const slow = hidden && !attentive;
  if (poll === "off") return { wait: 0, rest: Infinity };
  if (poll !== "long") return { wait: 0, rest: jitter(slow ? Math.max(poll, HIDDEN_REST) : poll, random) };
  if (slow) return { wait: 0, rest: jitter(HIDDEN_REST, random) };
  if (crowded || longest <= 0) return { wait: 0, rest: CROWDED_REST + random() * CROWDED_SPREAD };
  return { wait: sure ? longest : 0, rest: 0 };
}

/**
 * Several tabs are served by one request: as fast as the fastest of them wants.
 * @param {{wait: number, rest: number}[]} plans
 * @returns {{wait: number, rest: number}}
 */
export function liveliest(plans) {
  const wait = Math.max(...plans.map((plan) => plan.wait));
  return { wait, rest: wait > 0 ? 0 : Math.min(...plans.map((plan) => plan.rest)) };
}

/**
 * @param {{wait: number, rest: number}} asked
 * @param {number} took seconds until the answer
 * @param {boolean} moved the answer brought something
 * @returns {number} seconds until the next request
 */
export function restAfter({ wait, rest }, took, moved) {
  if (rest > 0 || wait === 0) return rest;
  return moved || took >= SOON ? 0 : SOON_REST;
}

/**
 * What the server is told, for as long as one is to count as online.
 * @param {{wait: number, rest: number}} asked
 * @returns {number} whole seconds until the next request, if this one is not held; 0: no word about it
 */
export function nextAfter({ wait, rest }) {
  if (wait > 0) return CROWDED_REST + CROWDED_SPREAD;
  return Number.isFinite(rest) ? Math.ceil(rest) : 0;
}

/**
 * @param {number} seconds
 * @param {() => number} random
 */
function jitter(seconds, random) {
  return seconds * (0.9 + 0.2 * random());
}
