// What the other scripts use of the platform, taken before the page's own scripts run: a page (or a library of it) may replace any
// of these later, and the recording must not notice. `SETTINGS` comes from pagescript.py.
const { apply, construct, deleteProperty } = Reflect;
const { stringify } = JSON;
const { now: clock } = Date;
const { hasOwnProperty } = Object.prototype;
const monotonic = performance.now.bind(performance);
const { sqrt, max, min, ceil, floor, log10 } = Math;
const { setInterval: every, setTimeout: later } = globalThis;
const Native = {
  AnalyserNode: globalThis.AnalyserNode,
  AudioContext: globalThis.AudioContext,
  AudioDestinationNode: globalThis.AudioDestinationNode,
  Blob: globalThis.Blob,
  ConstantSourceNode: globalThis.ConstantSourceNode,
  Error: globalThis.Error,
  FileReader: globalThis.FileReader,
  Float32Array: globalThis.Float32Array,
  GainNode: globalThis.GainNode,
  HTMLMediaElement: globalThis.HTMLMediaElement,
  ImageCapture: globalThis.ImageCapture,
  Map: globalThis.Map,
  MediaRecorder: globalThis.MediaRecorder,
  MediaStream: globalThis.MediaStream,
  MediaStreamAudioDestinationNode: globalThis.MediaStreamAudioDestinationNode,
  OffscreenCanvas: globalThis.OffscreenCanvas,
  Promise: globalThis.Promise,
  Proxy: globalThis.Proxy,
  RTCPeerConnection: globalThis.RTCPeerConnection,
  WeakRef: globalThis.WeakRef,
};

// `method(Type, "name")(object, ...args)` calls the method that Type has now.
const method = (type, name) => {
  const found = type && type.prototype[name];
  return (self, ...args) => apply(found, self, args);
};
const property = (type, name) => {
  const found = type && Object.getOwnPropertyDescriptor(type.prototype, name);
  return (self) => apply(found.get, self, []);
};
const setter = (type, name) => {
  const found = type && Object.getOwnPropertyDescriptor(type.prototype, name);
  return (self, value) => apply(found.set, self, [value]);
};

const listen = method(globalThis.EventTarget, "addEventListener");
const mapGet = method(Native.Map, "get");
const mapSet = method(Native.Map, "set");
const mapDelete = method(Native.Map, "delete");
const mapEach = method(Native.Map, "forEach");
const mapSize = property(Native.Map, "size");
const then = method(Native.Promise, "then");
// What a promise gives in time, else undefined: a tab that is not drawn gives no frame, ever.
const within = (promise, ms) => new Native.Promise((resolve) => {
  later(resolve, ms);
  then(promise, resolve, () => resolve(undefined));
});

const Track = {
  clone: method(globalThis.MediaStreamTrack, "clone"),
  stop: method(globalThis.MediaStreamTrack, "stop"),
  id: property(globalThis.MediaStreamTrack, "id"),
  kind: property(globalThis.MediaStreamTrack, "kind"),
  readyState: property(globalThis.MediaStreamTrack, "readyState"),
  setEnabled: setter(globalThis.MediaStreamTrack, "enabled"),
  settings: method(globalThis.MediaStreamTrack, "getSettings"),
};
const Node = {
  connect: method(globalThis.AudioNode, "connect"),
  disconnect: method(globalThis.AudioNode, "disconnect"),
};
const Gain = {
  of: property(Native.GainNode, "gain"),
  set: setter(globalThis.AudioParam, "value"),
};
const nativeContributing = method(globalThis.RTCRtpReceiver, "getContributingSources");
const hasOwn = (object, name) => apply(hasOwnProperty, object, [name]);
const MOST_SOURCES = 50;
// What a page says of them, with nothing in it but numbers.
const sourcesOf = (said) => {
  const sources = [];
  for (let n = 0; n < min(said.length, MOST_SOURCES); n += 1) {
    const { source, audioLevel, rtpTimestamp } = said[n];
    sources[n] = { source: source >>> 0, audioLevel: typeof audioLevel === "number" ? audioLevel : undefined, rtpTimestamp: rtpTimestamp >>> 0 };
  }
  return sources;
};
const Receiver = {
  synchronizationSources: method(globalThis.RTCRtpReceiver, "getSynchronizationSources"),
  // A receiver that was given an answer of its own is asked: only its page can know who is in sound that the page brings along.
  contributingSources: (receiver) => {
    if (!hasOwn(receiver, "getContributingSources")) return nativeContributing(receiver);
    try {
      return sourcesOf(receiver.getContributingSources());
    } catch {
      return nativeContributing(receiver);
    }
  },
  stats: method(globalThis.RTCRtpReceiver, "getStats"),
};
const Media = {
  play: method(globalThis.HTMLMediaElement, "play"),
  setStream: setter(globalThis.HTMLMediaElement, "srcObject"),
  setMuted: setter(globalThis.HTMLMediaElement, "muted"),
  quality: method(globalThis.HTMLVideoElement, "getVideoPlaybackQuality"),
};
const createElement = method(globalThis.Document, "createElement");
const querySelectorAll = method(globalThis.Document, "querySelectorAll");
const boundingBox = method(globalThis.Element, "getBoundingClientRect");
const ours = globalThis.document;
const devices = globalThis.navigator && globalThis.navigator.mediaDevices;
const askForDisplay = devices && devices.getDisplayMedia;
const getDisplayMedia = (options) => apply(askForDisplay, devices, [options]);

const post = globalThis[SETTINGS.binding];
deleteProperty(globalThis, SETTINGS.binding); // the page need not see it
const frameId = String(globalThis.crypto.getRandomValues(new Uint32Array(2)).join("-"));
// One line of JSON, then (for chunks) the data: text goes over the binding as it is.
const tell = (message, data = "") => post(`${SETTINGS.token}${stringify({ ...message, frame: frameId })}\n${data}`);
