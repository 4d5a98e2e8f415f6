// The page's own camera and microphone: asked for once, switched without asking again, measured for the speaking indicator.

const LOUD = 0.012; // root mean square of the microphone above which somebody speaks
const HOLD_MS = 450; // how long the indicator stays after the last loud moment
const METER_MS = 100;

export class LocalMedia {
  constructor(onChange) {
    this.onChange = onChange; // (what) => void, what: "tracks", "state" or "speaking"
    this.tracks = { audio: null, video: null };
    this.wanted = { audio: true, video: true };
    this.silenced = false; // muted at the source by the control API while the meter goes on
    this.blackened = false;
    this.speaking = false;
    this.asked = false;
  }

  // Asks for both devices, then for each alone. Resolves when all answers are there; never rejects.
  async ask() {
    const wishes = [{ audio: true, video: true }, { audio: true }, { video: true }];
    for (const wish of wishes) {
      try {
        this.take(await navigator.mediaDevices.getUserMedia(wish));
        break;
      } catch {
        // no such device, or not allowed: less is asked for
      }
    }
    this.asked = true;
    this.onChange("tracks");
  }

  take(stream) {
    const [audio] = stream.getAudioTracks();
    const [video] = stream.getVideoTracks();
    if (audio) {
      this.microphone = audio;
      this.tracks.audio = audio.clone(); // what is sent may be silent while the meter still hears the microphone
      this.meter(audio);
    }
    if (video) this.tracks.video = video;
    this.apply();
  }

  has(kind) {
    return this.tracks[kind] !== null;
  }

  on(kind) {
    return this.wanted[kind] && this.has(kind);
  }

  set(kind, on) {
    this.wanted[kind] = on;
    this.apply();
    this.onChange("state");
  }

  source(silenced, blackened) {
    this.silenced = silenced;
    this.blackened = blackened;
    this.apply();
  }

  apply() {
    if (this.tracks.audio) this.tracks.audio.enabled = this.wanted.audio && !this.silenced;
    if (this.tracks.video) this.tracks.video.enabled = !this.blackened; // a disabled video track sends black
  }

  // What goes to the others now: nothing for a camera that is off.
  outgoing(kind) {
    return kind === "video" && !this.wanted.video ? null : this.tracks[kind];
  }

  meter(track) {
    const context = new AudioContext({ sinkId: { type: "none" }, latencyHint: "playback" }); // it only listens
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let lastLoud = -Infinity;
    setInterval(() => {
      if (context.state === "suspended") context.resume();
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const now = performance.now();
      if (Math.sqrt(sum / samples.length) > LOUD) lastLoud = now;
      const speaking = this.on("audio") && now - lastLoud < HOLD_MS;
      if (speaking !== this.speaking) {
        this.speaking = speaking;
        this.onChange("speaking");
      }
    }, METER_MS);
  }
}
