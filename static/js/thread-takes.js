/** The second part of the thread's page (see thread.js): what a recording is made with, and what keeps it until it is sent. */
import { Api } from "./api.js";
import { config } from "./config.js";
import { Outbox } from "./recorder/outbox.js";
import { RecordingView } from "./recorder/recording-view.js";
import { TakeOwners } from "./recorder/take-owners.js";
import { TakeStore } from "./recorder/take-store.js";
import { byId } from "./ui/dom.js";
import "./upload.js"; // which api.js asks for at the first piece, when the network may be gone

export { Session } from "./recorder/session.js";

/** @type {import("./config.js").ThreadConfig} */
const { base, me, thread } = config;

/** @param {{recording: import("./recorder/panel.js").RecorderPanel}} first */
export function joinTakes({ recording }) {
  const api = new Api({ base, thread: thread.name });
  const outbox = new Outbox({
    api, store: new TakeStore({ base }), owners: new TakeOwners({ base }), place: { thread: thread.name, name: me.name }, page: document,
  });
  const view = new RecordingView({
    stage: byId("rec-stage"), live: byId("rec-live"), onPause: () => recording.togglePause(), onCancel: () => recording.cancel(),
  });
  recording.complete({ outbox, view });
  return { api, outbox };
}
