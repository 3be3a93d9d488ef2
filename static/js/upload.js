/** Sending a clip. By XMLHttpRequest, as fetch tells nothing of how much has been sent. */

import { ApiError, problem } from "./api-error.js";
import { Stall } from "./stall.js";

/** @typedef {import("./api.js").Upload} Upload */

/** Seconds without a byte sent, or for the answer. */
const STALL_SECONDS = 60;

/**
 * @param {XMLHttpRequest} xhr
 * @param {string} url
 * @param {Upload} clip
 * @param {{onProgress?: (fraction: number) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<import("./api.js").Clip>}
 */
export function upload(xhr, url, clip, { onProgress = () => {}, signal } = {}) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => xhr.abort();
    const stall = new Stall(STALL_SECONDS, abort);
    signal?.addEventListener("abort", abort);
    xhr.open("POST", url);
    xhr.setRequestHeader("Accept", "application/json");
    xhr.setRequestHeader("Idempotency-Key", clip.key);
    xhr.upload.onprogress = (event) => {
      stall.restart();
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    xhr.onloadend = () => {
      stall.end();
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) reject(signal.reason);
      else if (xhr.status === 201) settle(xhr.responseText, resolve, reject);
      else reject(problem(xhr.status, xhr.responseText, xhr.getResponseHeader("Retry-After")));
    };
    xhr.send(uploadForm(clip));
  });
}

/** @param {Upload} clip */
function uploadForm({ blob, mime, duration, description, peaks }) {
  const form = new FormData();
  form.append("mime", mime);
  form.append("duration", String(duration));
  form.append("description", description);
  if (peaks.length) form.append("peaks", JSON.stringify(peaks));
  form.append("blob", blob, "clip");
  return form;
}

/**
 * A 2xx that is not JSON comes from something in between (a hotel's sign-in page): no answer of ours.
 * @param {string} text
 * @param {(value: any) => void} resolve
 * @param {(error: Error) => void} reject
 */
function settle(text, resolve, reject) {
  try {
    resolve(JSON.parse(text));
  } catch {
    reject(new ApiError({ offline: true }));
  }
}
