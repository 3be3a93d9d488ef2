/**
 * The connection of a call: one RTCPeerConnection with a place for sound and one for a picture made at the beginning, so
 * that a camera that comes later needs no new negotiation; and a channel for what the two pages tell each other.
 *
 * Events: "offer" and "answer", detail {sdp}; "candidate", detail {candidate}; "connection", detail {state}, as
 * RTCPeerConnection names it; "told", detail what the other page tells; "open" when it can be told something; "joined" when
 * the first offer was taken; "broken" when the two cannot come to terms.
 *
 * @typedef {object} PeerParts
 * @property {RTCConfiguration} configuration
 * @property {boolean} polite gives way when both make an offer; the one that was called does
 * @property {typeof globalThis.RTCPeerConnection} [Connection]
 */

const CHANNEL = { negotiated: true, id: 0 };

export class Peer extends EventTarget {
  #connection;
  #polite;
  /** @type {RTCRtpTransceiver|null} */
  #sound = null;
  /** @type {RTCRtpTransceiver|null} */
  #picture = null;
  /** @type {RTCDataChannel|null} */
  #channel = null;
  /** Sound and picture of one stream are kept in step. */
  #stream = new MediaStream();
  /** What is sent, also before there is a place for it. @type {{audio: MediaStreamTrack|null, video: MediaStreamTrack|null}} */
  #tracks = { audio: null, video: null };
  /** What is gathered before the other tab is known goes with the offer. */
  #addressed = false;
  #offering = false;
  /** Candidates that came before the description that they belong to. @type {RTCIceCandidateInit[]} */
  #early = [];
  /** Signals are taken in one after the other. */
  #turn = Promise.resolve();

  /** @param {PeerParts} parts */
  constructor({ configuration, polite, Connection = globalThis.RTCPeerConnection }) {
    super();
    this.#polite = polite;
    const connection = new Connection({ ...configuration, bundlePolicy: "max-bundle" });
    this.#connection = connection;
    connection.addEventListener("negotiationneeded", () => this.#offer());
    connection.addEventListener("icecandidate", ({ candidate }) => this.#gathered(candidate));
    connection.addEventListener("connectionstatechange", () => this.#tell("connection", { state: connection.connectionState }));
  }

  /** As RTCPeerConnection names it. */
  get state() {
    return this.#connection.connectionState;
  }

  /** Their sound and their picture. @returns {{audio: MediaStreamTrack|null, video: MediaStreamTrack|null}} */
  get received() {
    return { audio: this.#sound?.receiver.track ?? null, video: this.#picture?.receiver.track ?? null };
  }

  /** Where their loudness can be asked for. */
  get receiver() {
    return this.#sound?.receiver ?? null;
  }

  /** Begins a call of one's own: makes the offer, and gathers candidates, while the other side still rings. */
  prepare() {
    this.#sound = this.#connection.addTransceiver("audio", { streams: [this.#stream] });
    this.#picture = this.#connection.addTransceiver("video", { streams: [this.#stream] });
    this.#openChannel();
    this.#fill();
  }

  /** The other tab is known: it gets the offer, if it is made, with the candidates that were gathered. */
  address() {
    this.#addressed = true;
    const { localDescription } = this.#connection;
    if (localDescription) this.#tell("offer", { sdp: localDescription.sdp });
  }

  /**
   * @param {"audio"|"video"} kind
   * @param {MediaStreamTrack|null} track
   */
  async send(kind, track) {
    this.#tracks[kind] = track;
    const place = kind === "audio" ? this.#sound : this.#picture;
    await place?.sender.replaceTrack(track);
  }

  /**
   * Tells the other page, if it can be told now.
   * @param {object} what
   * @returns {boolean}
   */
  tell(what) {
    if (this.#channel?.readyState !== "open") return false;
    this.#channel.send(JSON.stringify(what));
    return true;
  }

  /** @param {{type: string, sdp: string, candidates: RTCIceCandidateInit[]}} signal offer, answer or candidate */
  receive(signal) {
    this.#turn = this.#turn.then(async () => {
      if (this.#connection.signalingState === "closed") return;
      if (signal.type === "candidate") await this.#addCandidates(signal.candidates);
      else await this.#describe({ type: /** @type {RTCSdpType} */ (signal.type), sdp: signal.sdp });
    }).catch((error) => this.#broken(error));
  }

  /**
   * Looks for another way to the other side. Nothing where an offer of one's own is not answered yet: it is under way.
   * @param {RTCConfiguration} configuration with fresh credentials
   */
  restart(configuration) {
    if (this.#connection.signalingState !== "stable") return;
    this.#connection.setConfiguration({ ...configuration, bundlePolicy: "max-bundle" });
    this.#connection.restartIce();
  }

  /** @returns {Promise<RTCStatsReport>} */
  stats() {
    return this.#connection.getStats();
  }

  close() {
    this.#channel?.close();
    this.#connection.close();
  }

  async #offer() {
    try {
      this.#offering = true;
      await this.#connection.setLocalDescription();
      this.#described();
    } catch (error) {
      this.#broken(error);
    } finally {
      this.#offering = false;
    }
  }

  /**
   * Perfect negotiation: of two offers that cross, the polite side takes its own back.
   * @param {RTCSessionDescriptionInit} description
   */
  async #describe(description) {
    const { signalingState } = this.#connection;
    const collides = description.type === "offer" && (this.#offering || signalingState !== "stable");
    if ((collides && !this.#polite) || (description.type === "answer" && signalingState !== "have-local-offer")) return;
    await this.#connection.setRemoteDescription(description);
    if (description.type === "offer") {
      this.#join();
      await this.#connection.setLocalDescription();
      this.#described();
    }
    await this.#addCandidates(this.#early.splice(0));
  }

  /** The one that was called finds its places in the first offer. */
  #join() {
    if (this.#sound) return;
    this.#addressed = true;
    const places = this.#connection.getTransceivers();
    const of = (/** @type {string} */ kind) => places.find(({ receiver }) => receiver.track.kind === kind) ?? null;
    this.#sound = of("audio");
    this.#picture = of("video");
    for (const place of [this.#sound, this.#picture]) {
      if (!place) continue;
      place.direction = "sendrecv";
      place.sender.setStreams?.(this.#stream);
    }
    this.#openChannel();
    this.#fill();
    this.#tell("joined", {});
  }

  #fill() {
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      if (this.#tracks[kind]) this.send(kind, this.#tracks[kind]).catch(() => {});
    }
  }

  #openChannel() {
    this.#channel = this.#connection.createDataChannel("page", CHANNEL);
    this.#channel.addEventListener("open", () => this.#tell("open", {}));
    this.#channel.addEventListener("message", ({ data }) => {
      try {
        this.#tell("told", Object(JSON.parse(data)));
      } catch {
        // not from a page of ours
      }
    });
  }

  #described() {
    const { localDescription } = this.#connection;
    if (this.#addressed && localDescription) this.#tell(localDescription.type, { sdp: localDescription.sdp });
  }

  /** @param {RTCIceCandidate|null} candidate null: no more of them */
  #gathered(candidate) {
    if (!this.#addressed || !candidate) return;
    this.#tell("candidate", { candidate: candidate.toJSON() });
  }

  /** @param {RTCIceCandidateInit[]} candidates */
  async #addCandidates(candidates) {
    if (!this.#connection.remoteDescription) {
      this.#early.push(...candidates);
      return;
    }
    for (const candidate of candidates) {
      try {
        await this.#connection.addIceCandidate(candidate);
      } catch {
        // one of an offer that was ignored, or of a description that is not any more
      }
    }
  }

  /** @param {unknown} error */
  #broken(error) {
    if (this.#connection.signalingState !== "closed") this.#tell("broken", { error });
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
