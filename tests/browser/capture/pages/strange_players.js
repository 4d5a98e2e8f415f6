"use strict";
// Sound that no track of a connection brings. Each gets a pitch and resolves when its tone is played.
const WORKLET = `
registerProcessor("rings", class extends AudioWorkletProcessor {
  constructor({ processorOptions }) { super(); this.step = 2 * Math.PI * processorOptions.hertz / sampleRate; this.at = 0; }
  process(_, [[channel]]) {
    for (let n = 0; n < channel.length; n += 1) channel[n] = ${LEVEL} * Math.sin(this.step * (this.at += 1));
    return true;
  }
});`;
const steady = async (hertz) => { // as a stream that is no connection's
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  tone(context, hertz).connect(out);
  kept.push(out);
  return out.stream;
};

const players = {
  "a context of 44,100 Hz": (hertz) => played(new AudioContext({ sampleRate: 44100 }), hertz),
  "a context of 96,000 Hz": (hertz) => played(new AudioContext({ sampleRate: 96000 }), hertz),
  async "a context that is suspended and resumed"(hertz) {
    const context = new AudioContext();
    await context.suspend();
    played(context, hertz);
    setTimeout(() => context.resume(), 500);
  },
  "the right of two channels"(hertz) {
    const context = new AudioContext();
    const merger = new ChannelMergerNode(context, { numberOfInputs: 2 });
    tone(context, hertz).connect(merger, 0, 1);
    merger.connect(context.destination);
  },
  "the centre of six channels"(hertz) {
    const context = new AudioContext();
    const merger = new ChannelMergerNode(context, { numberOfInputs: 6 });
    tone(context, hertz).connect(merger, 0, 2);
    merger.connect(context.destination);
  },
  async "a worklet"(hertz) {
    const context = new AudioContext();
    await context.audioWorklet.addModule(asWorker(WORKLET));
    const node = new AudioWorkletNode(context, "rings", { numberOfInputs: 0, processorOptions: { hertz } });
    node.connect(context.destination);
    kept.push(node);
  },
  async "decoded frame by frame"(hertz) {
    const context = new AudioContext();
    let at = context.currentTime + 0.3;
    const decoder = new AudioDecoder({
      error() {},
      output(data) {
        const buffer = new AudioBuffer({ length: data.numberOfFrames, sampleRate: data.sampleRate });
        const samples = new Float32Array(data.numberOfFrames);
        data.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
        buffer.copyToChannel(samples, 0);
        const source = new AudioBufferSourceNode(context, { buffer });
        source.connect(context.destination);
        source.start(at);
        at += buffer.duration;
        data.close();
      },
    });
    decoder.configure({ codec: "opus", sampleRate: 48000, numberOfChannels: 1 });
    const encoder = new AudioEncoder({ error() {}, output: (chunk) => decoder.decode(chunk) });
    encoder.configure({ codec: "opus", sampleRate: 48000, numberOfChannels: 1 });
    const length = 48000 * 20;
    const data = Float32Array.from({ length }, (_, n) => LEVEL * Math.sin((2 * Math.PI * hertz * n) / 48000));
    encoder.encode(new AudioData({ format: "f32", sampleRate: 48000, numberOfFrames: length, numberOfChannels: 1, timestamp: 0, data }));
    await encoder.flush();
    await decoder.flush();
  },
  async "a media source"(hertz) {
    const data = await (await encodedTone(hertz, 3)).arrayBuffer();
    const source = new MediaSource();
    const audio = new Audio(URL.createObjectURL(source));
    kept.push(audio);
    await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    const buffer = source.addSourceBuffer("audio/webm;codecs=opus");
    for (let n = 0; n < 6; n += 1) {
      buffer.timestampOffset = n * 2.9;
      buffer.appendBuffer(data);
      await new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
    }
    await audio.play();
  },
  async "an element whose stream comes later"(hertz) {
    const audio = document.createElement("audio");
    audio.autoplay = true;
    kept.push(audio);
    const stream = await steady(hertz);
    setTimeout(() => { audio.srcObject = stream; }, 500);
  },
  async "an element that starts by itself and is nowhere"(hertz) {
    const audio = new Audio();
    audio.loop = true;
    audio.autoplay = true;
    audio.src = URL.createObjectURL(await encodedTone(hertz, 2));
    kept.push(audio);
  },
  async "an element within a shadow"(hertz) {
    const made = document.createElement("template");
    made.innerHTML = "<audio autoplay></audio>";
    const audio = document.importNode(made.content, true).firstChild;
    audio.srcObject = await steady(hertz);
    const inner = document.createElement("div");
    inner.attachShadow({ mode: "closed" }).append(audio);
    document.body.append(inner);
  },
  async "an element through a graph"(hertz) {
    const audio = new Audio(URL.createObjectURL(await encodedTone(hertz, 2)));
    audio.loop = true;
    const context = new AudioContext();
    context.createMediaElementSource(audio).connect(context.destination);
    kept.push(audio, context);
    await audio.play();
  },
  async "an element that came to a graph late"(hertz) {
    const audio = new Audio(URL.createObjectURL(await encodedTone(hertz, 2)));
    audio.loop = true;
    kept.push(audio);
    await audio.play();
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    const context = new AudioContext();
    kept.push(context, new MediaElementAudioSourceNode(context, { mediaElement: audio }).connect(context.destination));
  },
  async "a track that the page makes"(hertz) {
    const track = new MediaStreamTrackGenerator({ kind: "audio" });
    const writer = track.writable.getWriter();
    let at = 0;
    setInterval(() => {
      const data = Float32Array.from({ length: 960 }, () => LEVEL * Math.sin((2 * Math.PI * hertz * (at += 1)) / 48000));
      const timestamp = performance.now() * 1000;
      writer.write(new AudioData({ format: "f32", sampleRate: 48000, numberOfFrames: 960, numberOfChannels: 1, timestamp, data }));
    }, 20);
    const audio = new Audio();
    audio.srcObject = new MediaStream([track]);
    kept.push(audio);
    await audio.play();
  },
  "a frame of the same site": (hertz) => framed((frame) => { frame.src = `strange.html?plays=${hertz}`; }),
  "a frame of another site": (hertz) => framed((frame) => {
    frame.allow = "autoplay";
    frame.src = elsewhere(`strange.html?plays=${hertz}`);
  }),
  async "the make of an empty frame"(hertz) {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    kept.push(frame);
    played(new frame.contentWindow.AudioContext(), hertz);
  },
  "a class that descends": (hertz) => played(new (class extends AudioContext {})(), hertz),
};
