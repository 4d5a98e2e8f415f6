// What the platforms' media servers do, done by a page: it hears and sees everybody in the room, and gives each twin's page what that
// platform would; it has to be in the room before them. `tracks`: three sound tracks that change speaker; `mixed`: one; `data`: samples
// over a data channel; `silent`: the same beside a track that brings silence. Pictures are tracks.

import { Mesh } from "../rehearsal/mesh.js";
import { Socket } from "../rehearsal/socket.js";

const about = JSON.parse(document.querySelector("meta[name=twin]").content);
const RATE = 48000;
const SAMPLES = 2048; // 43 ms
const SLOTS = about.media === "tracks" ? 3 : 1;
const context = new AudioContext({ sampleRate: RATE });
const people = new Map(); // id -> { person, source, video }
const links = new Map(); // id -> Link
const slots = new Array(SLOTS).fill(null); // who is heard in each
const outputs = slots.map(() => context.createMediaStreamDestination());
const mixed = context.createGain();
mixed.connect(outputs[0]);

const nothing = { has: () => false, outgoing: () => null };
let mesh = null;
const socket = new Socket(`ws://${location.host}/rehearsal/${about.room}/ws`, () => ({}), (message) => handlers[message.type]?.(message), () => {});

function know(person) {
  const known = people.get(person.id) ?? { source: null, video: null };
  people.set(person.id, { ...known, person });
  if (person.speaking) hear(person.id);
}

function forget(id) {
  mesh.drop(id);
  people.delete(id);
  links.get(id)?.close();
  links.delete(id);
  slots.forEach((one, slot) => one === id && place(slot, null));
}

function received(id, kind, stream) {
  const one = people.get(id);
  if (!one) return;
  if (kind === "video") {
    [one.video] = stream.getVideoTracks();
    for (const link of links.values()) link.update();
    return;
  }
  const pump = Object.assign(new Audio(), { muted: true, srcObject: stream }); // or nothing flows into WebAudio
  pump.play();
  one.source = context.createMediaStreamSource(stream);
  if (SLOTS === 1) one.source.connect(mixed);
  else if (slots.includes(null)) place(slots.indexOf(null), id);
}

// Whoever speaks gets the slot of the one who has been silent longest; the first words must not be lost, so nobody is taken from a slot
// while they speak.
const spokeAt = new Map();
function hear(id) {
  spokeAt.set(id, performance.now());
  if (SLOTS === 1 || slots.includes(id)) return;
  const free = slots.map((one, slot) => [one === null ? -1 : people.get(one)?.person.speaking ? Infinity : (spokeAt.get(one) ?? 0), slot]).sort(([a], [b]) => a - b)[0];
  if (free[0] !== Infinity) place(free[1], id);
}

function place(slot, id) {
  const old = people.get(slots[slot]);
  if (old?.source) old.source.disconnect();
  slots[slot] = id;
  people.get(id)?.source?.connect(outputs[slot]);
  for (const link of links.values()) link.tell({ slots });
}

// One twin's page.
class Link {
  constructor(id) {
    this.id = id;
    this.connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
    this.connection.onicecandidate = ({ candidate }) => candidate && this.tell({ candidate });
    this.connection.onnegotiationneeded = () => this.next(() => this.offer());
    this.shown = new Map(); // person's id -> transceiver
    this.steps = Promise.resolve();
    this.hears = false;
  }

  next(step) {
    this.steps = this.steps.then(step).catch((error) => console.warn("relay", error));
  }

  tell(data) {
    socket.send({ type: "signal", to: this.id, data: JSON.parse(JSON.stringify(data)) });
  }

  listen() {
    if (this.hears) return;
    this.hears = true;
    const silent = about.media === "silent";
    if (silent) this.connection.addTransceiver(context.createMediaStreamDestination().stream.getAudioTracks()[0], { direction: "sendonly" });
    if (silent || about.media === "data") this.samples();
    else for (const output of outputs) this.connection.addTransceiver(output.stream.getAudioTracks()[0], { direction: "sendonly", streams: [output.stream] });
  }

  samples() {
    const channel = this.connection.createDataChannel("sound", { ordered: true });
    this.next(async () => {
      await context.audioWorklet.addModule(new URL("./tap_worklet.js", import.meta.url)); // a second time, it does nothing
      const tap = new AudioWorkletNode(context, "tap", { processorOptions: { samples: SAMPLES } });
      tap.port.onmessage = ({ data }) => channel.readyState === "open" && channel.send(data);
      mixed.connect(tap).connect(context.destination); // or it would not be asked for anything; it plays nothing
    });
  }

  update() {
    for (const [id, { video }] of people) {
      if (!video || id === this.id || this.shown.has(id)) continue;
      this.shown.set(id, this.connection.addTransceiver(video, { direction: "sendonly", streams: [new MediaStream([video])] }));
    }
  }

  async offer() {
    if (this.connection.signalingState !== "stable") return; // asked for again by the browser once it is
    await this.connection.setLocalDescription();
    const videos = Object.fromEntries([...this.shown].map(([id, { mid }]) => [mid, id]));
    this.tell({ description: this.connection.localDescription, videos, slots });
  }

  receive({ want, hears, description, candidate }) {
    if (hears) this.listen();
    if (want || hears) this.update();
    if (description) this.next(() => this.connection.setRemoteDescription(description));
    if (candidate) this.next(() => this.connection.addIceCandidate(candidate));
  }

  close() {
    this.connection.close();
  }
}

const handlers = {
  view: ({ view }) => view === "name" && socket.send({ type: "join", name: about.relay, mic: false, camera: false, speaking: false }),
  welcome: ({ self, people: there }) => {
    mesh = new Mesh(self.id, nothing, { audio: true, video: true }, (message) => socket.send(message), received);
    document.body.dataset.ready = "";
    for (const person of there) {
      know(person);
      mesh.connect(person, true);
    }
  },
  person_joined: ({ person }) => {
    know(person);
    mesh.connect(person, false);
  },
  person_changed: ({ person }) => {
    know(person);
    mesh.follow(person);
  },
  person_left: ({ id }) => forget(id),
  signal: ({ from, session, data }) => {
    if (data.want) {
      mesh.drop(from);
      links.get(from)?.close();
      links.set(from, new Link(from)); // also for a page that is back with a new connection
    }
    if (links.has(from)) links.get(from).receive(data);
    else mesh.receive(from, session, data);
  },
};
if (context.state === "suspended") context.resume();
