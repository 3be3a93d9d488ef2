/**
 * What was recorded here for other threads and never sent: a notice leads there.
 *
 * @typedef {import("../recorder/take-store.js").StoredTake} StoredTake
 */
import { t } from "../strings.js";

/**
 * @param {Pick<StoredTake, "thread"|"name">[]} waiting
 * @param {object} parts
 * @param {string} parts.base URL prefix of the site
 * @param {import("./notes.js").Notes} parts.notes
 * @param {(thread: string) => string} parts.titleOf
 */
export function showElsewhere(waiting, { base, notes, titleOf }) {
  const byThread = new Map(waiting.map(({ thread, name }) => [thread, name]));
  for (const [thread, name] of byThread) {
    const close = () => notes.clear(`elsewhere ${thread}`);
    notes.show(`elsewhere ${thread}`, {
      icon: "clock", title: t("waitsIn", { thread: titleOf(thread) }),
      actions: [
        { label: t("link.goThere"), onClick: () => location.assign(`${base}/${thread}/?user=${encodeURIComponent(name)}`) },
        { label: t("notNow"), onClick: close, quiet: true },
      ],
    });
  }
}
