// Sound that the page makes itself from samples (mono, 48 kHz, 16 bits, little endian): no track of any peer connection has it.

const RATE = 48000;
const AHEAD_SECONDS = 0.12;

export class Player {
  constructor() {
    this.context = new AudioContext({ sampleRate: RATE });
    this.next = 0;
  }

  push(bytes) {
    if (this.context.state === "suspended") this.context.resume();
    const samples = new Int16Array(bytes);
    const buffer = this.context.createBuffer(1, samples.length, RATE);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i += 1) channel[i] = samples[i] / 32768;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    const now = this.context.currentTime;
    if (this.next < now) this.next = now + AHEAD_SECONDS;
    source.start(this.next);
    this.next += buffer.duration;
  }

  close() {
    this.context.close();
  }
}
