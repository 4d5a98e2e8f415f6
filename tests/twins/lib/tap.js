// Gives what it hears as 16-bit samples, 43 ms at a time.

const SAMPLES = 2048;

class Tap extends AudioWorkletProcessor {
  constructor() {
    super();
    this.buffer = new Int16Array(SAMPLES);
    this.filled = 0;
  }

  process([[samples]]) {
    const count = samples ? samples.length : 128;
    for (let i = 0; i < count; i += 1) this.buffer[this.filled + i] = samples ? Math.max(-1, Math.min(1, samples[i])) * 32767 : 0;
    this.filled += count;
    if (this.filled >= SAMPLES) {
      this.port.postMessage(this.buffer.buffer.slice(0));
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("tap", Tap);
