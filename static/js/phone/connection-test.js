/**
 * What ways out of this network a call has: gathers candidates and looks where they come from.
 *
 * @typedef {object} Ways
 * @property {boolean} host an address of this device
 * @property {boolean} stun its address as the internet sees it
 * @property {boolean} turn a relay
 * @property {string[]} errors what the servers, or the way to them, gave instead: "stun:…: 701 …"
 * @property {"direct"|"stun"|"turn"|"none"} verdict the furthest that a call gets: "direct" only within one network,
 *   "stun" through most routers, "turn" through nearly all; with a relay prescribed there is nothing between it and "none"
 */

import { systemClock } from "../clock.js";

/** Milliseconds after which what did not answer counts as not there. */
const PATIENCE = 8000;

/**
 * @param {RTCConfiguration} configuration
 * @param {object} [parts]
 * @param {typeof globalThis.RTCPeerConnection} [parts.Connection]
 * @param {import("../clock.js").Clock} [parts.clock]
 * @returns {Promise<Ways>}
 */
export async function testConnection(configuration, { Connection = globalThis.RTCPeerConnection, clock = systemClock } = {}) {
  const connection = new Connection(configuration);
  /** @type {Set<string>} */
  const types = new Set();
  /** @type {Set<string>} */
  const errors = new Set();
  try {
    await new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => done(), PATIENCE);
      const done = () => {
        clock.clearTimeout(timer);
        resolve(undefined);
      };
      connection.addEventListener("icecandidate", ({ candidate }) => {
        if (candidate?.candidate) types.add(typeOf(candidate));
        else if (!candidate) done();
      });
      connection.addEventListener("icecandidateerror", (event) => errors.add(wordsOf(event)));
      connection.createDataChannel("test");
      connection.setLocalDescription().catch(reject);
    });
  } finally {
    connection.close();
  }
  const [host, stun, turn] = ["host", "srflx", "relay"].map((type) => types.has(type));
  return { host, stun, turn, errors: [...errors], verdict: turn ? "turn" : stun ? "stun" : host ? "direct" : "none" };
}

/** @param {RTCIceCandidate} candidate */
function typeOf({ type, candidate }) {
  return type ?? / typ (\w+)/.exec(candidate)?.[1] ?? "";
}

/** @param {RTCPeerConnectionIceErrorEvent} event */
function wordsOf({ url, errorCode, errorText }) {
  return `${url}: ${errorCode} ${errorText}`.trim();
}
