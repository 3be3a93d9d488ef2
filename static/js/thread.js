/** The thread's page: here, and only here, its parts are joined. */
import { Api } from "./api.js";
import { config } from "./config.js";
import { Downlink } from "./downlink/downlink.js";
import { reportErrors } from "./errors.js";
import { PhonePanel } from "./phone/panel.js";
import { Catalogue } from "./player/catalogue.js";
import { clipDeeds } from "./player/clip-deeds.js";
import { ClipList } from "./player/clip-list.js";
import { copyLink } from "./player/clip-menu.js";
import { Expiry } from "./player/expiry.js";
import { Heard } from "./player/heard.js";
import { attachMediaSession } from "./player/media-session.js";
import { MiniPlayer } from "./player/mini-player.js";
import { News } from "./player/news.js";
import { Player } from "./player/player.js";
import { Playlist } from "./player/playlist.js";
import { Posters } from "./player/poster.js";
import { Removal } from "./player/removal.js";
import { Screen } from "./player/screen.js";
import { flag, Preferences } from "./preferences.js";
import { Capture } from "./recorder/capture.js";
import { Outbox } from "./recorder/outbox.js";
import { RecorderPanel } from "./recorder/panel.js";
import { Recorder } from "./recorder/recorder.js";
import { SettingsPanel } from "./settings/panel.js";
import { Connection } from "./site/connection.js";
import { Leaving } from "./site/leaving.js";
import { Notes } from "./site/notes.js";
import { VisitedThreads } from "./site/visited.js";
import { t } from "./strings.js";
import { bead } from "./ui/bead.js";
import { byId, el } from "./ui/dom.js";

/** @type {import("./config.js").ThreadConfig} */
const { base, lang, me, thread, clip: target } = config;
const { settings } = thread;
/** Milliseconds after the last clip that was played. */
const ATTENTION = 60_000;
const address = `${location.origin}${base}/${thread.name}/`;
const linkTo = (/** @type {string} */ id) => `${address}?clip=${encodeURIComponent(id)}`;

const api = new Api({ base, thread: thread.name });
if (flag(settings.reportErrors)) reportErrors(api);

const preferences = new Preferences({ base, thread: thread.name, settings });
const catalogue = new Catalogue();
if (flag(settings.hideExpired)) new Expiry({ catalogue, skew: () => api.skew });
const heard = new Heard({ base, thread: thread.name });
const playlist = new Playlist({ catalogue, preferences, myAuthorId: me.authorId });
const media = el("video", { playsInline: true, preload: "auto" });
const player = new Player({ catalogue, playlist, preferences, heard, media });
const outbox = new Outbox({ api });
const recorder = new Recorder({ capture: new Capture(), settings, page: document });
const downlink = new Downlink({ api, settings, preferences, page: document });

const notes = new Notes(byId("notes"));
const phone = new PhonePanel({ api, base, thread: thread.name, me: me.name, lang });
const recording = new RecorderPanel({ recorder, outbox, player, preferences, notes, settings, me: me.name, lang });
const controls = new SettingsPanel({ preferences, player, downlink, settings, lang, capture: new Capture(), opener: byId("controls") });
joinPlayer();
const visited = new VisitedThreads({ list: byId("threads"), base, thread, api, preferences });
const leaving = new Leaving({ api, downlink, notes, button: byId("leave"), front: `${base}/`,
  unsaved: () => recording.unsaved || outbox.pending > 0 });
new Connection({ downlink, outbox, notes, sign: byId("link-state"), onLeft: () => leaving.turnedAway() });

byId("empty-me").append(bead(me.name, { size: 72 }));
byId("copy-link").addEventListener("click", () => copyLink(address));
joinLogic();
downlink.start();

/** The list, the picture in it, and the player's line under it. */
function joinPlayer() {
  const screen = new Screen(media, byId("player").appendChild(el("div", { hidden: true })));
  const removal = new Removal({ api, catalogue });
  const isMine = (/** @type {import("./api.js").Clip} */ clip) => playlist.isMine(clip);
  const clips = new ClipList({
    list: byId("list"), rows: byId("clips"), empty: byId("empty"), catalogue, outbox, player, heard, isMine, me: me.name, target, lang,
    deeds: clipDeeds({ player, catalogue, outbox, removal, screen, posters: new Posters(), linkTo }),
    onMove: (atEnd) => news.scrolled(atEnd),
  });
  const news = new News({
    catalogue, heard, isMine, button: byId("play-new"), jump: byId("jump"), atEnd: () => clips.scroll.atEnd,
    playFrom: (id) => player.playFrom(id), show: (id) => clips.item(id)?.element.scrollIntoView({ block: "nearest" }),
  });
  new MiniPlayer({ place: byId("mini"), player, preferences, lang });
  attachMediaSession(player, { album: thread.title });
  player.addEventListener("state", () => {
    const { clip } = player.state;
    screen.show((clip && clips.item(clip.id)?.screen) ?? null);
  });
}

/** What one part of the logic tells the others. */
function joinLogic() {
  downlink.addEventListener("changes", (event) => {
    const { detail } = /** @type {CustomEvent<import("./api.js").Changes>} */ (event);
    catalogue.apply(detail);
    phone.receive(detail);
    if (detail.free !== undefined) controls.showFree(detail.free);
    if (detail.reset && target && !catalogue.get(target)) notes.show("target", goneNotice());
  });
  outbox.addEventListener("sent", (event) => {
    catalogue.apply({ clips: { added: [/** @type {CustomEvent} */ (event).detail.clip] } });
  });
  catalogue.addEventListener("change", () => {
    if (catalogue.newest) visited.saw(catalogue.newest.created);
  });
  stayAttentive();
}

/** Where something was just heard a hidden tab does not fall asleep: between two clips of a talk there are pauses. */
function stayAttentive() {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  player.addEventListener("state", () => {
    if (player.state.state !== "playing") return;
    clearTimeout(timer);
    downlink.attentive = true;
    timer = setTimeout(() => { downlink.attentive = player.state.state === "playing"; }, ATTENTION);
  });
}

/** The link led to a clip that is not there any more. @returns {import("./ui/notice.js").NoticeOptions} */
function goneNotice() {
  return { icon: "info", title: t("clip.goneLinked"), inline: { label: t("close"), onClick: () => notes.clear("target") } };
}
