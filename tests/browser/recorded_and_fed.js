// Put into pages by tests of live clips: the bytes that a recorder gives, and those that a player is fed with; what plays
// is `window.mozchatMedia`.
(() => {
  const recorded = [];
  const fed = [];

  const Recorder = window.MediaRecorder;
  if (Recorder) window.MediaRecorder = class extends Recorder {
    constructor(...args) {
      super(...args);
      this.addEventListener("dataavailable", ({ data }) => recorded.push(data));
    }
  };

  const append = window.SourceBuffer?.prototype.appendBuffer;
  let holes = 0;
  if (append) SourceBuffer.prototype.appendBuffer = function (bytes) {
    fed.push(new Blob([bytes]));
    if (this.buffered.length > 1) holes += 1;
    return append.call(this, bytes);
  };

  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    window.mozchatMedia = this;
    return play.call(this);
  };

  async function text(blobs) {
    const bytes = new Uint8Array(await new Blob(blobs).arrayBuffer());
    let all = "";
    for (let at = 0; at < bytes.length; at += 0x8000) all += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(all);
  }

  window.mozchatBytes = {
    recorded: () => text(recorded),
    fed: () => text(fed),
    /** How often what was fed did not join on to what was there. */
    holes: () => holes,
  };
})();
