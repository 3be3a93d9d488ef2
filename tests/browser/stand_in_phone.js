// In the place of static/js/phone/phone.js: a phone that is in whatever state a test puts it.
const IDLE = {
  phase: "idle", peer: null, outgoing: false, video: false, since: null, end: null, shouldRing: false,
  muted: false, camera: false, screen: false, peerMuted: false, peerCamera: false, peerScreen: false,
  local: null, remote: null, canShareScreen: true, quality: null, trouble: null,
};

export class Phone extends EventTarget {
  state = Object.freeze({ ...IDLE });
  supported = true;
  #ways = { host: true, stun: true, turn: false, errors: ["turn:turn.example: 701 timed out"], verdict: "stun" };

  constructor() {
    super();
    window.standIn = this;
  }

  /** The next state: what is not given is as before. */
  become(more) {
    this.state = Object.freeze({ ...this.state, ...more });
    this.dispatchEvent(new Event("state"));
  }

  /** Both voices for a while. */
  speak(me, peer) {
    for (let i = 0; i < 40; i++) {
      const detail = { me: me * Math.abs(Math.sin(i / 3)), peer: peer * Math.abs(Math.sin(i / 2)) };
      this.dispatchEvent(new CustomEvent("level", { detail }));
    }
  }

  /** Pictures flow both ways. */
  showPictures() {
    this.become({ camera: true, peerCamera: true, local: picture("#2F4D80"), remote: picture("#20483C") });
  }

  end(reason, more = {}) {
    this.become({ phase: "ended", since: null, end: { reason, byMe: false, secs: null, why: null, ...more } });
  }

  call(name, { video = false } = {}) {
    this.become({ ...IDLE, phase: "calling", peer: name, outgoing: true, video });
  }

  accept({ video = false } = {}) {
    this.become({ phase: "connecting", camera: video });
  }

  reject() {
    this.end("declined", { byMe: true });
  }

  hangUp() {
    const { since } = this.state;
    this.end(since ? "ended" : "cancelled", { byMe: true, secs: since && Math.round((Date.now() - since) / 1000) });
  }

  dismiss() {
    this.become(IDLE);
  }

  setMuted(muted) {
    this.become({ muted });
  }

  async setCamera(camera) {
    this.become({ camera, local: camera ? picture("#2F4D80") : null });
  }

  async setScreen(screen) {
    this.become({ screen });
  }

  async useMicrophone() {}

  async useCamera() {}

  receive() {}

  roster() {}

  async testConnection() {
    return this.#ways;
  }
}

function picture(colour) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const context = canvas.getContext("2d");
  const draw = () => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 320, 240);
  };
  draw();
  setInterval(draw, 100);
  return canvas.captureStream(10);
}
