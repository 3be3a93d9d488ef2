/** The third part of the thread's page (see thread.js): its clips, and what comes from the server. */
import { config } from "./config.js";
import { Downlink } from "./downlink/downlink.js";
import { Tabs } from "./downlink/tabs.js";
import { Catalogue } from "./player/catalogue.js";
import { clipDeeds } from "./player/clip-deeds.js";
import { ClipList } from "./player/clip-list.js";
import { copyLink } from "./player/clip-menu.js";
import { Expiry } from "./player/expiry.js";
import { Heard } from "./player/heard.js";
import { News } from "./player/news.js";
import { PlayTurn, takeTurns } from "./player/play-turn.js";
import { Player } from "./player/player.js";
import { Playlist } from "./player/playlist.js";
import { Posters } from "./player/poster.js";
import { Removal } from "./player/removal.js";
import { Screen } from "./player/screen.js";
import { flag } from "./preferences.js";
import { askToPersist } from "./recorder/persistence.js";
import { Review } from "./recorder/review.js";
import { RecorderNotes } from "./recorder/trouble.js";
import { Connection } from "./site/connection.js";
import { showElsewhere } from "./site/elsewhere.js";
import { Leaving } from "./site/leaving.js";
import { Notes } from "./site/notes.js";
import { t, tn } from "./strings.js";
import { bead } from "./ui/bead.js";
import { byId, el } from "./ui/dom.js";
import { toast } from "./ui/toast.js";

/**
 * @typedef {object} First what there is of the page already
 * @property {import("./api.js").Api} api
 * @property {import("./preferences.js").Preferences} preferences
 * @property {import("./recorder/outbox.js").Outbox} outbox
 * @property {import("./recorder/recorder.js").Recorder} recorder
 * @property {import("./recorder/panel.js").RecorderPanel} recording
 *
 * @typedef {First & ReturnType<typeof makeClips>} Parts
 * @typedef {import("./thread-later.js").Later} Later
 */

/** @type {import("./config.js").ThreadConfig} */
const { base, lang, me, thread, clip: target, hub } = config;
const { settings } = thread;
/** Milliseconds after the first clips: the rest of the page comes first. */
const LIVE_SOON = 1000;
const address = `${location.origin}${base}/${thread.name}/`;

/** @param {First} first */
export function joinClips(first) {
  const parts = { ...first, ...makeClips(first) };
  /** The last part; it never comes where the network fails. @type {Promise<Later>} */
  const later = new Promise((resolve) => {
    import("./thread-later.js").then(({ joinLater }) => resolve(joinLater(parts)), () => parts.notes.show("load", notWhole()));
  });
  joinRecorder(parts);
  joinPlayer(parts);
  joinLogic(parts, later);
  joinLeaving(parts, later);
  joinOutbox(parts);
  byId("empty-me").append(bead(me.name, { size: 72 }));
  byId("copy-link").addEventListener("click", () => copyLink(address));
  parts.downlink.start();
}

/** @param {First} first */
function makeClips({ api, preferences }) {
  const catalogue = new Catalogue();
  if (flag(settings.hideExpired)) new Expiry({ catalogue, skew: () => api.skew });
  const heard = new Heard({ base, thread: thread.name });
  const playlist = new Playlist({ catalogue, preferences, heard, myAuthorId: me.authorId });
  const media = el("video", { playsInline: true, preload: "auto" });
  const loadLive = flag(settings.live) ? () => import("./player/live/choose.js") : null;
  const player = new Player({ catalogue, playlist, preferences, heard, media, loadLive, hub: () => downlink.clips });
  // Nothing waits for it now, but whoever speaks next should be heard at once.
  catalogue.addEventListener("change", () => { setTimeout(() => loadLive?.().catch(() => {}), LIVE_SOON); }, { once: true });
  const tabs = new Tabs({ name: `mozchat${base}:downlink` });
  const downlink = new Downlink({ api, thread: thread.name, settings, preferences, page: document, tabs, hub });
  return { catalogue, heard, playlist, media, player, downlink, notes: new Notes(byId("notes")) };
}

/** What comes of a recording, and what is said when nothing does. @param {Parts} parts */
function joinRecorder({ recorder, recording, outbox, player, notes }) {
  recording.complete({
    player,
    review: new Review({ stage: byId("rec-stage"), description: byId("description"), me: me.name, outbox, player,
      free: () => recorder.state === "idle" }),
    notes: new RecorderNotes({ notes, settings, lang, onClose: () => recording.putAside(), onSoundOnly: () => recording.startSoundOnly() }),
  });
}

/** The list, the picture in it, and what is new in it. @param {Parts} parts */
function joinPlayer({ api, catalogue, heard, playlist, media, player, outbox, recording }) {
  const screen = new Screen(media, byId("player").appendChild(el("div", { hidden: true })));
  const removal = new Removal({ api, catalogue });
  const isMine = (/** @type {import("./api.js").Clip} */ clip) => playlist.isMine(clip);
  const linkTo = (/** @type {string} */ id) => `${address}?clip=${encodeURIComponent(id)}`;
  const clips = new ClipList({
    list: byId("list"), rows: byId("clips"), empty: byId("empty"), catalogue, outbox, player, heard, isMine, me: me.name, target, lang,
    deeds: clipDeeds({ player, catalogue, outbox, removal, screen, posters: new Posters(), linkTo,
      review: (item) => recording.review(item) }),
    onMove: (atEnd) => news.scrolled(atEnd),
  });
  const news = new News({
    catalogue, heard, player, isMine, button: byId("play-new"), jump: byId("jump"), atEnd: () => clips.scroll.atEnd,
    show: (id) => clips.item(id)?.element.scrollIntoView({ block: "nearest" }),
  });
  player.addEventListener("state", () => {
    const { clip } = player.state;
    screen.show((clip && clips.item(clip.id)?.screen) ?? null);
  });
  takeTurns({ turn: new PlayTurn({ locks: navigator.locks, name: `mozchat${base}:${thread.name}:play` }), player });
}

/**
 * What the server tells. What came before the last part was there waits for it, and is told it in order.
 * @param {Parts} parts
 * @param {Promise<Later>} later
 */
function joinLogic({ downlink, catalogue, outbox, notes }, later) {
  downlink.addEventListener("changes", (event) => {
    const { detail } = /** @type {CustomEvent<import("./api.js").Changes>} */ (event);
    catalogue.apply(detail);
    later.then(({ receive }) => receive(detail));
    if (detail.reset && target && !catalogue.get(target)) notes.show("target", goneNotice(notes));
  });
  outbox.addEventListener("sent", (event) => {
    const { clip } = /** @type {CustomEvent<{clip: import("./api.js").Clip}>} */ (event).detail;
    catalogue.apply({ clips: { added: [clip] } });
    if (clip.notified) toast(tn("clip.notified", clip.notified));
  });
}

/**
 * @param {Parts} parts
 * @param {Promise<Later>} later
 */
function joinLeaving({ api, downlink, outbox, notes, recording }, later) {
  let hangUp = async () => {};
  later.then(({ phone }) => { hangUp = () => phone.leave(); });
  const leaving = new Leaving({ api: { leave: () => hangUp().then(() => api.leave()) }, downlink, notes, button: byId("leave"), front: `${base}/`,
    unsaved: () => recording.unsaved || outbox.atRisk, pending: () => outbox.pending > 0 });
  new Connection({ downlink, outbox, notes, sign: byId("link-state"), onLeft: () => leaving.turnedAway() });
}

/** What earlier visits left behind, and what the browser says to keeping anything. @param {Parts} parts */
async function joinOutbox({ recorder, outbox, preferences, notes }) {
  recorder.addEventListener("take", () => askToPersist({ base }), { once: true });
  outbox.addEventListener("unkept", () => notes.show("unkept", {
    icon: "warn", title: t("link.unkept"), text: t("link.unkept.text"), inline: { label: t("close"), onClick: () => notes.clear("unkept") },
  }));
  const titleOf = (/** @type {string} */ name) => preferences.get("threads").find((visit) => visit.name === name)?.title || name;
  showElsewhere(await outbox.restore(), { base, notes, titleOf });
}

/** The link led to a clip that is not there any more. @param {Notes} notes @returns {import("./ui/notice.js").NoticeOptions} */
function goneNotice(notes) {
  return { icon: "info", title: t("clip.goneLinked"), inline: { label: t("close"), onClick: () => notes.clear("target") } };
}

/** @returns {import("./ui/notice.js").NoticeOptions} */
function notWhole() {
  return { icon: "warn", title: t("load.failed"), inline: { label: t("load.again"), onClick: () => location.reload() } };
}
