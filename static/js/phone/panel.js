/** People and chat: columns on a wide window, a drawer on a narrow one. */
import { t, tn } from "../strings.js";
import { announce, byId } from "../ui/dom.js";
import { bindDrawer, WIDE } from "../ui/sheet.js";
import { CallActions } from "./call-actions.js";
import { Chat } from "./chat.js";
import { callWords } from "./chat-line.js";
import { ChatMemory } from "./chat-memory.js";
import { Roster } from "./roster.js";

/** @typedef {import("../api.js").Changes} Changes */

export class PhonePanel {
  #drawer = byId("drawer");
  #button = byId("open-phone");
  #news = byId("chat-news");
  #to = byId("to");
  #roster;
  #chat;
  #actions;
  #me;

  /**
   * @param {object} parts
   * @param {import("../api.js").Api} parts.api
   * @param {string} parts.base URL prefix of the site
   * @param {string} parts.thread name
   * @param {string} parts.me name
   * @param {string} parts.lang
   * @param {import("./phone.js").Phone} parts.phone
   * @param {import("../preferences.js").Preferences} parts.preferences
   */
  constructor({ api, base, thread, me, lang, phone, preferences }) {
    this.#me = me;
    this.#actions = new CallActions({ place: byId("calls"), phone, preferences, me });
    this.#roster = new Roster({ me, lang, online: byId("online"), away: byId("away"), awayHead: byId("away-head"),
      beads: byId("who-beads"), count: byId("who-count") });
    const memory = new ChatMemory(`mozchat${base}:${thread}:chat:${me}`);
    this.#chat = new Chat({ api, memory, me, lang, log: byId("chat"), empty: byId("chat-empty"), form: byId("chat-form"),
      to: this.#to, message: byId("message"), send: byId("send"), state: byId("chat-state") });
    this.#roster.heardOf(memory.lines.map(({ from, sent }) => ({ name: from, at: sent })));
    bindDrawer(this.#drawer, byId("main"));
    this.#listen();
  }

  /** @param {Changes} changes */
  receive({ online, messages, clips }) {
    if (messages) {
      this.#chat.receive(messages);
      const spoken = messages.filter(({ type }) => type === "chat");
      this.#roster.heardOf(spoken.map(({ from, sent }) => ({ name: from, at: sent })));
    }
    if (clips?.added?.length) this.#roster.heardOf(clips.added.map(({ author, created }) => ({ name: author, at: created })));
    if (online) {
      this.#roster.showOnline(online);
      this.#actions.showOnline(online);
      this.#nameButton();
    }
  }

  /** @param {Set<string>} names those who speak just now */
  showSpeaking(names) {
    this.#roster.showSpeaking(names);
  }

  /**
   * A call that is over, or was missed.
   * @param {Parameters<Chat["addCall"]>[0]} call
   */
  addCall(call) {
    this.#chat.addCall(call);
    this.#roster.heardOf([{ name: call.name, at: new Date(call.at).toISOString() }]);
  }

  #listen() {
    this.#roster.addEventListener("chosen", (event) => {
      const { name, byKey } = /** @type {CustomEvent} */ (event).detail;
      this.#choose(name, byKey);
    });
    this.#chat.addEventListener("line", (event) => this.#lineCame(/** @type {CustomEvent} */ (event).detail.line));
    this.#chat.addEventListener("callBack", (event) => this.#callBack(/** @type {CustomEvent} */ (event).detail.name));
    this.#to.addEventListener("input", () => {
      this.#roster.address(this.#to.value.trim());
      this.#actions.address(this.#to.value.trim());
    });
    this.#drawer.addEventListener("toggle", () => {
      if (!this.#isSeen()) return;
      this.#news.hidden = true;
      byId("chat").scrollTop = byId("chat").scrollHeight;
      this.#nameButton();
    });
  }

  /**
   * To one, or with a second press to everybody again.
   * @param {string} name
   * @param {boolean} byKey
   */
  #choose(name, byKey) {
    const wanted = this.#to.value === name ? "" : name;
    this.#address(wanted);
    if (byKey) {
      if (wanted) byId("phone-head").focus(); // the next stop is Call
      return;
    }
    // On a phone the keyboard would rise over what one is looking at.
    if (matchMedia("(pointer: fine)").matches) byId("message").focus();
  }

  /** @param {string} name "" for everybody */
  #address(name) {
    this.#to.value = name;
    this.#to.dispatchEvent(new Event("input"));
  }

  /** Somebody who is away is addressed, so that it is seen why there is no call, and a line can be written. @param {string} name */
  #callBack(name) {
    if (!this.#actions.callBack(name)) this.#address(name);
  }

  /** @param {import("./chat-memory.js").Line} line */
  #lineCame(line) {
    const { from, text, call } = line;
    if (this.#isSeen() || (call && call.key !== "missed")) return;
    this.#news.hidden = false;
    this.#nameButton();
    announce(call ? callWords(line, this.#me) : t("chat.from", { name: from, text }));
  }

  #isSeen() {
    return matchMedia(WIDE).matches || this.#drawer.matches(":popover-open");
  }

  #nameButton() {
    const name = tn("phone.open", this.#roster.size);
    this.#button.setAttribute("aria-label", this.#news.hidden ? name : `${name}, ${t("chat.news")}`);
  }
}
