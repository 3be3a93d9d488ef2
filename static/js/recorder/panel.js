/**
 * The recorder: a press becomes a recording, a recording a clip on its way, or one that its author hears first.
 *
 * @typedef {import("./recorder.js").Take} Take
 *
 * @typedef {object} Parts
 * @property {import("./recorder.js").Recorder} recorder
 * @property {import("../preferences.js").Preferences} preferences
 * @property {import("../api.js").Settings} settings
 * @property {string} me name
 *
 * @typedef {object} Rest what is not needed before something is recorded, or went wrong
 * @property {import("./outbox.js").Outbox} outbox
 * @property {import("./recording-view.js").RecordingView} view
 * @property {Pick<import("../player/player.js").Player, "hold"|"release">} player
 * @property {import("./review.js").Review} review
 * @property {import("./trouble.js").RecorderNotes} notes
 */
import { flag } from "../preferences.js";
import { t } from "../strings.js";
import { announce, byId, el } from "../ui/dom.js";
import { RecordButton } from "./record-button.js";

export class RecorderPanel {
  #parts;
  #root = byId("recorder");
  #description = byId("description");
  /** Absent where the thread has no video. @type {HTMLInputElement|null} */
  #video = /** @type {HTMLInputElement|null} */ (document.getElementById("video"));
  #button;
  /** @type {Partial<Rest>} */
  #rest = {};
  /** What parts of the rest shall do when they are there, in order. @type {{name: keyof Rest, act: (part: any) => void}[]} */
  #meanwhile = [];
  /** A take that its author will hear when the rest is there. @type {Take|null} */
  #early = null;
  /** Says why there is no recording now. */
  #resting = el("p", { class: "rec-rest dim" });
  /** The last start was refused. */
  #refused = false;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { recorder, me } = parts;
    this.#button = new RecordButton({ button: byId("record"), me, state: () => recorder.state, ready: () => !this.#reviewed && !this.#resting.textContent });
    byId("recbar").prepend(this.#resting);
    this.#followRecorder();
    this.#followPerson();
    this.#show();
  }

  /**
   * The button works already.
   * @param {Partial<Rest>} parts
   */
  complete(parts) {
    Object.assign(this.#rest, parts);
    parts.review?.addEventListener("redo", () => this.#start());
    parts.review?.addEventListener("changed", () => this.#reviewChanged());
    for (const { name, act } of this.#meanwhile.splice(0)) this.#tell(name, act);
  }

  /** Something would be lost with the page. */
  get unsaved() {
    return this.#parts.recorder.state !== "idle" || this.#reviewed !== null;
  }

  /**
   * What an earlier visit left behind is heard, and decided about.
   * @param {import("./outbox.js").OutboxItem} item
   */
  review({ take, description }) {
    if (!this.unsaved) this.#rest.review?.open(take, description);
  }

  /** Why nothing was recorded is understood. */
  putAside() {
    this.#refused = false;
    this.#show();
  }

  /** Records, without a picture from now on. */
  startSoundOnly() {
    this.#parts.preferences.set("video", false);
    this.#start();
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
    const { recorder } = this.#parts;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      recorder.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("state", ({ state, kind }) => this.#stateChanged(state, kind));
    on("tick", (tick) => {
      this.#tell("view", (view) => view.showTick(tick));
      this.#button.showTick(tick.left / (tick.seconds + tick.left), tick.level);
    });
    on("live", (take) => this.#tell("outbox", (outbox) => outbox.begin(take)));
    on("piece", (piece) => this.#tell("outbox", (outbox) => outbox.grow(piece)));
    on("take", ({ take }) => this.#taken(take));
    on("pause", ({ id, paused }) => this.#paused(id, paused));
    on("drop", ({ id }) => this.#tell("outbox", (outbox) => outbox.discard(id)));
    on("error", (trouble) => this.#failed(trouble));
  }

  #followPerson() {
    const { preferences, recorder } = this.#parts;
    this.#button.addEventListener("deed", (event) => {
      const { deed } = /** @type {CustomEvent} */ (event).detail;
      if (deed === "start") this.#start();
      else if (deed === "stop") recorder.stop();
      else this.cancel();
    });
    this.#button.addEventListener("hold", () => this.#showHint());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.cancel();
    });
    preferences.addEventListener("change", () => this.#show());
    this.#video?.addEventListener("change", () => preferences.set("video", this.#video?.checked === true));
  }

  /**
   * @template {keyof Rest} K
   * @param {K} name
   * @param {(part: Rest[K]) => void} act now, or when that part is there
   */
  #tell(name, act) {
    const part = this.#rest[name];
    if (part) act(/** @type {Rest[K]} */ (part));
    else this.#meanwhile.push({ name, act });
  }

  /** What waits for its author. */
  get #reviewed() {
    return this.#early ?? this.#rest.review?.take ?? null;
  }

  #start() {
    const { recorder, preferences } = this.#parts;
    if (this.#resting.textContent || this.#early) return;
    this.#refused = false;
    this.#tell("notes", (notes) => notes.clear());
    if (preferences.get("pausePlayer")) this.#tell("player", (player) => player.hold("recorder"));
    recorder.start({
      kind: this.#kind, seconds: this.#seconds, stream: this.#streams, quality: preferences.get("quality"),
      microphone: preferences.get("microphone"), camera: preferences.get("camera"),
      live: this.#isLive, roundTrip: this.#rest.outbox?.roundTrip,
    });
  }

  togglePause() {
    this.#parts.recorder.togglePause();
  }

  /** Throws away what is being recorded. */
  cancel() {
    if (this.#parts.recorder.state === "idle") return;
    this.#parts.recorder.cancel();
    announce(t(this.#isLive ? "recorder.takenBack" : "recorder.cancelled"));
  }

  /** What is chosen. @returns {"audio"|"video"} */
  get #kind() {
    return this.#parts.preferences.get("video") ? "video" : "audio";
  }

  /** What is recorded goes out by itself. */
  get #sends() {
    return this.#parts.preferences.get("onRecorded") === "upload";
  }

  /** It goes on: clip after clip, or where it is live in one. */
  get #streams() {
    return this.#sends && flag(this.#parts.settings.allowStream);
  }

  /** Others hear it while it is recorded. */
  get #isLive() {
    return this.#sends && flag(this.#parts.settings.live);
  }

  /** Longest that a clip may be: where a turn of speaking is one, as long as the thread allows. */
  get #seconds() {
    const { preferences, settings } = this.#parts;
    return this.#isLive && this.#streams ? Number(settings.maxClipSizeSec) : preferences.get("clipSeconds");
  }

  /**
   * @param {"idle"|"asking"|"recording"} state
   * @param {"audio"|"video"} kind
   */
  #stateChanged(state, kind) {
    const { recorder } = this.#parts;
    this.#tell("notes", (notes) => notes.asking(state === "asking" ? kind : null));
    if (state === "recording") {
      this.#tell("view", (view) => view.open(kind === "video" ? recorder.stream : null));
      announce(t("recorder.started"));
    }
    if (state === "idle") {
      if (!this.#reviewed) this.#tell("view", (view) => view.close());
      this.#tell("player", (player) => player.release("recorder"));
    }
    this.#show();
  }

  /**
   * @param {string} id
   * @param {boolean} paused
   */
  #paused(id, paused) {
    this.#tell("outbox", (outbox) => outbox.pause(id, paused));
    this.#tell("view", (view) => view.showPaused(paused));
    announce(t(paused ? "recorder.paused" : "recorder.started"));
    this.#show();
  }

  /** @param {Take} take */
  #taken(take) {
    const how = { seconds: this.#seconds, sends: this.#sends, streams: this.#streams && !this.#isLive };
    this.#tell("notes", (notes) => notes.ended(take, how));
    if (this.#sends) {
      const description = this.#description.value.trim();
      this.#tell("outbox", (outbox) => outbox.add(take, { description }));
      this.#description.value = "";
    } else {
      this.#early = take;
      this.#tell("review", (review) => {
        this.#early = null;
        review.open(take);
      });
    }
  }

  /** @param {import("./trouble.js").Trouble} trouble */
  #failed(trouble) {
    this.#refused = trouble.reason !== "failed" && trouble.reason !== "short";
    this.#show();
    this.#tell("notes", (notes) => notes.failed(trouble));
  }

  /** The keyboard was in the preview, which is gone. */
  #reviewChanged() {
    this.#show();
    if (this.#reviewed) return;
    this.#tell("notes", (notes) => notes.clear());
    byId("record").focus({ preventScroll: true });
  }

  #show() {
    const { state } = this.#parts.recorder;
    const resting = this.#reviewed ? "preview" : this.#refused ? "refused" : "idle";
    this.#root.dataset.state = state === "idle" ? resting : state;
    this.#root.classList.toggle("paused", this.#parts.recorder.paused);
    if (state === "idle") this.#root.dataset.kind = this.#kind;
    this.#button.show(state === "idle" && this.#refused ? "refused" : state, this.#kind);
    if (this.#video) this.#video.checked = this.#kind === "video";
    this.#showHint();
  }

  #showHint() {
    const { holding, away } = this.#button;
    this.#root.classList.toggle("cancelling", away);
    const sent = this.#isLive ? "live" : this.#streams ? "stream" : this.#sends ? "send" : "preview";
    const tap = this.#parts.recorder.paused ? "paused" : sent;
    const hold = this.#isLive ? "holdLive" : this.#sends ? "holdSend" : "holdPreview";
    const words = t(`recorder.hint.${away ? "cancelling" : holding ? hold : tap}`);
    this.#tell("view", (view) => view.showHint(words));
  }
}
