/** The front page and the door of a thread: joins the entry form and the cards of the open threads. */
import { Api } from "./api.js";
import { config } from "./config.js";
import { Preferences } from "./preferences.js";
import { tn } from "./strings.js";
import { Card, Listening } from "./front/cards.js";
import { Entry } from "./front/entry.js";
import { bead } from "./ui/bead.js";
import { byId } from "./ui/dom.js";

const AGE_SECONDS = 20;

/** @type {import("./config.js").FrontConfig} */
const { base, lang, threads } = config;
const preferences = new Preferences({ base });
const entry = new Entry({ config, preferences });
const listening = new Listening();
const cards = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".card"))]
  .map((element) => new Card({ element, listening, lang, base }));

byId("how-bead").append(bead("Ann", { size: 40, icon: "play" }));
show(threads);
showWaiting();
setInterval(() => cards.forEach((card) => card.refreshAge()), AGE_SECONDS * 1000);
document.addEventListener("visibilitychange", refresh);
document.getElementById("cards")?.addEventListener("click", enterByCard);

/** @param {import("./api.js").ThreadCard[]} found */
function show(found) {
  for (const card of cards) {
    const thread = found.find(({ name }) => name === card.thread);
    if (thread) card.show(thread);
  }
  const online = found.reduce((sum, thread) => sum + (thread.online?.length ?? 0), 0);
  const total = document.getElementById("online-total");
  if (total) total.textContent = online ? tn("front.online", online) : "";
}

/** Only who has been in a thread can have left anything behind: for everybody else the page stays light. */
async function showWaiting() {
  const visits = preferences.get("threads");
  if (!visits.length) return;
  const { showLeftBehind } = await import("./front/left-behind.js");
  await showLeftBehind({ base, place: byId("enter"), here: config.thread?.name, visits });
}

/** Whoever comes back to the page sees what is so now; what cannot be fetched stays as it was. */
async function refresh() {
  if (document.hidden || !cards.length) return;
  await new Api({ base }).threads().then(show, () => {});
}

/**
 * With a name in the form, a card leads straight in.
 * @param {MouseEvent} event
 */
function enterByCard(event) {
  const link = /** @type {Element} */ (event.target).closest("a");
  const card = link?.closest(".card");
  const elsewhere = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!(card instanceof HTMLElement) || elsewhere || !entry.hasName) return;
  event.preventDefault();
  entry.enter(card.dataset.thread);
}
