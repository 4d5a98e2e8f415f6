// The bot's camera and microphone, put in the place of the machine's before a document's own scripts run.
//
// getUserMedia gives a canvas and a WebAudio destination: no device, no switch of Chromium, no question to a person. A bot is black
// and silent until it has a picture or something to say, whatever the page does; and what the page has disabled stays so, whatever the
// bot has to show or say, so that nobody is heard whom a meeting shows as muted. The picture is sent to Python's word only when a page has asked for a camera: `__rollcallDevicesWanted`.
(() => {
  "use strict";
  const HANDLE = "__rollcallDevices";
  const WANTED = "__rollcallDevicesWanted";
  if (!globalThis.MediaDevices || Object.hasOwn(globalThis, HANDLE)) return;

  const WIDTH = 1280;
  const HEIGHT = 720;
  const FRAMES_PER_SECOND = 5; // a still picture; a new participant waits for the next frame at most this long
  const FILM_FRAMES_PER_SECOND = 30; // at most; a film is drawn as its frames come
  const GROUP = "rollcall";
  const CAMERA = { deviceId: "rollcall-camera", groupId: GROUP, kind: "videoinput", label: "Rollcall camera" };
  const MICROPHONE = { deviceId: "rollcall-microphone", groupId: GROUP, kind: "audioinput", label: "Rollcall microphone" };
  const SPEAKER = { deviceId: "default", groupId: GROUP, kind: "audiooutput", label: "Rollcall speaker" };

  const wanted = globalThis[WANTED];
  const tell = (kind) => typeof wanted === "function" && wanted(kind);
  const on = { camera: false, microphone: false };
  const tracks = { camera: new Map(), microphone: new Map() }; // a track -> { wished: whether the page has it enabled, apply }

  // ---- camera

  let canvas = null;
  let context = null;
  let source = null; // the canvas's own track, whose clones are handed out
  let picture = null;
  let film = null; // the frame that is shown in place of the picture
  let timer = 0;
  let ticks = 0;

  function draw() {
    context.fillStyle = "black";
    context.fillRect(0, 0, WIDTH, HEIGHT);
    const shown = film || picture;
    if (!shown) return;
    const scale = Math.min(WIDTH / shown.width, HEIGHT / shown.height);
    const [width, height] = [shown.width * scale, shown.height * scale];
    context.drawImage(shown, (WIDTH - width) / 2, (HEIGHT - height) / 2, width, height);
  }

  function tick() {
    forgetEnded("camera");
    if (tracks.camera.size === 0) {
      clearInterval(timer);
      timer = 0;
      return;
    }
    // A disabled track turns frames black as they come, so they must come, but once a second will do.
    ticks += 1;
    if (ticks % FRAMES_PER_SECOND === 0 || open("camera")) draw();
  }

  function videoTrack() {
    if (!canvas) {
      canvas = document.createElement("canvas");
      canvas.width = WIDTH;
      canvas.height = HEIGHT;
      context = canvas.getContext("2d", { alpha: false });
      source = canvas.captureStream(FILM_FRAMES_PER_SECOND).getVideoTracks()[0];
      tell("camera");
    }
    draw();
    if (!timer) timer = setInterval(tick, 1000 / FRAMES_PER_SECOND);
    return source.clone();
  }

  // ---- microphone

  const LEAD_SECONDS = 0.2; // between a first sample's coming and its being heard: the next ones must be there by then
  let audio = null;
  let voice = null;
  const channels = new Map(); // name -> { until, players }: each plays its samples one after the other, all at once

  function audioTrack() {
    if (!audio) {
      // No sound card is needed, and nothing of it is heard on this machine.
      audio = new AudioContext({ sampleRate: 48000, sinkId: { type: "none" } });
      voice = audio.createGain();
      audio.resume();
      tell("microphone");
    }
    const destination = audio.createMediaStreamDestination();
    voice.connect(destination);
    return destination.stream.getAudioTracks()[0];
  }

  // ---- tracks as those of real devices

  function forgetEnded(kind) {
    for (const track of tracks[kind].keys()) if (track.readyState === "ended") tracks[kind].delete(track);
  }

  // Whether the page takes anything of a device.
  function open(kind) {
    forgetEnded(kind);
    return [...tracks[kind].values()].some(({ wished }) => wished);
  }

  function settings(device) {
    const { deviceId, groupId } = device;
    if (device === CAMERA) return { deviceId, groupId, width: WIDTH, height: HEIGHT, frameRate: FRAMES_PER_SECOND, aspectRatio: WIDTH / HEIGHT };
    return { deviceId, groupId, sampleRate: 48000, channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  }

  function capabilities(device) {
    const { deviceId, groupId } = device;
    if (device === CAMERA)
      return { deviceId, groupId, width: { min: 1, max: WIDTH }, height: { min: 1, max: HEIGHT }, frameRate: { min: 1, max: 30 } };
    return { deviceId, groupId, sampleRate: { min: 48000, max: 48000 }, channelCount: { min: 1, max: 2 } };
  }

  const enabled = Object.getOwnPropertyDescriptor(MediaStreamTrack.prototype, "enabled");

  function handOut(track, device, constraints) {
    const kind = device === CAMERA ? "camera" : "microphone";
    let applied = typeof constraints === "object" && constraints !== null ? constraints : {};
    const clone = track.clone.bind(track);
    const state = { wished: true, apply: () => enabled.set.call(track, state.wished && on[kind]) };
    const extra = {
      enabled: {
        get: () => state.wished,
        set: (wish) => {
          state.wished = Boolean(wish);
          state.apply();
        },
        configurable: true,
      },
      label: { value: device.label, configurable: true },
      getSettings: { value: () => settings(device), configurable: true },
      getCapabilities: { value: () => capabilities(device), configurable: true },
      getConstraints: { value: () => applied, configurable: true },
      applyConstraints: { value: async (more) => void (applied = more ?? {}), configurable: true },
      clone: {
        value: () => {
          const copy = handOut(clone(), device, applied);
          copy.enabled = track.enabled;
          return copy;
        },
        configurable: true,
      },
    };
    Object.defineProperties(track, extra);
    state.apply();
    forgetEnded(kind);
    tracks[kind].set(track, state);
    return track;
  }

  function turn(kind, wanted) {
    if (on[kind] === wanted) return;
    on[kind] = wanted;
    forgetEnded(kind);
    for (const { apply } of tracks[kind].values()) apply();
  }

  // ---- what pages call

  async function getUserMedia(constraints = {}) {
    if (!constraints.audio && !constraints.video) throw new TypeError("At least one of audio and video must be requested");
    const stream = new MediaStream();
    if (constraints.audio) stream.addTrack(handOut(audioTrack(), MICROPHONE, constraints.audio));
    if (constraints.video) stream.addTrack(handOut(videoTrack(), CAMERA, constraints.video));
    return stream;
  }

  function info(device) {
    const kind = device === SPEAKER ? MediaDeviceInfo : InputDeviceInfo;
    const result = Object.create(kind.prototype);
    for (const [name, value] of Object.entries(device)) Object.defineProperty(result, name, { value, enumerable: true });
    Object.defineProperty(result, "toJSON", { value: () => ({ ...device }) });
    if (device !== SPEAKER) Object.defineProperty(result, "getCapabilities", { value: () => capabilities(device) });
    return result;
  }

  const put = (target, name, value) => Object.defineProperty(target, name, { value, configurable: true, writable: true });
  put(MediaDevices.prototype, "getUserMedia", getUserMedia);
  put(MediaDevices.prototype, "enumerateDevices", async () => [MICROPHONE, CAMERA, SPEAKER].map(info));
  for (const name of ["getUserMedia", "webkitGetUserMedia"]) {
    put(Navigator.prototype, name, (constraints, done, failed) => void getUserMedia(constraints).then(done, failed));
  }

  if (globalThis.Permissions) {
    const query = Permissions.prototype.query;
    put(Permissions.prototype, "query", async function (what) {
      const status = await query.call(this, what);
      if (["camera", "microphone"].includes(what?.name)) Object.defineProperty(status, "state", { value: "granted", configurable: true });
      return status;
    });
  }

  // ---- what Python calls

  const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

  const handle = {
    turn,
    open,
    /** Shows a picture, letterboxed, or black for null; says what became of it. Not by <img>, which a page's policy may forbid. */
    async show(base64, mime) {
      try {
        picture = base64 ? await createImageBitmap(new Blob([bytes(base64)], { type: mime })) : null;
      } catch {
        return "unreadable";
      }
      if (!open("camera")) return "no device";
      draw();
      return "done";
    },
    /** Shows a film's frame (a JPEG) in place of the picture until the next one, or until `null`. */
    async frame(base64) {
      film = base64 ? await createImageBitmap(new Blob([bytes(base64)], { type: "image/jpeg" })) : null;
      if (canvas) draw();
    },
    /** Plays samples (16 bit, one channel, 48 kHz) after those of the same channel; how many seconds are still to be heard, -1: nobody. */
    sound(name, base64) {
      if (!open("microphone")) return -1;
      if (!channels.has(name)) channels.set(name, { until: 0, players: new Set() });
      const channel = channels.get(name);
      const samples = new Int16Array(bytes(base64).buffer);
      const buffer = audio.createBuffer(1, samples.length, 48000);
      buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
      const player = audio.createBufferSource();
      player.buffer = buffer;
      player.connect(voice);
      if (channel.until < audio.currentTime) channel.until = audio.currentTime + LEAD_SECONDS;
      player.start(channel.until);
      channel.until += buffer.duration;
      channel.players.add(player);
      player.onended = () => channel.players.delete(player);
      return channel.until - audio.currentTime;
    },
    /** Ends what is played on a channel. */
    hush(name) {
      for (const player of channels.get(name)?.players ?? []) player.stop();
      channels.delete(name);
    },
  };
  Object.defineProperty(globalThis, HANDLE, { value: Object.freeze(handle) });
})();
