/**
 * The recorder: a press becomes a recording, a recording a clip on its way, or one that its author hears first.
 *
 * @typedef {import("./recorder.js").Take} Take
 *
 * @typedef {object} Parts
 * @property {import("./recorder.js").Recorder} recorder
 * @property {import("./outbox.js").Outbox} outbox
 * @property {import("../player/player.js").Player} player
 * @property {import("../preferences.js").Preferences} preferences
 * @property {import("../site/notes.js").Notes} notes
 * @property {import("../api.js").Settings} settings
 * @property {string} me name
 * @property {string} lang
 */
import { flag } from "../preferences.js";
import { t } from "../strings.js";
import { announce, byId, el } from "../ui/dom.js";
import { length } from "../ui/format.js";
import { toast } from "../ui/toast.js";
import { RecordButton } from "./record-button.js";
import { RecordingView } from "./recording-view.js";
import { Review } from "./review.js";
import { RecorderNotes } from "./trouble.js";

export class RecorderPanel {
  #parts;
  #root = byId("recorder");
  #description = byId("description");
  /** Absent where the thread has no video. @type {HTMLInputElement|null} */
  #video = /** @type {HTMLInputElement|null} */ (document.getElementById("video"));
  #review;
  #view;
  #button;
  #notes;
  /** Says why there is no recording now. */
  #resting = el("p", { class: "rec-rest dim" });
  /** The last start was refused. */
  #refused = false;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { recorder, me, outbox, player, notes, settings, lang } = parts;
    const stage = byId("rec-stage");
    const free = () => recorder.state === "idle";
    this.#review = new Review({ stage, description: this.#description, me, outbox, player, free });
    this.#view = new RecordingView({ stage, live: byId("rec-live"), onCancel: () => this.#cancel() });
    this.#button = new RecordButton({ button: byId("record"), me, state: () => recorder.state, ready: () => !this.#review.take && !this.#resting.textContent });
    this.#notes = new RecorderNotes({
      notes, settings, lang,
      onClose: () => this.#showRefused(false),
      onSoundOnly: () => {
        parts.preferences.set("video", false);
        this.#start();
      },
    });
    byId("recbar").prepend(this.#resting);
    this.#followRecorder();
    this.#followPerson();
    this.#show();
  }

  /** Something would be lost with the page. */
  get unsaved() {
    return this.#parts.recorder.state !== "idle" || this.#review.take !== null;
  }

  /**
   * What an earlier visit left behind is heard, and decided about.
   * @param {import("./outbox.js").OutboxItem} item
   */
  review({ take, description }) {
    if (!this.unsaved) this.#review.open(take, description);
  }

  /**
   * Something else needs the microphone: what is being recorded ends here, and nothing is until it is free again.
   * @param {string} why "" when it is free
   */
  rest(why) {
    const { recorder } = this.#parts;
    if (why && recorder.state === "asking") recorder.cancel();
    if (why && recorder.state === "recording") recorder.stop();
    this.#resting.textContent = why;
    this.#root.classList.toggle("resting", why !== "");
    byId("record").disabled = why !== "";
  }

  #followRecorder() {
    const { recorder, outbox } = this.#parts;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      recorder.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("state", ({ state, kind }) => this.#stateChanged(state, kind));
    on("tick", (tick) => {
      this.#view.showTick(tick);
      this.#button.showTick(tick.left / (tick.seconds + tick.left), tick.level);
    });
    on("piece", (piece) => outbox.grow(piece));
    on("take", ({ take }) => this.#taken(take));
    on("drop", ({ id }) => outbox.discard(id));
    on("error", (trouble) => this.#failed(trouble));
  }

  #followPerson() {
    const { preferences, recorder } = this.#parts;
    this.#button.addEventListener("deed", (event) => {
      const { deed } = /** @type {CustomEvent} */ (event).detail;
      if (deed === "start") this.#start();
      else if (deed === "stop") recorder.stop();
      else this.#cancel();
    });
    this.#button.addEventListener("hold", () => this.#showHint());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.#cancel();
    });
    preferences.addEventListener("change", () => this.#show());
    this.#video?.addEventListener("change", () => preferences.set("video", this.#video?.checked === true));
    this.#review.addEventListener("redo", () => this.#start());
    this.#review.addEventListener("changed", () => this.#reviewChanged());
  }

  #start() {
    const { recorder, player, preferences } = this.#parts;
    if (this.#resting.textContent) return;
    this.#refused = false;
    this.#notes.clear();
    if (preferences.get("pausePlayer")) player.hold("recorder");
    recorder.start({
      kind: this.#kind, seconds: preferences.get("clipSeconds"), stream: this.#streams, quality: preferences.get("quality"),
      microphone: preferences.get("microphone"), camera: preferences.get("camera"),
    });
  }

  #cancel() {
    if (this.#parts.recorder.state === "idle") return;
    this.#parts.recorder.cancel();
    announce(t("recorder.cancelled"));
  }

  /** What is chosen. @returns {"audio"|"video"} */
  get #kind() {
    return this.#parts.preferences.get("video") ? "video" : "audio";
  }

  /** What is recorded goes out by itself. */
  get #sends() {
    return this.#parts.preferences.get("onRecorded") === "upload";
  }

  /** It goes on, clip after clip. */
  get #streams() {
    return this.#sends && flag(this.#parts.settings.allowStream);
  }

  /**
   * @param {"idle"|"asking"|"recording"} state
   * @param {"audio"|"video"} kind
   */
  #stateChanged(state, kind) {
    const { recorder, player } = this.#parts;
    this.#notes.asking(state === "asking" ? kind : null);
    if (state === "recording") {
      this.#view.open(kind === "video" ? recorder.stream : null);
      announce(t("recorder.started"));
    }
    if (state === "idle") {
      if (!this.#review.take) this.#view.close();
      player.release("recorder");
    }
    this.#show();
  }

  /** @param {Take} take */
  #taken(take) {
    const { outbox, preferences } = this.#parts;
    this.#notes.ended(take, { seconds: preferences.get("clipSeconds"), sends: this.#sends, streams: this.#streams });
    if (this.#sends) {
      outbox.add(take, { description: this.#description.value.trim() });
      this.#description.value = "";
    } else {
      this.#review.open(take);
      announce(t("recorder.stopped", { length: length(take.seconds) }));
    }
  }

  /** @param {import("./trouble.js").Trouble} trouble */
  #failed(trouble) {
    if (trouble.reason === "short") {
      toast(t("recorder.short.text"));
      return;
    }
    this.#showRefused(trouble.reason !== "failed");
    this.#notes.failed(trouble);
  }

  /** The keyboard was in the preview, which is gone. */
  #reviewChanged() {
    this.#show();
    if (this.#review.take) return;
    this.#notes.clear();
    byId("record").focus({ preventScroll: true });
  }

  /** @param {boolean} refused */
  #showRefused(refused) {
    this.#refused = refused;
    this.#show();
  }

  #show() {
    const { state } = this.#parts.recorder;
    const resting = this.#review.take ? "preview" : this.#refused ? "refused" : "idle";
    this.#root.dataset.state = state === "idle" ? resting : state;
    if (state === "idle") this.#root.dataset.kind = this.#kind;
    this.#button.show(state === "idle" && this.#refused ? "refused" : state, this.#kind);
    if (this.#video) this.#video.checked = this.#kind === "video";
    this.#showHint();
  }

  #showHint() {
    const { holding, away } = this.#button;
    this.#root.classList.toggle("cancelling", away);
    const tap = this.#streams ? "stream" : this.#sends ? "send" : "preview";
    const hold = this.#sends ? "holdSend" : "holdPreview";
    this.#view.showHint(t(`recorder.hint.${away ? "cancelling" : holding ? hold : tap}`));
  }
}
