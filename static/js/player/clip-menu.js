/** What else can be done with a clip: the menu "More". */
import { copyText, fileName, saveAs } from "../files.js";
import { t } from "../strings.js";
import { openMenu } from "../ui/menu.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("./entry.js").Entry} Entry */

/**
 * @param {Entry} entry of the thread
 * @param {HTMLElement} anchor
 * @param {{playFrom: (id: string) => void, linkTo: (id: string) => string}} ways
 */
export function openClipMenu(entry, anchor, { playFrom, linkTo }) {
  openMenu(anchor, [
    { icon: "from", label: t("clip.from"), onSelect: () => playFrom(entry.id) },
    { icon: "save", label: t("clip.save"), onSelect: () => saveAs(entry.media, fileName(entry)) },
    { icon: "link", label: t("clip.copyLink"), onSelect: () => copyLink(linkTo(entry.id)) },
  ]);
}

/** @param {string} link */
export async function copyLink(link) {
  toast((await copyText(link)) ? t("clip.copied") : t("clip.notCopied", { link }));
}
