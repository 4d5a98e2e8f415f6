// How a twin's page gets the people's media. `mesh`: from each of them, as Jitsi does between few. All else comes from the relay (relay.js),
// which stands for the platform's servers: `tracks`, three sound tracks that change speaker; `mixed`, one; `data`, none at all: samples come
// over a data channel, and the page makes the sound itself. What the page's own microphone and camera give goes to each of the people by a
// connection that only sends: for them it is as if the platform's servers had passed it on.

import { Mesh } from "../rehearsal/mesh.js";
import { Player } from "./player.js";
import { about } from "./client.js";

export class Downlink {
  constructor(selfId, media, send, onStream, speakers) {
    this.send = send;
    this.speakers = speakers; // () => ids of those who speak now
    this.onStream = onStream;
    this.relay = null;
    this.slots = []; // who is heard in each sound track, by id
    this.mesh = about.media === "mesh" ? new Mesh(selfId, media, { audio: true, video: true }, send, (id, kind, stream) => onStream({ id, kind, stream })) : null;
    this.uplink = this.mesh ?? new Mesh(selfId, media, { audio: false, video: false }, send, () => {});
  }

  meet(person, offers) {
    if (person.name !== about.relay) this.uplink.connect(person, offers);
  }

  follow(person) {
    if (person.name !== about.relay) this.uplink.follow(person);
  }

  lose(id) {
    this.uplink.drop(id);
    if (this.relay === id) this.deafen();
  }

  attach() {
    this.uplink.attach();
  }

  // The relay is in the meeting: ask it to send.
  find(person, hears) {
    if (this.mesh || this.relay === person.id) return;
    this.relay = person.id;
    this.connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    this.connection.onicecandidate = ({ candidate }) => candidate && this.tell({ candidate });
    this.connection.ontrack = (event) => this.track(event);
    this.connection.ondatachannel = ({ channel }) => {
      this.player ??= new Player();
      channel.binaryType = "arraybuffer";
      channel.onmessage = ({ data }) => this.player.push(data);
    };
    this.steps = Promise.resolve();
    this.tell({ want: true, hears });
  }

  listen() {
    if (this.relay) this.tell({ hears: true });
  }

  tell(data) {
    this.send({ type: "signal", to: this.relay, data: JSON.parse(JSON.stringify(data)) });
  }

  receive(from, session, data) {
    if (from !== this.relay) return void this.uplink.receive(from, session, data);
    if (!this.connection) return;
    if (data.slots) this.slots = data.slots;
    this.steps = this.steps.then(() => this.signal(data)).catch((error) => console.warn("downlink", error));
  }

  async signal({ description, candidate, videos }) {
    if (videos) this.videos = videos;
    if (candidate) await this.connection.addIceCandidate(candidate);
    if (!description) return;
    await this.connection.setRemoteDescription(description);
    await this.connection.setLocalDescription();
    this.tell({ description: this.connection.localDescription });
  }

  track({ track, receiver, transceiver }) {
    if (track.kind === "audio" && about.media !== "silent") this.contribute(receiver, transceiver);
    const id = track.kind === "video" ? this.videos?.[transceiver.mid] : null;
    this.onStream({ id, kind: track.kind, stream: new MediaStream([track]), mid: transceiver.mid });
  }

  // Who is in a track stands in its packets where a platform's server sends it. No browser lets a page write that (Chromium 156 refuses
  // to set contributingSources of a frame), so the receiver answers here as it would.
  contribute(receiver, transceiver) {
    const number = Number(transceiver.mid); // the sound tracks come first, one a slot
    receiver.getContributingSources = () => {
      const [own] = receiver.getSynchronizationSources();
      const inside = about.media === "tracks" ? [this.slots[number]].filter(Boolean) : this.speakers();
      return own ? inside.map((id) => ({ source: sourceOf(id), timestamp: own.timestamp, audioLevel: own.audioLevel, rtpTimestamp: own.rtpTimestamp })) : [];
    };
  }

  close() {
    this.uplink.close();
    this.deafen();
  }

  deafen() {
    this.connection?.close();
    this.player?.close();
    this.connection = this.player = this.relay = null;
  }
}

// The number by which a person is known in packets; pages tell it in `data-source` where the platform's own do.
export function sourceOf(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return sum;
}
