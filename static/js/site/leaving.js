/** Going away: by choice, by closing the page over something unsent, or because the server knows us no longer. */
import { t } from "../strings.js";

/** Milliseconds: a page that was opened again for this and is turned away at once would go in circles. */
const CIRCLE = 15_000;

export class Leaving {
  #parts;
  #decided = false;

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "leave">} parts.api
   * @param {import("../downlink/downlink.js").Downlink} parts.downlink
   * @param {import("./notes.js").Notes} parts.notes
   * @param {HTMLElement} parts.button
   * @param {string} parts.front URL of the front page
   * @param {() => boolean} parts.unsaved something would be lost with the page, or cut short
   * @param {() => boolean} parts.pending something is on its way, which would have to wait for the next visit
   */
  constructor(parts) {
    this.#parts = parts;
    parts.button.addEventListener("click", () => this.#leave());
    addEventListener("beforeunload", (event) => {
      if (parts.unsaved() && !this.#decided) event.preventDefault();
    });
  }

  /** To the entry page, which leads back to this address; at once where nothing is lost by it. */
  turnedAway() {
    const { unsaved, notes } = this.#parts;
    if (!unsaved() && performance.now() > CIRCLE) return location.reload();
    notes.show("link", { icon: "door", title: t("link.left"), text: t("link.left.text"), alert: true,
      actions: [{ label: t("link.enter"), onClick: () => location.reload() }] });
  }

  async #leave() {
    const { api, downlink, front, unsaved, pending } = this.#parts;
    const doubt = unsaved() ? "link.leaveUnsaved" : pending() ? "link.leaveUnsent" : "";
    if (doubt && !confirm(t(doubt))) return;
    this.#decided = true;
    downlink.stop();
    await api.leave().catch(() => {});
    location.assign(front);
  }
}
