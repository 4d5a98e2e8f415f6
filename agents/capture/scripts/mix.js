// The mix of all remote voices, and how loud they are. The mix is what is recorded; the incoming level is measured apart from it,
// at the receivers, so that a mix that fell silent is noticed.
const SILENCE_DBFS = -120;
const SPEAKING_LEVEL = 0.008; // about -42 dBov; rooms hum at -50 and below
const HANGOVER_MS = 700; // between words
const TICK_MS = 250;
let context = null;
let bus = null;
let meter = null;
let out = null;
let waveform = null;
const readWaveform = method(globalThis.AnalyserNode, "getFloatTimeDomainData");
const contextState = property(globalThis.BaseAudioContext, "state");
const contextTime = property(globalThis.BaseAudioContext, "currentTime");
const resumeContext = method(Native.AudioContext, "resume");
const makeSource = method(Native.AudioContext, "createMediaStreamSource");

function mixer() {
  if (context) return out;
  // No sink: nothing is played, and no sound device is needed. Long buffers wake the processor less often.
  context = new Native.AudioContext({ latencyHint: "playback", sampleRate: 48000, sinkId: { type: "none" } });
  bus = new Native.GainNode(context, { channelCount: 1, channelCountMode: "explicit" });
  meter = new Native.AnalyserNode(context, { fftSize: 32768 });
  out = new Native.MediaStreamAudioDestinationNode(context, { channelCount: 1, channelCountMode: "explicit" });
  Node.connect(bus, meter);
  Node.connect(meter, out);
  // Without any source Chromium stops pulling the graph; the mix then stands still, and the recorder, waiting for sound, with it.
  const silence = new Native.ConstantSourceNode(context, { offset: 0 });
  Node.connect(silence, bus);
  silence.start();
  mapEach(audio, mixIn);
  return out;
}

function mixIn(entry) {
  if (!context || entry.source) return;
  entry.lag = lag();
  entry.source = makeSource(context, new Native.MediaStream([entry.clone]));
  Node.connect(entry.source, bus);
}

// Shut while the recording is paused: what is on its way through the graph when the recording goes on is then silence, and nothing
// that was said in the pause.
function gate(open) {
  if (bus) Gain.set(Gain.of(bus), open ? 1 : 0);
}

const decibel = (level) => (level > 1e-6 ? max(SILENCE_DBFS, 20 * log10(level)) : SILENCE_DBFS);

function recordedLevel() {
  if (!meter) return 0;
  waveform = waveform || new Native.Float32Array(32768); // 0.68 s: the most that an AnalyserNode keeps
  readWaveform(meter, waveform);
  let sum = 0;
  for (let n = 0; n < waveform.length; n += 1) sum += waveform[n] * waveform[n];
  return sqrt(sum / waveform.length);
}

let incomingSquares = 0;
let incomingTicks = 0;

function hear(entry, id, level, fresh) {
  const voice = mapGet(entry.voices, id) || { on: false, last: 0, stamp: null };
  mapSet(entry.voices, id, voice);
  const time = clock();
  const loud = fresh && level > SPEAKING_LEVEL;
  if (loud) voice.last = time;
  if (loud && !voice.on) {
    voice.on = true;
    tell({ type: "speaking", id, on: true });
  } else if (voice.on && time - voice.last > HANGOVER_MS) {
    voice.on = false;
    tell({ type: "speaking", id, on: false });
  }
  return fresh ? level : 0;
}

// The sources of a track: the participants behind a mixed track (CSRC) where an SFU names them, else the track itself (SSRC). A source
// that is named without a level of its own has the packet's: RFC 6464 puts one level into a packet, and it is named because it is in it.
function listenTo(entry, track) {
  const sources = Receiver.synchronizationSources(entry.receiver);
  const mixed = Receiver.contributingSources(entry.receiver);
  const whole = sources.length ? sources[0].audioLevel : undefined;
  const judged = new Native.Map();
  let squares = 0;
  const judge = (id, source, given) => {
    if (typeof given !== "number") return;
    const voice = mapGet(entry.voices, id);
    const fresh = !voice || voice.stamp !== source.rtpTimestamp; // sources stay listed for 10 s after they fell silent
    const level = hear(entry, id, given, fresh);
    mapGet(entry.voices, id).stamp = source.rtpTimestamp;
    mapSet(judged, id, true);
    squares += level * level;
  };
  for (let n = 0; n < mixed.length; n += 1) judge(`csrc:${mixed[n].source}`, mixed[n], typeof mixed[n].audioLevel === "number" ? mixed[n].audioLevel : whole);
  if (!mapSize(judged)) for (let n = 0; n < sources.length; n += 1) judge(`track:${Track.id(track)}`, sources[n], sources[n].audioLevel);
  entry.unknown = !mapSize(judged) && sources.length > 0;
  // A track that changes speaker names the one before no more.
  if (!entry.unknown) mapEach(entry.voices, (voice, id) => { if (voice.on && !mapGet(judged, id)) hear(entry, id, 0, false); });
  return squares;
}

// Where packets carry no level: the energy that the decoder counted in the last second.
function listenByStatistics(entry, track) {
  then(Receiver.stats(entry.receiver), (report) => {
    report.forEach((row) => {
      if (row.type !== "inbound-rtp" || typeof row.totalAudioEnergy !== "number") return;
      const before = entry.energy;
      entry.energy = [row.totalAudioEnergy, row.totalSamplesDuration];
      if (!before || entry.energy[1] <= before[1]) return;
      const level = sqrt(max(0, entry.energy[0] - before[0]) / (entry.energy[1] - before[1]));
      hear(entry, `track:${Track.id(track)}`, level, true);
      entry.measured = level;
    });
  }, () => {});
}

let ticks = 0;
let ticking = false;
function startTicking() {
  if (ticking) return;
  ticking = true;
  every(tick, TICK_MS);
}

function tick() {
  ticks += 1;
  if (ticks % 4 === 0) {
    sweep();
    catchUp();
    lookForElements();
  }
  let squares = 0;
  mapEach(audio, (entry, track) => {
    squares += listenTo(entry, track);
    if (!entry.unknown) return;
    if (ticks % 4 === 0) listenByStatistics(entry, track);
    squares += (entry.measured || 0) ** 2;
  });
  squares += listenToOwn(sqrt(squares)) ** 2;
  incomingSquares += squares;
  incomingTicks += 1;
  if (context && contextState(context) !== "running") then(resumeContext(context), undefined, () => {});
  if (ticks % 4 === 0) sample();
}

function takeIncomingLevel() {
  const level = incomingTicks ? sqrt(incomingSquares / incomingTicks) : 0;
  incomingSquares = 0;
  incomingTicks = 0;
  return level;
}
