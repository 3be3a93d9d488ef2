// Put into every page by the tests of calls: what really flows through its connections.
(() => {
  const lines = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...parts) {
      super(...parts);
      lines.push(this);
    }
  };
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** What came in through the connection that is open, counted from its beginning. */
  async function flow() {
    const line = lines.findLast(({ connectionState }) => connectionState !== "closed");
    if (!line) return { state: "none", energy: 0, frames: 0, width: 0, sent: {}, routes: [] };
    const all = [...(await line.getStats()).values()];
    const inbound = (kind) => all.find((one) => one.type === "inbound-rtp" && one.kind === kind) ?? {};
    const pair = all.filter(({ type, state }) => type === "candidate-pair" && state === "succeeded");
    const used = pair.flatMap((one) => [one.localCandidateId, one.remoteCandidateId]);
    const video = inbound("video");
    return {
      state: line.connectionState,
      energy: inbound("audio").totalAudioEnergy ?? 0,
      packets: inbound("audio").packetsReceived ?? 0,
      frames: video.framesDecoded ?? 0,
      width: video.frameWidth ?? 0,
      sent: Object.fromEntries(line.getSenders().map(({ track }) => [track?.kind, track?.label])),
      way: /a=ice-ufrag:(\S+)/.exec(line.localDescription?.sdp ?? "")?.[1],
      routes: [...new Set(all.filter(({ id }) => used.includes(id)).map(({ candidateType }) => candidateType))],
    };
  }

  /** Waits until more of it has come than `before` had. */
  async function more(keys, before = null, ms = 15_000) {
    const from = before ?? (await flow());
    for (const end = performance.now() + ms; ;) {
      const now = await flow();
      if (keys.every((key) => now[key] > from[key])) return now;
      if (performance.now() > end) throw new Error(`no more ${keys}: ${JSON.stringify(now)} after ${JSON.stringify(from)}`);
      await wait(10);
    }
  }

  /** Milliseconds from the press of a button until the other's voice is there. */
  async function pressUntilSound(button) {
    const pressed = performance.now();
    button.click();
    await more(["energy"], { energy: 0 });
    return performance.now() - pressed;
  }

  window.mozchatCalls = { flow, more, pressUntilSound };
})();
