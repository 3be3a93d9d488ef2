// Put into pages by tests of live clips: a microphone that gives a known sound, and ears at the microphone and at what the
// page plays. `window.mozchatVoice` says what is spoken: "tone" (440 Hz), "beeps" (50 ms, one a second, 600 to 2500 Hz),
// "sweep" (from 400 Hz, 100 Hz higher every second), a sound file in base64, or with "device" what the browser's own gives:
// of that Chromium's recorder keeps the time exactly, of ours only within some milliseconds.
(() => {
  const PROBE = `
    const WINDOW = 240; // 5 ms
    const BEEP = { quiet: 0.2, level: 0.05, skip: 240, count: 1680 };
    class Probe extends AudioWorkletProcessor {
      windows = []; sum = 0; residue = 0; filled = 0; offsets = []; quiet = Infinity; beep = null;
      last = 0; before = 0; turn = 2 * Math.cos(2 * Math.PI * 440 / sampleRate);
      process([[samples]], [outputs]) {
        for (const output of outputs) if (samples) output.set(samples);
        this.offsets.push(Date.now() - currentFrame / sampleRate * 1000);
        if (this.offsets.length > 500) this.offsets.shift();
        for (let i = 0; i < 128; i++) this.take(samples ? samples[i] : 0, currentFrame + i);
        return true;
      }
      take(value, frame) {
        this.sum += value * value;
        this.residue = Math.max(this.residue, Math.abs(value - this.turn * this.last + this.before));
        this.before = this.last;
        this.last = value;
        if (++this.filled === WINDOW) {
          this.windows.push(Math.sqrt(this.sum / WINDOW), this.residue);
          this.sum = this.residue = this.filled = 0;
          if (this.windows.length === 40) { this.port.postMessage({ windows: this.windows }); this.windows = []; }
        }
        this.listen(value, frame);
      }
      listen(value, frame) {
        if (this.beep) {
          const at = frame - this.beep.frame;
          if (at > BEEP.skip && at <= BEEP.skip + BEEP.count && (value >= 0) !== this.beep.positive) this.beep.turns++;
          this.beep.positive = value >= 0;
          if (at <= BEEP.skip + BEEP.count) return;
          const offset = [...this.offsets].sort((a, b) => a - b)[this.offsets.length >> 1];
          const hz = this.beep.turns / 2 / (BEEP.count / sampleRate);
          this.port.postMessage({ beep: { at: this.beep.frame / sampleRate * 1000 + offset, hz } });
          this.beep = null;
          this.quiet = 0;
        } else if (Math.abs(value) > BEEP.level) {
          if (this.quiet > BEEP.quiet * sampleRate) this.beep = { frame, turns: 0, positive: value >= 0 };
          this.quiet = 0;
        } else this.quiet++;
      }
    }
    registerProcessor("probe", Probe);`;
  const SPEAKING = 0.05;

  let context;
  async function started() {
    context ??= new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    await probesIn(context);
    await context.resume();
    return context;
  }

  const probed = new WeakMap();
  function probesIn(context) {
    const url = () => URL.createObjectURL(new Blob([PROBE], { type: "text/javascript" }));
    if (!probed.has(context)) probed.set(context, context.audioWorklet.addModule(url()));
    return probed.get(context);
  }

  async function listenTo(node, ear) {
    const { context } = node;
    await probesIn(context);
    const probe = new AudioWorkletNode(context, "probe", { outputChannelCount: [1], channelCount: 1, channelCountMode: "explicit" });
    probe.port.onmessage = ({ data: { windows, beep } }) => {
      if (windows) for (let i = 0; i < windows.length; i += 2) { ear.rms.push(windows[i]); ear.residue.push(windows[i + 1]); }
      if (beep) ear.beeps.push(beep);
    };
    connect.call(node, probe);
    connect.call(probe, context.destination);
  }

  // What the page plays without a media element.
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
      window.mozchatOutput = this.context;
      listenTo(this, ear);
    }
    return connect.call(this, to, ...rest);
  };

  const newEar = () => ({ rms: [], residue: [], beeps: [] });
  const mouth = newEar();
  const ear = newEar();

  /** Twenty seconds of it, or the file, over and over. */
  async function voice(kind) {
    const source = context.createBufferSource();
    source.loop = true;
    source.buffer = ["tone", "beeps", "sweep"].includes(kind) ? made(kind)
      : await context.decodeAudioData(Uint8Array.from(atob(kind), (char) => char.charCodeAt(0)).buffer);
    return source;
  }

  function made(kind) {
    const rate = context.sampleRate;
    const buffer = context.createBuffer(1, 20 * rate, rate);
    const samples = buffer.getChannelData(0);
    const hum = (/** @type {(seconds: number) => number} */ turns) => samples.forEach((_, i) => { samples[i] = 0.4 * Math.sin(2 * Math.PI * turns(i / rate)); });
    if (kind === "tone") hum((seconds) => 440 * seconds);
    else if (kind === "sweep") hum((seconds) => 400 * seconds + 50 * seconds ** 2);
    else for (let beep = 0; beep < 20; beep++) {
      for (let i = 0; i < 0.05 * rate; i++) samples[Math.round((beep + 0.3) * rate) + i] = 0.5 * Math.sin(2 * Math.PI * (600 + 100 * beep) * i / rate);
    }
    return buffer;
  }

  const getUserMedia = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);

  /** What makes speech clearer would spoil a tone. */
  async function device() {
    const stream = await getUserMedia({ audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    await listenTo(context.createMediaStreamSource(stream), mouth);
    return stream;
  }

  if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
    await started();
    if (window.mozchatVoice === "device") return device();
    const source = await voice(window.mozchatVoice ?? "tone");
    const microphone = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    source.connect(microphone);
    await listenTo(source, mouth);
    source.start();
    const [track] = microphone.stream.getAudioTracks();
    const stop = track.stop.bind(track);
    track.stop = () => { source.stop(); stop(); };
    return microphone.stream;
  };

  const followed = new WeakSet();
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (!this.muted && !this.srcObject && !followed.has(this)) {
      followed.add(this);
      started().then(() => listenTo(context.createMediaElementSource(this), ear));
    }
    return play.call(this);
  };

  /** Silences in what was heard of a tone, from the first sound to the last, in ms, and where they began, in s. */
  function gaps(rms) {
    const from = rms.findIndex((value) => value > SPEAKING);
    const to = rms.findLastIndex((value) => value > SPEAKING);
    const found = [];
    for (let i = from; i <= to && from >= 0; i++) {
      if (rms[i] > SPEAKING) continue;
      if (found.at(-1)?.end === i) { found.at(-1).end += 1; found.at(-1).ms += 5; }
      else found.push({ end: i + 1, ms: 5, at: (i - from) * 0.005 });
    }
    return { seconds: from < 0 ? 0 : (to - from + 1) * 0.005, gaps: found.map(({ ms, at }) => ({ ms, at })) };
  }

  window.mozchatEars = {
    mouth: () => mouth.beeps,
    ear: () => ear.beeps,
    tone: () => gaps(ear.rms),
    spoken: () => gaps(mouth.rms),
    /** How loud it was at either, 5 ms each. */
    envelopes: () => ({ spoken: mouth.rms, heard: ear.rms }),
    sounds: () => ear.rms.some((value) => value > SPEAKING),
    forget: () => { for (const one of [mouth, ear]) for (const heard of Object.values(one)) heard.length = 0; },
  };
})();
