/** A request that failed, and how an answer says so. */

/** A request that failed. `detail` is the server's sentence, "" where it gave none. */
export class ApiError extends Error {
  /**
   * @param {{status?: number, type?: string, title?: string, detail?: string, retryAfter?: number|null, offset?: number|null,
   *   offline?: boolean}} facts `type` as the server names it (RFC 9457); `retryAfter` in seconds; `offset` where an upload
   *   stands, bytes; `offline`: no answer came at all
   */
  constructor({ status = 0, type = "", title = "", detail = "", retryAfter = null, offset = null, offline = false }) {
    super(detail || title || (offline ? "no answer" : `status ${status}`));
    this.name = "ApiError";
    this.status = status;
    this.type = type;
    this.title = title;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.offset = offset;
    this.offline = offline;
  }
}

/**
 * @param {number} status 0 where no answer came
 * @param {string} text the body, problem+json if it is the forum that answers
 * @param {string|null} retry the header Retry-After
 */
export function problem(status, text, retry) {
  /** @type {{type?: string, title?: string, detail?: string, "expected-offset"?: number}} */
  let said = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // a proxy's page: its words are not for a participant
  }
  const { type, title, detail, "expected-offset": offset } = said;
  return new ApiError({ status, type, title, detail, offset, retryAfter: retrySeconds(retry), offline: status === 0 });
}

/** @param {ApiError} error what was to be added to is a clip already */
export function isOver({ type }) {
  return type.endsWith("#completed-upload");
}

/**
 * @param {string|null} header seconds or an HTTP date
 * @returns {number|null} seconds from now
 */
export function retrySeconds(header) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}
