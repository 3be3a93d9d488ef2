/**
 * The thread's page. Its parts are joined here and in the scripts that this one loads, each when the one before is there,
 * in the order in which a person needs them: Record; what keeps a recording (thread-takes.js); the clips, and what comes
 * from the server (thread-clips.js); people, calls and settings (thread-later.js).
 */
import { config } from "./config.js";
import { reportErrors } from "./errors.js";
import { flag, Preferences } from "./preferences.js";
import { Capture } from "./recorder/capture.js";
import { RecorderPanel } from "./recorder/panel.js";
import { Recorder } from "./recorder/recorder.js";
import { t } from "./strings.js";
import { el } from "./ui/dom.js";

/** @type {import("./config.js").ThreadConfig} */
const { base, me, thread, hub, later } = config;
const { settings } = thread;
/** Where there is a hub it tells at once, unless somebody wants to ask. */
const pushed = hub && settings.pollFactor !== "off" ? { ...settings, pollFactor: "l" } : settings;

/** Nothing is recorded before there is what keeps it: meanwhile the browser asks for the microphone. */
const takes = import("./thread-takes.js");
const kept = takes.then(({ joinTakes }) => joinTakes({ recording }));
if (flag(settings.reportErrors)) reportErrors({ report: (report) => kept.then(({ api }) => api.report(report)) });
const preferences = new Preferences({ base, thread: thread.name, settings: pushed });
const recorder = new Recorder({ capture: new Capture(), session: takes.then(({ Session }) => Session), settings, page: document });
const recording = new RecorderPanel({ recorder, preferences, settings, me: me.name });
askForLater();
join().catch(notWhole);

/** All at once, so that they need not find each other; and only now, so that nothing is in the way of the button. */
function askForLater() {
  const address = (/** @type {string} */ name) => new URL(`../${name}`, import.meta.url).href;
  document.head.append(...later.map((name) => el("link", { rel: "modulepreload", href: address(name), fetchPriority: "low" })));
}

async function join() {
  const { api, outbox } = await kept;
  const { joinClips } = await import("./thread-clips.js");
  joinClips({ api, preferences, outbox, recorder, recording });
}

/** @param {unknown} error */
function notWhole(error) {
  recording.rest(t("load.failed"));
  throw error;
}
