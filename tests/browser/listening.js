// Put into every page by the tests: follows what media elements play, and how loud it is.
(() => {
  const plays = [];
  const followed = new WeakSet();
  let context;

  function follow(element) {
    if (followed.has(element)) return;
    followed.add(element);
    context ??= new AudioContext();
    const analyser = context.createAnalyser();
    const samples = new Float32Array(analyser.fftSize);
    let current = null;
    const close = () => {
      if (current) current.ended = performance.now();
      current = null;
    };
    element.addEventListener("playing", () => {
      const src = element.currentSrc;
      if (!current || current.src !== src) {
        close();
        current = { src, rms: 0, started: performance.now(), ended: null };
        plays.push(current);
      }
      const stream = element.captureStream ? element.captureStream() : element.mozCaptureStream();
      if (stream.getAudioTracks().length) context.createMediaStreamSource(stream).connect(analyser);
    });
    for (const event of ["ended", "emptied", "pause"]) element.addEventListener(event, close);
    setInterval(() => {
      if (!current || element.paused) return;
      analyser.getFloatTimeDomainData(samples);
      const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      current.rms = Math.max(current.rms, rms);
    }, 20);
  }

  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (!this.muted && !this.srcObject) follow(this);
    return play.call(this);
  };
  window.mozchatHeard = { plays: () => plays.map((each) => ({ ...each })) };
})();
