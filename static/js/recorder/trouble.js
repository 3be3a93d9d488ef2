/** What went wrong with a recording, or ended it, as a notice. */
import { t } from "../strings.js";
import { bytes } from "../ui/format.js";

/**
 * @typedef {import("../ui/notice.js").NoticeOptions} NoticeOptions
 * @typedef {import("./capture.js").CaptureReason|"short"|"failed"} Trouble
 * @typedef {"microphone"|"camera"|"either"} Affected
 */

/** Reasons that are told apart by the device that they are about. */
const BY_DEVICE = new Set(["refused", "missing", "busy"]);

/**
 * @param {{reason: Trouble, device: Affected}} trouble
 * @param {{close: () => void, showWhere: () => void, soundOnly: () => void}} ways out
 * @returns {NoticeOptions}
 */
export function troubleNotice({ reason, device }, { close, showWhere, soundOnly }) {
  const key = BY_DEVICE.has(reason) ? `recorder.${reason}.${device}` : `recorder.${reason}`;
  const actions = [];
  if (device !== "microphone" && BY_DEVICE.has(reason)) actions.push({ label: t("recorder.soundOnly"), onClick: soundOnly });
  if (reason === "refused") actions.push({ label: t("recorder.showWhere"), onClick: showWhere });
  actions.push({ label: t("notNow"), onClick: close, quiet: true });
  return { icon: device === "camera" ? "camoff" : "micoff", title: t(key), text: t(`${key}.text`), actions, alert: true };
}

/**
 * Why a recording ended by itself.
 * @param {import("./recorder.js").Take} take
 * @param {{settings: import("../api.js").Settings, lang: string, seconds: number}} thread `seconds`: the clip's longest
 * @returns {NoticeOptions|null} null: its author ended it, or it goes on
 */
export function endNotice({ reason }, { settings, lang, seconds }) {
  if (reason === "stopped") return null;
  const size = bytes(Number(settings.maxBlobBytes), lang);
  const vars = { seconds, size, minutes: 2 };
  const sign = reason === "interrupted" ? "micoff" : "clock";
  return { icon: sign, title: t(`recorder.${reason}`, vars), text: t(`recorder.${reason}.text`, vars) };
}
