// A camera and a microphone made of a canvas and of WebAudio, put in place of the page's own before any of its scripts run. Works on any page
// that calls getUserMedia. `window.rollcallPerson` commands it. __OPTIONS__ is replaced by JSON (agents/people/synthetic_media.py).
(() => {
  "use strict";
  const options = __OPTIONS__;
  const { MediaDevices, MediaStreamTrackGenerator, VideoFrame, AudioContext } = window;
  if (window.rollcallPerson || !MediaDevices) return; // no secure context, no devices: as in a real browser
  try {
    if (window !== window.top && window.top.rollcallPerson) {
      window.rollcallPerson = window.top.rollcallPerson; // frames of one page share one face and one voice
    }
  } catch {
    // a frame of another site has its own
  }

  const FLASH_MS = 100;
  const epochMs = () => performance.timeOrigin + performance.now();

  // The voice: everything that is played goes to one destination, and nothing to the loudspeaker.
  const sound = {
    start() {
      if (this.context) return;
      this.context = new AudioContext({ sampleRate: 48000 }); // `sinkId: none` would cost less, and shook beeps by up to 80 ms
      this.out = this.context.createMediaStreamDestination();
      this.out.channelCount = 1;
      const silence = this.context.createConstantSource(); // keeps samples flowing while nobody speaks
      silence.offset.value = 0;
      silence.connect(this.out);
      silence.start();
      this.beepBuffer = this.makeBeep();
      if (this.context.state === "suspended") this.context.resume();
    },
    makeBeep() {
      const { sampleRate } = this.context;
      const buffer = this.context.createBuffer(1, Math.round((sampleRate * FLASH_MS) / 1000), sampleRate);
      const samples = buffer.getChannelData(0);
      const ramp = sampleRate * 0.002;
      for (let i = 0; i < samples.length; i += 1) {
        const edge = Math.min(1, i / ramp, (samples.length - i) / ramp);
        samples[i] = 0.5 * edge * Math.sin((2 * Math.PI * options.beepHertz * i) / sampleRate);
      }
      return buffer;
    },
    play(buffer, when) {
      const source = this.context.createBufferSource();
      source.buffer = buffer;
      source.connect(this.out);
      source.start(when);
      return source;
    },
    at(ms) {
      return Math.max(this.context.currentTime, this.context.currentTime + (ms - epochMs()) / 1000);
    },
  };

  // The face: a picture with a frame counter that people and programs can read, drawn by a timer so that no tab has to be visible.
  const CELLS = { guard: [1, 0, 1, 0, 1, 0], person: 6, counter: 20, check: 8, end: [1, 1, 0, 1] };
  function crc8(value, bits) {
    let crc = 0;
    for (let i = bits - 1; i >= 0; i -= 1) {
      const top = ((crc >> 7) & 1) ^ ((value >> i) & 1);
      crc = (crc << 1) & 0xff;
      if (top) crc ^= 0x07;
    }
    return crc;
  }
  function cells(person, counter) {
    const value = ((person & 63) << CELLS.counter) | (counter & 0xfffff);
    const bits = (number, count) => Array.from({ length: count }, (_, i) => (number >> (count - 1 - i)) & 1);
    const width = CELLS.person + CELLS.counter;
    return [...CELLS.guard, ...bits(value, width), ...bits(crc8(value, width), CELLS.check), ...CELLS.end];
  }
  const picture = {
    frames: 0,
    flashUntil: 0,
    start() {
      if (this.track) return;
      const { width, height, fps } = options.camera;
      this.canvas = Object.assign(document.createElement("canvas"), { width, height });
      this.pen = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
      this.back = this.makeBack();
      if (MediaStreamTrackGenerator && VideoFrame) {
        this.track = new MediaStreamTrackGenerator({ kind: "video" });
        this.writer = this.track.writable.getWriter();
      } else {
        this.stream = this.canvas.captureStream(0);
        [this.track] = this.stream.getVideoTracks();
      }
      this.tick();
      setInterval(() => this.tick(), 1000 / fps);
    },
    makeBack() {
      const { width, height } = options.camera;
      const back = Object.assign(document.createElement("canvas"), { width, height });
      const pen = back.getContext("2d", { alpha: false });
      const hue = (options.number * 67 + 205) % 360;
      const shade = pen.createLinearGradient(0, 0, 0, height);
      shade.addColorStop(0, `hsl(${hue} 45% 34%)`);
      shade.addColorStop(1, `hsl(${hue} 50% 20%)`);
      pen.fillStyle = shade;
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = `hsl(${hue} 30% 55%)`;
      pen.beginPath();
      pen.ellipse(width / 2, height * 1.02, width * 0.2, height * 0.3, 0, 0, 7);
      pen.ellipse(width / 2, height * 0.53, width * 0.075, height * 0.17, 0, 0, 7);
      pen.fill();
      pen.fillStyle = "#fff";
      pen.font = `600 ${Math.round(height / 14)}px sans-serif`;
      pen.textAlign = "right";
      pen.fillText(options.name, width * 0.97, height * 0.3, width * 0.4);
      return back;
    },
    tick() {
      const now = epochMs();
      beeper.due(now);
      this.draw(now);
      this.frames += 1;
      if (this.writer) {
        if (this.writer.desiredSize > 0) this.writer.write(new VideoFrame(this.canvas, { timestamp: performance.now() * 1000 })).catch(() => {});
      } else {
        this.track.requestFrame();
      }
    },
    draw(now) {
      const { width, height } = options.camera;
      const { pen } = this;
      if (now < this.flashUntil) {
        pen.fillStyle = "#fff";
        pen.fillRect(0, 0, width, height);
      } else {
        pen.drawImage(this.back, 0, 0);
        const angle = now / 700;
        pen.fillStyle = "#ffd166";
        pen.beginPath();
        pen.arc(width * (0.5 + 0.4 * Math.sin(angle)), height * (0.58 + 0.18 * Math.cos(angle * 1.7)), height / 16, 0, 7);
        pen.fill();
        pen.fillStyle = "#fff";
        pen.font = `700 ${Math.round(height / 8)}px monospace`;
        pen.fillText(String(this.frames).padStart(6, "0"), width * 0.03, height * 0.31);
      }
      this.barcode();
    },
    // A black band with white cells along the upper edge; it stays in a flash, so that every frame can be told.
    barcode() {
      const { width, height } = options.camera;
      const { pen } = this;
      const row = cells(options.number, this.frames);
      const cell = Math.floor(width / (row.length + 2));
      const left = Math.floor((width - cell * row.length) / 2);
      const band = Math.round(height / 7);
      pen.fillStyle = "#000";
      pen.fillRect(0, 0, width, band);
      pen.fillStyle = "#fff";
      row.forEach((bit, i) => bit && pen.fillRect(left + i * cell, Math.round(band * 0.12), cell, Math.round(band * 0.76)));
    },
  };

  // A beep and a white flash at one instant: the tick that draws the flash also starts the beep.
  const beeper = {
    next: Infinity,
    every: 0,
    log: [],
    plan(startMs, everySeconds) {
      this.every = everySeconds * 1000;
      this.next = this.every > 0 ? startMs : Infinity;
    },
    due(now) {
      if (now < this.next) return;
      this.next += (Math.floor((now - this.next) / this.every) + 1) * this.every;
      picture.flashUntil = now + FLASH_MS - 5; // a tick may come a little early
      if (sound.context) sound.play(sound.beepBuffer, sound.context.currentTime + options.beepLeadSeconds);
      this.log.push({ at_ms: now, frame: picture.frames });
    },
  };

  const person = {
    clips: new Map(),
    spoken: [],
    asked: 0,
    // Keeps a sound (base64 of a file the browser can decode) by name; returns its length in seconds.
    async load(name, base64) {
      sound.start();
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const buffer = await sound.context.decodeAudioData(bytes.buffer);
      this.clips.set(name, buffer);
      return buffer.duration;
    },
    // Plays a kept sound at an instant (milliseconds since 1970).
    say(name, atMs) {
      const buffer = this.clips.get(name);
      sound.play(buffer, sound.at(atMs));
      this.spoken.push({ name, at_ms: atMs, seconds: buffer.duration });
    },
    beeps(startMs, everySeconds) {
      sound.start();
      if (options.camera) picture.start();
      else setInterval(() => beeper.due(epochMs()), 10);
      beeper.plan(startMs, everySeconds);
    },
    status() {
      return {
        frames: picture.frames,
        beeps: beeper.log.slice(-100),
        spoken: this.spoken,
        asked: this.asked,
        clock_ms: epochMs(),
        context: sound.context ? { state: sound.context.state, seconds: sound.context.currentTime } : null,
      };
    },
    stream: (wish) => devices.open(wish),
  };
  window.rollcallPerson ??= person;

  const devices = {
    list() {
      const entry = (kind, label) => describe({ deviceId: `rollcall-${kind}`, groupId: "rollcall", kind, label });
      return [...(options.microphone ? [entry("audioinput", "Voice")] : []), ...(options.camera ? [entry("videoinput", "Picture")] : [])];
    },
    open(wish) {
      const wantsAudio = Boolean(wish?.audio);
      const wantsVideo = Boolean(wish?.video);
      if (!wantsAudio && !wantsVideo) throw new TypeError("At least one of audio and video must be requested");
      if ((wantsAudio && !options.microphone) || (wantsVideo && !options.camera)) {
        throw new DOMException("Requested device not found", "NotFoundError");
      }
      person.asked += 1;
      const tracks = [];
      if (wantsAudio) {
        sound.start();
        tracks.push(sound.out.stream.getAudioTracks()[0].clone());
      }
      if (wantsVideo) {
        picture.start();
        tracks.push(picture.track.clone());
      }
      for (const track of tracks) track.applyConstraints = async () => {};
      return new MediaStream(tracks);
    },
  };
  function describe(fields) {
    const made = Object.create(window.InputDeviceInfo?.prototype ?? Object.prototype);
    for (const [key, value] of Object.entries(fields)) Object.defineProperty(made, key, { value, enumerable: true });
    Object.defineProperty(made, "toJSON", { value: () => fields });
    return made;
  }

  const open = async (wish) => window.rollcallPerson.stream(wish);
  MediaDevices.prototype.getUserMedia = open;
  MediaDevices.prototype.enumerateDevices = async () => devices.list();
  const old = (wish, done, failed) => void open(wish).then(done, failed);
  for (const name of ["getUserMedia", "webkitGetUserMedia"]) if (name in navigator) navigator[name] = old;
})();
