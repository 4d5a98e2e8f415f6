// One peer connection to each other person. Perfect negotiation: either side may renegotiate at any time, and the polite one gives way.
// Who came later makes the first offer, so that a pair never starts with two.

class Peer {
  constructor(mesh, person, offers) {
    this.mesh = mesh;
    this.id = person.id;
    this.session = person.session;
    this.polite = mesh.selfId < person.id;
    this.makingOffer = false;
    this.ignoring = false;
    this.queue = Promise.resolve();
    this.stream = { audio: new MediaStream(), video: new MediaStream() };
    this.connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    this.connection.onnegotiationneeded = () => this.enqueue(() => this.offer());
    this.connection.onicecandidate = ({ candidate }) => candidate && this.signal({ candidate });
    this.connection.oniceconnectionstatechange = () => {
      if (this.connection.iceConnectionState === "failed") this.connection.restartIce();
    };
    this.connection.ontrack = ({ track }) => {
      const stream = this.stream[track.kind];
      for (const old of stream.getTracks()) stream.removeTrack(old);
      stream.addTrack(track);
      mesh.onStream(this.id, track.kind, stream);
    };
    if (offers) {
      for (const kind of ["audio", "video"]) this.connection.addTransceiver(kind, { direction: this.direction(kind) });
      this.attach();
    }
  }

  direction(kind) {
    const sends = this.mesh.media.has(kind);
    if (!this.mesh.wants[kind]) return sends ? "sendonly" : "inactive";
    return sends ? "sendrecv" : "recvonly";
  }

  // Gives each transceiver the page's own track of its kind. A change of direction makes the browser ask for negotiation.
  attach() {
    for (const transceiver of this.connection.getTransceivers()) {
      const { kind } = transceiver.receiver.track;
      if (transceiver.direction !== this.direction(kind)) transceiver.direction = this.direction(kind);
      transceiver.sender.replaceTrack(this.mesh.media.outgoing(kind)).catch(() => {});
    }
  }

  signal(data) {
    this.mesh.send({ type: "signal", to: this.id, data: JSON.parse(JSON.stringify(data)) });
  }

  enqueue(step) {
    this.queue = this.queue.then(step).catch((error) => {
      if (this.connection.signalingState !== "closed") console.warn("negotiation", error);
    });
  }

  async offer() {
    if (this.connection.signalingState !== "stable") return; // asked for again by the browser once it is
    this.makingOffer = true;
    try {
      await this.connection.setLocalDescription();
      this.signal({ description: this.connection.localDescription });
    } finally {
      this.makingOffer = false;
    }
  }

  receive(data) {
    this.enqueue(() => (data.description ? this.describe(data.description) : this.candidate(data.candidate)));
  }

  async describe(description) {
    const { connection } = this;
    const collision = description.type === "offer" && (this.makingOffer || connection.signalingState !== "stable");
    this.ignoring = !this.polite && collision;
    if (this.ignoring) return;
    await connection.setRemoteDescription(description);
    if (description.type !== "offer") return;
    this.attach();
    await connection.setLocalDescription();
    this.signal({ description: connection.localDescription });
  }

  async candidate(candidate) {
    try {
      await this.connection.addIceCandidate(candidate);
    } catch (error) {
      if (!this.ignoring) throw error;
    }
  }

  close() {
    this.connection.onnegotiationneeded = null;
    this.connection.onicecandidate = null;
    this.connection.ontrack = null;
    this.connection.close();
  }
}

export class Mesh {
  constructor(selfId, media, wants, send, onStream) {
    this.selfId = selfId;
    this.wants = wants; // by kind; false spares both ends the work
    this.media = media;
    this.send = send;
    this.onStream = onStream;
    this.peers = new Map();
  }

  connect(person, offers) {
    this.drop(person.id);
    if (person.connected) this.peers.set(person.id, new Peer(this, person, offers));
  }

  // Somebody's news: a new session means their page has new connections, so the old one here is worth nothing.
  follow(person) {
    const peer = this.peers.get(person.id);
    if (!person.connected) this.drop(person.id);
    else if (peer === undefined || peer.session !== person.session) this.connect(person, false);
  }

  receive(from, session, data) {
    const peer = this.peers.get(from);
    if (peer !== undefined && peer.session === session) peer.receive(data);
  }

  attach() {
    for (const peer of this.peers.values()) peer.attach();
  }

  drop(id) {
    this.peers.get(id)?.close();
    this.peers.delete(id);
  }

  close() {
    for (const id of [...this.peers.keys()]) this.drop(id);
  }

  // For tests: what has flowed so far, by person.
  async counters() {
    const all = {};
    for (const [id, peer] of this.peers) {
      const sums = { state: peer.connection.connectionState, audioBytes: 0, videoBytes: 0, framesDecoded: 0, framesSent: 0, audioEnergy: 0 };
      for (const entry of (await peer.connection.getStats()).values()) {
        if (entry.type === "inbound-rtp" && entry.kind === "audio") {
          sums.audioBytes += entry.bytesReceived;
          sums.audioEnergy += entry.totalAudioEnergy ?? 0;
        } else if (entry.type === "inbound-rtp" && entry.kind === "video") {
          sums.videoBytes += entry.bytesReceived;
          sums.framesDecoded += entry.framesDecoded ?? 0;
        } else if (entry.type === "outbound-rtp" && entry.kind === "video") {
          sums.framesSent += entry.framesSent ?? 0;
        }
      }
      all[id] = sums;
    }
    return all;
  }
}
