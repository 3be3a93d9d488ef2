/** What went wrong with a recording, or ended it: in sentences, above the recorder. */
import { t } from "../strings.js";
import { announce } from "../ui/dom.js";
import { bytes, length } from "../ui/format.js";
import { toast } from "../ui/toast.js";

/**
 * @typedef {import("./capture.js").CaptureReason|"short"|"failed"} Reason
 * @typedef {{reason: Reason, device: "microphone"|"camera"|"either"}} Trouble
 */

/** Reasons that are told apart by the device that they are about. */
const BY_DEVICE = new Set(["refused", "missing", "busy"]);
/** Milliseconds after which it is said that the browser is asking. */
const ASKING_PATIENCE = 1000;
/** Minutes that a stream may go on. */
const FLOOD_MINUTES = 2;

export class RecorderNotes {
  #parts;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;

  /**
   * @param {object} parts
   * @param {import("../site/notes.js").Notes} parts.notes
   * @param {import("../api.js").Settings} parts.settings the thread's
   * @param {string} parts.lang
   * @param {() => void} parts.onClose a trouble was put aside
   * @param {() => void} parts.onSoundOnly
   */
  constructor(parts) {
    this.#parts = parts;
  }

  clear() {
    for (const cause of ["trouble", "end"]) this.#parts.notes.clear(cause);
  }

  /** @param {"audio"|"video"|null} kind what the browser is asked for; null: it has answered */
  asking(kind) {
    clearTimeout(this.#timer);
    this.#parts.notes.clear("asking");
    if (!kind) return;
    const title = t(kind === "video" ? "recorder.askingVideo" : "recorder.asking");
    const show = () => this.#parts.notes.show("asking", { icon: kind === "video" ? "cam" : "mic", title });
    this.#timer = setTimeout(show, ASKING_PATIENCE);
  }

  /** @param {Trouble} trouble */
  failed({ reason, device }) {
    if (reason === "short") {
      toast(t("recorder.short.text"));
      return;
    }
    const { notes, onSoundOnly } = this.#parts;
    const known = BY_DEVICE.has(reason);
    const key = known ? `recorder.${reason}.${device}` : `recorder.${reason}`;
    const actions = [
      known && device !== "microphone" && { label: t("recorder.soundOnly"), onClick: onSoundOnly },
      reason === "refused" && { label: t("recorder.showWhere"), onClick: () => this.#showWhere() },
      { label: t("notNow"), onClick: () => this.#close(), quiet: true },
    ].filter((action) => action !== false);
    const sign = device === "camera" ? "camoff" : "micoff";
    notes.show("trouble", { icon: sign, title: t(key), text: t(`${key}.text`), actions, alert: true });
  }

  /**
   * That a recording is over, where its author hears it first; and why it ended by itself.
   * @param {import("./recorder.js").Take} take
   * @param {{seconds: number, sends: boolean, streams: boolean}} how the clip's longest; it goes out by itself; and on
   */
  ended({ reason, seconds: long }, { seconds, sends, streams }) {
    const { notes, settings, lang } = this.#parts;
    if (!sends) announce(t("recorder.stopped", { length: length(long) }));
    const full = reason === "time" || reason === "bytes";
    if (reason === "stopped" || (full && streams)) return;
    const vars = { seconds, size: bytes(Number(settings.maxBlobBytes), lang), minutes: FLOOD_MINUTES };
    const title = t(`recorder.${reason}`, vars);
    if (full && sends) {
      toast(title);
      return;
    }
    const inline = { label: t("close"), onClick: () => notes.clear("end") };
    const sign = reason === "interrupted" ? "micoff" : "clock";
    notes.show("end", { icon: sign, title, text: t(`recorder.${reason}.text`, vars), inline });
  }

  #showWhere() {
    const inline = { label: t("close"), onClick: () => this.#close() };
    this.#parts.notes.show("trouble", { icon: "lock", title: t("recorder.showWhere"), text: t("recorder.where"), inline });
  }

  #close() {
    this.#parts.notes.clear("trouble");
    this.#parts.onClose();
  }
}
