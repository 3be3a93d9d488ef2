/**
 * Who speaks on the lock screen and under the headphones' buttons.
 * @param {import("./player.js").Player} player
 * @param {object} options
 * @param {string} options.album the thread's title
 * @param {MediaSession|undefined} [options.session] not every browser has one
 */
export function attachMediaSession(player, { album, session = navigator.mediaSession }) {
  if (!session) return;
  handle(session, player);
  let shown = "";
  const show = () => {
    const { clip, state, position, duration } = player.state;
    session.playbackState = !clip ? "none" : state === "playing" ? "playing" : "paused";
    if (clip && clip.id !== shown) {
      session.metadata = new MediaMetadata({ title: clip.description || clip.author, artist: clip.author, album });
    }
    if (!clip) session.metadata = null;
    shown = clip?.id ?? "";
    if (clip && duration > 0) session.setPositionState?.({ duration, position: Math.min(position, duration) });
  };
  player.addEventListener("state", show);
  show();
}

/** Seconds that the buttons for seeking jump. */
const JUMP = 10;

/**
 * @param {MediaSession} session
 * @param {import("./player.js").Player} player
 */
function handle(session, player) {
  /** @type {[MediaSessionAction, (details: MediaSessionActionDetails) => void][]} */
  const handlers = [
    ["play", () => player.unlock()],
    ["pause", () => player.pause()],
    ["stop", () => player.stop()],
    ["nexttrack", () => player.next()],
    ["previoustrack", () => player.previous()],
    ["seekbackward", ({ seekOffset }) => player.seek(player.position - (seekOffset ?? JUMP))],
    ["seekforward", ({ seekOffset }) => player.seek(player.position + (seekOffset ?? JUMP))],
    ["seekto", ({ seekTime }) => player.seek(seekTime ?? 0)],
  ];
  for (const [action, handler] of handlers) {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // an action that this browser does not know
    }
  }
}
