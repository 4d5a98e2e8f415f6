// The page's own sound: what it plays and no track of a connection brings, as a client does that decodes the sound by itself. Each
// AudioContext plays through a knot of ours, from which its sound is taken; for elements see elements.js.
const OWN_ENOUGH_MS = 1000; // a chime is shorter
const OWN_INSTEAD_MS = 2000; // where there are tracks, and they are silent meanwhile
const own = new Native.Map(); // stream -> { source }
const ownVoices = { voices: new Native.Map() };
const knots = new WeakMap(); // AudioDestinationNode -> GainNode
const weakGet = method(globalThis.WeakMap, "get");
const weakSet = method(globalThis.WeakMap, "set");
const contextOf = property(globalThis.AudioNode, "context");
const tapped = property(Native.MediaStreamAudioDestinationNode, "stream");
const audioTracks = method(Native.MediaStream, "getAudioTracks");
let ownBus = null;
let ownMeter = null;
let ownGate = null;
let ownWaveform = null;
let hearsPage = false;
let onlyOwnMs = 0;
let onlyTracksMs = 0;

// Frames of one page share nodes, and each frame has types of its own: these getters refuse all but their kind, from whatever frame.
const isKind = (read) => (one) => {
  try {
    return read(one) !== undefined;
  } catch {
    return false;
  }
};
const isDestination = isKind(property(Native.AudioDestinationNode, "maxChannelCount"));
const isPlaying = isKind(property(Native.AudioContext, "baseLatency")); // an offline context plays to nobody

function knotOf(target) {
  if (!isDestination(target)) return null;
  const known = weakGet(knots, target);
  if (known) return known;
  const playing = contextOf(target);
  if (!isPlaying(playing)) return null;
  const knot = new Native.GainNode(playing);
  const tap = new Native.MediaStreamAudioDestinationNode(playing);
  Node.connect(knot, target);
  Node.connect(knot, tap);
  weakSet(knots, target, knot);
  offerOwn(tapped(tap));
  return knot;
}

function offerOwn(stream) {
  if (leader) leader(SETTINGS.token, "own", stream);
  else takeOwn(stream);
}

function takeOwn(stream) {
  mapSet(own, stream, { source: null });
  if (context) joinOwn(); // at once: what an element plays next has begun
  startTicking();
}

function takeBackOwn(stream) {
  if (leader) leader(SETTINGS.token, "disown", stream);
  else dropOwn(stream);
}

function dropOwn(stream) {
  const entry = mapGet(own, stream);
  mapDelete(own, stream);
  if (entry && entry.source) Node.disconnect(entry.source);
}

if (Native.AudioContext) {
  const put = (name, value) => Object.defineProperty(globalThis.AudioNode.prototype, name, { value, writable: true, configurable: true });
  const knotFor = (target) => {
    try {
      return knotOf(target);
    } catch {
      return null; // a context that is closed says so itself
    }
  };
  put("connect", function connect(target, ...more) {
    const knot = knotFor(target);
    if (!knot) return Node.connect(this, target, ...more);
    Node.connect(this, knot, ...more);
    return target;
  });
  put("disconnect", function disconnect(...given) {
    const knot = given.length ? weakGet(knots, given[0]) : null;
    return knot ? Node.disconnect(this, knot, ...given.slice(1)) : Node.disconnect(this, ...given);
  });
}

function joinOwn() {
  if (!mapSize(own)) return false;
  mixer();
  if (!ownBus) {
    ownBus = new Native.GainNode(context, { channelCount: 1, channelCountMode: "explicit" });
    ownMeter = new Native.AnalyserNode(context, { fftSize: 16384 });
    ownGate = new Native.GainNode(context, { gain: 0 });
    Node.connect(ownBus, ownMeter);
    Node.connect(ownMeter, ownGate);
    Node.connect(ownGate, bus);
  }
  const gone = [];
  mapEach(own, (entry, stream) => {
    if (!audioTracks(stream).some((track) => Track.readyState(track) === "live")) gone.push(stream);
    else if (!entry.source) {
      entry.lag = lag();
      entry.source = makeSource(context, stream);
      Node.connect(entry.source, ownBus);
    }
  });
  for (const stream of gone) dropOwn(stream);
  return true;
}

// Called every TICK_MS with how loud the tracks are: the level of the page's own sound where that is what is heard, else 0. Without any
// track nothing can be heard twice, so the page's own sound is in the mix from its first moment on.
function listenToOwn(tracksLevel) {
  if (!joinOwn()) return 0;
  ownWaveform = ownWaveform || new Native.Float32Array(16384);
  readWaveform(ownMeter, ownWaveform);
  let sum = 0;
  for (let n = 0; n < ownWaveform.length; n += 1) sum += ownWaveform[n] * ownWaveform[n];
  const level = sqrt(sum / ownWaveform.length);
  if (tracksLevel > SPEAKING_LEVEL) onlyOwnMs = 0;
  else if (level > SPEAKING_LEVEL) onlyOwnMs += TICK_MS;
  if (level > SPEAKING_LEVEL && tracksLevel <= SPEAKING_LEVEL) onlyTracksMs = 0;
  else if (tracksLevel > SPEAKING_LEVEL) onlyTracksMs += TICK_MS;
  const alone = !mapSize(audio);
  if (!hearsPage && onlyOwnMs >= (alone ? OWN_ENOUGH_MS : OWN_INSTEAD_MS)) hearPage(true);
  else if (hearsPage && onlyTracksMs >= OWN_INSTEAD_MS) hearPage(false);
  const open = hearsPage || alone;
  Gain.set(Gain.of(ownGate), open ? 1 : 0);
  if (!open) return 0;
  hear(ownVoices, "page", level, true);
  return level;
}

function hearPage(on) {
  hearsPage = on;
  onlyOwnMs = onlyTracksMs = 0;
  tell({ type: "hearing", page: on });
  if (on && !isTop) tell({ type: "wanted" });
}
