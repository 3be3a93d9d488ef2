/** What the parts of a clip in the list do, each in one step. */
import { fileName, saveAs } from "../files.js";
import { newKey } from "../key.js";
import { t } from "../strings.js";
import { toast } from "../ui/toast.js";
import { openClipMenu } from "./clip-menu.js";

/**
 * @param {object} parts
 * @param {import("./player.js").Player} parts.player
 * @param {import("./catalogue.js").Catalogue} parts.catalogue
 * @param {import("../recorder/outbox.js").Outbox} parts.outbox
 * @param {import("./removal.js").Removal} parts.removal
 * @param {import("./screen.js").Screen} parts.screen
 * @param {import("./poster.js").Posters} parts.posters
 * @param {(item: import("../recorder/outbox.js").OutboxItem) => void} parts.review its author hears it and decides
 * @param {(id: string) => string} parts.linkTo
 * @returns {import("./clip-item.js").Deeds}
 */
export function clipDeeds({ player, catalogue, outbox, removal, screen, posters, review, linkTo }) {
  const waiting = (/** @type {string} */ id) => outbox.items.find((item) => item.id === id);
  const discard = (/** @type {string} */ id) => {
    const item = waiting(id);
    if (!item) return;
    outbox.discard(id);
    const again = { ...item, take: { ...item.take, id: newKey() } };
    const undo = () => (item.state === "unfinished" ? review(again) : outbox.add(again.take, again));
    toast(t("clip.discarded"), { action: t("undo"), onAction: undo });
  };
  return {
    play: ({ entry }) => player.toggle(entry.id),
    fromStart: ({ entry }) => player.play(entry.id, { position: 0 }),
    seek: ({ entry }, part) => {
      if (player.state.clip?.id === entry.id) player.seek(part * entry.duration);
      else player.play(entry.id, { position: part * entry.duration });
    },
    more: ({ entry }, anchor) => openClipMenu(entry, anchor, { playFrom: (id) => player.playFrom(id), linkTo }),
    remove: ({ entry }) => {
      if (entry.phase !== "sent") return discard(entry.id);
      if (player.state.clip?.id === entry.id) player.stop();
      const clip = catalogue.get(entry.id);
      if (clip) removal.remove(clip);
    },
    retry: ({ entry }) => outbox.retry(entry.id),
    review: ({ entry }) => {
      const item = waiting(entry.id);
      if (item) review(item);
    },
    save: ({ entry }) => saveAs(waiting(entry.id)?.take.blob ?? entry.media, fileName(entry)),
    enlarge: ({ entry, screen: frame }) => {
      if (player.state.clip?.id !== entry.id) player.play(entry.id);
      if (frame) screen.enlarge(frame);
    },
    draw: ({ media }, canvas) => posters.draw(media, canvas),
  };
}
