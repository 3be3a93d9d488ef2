/**
 * Deleting a clip of one's own: it goes from the list at once, and from the server when it can no longer be undone.
 */
import { t } from "../strings.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../api.js").Clip} Clip */

export class Removal {
  #api;
  #catalogue;
  /** @type {Set<Clip>} */
  #waiting = new Set();

  /**
   * @param {object} parts
   * @param {Pick<import("../api.js").Api, "deleteClip">} parts.api
   * @param {import("./catalogue.js").Catalogue} parts.catalogue
   * @param {EventTarget} [parts.page] tells "pagehide": what waits is sent then
   */
  constructor({ api, catalogue, page = window }) {
    this.#api = api;
    this.#catalogue = catalogue;
    page.addEventListener("pagehide", () => {
      for (const clip of this.#waiting) this.#send(clip);
    });
  }

  /** @param {Clip} clip */
  remove(clip) {
    this.#waiting.add(clip);
    this.#catalogue.apply({ clips: { removed: [clip.id] } });
    toast(t("clip.deleted"), {
      action: t("undo"),
      onAction: () => this.#restore(clip),
      onGone: () => this.#send(clip),
    });
  }

  /** @param {Clip} clip */
  #restore(clip) {
    this.#waiting.delete(clip);
    this.#catalogue.apply({ clips: { added: [clip] } });
  }

  /** @param {Clip} clip */
  async #send(clip) {
    this.#waiting.delete(clip);
    try {
      await this.#api.deleteClip(clip.id, { keepalive: true });
    } catch (error) {
      if (/** @type {import("../api-error.js").ApiError} */ (error).status === 404) return;
      this.#restore(clip);
      toast(t("clip.notDeleted"));
    }
  }
}
