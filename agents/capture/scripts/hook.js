// Takes every remote track of every RTCPeerConnection of this frame. Tracks of frames of the same origin go to the topmost of them
// (the leader), which mixes; a frame of another origin leads itself.
const audio = new Native.Map(); // original track -> { receiver, clone, source, voices }
const video = new Native.Map(); // original track -> { receiver, clone }
const leader = (() => {
  try {
    const up = globalThis.parent !== globalThis && globalThis.parent[SETTINGS.command];
    return typeof up === "function" ? up : null;
  } catch {
    return null; // another origin
  }
})();
const isTop = globalThis.top === globalThis;
const fromConnections = new WeakMap(); // tracks that this frame's connections brought
const isRemote = (track) => weakGet(fromConnections, track) === true;

// A remote track flows into WebAudio only while some media element of its frame plays a remote track. The page has one as a rule,
// but it may take it away; one muted element for one track makes all tracks of the frame flow.
let pump = null;
let pumped = null;
function keepFlowing(track) {
  if (pumped && Track.readyState(pumped) === "live") return;
  pump = pump || createElement(ours, "audio");
  pumped = track;
  Media.setMuted(pump, true);
  Media.setStream(pump, new Native.MediaStream([track]));
  then(Media.play(pump), undefined, () => { pumped = null; });
}

function taken(event) {
  const { track, receiver } = event;
  weakSet(fromConnections, track, true);
  const kind = Track.kind(track);
  // A clone, because pages stop, disable and move their tracks; what we record is what comes from the net.
  const clone = Track.clone(track);
  Track.setEnabled(clone, true);
  if (kind === "audio") keepFlowing(clone);
  if (leader) leader(SETTINGS.token, "take", { kind, track, clone, receiver, pump: keepFlowing });
  else take({ kind, track, clone, receiver, pump: keepFlowing });
}

function take({ kind, track, clone, receiver, pump: flow }) {
  const kept = kind === "audio" ? audio : video;
  const before = mapGet(kept, track);
  if (before && Track.readyState(before.clone) === "live") {
    Track.stop(clone); // the same track again: a transceiver that came back to life
    return;
  }
  if (before) drop(kept, track, before);
  const entry = { receiver, clone, source: null, pump: flow, voices: new Native.Map(), energy: null };
  mapSet(kept, track, entry);
  if (kind === "audio") mixIn(entry);
  startTicking();
  if (!isTop && kind === "audio") tell({ type: "wanted" });
}

function drop(kept, track, entry) {
  mapDelete(kept, track);
  if (entry.source) Node.disconnect(entry.source);
  mapEach(entry.voices, (voice, id) => { if (voice.on) tell({ type: "speaking", id, on: false }); });
  Track.stop(entry.clone);
}

// Tracks whose connection is closed have ended, mostly without an event.
function sweep() {
  const gone = [];
  for (const kept of [audio, video]) {
    mapEach(kept, (entry, track) => { if (Track.readyState(entry.clone) !== "live") gone.push([kept, track, entry]); });
  }
  for (const [kept, track, entry] of gone) drop(kept, track, entry);
  mapEach(audio, (entry) => entry.pump(entry.clone));
}

function dropAllOf(flow) {
  for (const kept of [audio, video]) {
    const gone = [];
    mapEach(kept, (entry, track) => { if (entry.pump === flow) gone.push([track, entry]); });
    for (const [track, entry] of gone) drop(kept, track, entry);
  }
}

if (Native.RTCPeerConnection) {
  const hooked = new Native.Proxy(Native.RTCPeerConnection, {
    construct(target, args, newTarget) {
      const peer = construct(target, args, newTarget === hooked ? target : newTarget);
      listen(peer, "track", (event) => {
        try {
          taken(event);
        } catch (error) {
          tell({ type: "remark", text: `track: ${error && error.name}` });
        }
      });
      return peer;
    },
  });
  const replace = (object, name) =>
    Object.defineProperty(object, name, { value: hooked, writable: true, configurable: true, enumerable: false });
  replace(globalThis, "RTCPeerConnection");
  if ("webkitRTCPeerConnection" in globalThis) replace(globalThis, "webkitRTCPeerConnection");
  replace(Native.RTCPeerConnection.prototype, "constructor");
  if (leader) listen(globalThis, "pagehide", () => leader(SETTINGS.token, "lost", keepFlowing));
}
