/**
 * Sending a recording, in pieces while it grows or whole: the requests of a resumable upload
 * (draft-ietf-httpbis-resumable-upload). By XMLHttpRequest, as fetch tells nothing of how much has been sent.
 *
 * @typedef {object} Fields what is known of a whole recording
 * @property {number} duration seconds
 * @property {string} description
 * @property {number[]} peaks 0 to 100
 *
 * @typedef {object} Growing what is said of a live one while it grows
 * @property {true} [live] with the first piece: others hear it as it comes
 * @property {number} [duration] seconds so far
 * @property {number[]} [peaks] so far, 0 to 100
 * @property {boolean} [paused] its author has paused, or goes on
 *
 * @typedef {object} Piece
 * @property {string|null} upload id at the server, null as long as it has none
 * @property {string} key idempotency key of the clip
 * @property {string} mime of the recording
 * @property {number} offset bytes before this piece
 * @property {Blob} body
 * @property {Fields|null} finish null: more will come
 * @property {Growing|null} [growing] what is said of it meanwhile
 * @property {Blob|null} [whole] the recording that the clip must equal in every byte, where that shall be made sure
 *
 * @typedef {{upload: string, offset: number, clip: import("./api.js").Clip|null}} Taken what the server has now
 */

import { ApiError, problem } from "./api-error.js";
import { Stall } from "./stall.js";

/** Seconds without a byte sent, or for the answer. */
const STALL_SECONDS = 30;
/** The same of a piece that somebody is waiting to hear: it is small, and asked again it goes on where it broke off. */
const LIVE_STALL_SECONDS = 8;

/**
 * @param {XMLHttpRequest} xhr
 * @param {string} uploads URL of the thread's uploads
 * @param {Piece} piece
 * @param {{onProgress?: (bytes: number) => void, signal?: AbortSignal}} [options] `onProgress`: bytes of the body so far
 * @returns {Promise<Taken>}
 */
export async function sendPiece(xhr, uploads, piece, { onProgress = () => {}, signal } = {}) {
  const headers = await headersOf(piece);
  const [method, url] = piece.upload ? ["PATCH", `${uploads}/${encodeURIComponent(piece.upload)}`] : ["POST", uploads];
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => xhr.abort();
    const stall = new Stall(piece.growing && !piece.finish ? LIVE_STALL_SECONDS : STALL_SECONDS, abort);
    signal?.addEventListener("abort", abort);
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => {
      stall.restart();
      onProgress(event.loaded);
    };
    xhr.onloadend = () => {
      stall.end();
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) reject(signal.reason);
      else if (xhr.status === 201 || xhr.status === 204) settle(xhr, piece, resolve, reject);
      else reject(problem(xhr.status, xhr.responseText, xhr.getResponseHeader("Retry-After")));
    };
    xhr.send(piece.body);
  });
}

/** @param {Piece} piece */
async function headersOf({ upload, key, mime, offset, finish, growing, whole }) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "Upload-Complete": finish ? "?1" : "?0" };
  if (upload) Object.assign(headers, { "Content-Type": "application/partial-upload", "Upload-Offset": String(offset) });
  else Object.assign(headers, { "Content-Type": mime, "Idempotency-Key": key });
  const said = finish ?? growing;
  if (said && Object.keys(said).length) headers["Clip-Fields"] = byteSequence(new TextEncoder().encode(JSON.stringify(said)));
  // Without https there is no such interface; the length is compared all the same.
  if (finish && whole && globalThis.crypto?.subtle) {
    const digest = await crypto.subtle.digest("SHA-256", await whole.arrayBuffer());
    headers["Repr-Digest"] = `sha-256=${byteSequence(new Uint8Array(digest))}`;
  }
  return headers;
}

/**
 * As a header has it (RFC 9651).
 * @param {Uint8Array} bytes
 */
function byteSequence(bytes) {
  return `:${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}:`;
}

/**
 * A 2xx that does not speak of uploads comes from something in between (a hotel's sign-in page): no answer of ours.
 * @param {XMLHttpRequest} xhr
 * @param {Piece} piece
 * @param {(taken: Taken) => void} resolve
 * @param {(error: Error) => void} reject
 */
function settle(xhr, { upload, offset, body, finish }, resolve, reject) {
  try {
    const told = xhr.status === 201 ? JSON.parse(xhr.responseText) : {};
    const complete = xhr.getResponseHeader("Upload-Complete");
    const done = complete === "?1";
    if (!complete || (finish && !done)) throw new Error("not an answer to this");
    const reached = xhr.getResponseHeader("Upload-Offset");
    resolve({ upload: upload ?? told.id, offset: reached ? Number(reached) : offset + body.size, clip: done ? told : null });
  } catch {
    reject(new ApiError({ offline: true }));
  }
}
