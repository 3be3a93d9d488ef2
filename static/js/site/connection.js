/**
 * Whether the server answers: a sign in the head, and above the recorder one notice that goes when it is over.
 *
 * @typedef {import("../downlink/downlink.js").DownlinkState} DownlinkState
 */
import { t, tn } from "../strings.js";
import { announce } from "../ui/dom.js";

/** Milliseconds: what passes before one could read it is not said. */
const PATIENCE = 2500;

export class Connection {
  #parts;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #shown = false;

  /**
   * @param {object} parts
   * @param {import("../downlink/downlink.js").Downlink} parts.downlink
   * @param {import("../recorder/outbox.js").Outbox} parts.outbox
   * @param {import("./notes.js").Notes} parts.notes
   * @param {HTMLElement} parts.sign
   * @param {() => void} parts.onLeft the server knows us no longer
   */
  constructor(parts) {
    this.#parts = parts;
    const { downlink, outbox } = parts;
    downlink.addEventListener("state", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    outbox.addEventListener("change", (event) => {
      if (this.#shown) this.#show();
      // A thread without a password lets everybody listen: that one is not in it any more is noticed when sending.
      if (/** @type {CustomEvent} */ (event).detail.item.error?.status === 401) parts.onLeft();
    });
  }

  /** @param {DownlinkState} detail */
  #changed({ state }) {
    clearTimeout(this.#timer);
    if (state === "left") return this.#parts.onLeft();
    if (state === "retrying" || state === "offline") {
      if (this.#shown) this.#show();
      else this.#timer = setTimeout(() => this.#show(), navigator.onLine ? PATIENCE : 0);
      return;
    }
    if (state === "live") this.#parts.outbox.wake();
    if (this.#shown) this.#hide();
  }

  #show() {
    const { notes, outbox, downlink, sign } = this.#parts;
    const { state, error } = downlink.state;
    this.#shown = true;
    sign.hidden = false;
    if (error?.status === 404) {
      notes.show("link", { icon: "warn", title: t("link.gone"), text: t("link.gone.text") });
      return;
    }
    const silent = state === "offline" && !navigator.onLine;
    const waiting = outbox.pending;
    notes.show("link", {
      icon: "offline",
      title: t(silent ? "link.offline" : "link.retrying"),
      text: error?.detail || (waiting ? tn("link.offline.waiting", waiting) : t("link.offline.text")),
      inline: { label: t("link.tryNow"), onClick: () => { downlink.refresh(); outbox.wake(); } },
    });
  }

  #hide() {
    this.#shown = false;
    this.#parts.sign.hidden = true;
    this.#parts.notes.clear("link");
    announce(t("link.back"));
  }
}
