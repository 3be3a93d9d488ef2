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
import { announce, byId } from "../ui/dom.js";
import { length } from "../ui/format.js";
import { toast } from "../ui/toast.js";
import { Preview } from "./preview.js";
import { RecordButton } from "./record-button.js";
import { RecordingView } from "./recording-view.js";
import { endNotice, troubleNotice } from "./trouble.js";

/** Milliseconds after which it is said that the browser is asking. */
const ASKING_PATIENCE = 1000;

export class RecorderPanel {
  #parts;
  #root = byId("recorder");
  #description = byId("description");
  #preview;
  #view;
  #button;
  /** The last start was refused. */
  #refused = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #askingTimer;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { recorder, me } = parts;
    const stage = byId("rec-stage");
    this.#preview = new Preview(stage, me);
    this.#view = new RecordingView({ stage, live: byId("rec-live"), onCancel: () => this.#cancel() });
    this.#button = new RecordButton({ button: byId("record"), me, state: () => recorder.state, ready: () => !this.#preview.take });
    this.#followRecorder();
    this.#followPerson();
    this.#followPreview();
    this.#show();
  }

  /** Something would be lost with the page. */
  get unsaved() {
    return this.#parts.recorder.state !== "idle" || this.#preview.take !== null;
  }

  #followRecorder() {
    const { recorder } = this.#parts;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      recorder.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("state", ({ state, kind }) => this.#stateChanged(state, kind));
    on("tick", (tick) => {
      this.#view.showTick(tick);
      this.#button.showTick(tick.left / (tick.seconds + tick.left), tick.level);
    });
    on("take", ({ take }) => this.#taken(take));
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
      if (event.key === "Escape" && !event.defaultPrevented && recorder.state !== "idle") this.#cancel();
    });
    preferences.addEventListener("change", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.key === "video") this.#show();
    });
    const video = /** @type {HTMLInputElement|null} */ (document.getElementById("video"));
    video?.addEventListener("change", () => preferences.set("video", video.checked));
  }

  #followPreview() {
    const { outbox, player } = this.#parts;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      this.#preview.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("play", () => player.hold("preview"));
    on("quiet", () => player.release("preview"));
    on("upload", ({ description }) => {
      if (this.#preview.take) outbox.add(this.#preview.take, { description });
      this.#closePreview();
      this.#description.value = "";
    });
    on("redo", () => {
      this.#description.value = this.#preview.close();
      this.#start();
    });
    on("discard", () => this.#discard());
  }

  #start() {
    const { recorder, player, preferences, notes } = this.#parts;
    this.#refused = false;
    for (const cause of ["trouble", "end"]) notes.clear(cause);
    if (preferences.get("pausePlayer")) player.hold("recorder");
    recorder.start({
      kind: preferences.get("video") ? "video" : "audio", seconds: preferences.get("clipSeconds"),
      stream: this.#streams, quality: preferences.get("quality"),
      microphone: preferences.get("microphone"), camera: preferences.get("camera"),
    });
  }

  /** What is recorded goes out by itself. */
  get #sends() {
    return this.#parts.preferences.get("onRecorded") === "upload";
  }

  /** It goes on, clip after clip. */
  get #streams() {
    return this.#sends && flag(this.#parts.settings.allowStream);
  }

  #cancel() {
    if (this.#parts.recorder.state === "idle") return;
    this.#parts.recorder.cancel();
    announce(t("recorder.cancelled"));
  }

  /**
   * @param {"idle"|"asking"|"recording"} state
   * @param {"audio"|"video"} kind
   */
  #stateChanged(state, kind) {
    const { recorder, notes, player } = this.#parts;
    clearTimeout(this.#askingTimer);
    notes.clear("asking");
    if (state === "asking") this.#askingTimer = setTimeout(() => this.#explainAsking(kind), ASKING_PATIENCE);
    if (state === "recording") {
      this.#view.open(kind === "video" ? recorder.stream : null);
      announce(t("recorder.started"));
    }
    if (state === "idle") {
      if (!this.#preview.take) this.#view.close();
      player.release("recorder");
    }
    this.#show();
  }

  /** @param {"audio"|"video"} kind */
  #explainAsking(kind) {
    this.#parts.notes.show("asking", { icon: kind === "video" ? "cam" : "mic", title: t(kind === "video" ? "recorder.askingVideo" : "recorder.asking") });
  }

  /** @param {Take} take */
  #taken(take) {
    const { outbox, notes, settings, lang, preferences } = this.#parts;
    const end = endNotice(take, { settings, lang, seconds: preferences.get("clipSeconds") });
    const full = take.reason === "time" || take.reason === "bytes";
    if (end && !(full && this.#sends)) notes.show("end", { ...end, inline: { label: t("close"), onClick: () => notes.clear("end") } });
    else if (end && !this.#streams) toast(end.title);
    if (this.#sends) {
      outbox.add(take, { description: this.#description.value.trim() });
      this.#description.value = "";
    } else {
      this.#openPreview(take, this.#description.value.trim());
      announce(t("recorder.stopped", { length: length(take.seconds) }));
    }
  }

  /** @param {{reason: import("./trouble.js").Trouble, device: import("./trouble.js").Affected}} trouble */
  #failed(trouble) {
    const { notes, preferences } = this.#parts;
    if (trouble.reason === "short") return toast(t("recorder.short.text"));
    const close = () => {
      notes.clear("trouble");
      this.#refused = false;
      this.#show();
    };
    this.#refused = trouble.reason !== "failed";
    this.#show();
    notes.show("trouble", troubleNotice(trouble, {
      close,
      showWhere: () => notes.show("trouble", { icon: "lock", title: t("recorder.showWhere"), text: t("recorder.where"), inline: { label: t("close"), onClick: close } }),
      soundOnly: () => {
        preferences.set("video", false);
        this.#start();
      },
    }));
  }

  /** Stop is where Discard appears, so a second tap must not cost what was said. */
  #discard() {
    const { take } = this.#preview;
    const description = this.#closePreview();
    this.#description.value = "";
    const restore = () => {
      if (take && !this.unsaved) this.#openPreview(take, description);
    };
    toast(t("clip.discarded"), { action: t("undo"), onAction: restore });
  }

  /**
   * @param {Take} take
   * @param {string} description
   */
  #openPreview(take, description) {
    this.#preview.open(take, description);
    this.#show();
  }

  /** @returns {string} the description that was written */
  #closePreview() {
    const description = this.#preview.close();
    this.#parts.notes.clear("end");
    this.#show();
    byId("record").focus({ preventScroll: true });
    return description;
  }

  #show() {
    const { recorder, preferences } = this.#parts;
    const state = recorder.state !== "idle" ? recorder.state : this.#preview.take ? "preview" : this.#refused ? "refused" : "idle";
    const kind = preferences.get("video") ? "video" : "audio";
    this.#root.dataset.state = state;
    this.#root.dataset.kind = kind;
    this.#button.show(state === "preview" ? "idle" : state, kind);
    const video = /** @type {HTMLInputElement|null} */ (document.getElementById("video"));
    if (video) video.checked = kind === "video";
    this.#showHint();
  }

  #showHint() {
    const { holding, away } = this.#button;
    this.#root.classList.toggle("cancelling", away);
    const way = this.#sends ? (holding ? "holdSend" : this.#streams ? "stream" : "send") : holding ? "holdPreview" : "preview";
    this.#view.showHint(t(`recorder.hint.${away ? "cancelling" : way}`));
  }
}
