/**
 * What is seen and heard of calls; loaded when there is the first one.
 *
 * @typedef {import("./phone.js").PhoneState} PhoneState
 *
 * @typedef {object} Parts
 * @property {import("./phone.js").Phone} phone
 * @property {import("../preferences.js").Preferences} preferences
 * @property {import("../site/notes.js").Notes} notes
 * @property {string} me name
 * @property {string} thread title
 * @property {string} lang
 */
import { WakeLock } from "../recorder/wake-lock.js";
import { t } from "../strings.js";
import { announce, byId, el } from "../ui/dom.js";
import { clock } from "../ui/format.js";
import { toast } from "../ui/toast.js";
import { CallMini } from "./call-mini.js";
import { notifyOfCall } from "./call-notification.js";
import { CallView } from "./call-view.js";
import { deviceWords, endWords, phaseWords } from "./call-words.js";
import { Ringer } from "./ringer.js";
import { RingingCard } from "./ringing.js";
import { followSpeaker } from "./speaker.js";

/** Milliseconds that an automatic answer lets the tune be heard. */
const BEFORE_AUTO_ANSWER = 900;
/** Seconds that the line about a call's end stays where it offers something. */
const OFFER_STAYS = 12;

const ON = new Set(["calling", "connecting", "talking", "reconnecting"]);
/** Said to a screen reader when a call comes so far. @type {Record<string, string>} */
const SPOKEN = { calling: "call.callingName", connecting: "call.connecting", talking: "call.talkingTo", reconnecting: "call.reconnecting" };

export class CallSurface {
  #parts;
  #ringer = new Ringer();
  #wakeLock = new WakeLock(document);
  #picture = el("video", { class: "call-picture", playsInline: true, autoplay: true });
  /** @type {RingingCard|null} */
  #card = null;
  /** The call that is shown. @type {{view: CallView, mini: CallMini}|null} */
  #call = null;
  /** @type {{close: () => void}|null} */
  #notification = null;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #ticking;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #answering;
  /** @type {{phase: string, peer: string|null}} */
  #last = { phase: "idle", peer: null };
  #title = document.title;
  /** The line about the last call's end. @type {{close: () => void}|null} */
  #said = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    followSpeaker(this.#picture, parts.preferences);
    parts.phone.addEventListener("state", () => this.#show());
    parts.phone.addEventListener("level", (event) => this.#showLevel(/** @type {CustomEvent} */ (event).detail));
    parts.preferences.addEventListener("change", () => this.#ring(parts.phone.state));
    // What a browser kept silent before anything was pressed.
    addEventListener("pointerdown", () => { if (this.#picture.paused && this.#picture.srcObject) this.#listen(); });
    this.#show();
  }

  #show() {
    const { state } = this.#parts.phone;
    const { phase, peer } = state;
    const fresh = phase !== this.#last.phase || peer !== this.#last.peer;
    this.#last = { phase, peer };
    if (phase === "ringing") this.#comesIn(state);
    else this.#closeCard();
    if (ON.has(phase)) this.#goesOn(state, fresh);
    else this.#closeCall();
    if (fresh && phase !== "idle") this.#said?.close();
    this.#ring(state);
    if (fresh && phase === "ended") this.#ended(state);
  }

  /** @param {PhoneState} state */
  #comesIn({ peer, video, shouldRing }) {
    const { phone, preferences, me, thread } = this.#parts;
    const name = peer ?? "";
    if (shouldRing && preferences.get("autoAnswer")) return this.#answerAlone(name);
    if (shouldRing) this.#notification ??= notifyOfCall({ peer: name, thread });
    if (this.#card) return;
    const answers = { accept: (/** @type {{video: boolean}} */ how) => phone.accept(how), reject: () => phone.reject() };
    announce(t("call.isCalling", { name }), { assertive: true });
    this.#card = new RingingCard({ peer: name, me, thread, video }, answers);
    document.title = t("call.isCalling", { name });
  }

  /** @param {string} name */
  #answerAlone(name) {
    if (this.#answering) return;
    this.#closeCard();
    this.#ringer.play("answer");
    toast(t("call.answeredAlone", { name }));
    this.#answering = setTimeout(() => {
      this.#answering = undefined;
      this.#parts.phone.accept({ video: false });
    }, BEFORE_AUTO_ANSWER);
  }

  #closeCard() {
    clearTimeout(this.#answering);
    this.#answering = undefined;
    this.#notification?.close();
    this.#notification = null;
    if (!this.#card) return;
    this.#card.close();
    this.#card = null;
    document.title = this.#title;
  }

  /**
   * @param {PhoneState} state
   * @param {boolean} fresh it has just come so far
   */
  #goesOn(state, fresh) {
    if (!this.#call) this.#openCall(state);
    if (this.#picture.srcObject !== state.remote) {
      this.#picture.srcObject = state.remote;
      if (state.remote) this.#listen();
    }
    const status = statusOf(state);
    this.#call?.view.show(state, status);
    this.#call?.mini.show(state, shortStatusOf(state));
    if (fresh) announce(t(SPOKEN[state.phase], { name: state.peer ?? "" }), { assertive: state.phase === "reconnecting" });
  }

  /** @param {PhoneState} state */
  #openCall(state) {
    const { phone, preferences, me, lang, notes } = this.#parts;
    const peer = state.peer ?? "";
    notes.clear("call");
    if (byId("drawer").matches(":popover-open")) byId("drawer").hidePopover();
    const view = new CallView({ phone, preferences, picture: this.#picture, peer, me, lang, onMinimise: () => {
      view.hide();
      mini.open();
    } });
    const mini = new CallMini({ phone, peer, me, onEnlarge: () => {
      mini.hide();
      view.open();
    } });
    this.#call = { view, mini };
    this.#wakeLock.hold();
    this.#ticking = setInterval(() => this.#tick(), 1000);
  }

  #closeCall() {
    if (!this.#call) return;
    clearInterval(this.#ticking);
    this.#wakeLock.release();
    if (document.pictureInPictureElement === this.#picture) document.exitPictureInPicture().catch(() => {});
    this.#picture.srcObject = null;
    this.#call.view.close();
    this.#call.mini.close();
    this.#call = null;
  }

  #tick() {
    const { state } = this.#parts.phone;
    this.#call?.view.showStatus(statusOf(state));
    this.#call?.mini.showStatus(shortStatusOf(state));
  }

  /** @param {{me: number, peer: number}} level */
  #showLevel(level) {
    this.#call?.view.showLevel(level);
    this.#call?.mini.showLevel(level);
  }

  /** @param {PhoneState} state */
  #ring({ phase, shouldRing }) {
    const { preferences } = this.#parts;
    if (this.#answering) return;
    const wanted = phase === "ringing" && shouldRing && preferences.get("ring");
    if (wanted) this.#ringer.play("ring");
    if (wanted) this.#ringer.shake();
    else if (phase === "calling") this.#ringer.play("ringBack");
    else if (phase !== "ended" && phase !== "idle") this.#ringer.stop();
  }

  /** @param {PhoneState} state */
  #ended(state) {
    const { phone, notes } = this.#parts;
    const { peer, end } = state;
    if (end && end.secs !== null) this.#ringer.play("end");
    else this.#ringer.stop();
    if (end?.reason === "no-microphone") {
      const { title, text } = deviceWords(end.why);
      notes.show("call", { icon: "micoff", title: t(title), text: t(text), alert: true, inline: { label: t("close"), onClick: () => notes.clear("call") } });
    }
    const words = endWords(state);
    phone.dismiss();
    if (!words) return;
    const again = () => phone.call(peer ?? "", { video: false });
    const clip = () => byId("record").click();
    const offer = words.offer && { action: t(`call.offer.${words.offer}`), onAction: words.offer === "clip" ? clip : again, seconds: OFFER_STAYS };
    this.#said = toast(t(words.key, words.vars), offer ?? {});
  }

  #listen() {
    this.#picture.play().catch(() => {}); // silent until the next press
  }
}

/**
 * What is going on, in words: the time, and how the line is.
 * @param {PhoneState} state
 */
function statusOf(state) {
  const words = t(phaseWords(state));
  return state.phase === "talking" ? `${shortStatusOf(state)} · ${words}` : words;
}

/**
 * The same where there is little room.
 * @param {PhoneState} state
 */
function shortStatusOf(state) {
  if (state.phase !== "talking") return t(phaseWords(state));
  return clock((Date.now() - (state.since ?? Date.now())) / 1000);
}
