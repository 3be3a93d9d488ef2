/**
 * Errors that nobody caught go to the site's log: a few a page, each once.
 */

/** Reports that one page sends at most. */
const MOST = 5;

/**
 * @param {Pick<import("./api.js").Api, "report">} api
 * @param {Pick<EventTarget, "addEventListener">} [page] where the browser tells of them
 */
export function reportErrors(api, page = window) {
  const told = new Set();
  /** @param {{message: string, source?: string, line?: number}} report */
  const tell = (report) => {
    if (told.size >= MOST || told.has(report.message)) return;
    told.add(report.message);
    api.report(report);
  };
  page.addEventListener("error", (event) => {
    const { message, filename, lineno } = /** @type {ErrorEvent} */ (event);
    if (message) tell({ message, source: filename || "", line: lineno || 0 });
  });
  page.addEventListener("unhandledrejection", (event) => {
    const { reason } = /** @type {PromiseRejectionEvent} */ (event);
    if (reason?.name !== "AbortError") tell({ message: String(reason), source: whence(reason), line: 0 });
  });
}

/**
 * @param {any} reason
 * @returns {string} the line of the stack nearest to the error, if there is one
 */
function whence(reason) {
  const lines = String(reason?.stack ?? "").split("\n").map((line) => line.trim());
  return lines.find((line) => line.includes("/") && !line.startsWith(String(reason))) ?? "";
}
