/**
 * The way of a take that its author hears first: to the outbox, away, or once more.
 *
 * Events: "changed" when the recorder gives up its place or has it again; "redo" when another recording is wanted instead.
 *
 * @typedef {import("./recorder.js").Take} Take
 */
import { newKey } from "../key.js";
import { t } from "../strings.js";
import { toast } from "../ui/toast.js";
import { Preview } from "./preview.js";

export class Review extends EventTarget {
  #parts;
  #preview;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.stage
   * @param {HTMLInputElement} parts.description the recorder's field
   * @param {string} parts.me name
   * @param {import("./outbox.js").Outbox} parts.outbox
   * @param {import("../player/player.js").Player} parts.player
   * @param {() => boolean} parts.free the recorder is not in use
   */
  constructor(parts) {
    super();
    this.#parts = parts;
    this.#preview = new Preview(parts.stage, parts.me);
    const { outbox, player } = parts;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      this.#preview.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("play", () => player.hold("preview"));
    on("quiet", () => player.release("preview"));
    on("upload", ({ description }) => {
      if (this.take) outbox.add(this.take, { description });
      this.#close();
    });
    on("redo", () => {
      if (this.take) outbox.discard(this.take.id);
      parts.description.value = this.#preview.close();
      this.dispatchEvent(new Event("redo"));
    });
    on("discard", () => this.#discard());
  }

  /** What waits for its author. */
  get take() {
    return this.#preview.take;
  }

  /**
   * @param {Take} take
   * @param {string} [description]
   */
  open(take, description = this.#parts.description.value.trim()) {
    const { activeElement } = document;
    const focus = !activeElement || activeElement === document.body || activeElement.id === "record";
    this.#parts.outbox.hold(take);
    this.#preview.open(take, description, { focus });
    this.dispatchEvent(new Event("changed"));
  }

  /** Stop is where Discard appears, so a second tap must not cost what was said. */
  #discard() {
    const { take } = this;
    const { outbox, free } = this.#parts;
    const description = this.#close();
    if (!take) return;
    outbox.discard(take.id);
    const restore = () => {
      if (!this.take && free()) this.open({ ...take, id: newKey() }, description);
    };
    toast(t("clip.discarded"), { action: t("undo"), onAction: restore });
  }

  /** @returns {string} the description that was written */
  #close() {
    const description = this.#preview.close();
    this.#parts.description.value = "";
    this.dispatchEvent(new Event("changed"));
    return description;
  }
}
