/** Links to the threads for which something was recorded here and never sent. */
import { TakeOwners } from "../recorder/take-owners.js";
import { TakeStore } from "../recorder/take-store.js";
import { t } from "../strings.js";
import { el } from "../ui/dom.js";

/**
 * @param {object} parts
 * @param {string} parts.base URL prefix of the site
 * @param {HTMLElement} parts.place they come before it
 * @param {string|undefined} parts.here the thread that this page is the door of
 * @param {import("../preferences.js").Visit[]} parts.visits for the titles
 */
export async function showLeftBehind({ base, place, here, visits }) {
  const takes = await new TakeStore({ base }).all().catch(() => []);
  const owned = await new TakeOwners({ base, channel: null }).owned();
  const waiting = new Map(takes.filter(({ id }) => !owned.has(id)).map(({ thread, name }) => [thread, name]));
  for (const [thread, name] of waiting) {
    if (thread === here) continue;
    const title = visits.find((visit) => visit.name === thread)?.title || thread;
    const href = `${base}/${thread}/?user=${encodeURIComponent(name)}`;
    place.before(el("p", { class: "waits" }, el("a", { class: "link", href, text: t("waitsIn", { thread: title }) })));
  }
}
