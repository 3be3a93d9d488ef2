/** The last part of the thread's page (see thread.js): people, calls, settings, and what is beside the clips. */
import { config } from "./config.js";
import { Calls } from "./phone/calls.js";
import { PhonePanel } from "./phone/panel.js";
import { Phone } from "./phone/phone.js";
import { followSpeaker } from "./phone/speaker.js";
import { attachMediaSession } from "./player/media-session.js";
import { MiniPlayer } from "./player/mini-player.js";
import { Capture } from "./recorder/capture.js";
import { SettingsPanel } from "./settings/panel.js";
import { VisitedThreads } from "./site/visited.js";
import { byId } from "./ui/dom.js";

/**
 * @typedef {import("./thread-clips.js").Parts} Parts
 * @typedef {ReturnType<typeof joinLater>} Later
 */

/** @type {import("./config.js").ThreadConfig} */
const { base, lang, me, thread } = config;
const { settings } = thread;
/** Milliseconds after the last clip that was played. */
const ATTENTION = 60_000;
/** Milliseconds between polls while a call is set up, where they are short, and while it is interrupted. */
const CALL_POLL = 1000;
const RECONNECT_POLL = 3000;
const SETTING_UP = new Set(["calling", "ringing", "connecting"]);

/** @param {Parts} parts */
export function joinLater(parts) {
  const { api, preferences, catalogue, player, media, downlink, notes, recording } = parts;
  const phone = new Phone({ api, base, thread: thread.name, me: me.name, preferences, page: document });
  const people = new PhonePanel({ api, base, thread: thread.name, me: me.name, lang, phone, preferences });
  const controls = new SettingsPanel({ api, preferences, player, downlink, phone, settings, lang, capture: new Capture(), opener: byId("controls") });
  new Calls({ phone, panel: people, player, recording, preferences, notes, me: me.name, thread: thread.title, lang });
  new MiniPlayer({ place: byId("mini"), player, preferences, lang });
  attachMediaSession(player, { album: thread.title });
  followSpeaker(media, preferences);
  followVisits({ api, preferences, catalogue });
  followSpeakers({ catalogue, people });
  stayAttentive({ player, phone, downlink });
  hurryForCalls({ phone, downlink, preferences });
  return {
    phone,
    /** What the server tells, from the page's beginning on. @param {import("./api.js").Changes} changes */
    receive(changes) {
      people.receive(changes);
      if (changes.online) phone.roster(changes.online);
      if (changes.messages) phone.receive(changes.messages);
      if (changes.free !== undefined) controls.showFree(changes.free);
    },
  };
}

/** @param {Pick<Parts, "api"|"preferences"|"catalogue">} parts */
function followVisits({ api, preferences, catalogue }) {
  const visited = new VisitedThreads({ list: byId("threads"), base, thread, api, preferences });
  const follow = () => { if (catalogue.newest) visited.saw(catalogue.newest.created); };
  catalogue.addEventListener("change", follow);
  follow();
}

/**
 * Whoever records a clip that others hear meanwhile is shown to speak.
 * @param {Pick<Parts, "catalogue"> & {people: PhonePanel}} parts
 */
function followSpeakers({ catalogue, people }) {
  const follow = () => people.showSpeaking(new Set(catalogue.clips.filter(({ live, paused }) => live && !paused).map(({ author }) => author)));
  catalogue.addEventListener("change", follow);
  follow();
}

/**
 * Where something was just heard a hidden tab does not fall asleep, as a talk has pauses; nor in a call.
 * @param {Pick<Parts, "player"|"downlink"> & {phone: Phone}} parts
 */
function stayAttentive({ player, phone, downlink }) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let heard = false;
  const attend = () => {
    const { phase } = phone.state;
    downlink.attentive = heard || (phase !== "idle" && phase !== "ended");
  };
  const listen = () => {
    if (player.state.state !== "playing") return;
    clearTimeout(timer);
    heard = true;
    attend();
    timer = setTimeout(() => {
      heard = player.state.state === "playing";
      attend();
    }, ATTENTION);
  };
  player.addEventListener("state", listen);
  phone.addEventListener("state", attend);
  listen();
}

/**
 * A call that is being set up, or looked for again, does not wait for the next poll.
 * @param {Pick<Parts, "downlink"|"preferences"> & {phone: Phone}} parts
 */
function hurryForCalls({ phone, downlink, preferences }) {
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let timer;
  let last = "";
  phone.addEventListener("state", () => {
    const { phase } = phone.state;
    if (phase === last) return;
    last = phase;
    clearInterval(timer);
    const poll = preferences.get("poll");
    const slow = poll === "off" || (poll !== "long" && poll > CALL_POLL / 1000);
    // A long poll that was under way when the network broke down would wait for an answer that never comes.
    if (phase === "reconnecting") timer = setInterval(() => downlink.refresh(), RECONNECT_POLL);
    else if (slow && SETTING_UP.has(phase)) timer = setInterval(() => downlink.refresh(), CALL_POLL);
  });
}
