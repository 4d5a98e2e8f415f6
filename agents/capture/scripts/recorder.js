// Records the mix (and the picture) with a MediaRecorder and hands each second's chunk to the agent, in order.
let recorder = null; // { segment, native, sequence, queue, stopping }
let sampledAt = 0;
let wantsPicture = null; // what arm() was given

const Recorder = {
  start: method(Native.MediaRecorder, "start"),
  stop: method(Native.MediaRecorder, "stop"),
  state: property(Native.MediaRecorder, "state"),
};
const isSupported = Native.MediaRecorder && Native.MediaRecorder.isTypeSupported.bind(Native.MediaRecorder);
const blobSize = property(Native.Blob, "size");
const readAsDataURL = method(Native.FileReader, "readAsDataURL");
const readResult = property(Native.FileReader, "result");
const trackOf = (stream, kind) => method(Native.MediaStream, kind === "audio" ? "getAudioTracks" : "getVideoTracks")(stream)[0];

const encoded = (blob) => new Native.Promise((resolve) => {
  const reader = new Native.FileReader();
  listen(reader, "loadend", () => {
    const url = readResult(reader) || "";
    resolve(url.slice(url.indexOf(";base64,") + 8)); // the type before it may hold commas of its own
  });
  readAsDataURL(reader, blob);
});

async function arm(wishes) {
  mixer();
  startTicking();
  wantsPicture = wishes.picture;
  return wantsPicture && isTop ? armPicture(wantsPicture) : {};
}

async function start({ segment, mimes, rates }) {
  if (recorder) await stop();
  const sound = trackOf(mixer().stream, "audio");
  startTicking();
  if (contextState(context) !== "running") await resumeContext(context);
  const withPicture = wantsPicture && isTop;
  if (withPicture) await armPicture(wantsPicture); // at once where it is there
  const mimeType = mimes.find((mime) => isSupported(mime));
  if (!mimeType) throw new Native.Error("this browser records none of the formats");
  const stream = new Native.MediaStream(withPicture ? [picture, sound] : [sound]);
  const native = new Native.MediaRecorder(stream, { ...rates, mimeType });
  const mine = {
    segment, native, mime: mimeType, started_ms: clock(), sequence: 0, queue: Native.Promise.resolve(), stopping: false,
    size: withPicture ? grabbedSize : "", misfits: 0, why: "the recorder ended by itself: a recorded track ended",
  };
  listen(native, "error", (event) => lost(mine, `the recorder failed (${(event.error && event.error.name) || "error"})`));
  listen(native, "dataavailable", (event) => pass(mine, event.data));
  listen(native, "stop", () => lost(mine, mine.why));
  recorder = mine;
  renewAll();
  gate(true);
  // Its "start" event comes when the encoder is ready, up to half a second later; frames and sound are taken from now on.
  Recorder.start(native, SETTINGS.timeslice_ms);
  sampledAt = clock();
  return { started_ms: mine.started_ms, mime: mimeType, ...(withPicture ? describePicture() : {}) };
}

function pass(mine, blob) {
  if (!blobSize(blob)) return;
  const { segment, started_ms } = mine;
  const about = { type: "chunk", segment, sequence: mine.sequence, mime: mine.mime, started_ms };
  mine.sequence += 1;
  mine.queue = then(mine.queue, async () => tell(about, await encoded(blob)));
}

function lost(mine, why) {
  if (mine.stopping || recorder !== mine) return;
  recorder = null;
  mine.queue = then(mine.queue, () => tell({ type: "lost", segment: mine.segment, why }));
}

// A recorder writes one size; where the picture got another (the window changed), it ends and the agent begins a new segment.
function checkSize(mine) {
  mine.misfits = mine.size && mine.size !== grabbedSize ? mine.misfits + 1 : 0;
  if (mine.misfits < 2 || Recorder.state(mine.native) !== "recording") return;
  mine.why = "the picture has another size";
  Recorder.stop(mine.native);
}

async function stop() {
  const mine = recorder;
  if (!mine) return {};
  mine.stopping = true;
  recorder = null;
  const ended = new Native.Promise((resolve) => listen(mine.native, "stop", resolve));
  if (Recorder.state(mine.native) !== "inactive") {
    Recorder.stop(mine.native);
    await ended;
  }
  await mine.queue;
  return { chunks: mine.sequence };
}

async function end() {
  const ended = await stop();
  if (picture) Track.stop(picture);
  picture = null;
  return ended;
}

// No recorder exists in a pause, so nothing can be recorded; the picture stays armed for the next one. (MediaRecorder's own pause keeps
// one timeline, but then nothing tells at what time of the clock a later moment of the file was.)
function pause() {
  gate(false);
  return stop();
}

async function sample() {
  const incoming = decibel(takeIncomingLevel());
  const shown = picture ? framesShown() : 0;
  if (!recorder || Recorder.state(recorder.native) !== "recording") return;
  const time = clock();
  const window_ms = time - sampledAt;
  sampledAt = time;
  const level = decibel(recordedLevel());
  mend(incoming, level);
  const message = {
    type: "sample",
    segment: recorder.segment,
    window_ms,
    level,
    incoming,
    tracks: mapSize(audio),
    shown: min(shown, 1000),
    brightness: -1,
    light: picture && isTop ? videoLight() : -1,
  };
  if (picture && isTop) message.brightness = await brightness();
  tell(message);
  if (recorder) checkSize(recorder);
}
