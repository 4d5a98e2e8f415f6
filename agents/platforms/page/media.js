// Counts what comes in over peer connections. Prototype methods that every connection with remote tracks must call are watched, not
// the constructor: the page's own wrappers, and capture's, stay as they are.
const connections = [];
const connectionNumbers = new WeakMap();
const streamsOfTrack = new WeakMap();
const mediaChanged = { tell: () => {} };
const LEVEL_SPOKEN = 0.02; // of full scale; typical speech is 0.05 to 0.3, comfort noise below 0.01

if (window.RTCPeerConnection) {
  const add = uncurried(EventTarget.prototype.addEventListener);
  const tell = () => mediaChanged.tell();
  const know = (connection) => {
    if (connectionNumbers.has(connection)) return;
    connectionNumbers.set(connection, connections.length + 1);
    connections.push(new Dereferenced(connection));
    add(connection, "connectionstatechange", tell);
    add(connection, "track", (event) => {
      streamsOfTrack.set(event.track, event.streams.length ? event.streams[0].id : `mid ${event.transceiver.mid}`);
      for (const name of ["mute", "unmute", "ended"]) add(event.track, name, tell);
      tell();
    });
  };
  for (const name of ["setRemoteDescription", "setLocalDescription", "createOffer", "createAnswer"]) {
    const original = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (...given) {
      try {
        know(this);
      } catch (error) {
        problem("a peer connection could not be watched");
      }
      return Reflect.apply(original, this, given);
    };
  }
}

const receiversOf = window.RTCPeerConnection ? uncurried(RTCPeerConnection.prototype.getReceivers) : () => [];
const connectionState = window.RTCPeerConnection ? getterOf(RTCPeerConnection.prototype, "connectionState") : () => "closed";

// Incoming tracks that carry something now: {track, receiver, connection, stream}.
function remoteTracks() {
  const found = [];
  for (const reference of connections) {
    const connection = reference.deref();
    if (!connection || found.length >= 2000) continue;
    const state = connectionState(connection);
    if (state === "closed" || state === "failed" || state === "disconnected") continue;
    for (const receiver of receiversOf(connection)) {
      const track = receiver.track;
      if (!track || track.readyState !== "live" || track.muted) continue;
      found.push({ track, receiver, connection: connectionNumbers.get(connection), stream: streamsOfTrack.get(track) || "" });
    }
  }
  return found;
}

function mediaCounts() {
  const tracks = remoteTracks();
  let audio = 0;
  for (const one of tracks) if (one.track.kind === "audio") audio += 1;
  let peers = 0;
  for (const reference of connections) {
    const connection = reference.deref();
    if (connection && connectionState(connection) === "connected") peers += 1;
  }
  return { remote_tracks: tracks.length, remote_audio_tracks: audio, remote_video_tracks: tracks.length - audio, contributors: contributors(tracks), peers };
}

// How many people the packets name as heard in them (CSRC). A server that mixes or forwards names those whose sound it passes on;
// silence, a tone and music are nobody's.
function contributors(tracks) {
  const named = new Set();
  for (const { receiver, track } of tracks) {
    if (track.kind !== "audio") continue;
    try {
      for (const { source } of receiver.getContributingSources()) named.add(source);
    } catch (error) {
      continue;
    }
  }
  return named.size;
}

function loud(receiver) {
  try {
    for (const source of receiver.getSynchronizationSources()) {
      if (source.audioLevel > LEVEL_SPOKEN && performance.timeOrigin + now() - source.timestamp < 1000) return true;
    }
  } catch (error) {
    return false;
  }
  return false;
}

// One person a stream (or a connection), as {id, speaking}.
function peopleByMedia(source) {
  const people = new Map();
  for (const one of remoteTracks()) {
    if (source === "remote_audio" && one.track.kind !== "audio") continue;
    if (source === "remote_video" && one.track.kind !== "video") continue;
    const id = source === "peers" || !one.stream ? `pc ${one.connection}` : `${one.connection} ${one.stream}`;
    const person = people.get(id) || { id, speaking: false };
    if (one.track.kind === "audio" && loud(one.receiver)) person.speaking = true;
    people.set(id, person);
  }
  return [...people.values()];
}

// The stream that an element (or a video or audio below it) plays, when it comes from outside; "" when it does not.
function remoteStreamIn(element, tracks) {
  const players = element instanceof HTMLMediaElement ? [element] : queryElement(element, "video,audio");
  for (const player of players) {
    const stream = player.srcObject;
    if (!(stream instanceof MediaStream)) continue;
    for (const track of stream.getTracks()) {
      for (const one of tracks) if (one.track === track) return `${one.connection} ${one.stream}`;
    }
  }
  return "";
}

// A person without an id is known by the stream that they play. Some SFUs send everybody in one stream: then names keep them apart, and
// whoever was there alone before stays who they were.
const aloneIn = new Map(); // stream -> the name of whoever alone played it
const sharedStreams = new Set();
function nameStreams(people) {
  for (const one of people) {
    if (!one.stream || !one.name) continue;
    const first = people.find((other) => other.stream === one.stream && other.name);
    if (first.name !== one.name) sharedStreams.add(one.stream);
  }
  for (const one of people) {
    if (!one.stream) continue;
    const shared = sharedStreams.has(one.stream);
    if (!shared && one.name) aloneIn.set(one.stream, one.name);
    one.id = one.id || (!shared || aloneIn.get(one.stream) === one.name ? one.stream : one.name && `${one.stream} ${one.name}`);
  }
  return people;
}

function remoteVideos() {
  const tracks = remoteTracks().filter((one) => one.track.kind === "video");
  let count = 0;
  if (tracks.length) for (const video of findAll("video", 500)) if (visible(video) && remoteStreamIn(video, tracks)) count += 1;
  return count;
}
