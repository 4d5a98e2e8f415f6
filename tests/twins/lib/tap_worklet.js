// Hands on what flows through it, as samples of 16 bits, some at a time.

class Tap extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.size = processorOptions.samples;
    this.samples = new Int16Array(this.size);
    this.filled = 0;
  }

  process([[input]]) {
    if (!input) return true; // nobody is connected yet
    for (const sample of input) {
      this.samples[this.filled] = Math.max(-1, Math.min(1, sample)) * 32767;
      this.filled += 1;
      if (this.filled === this.size) this.send();
    }
    return true;
  }

  send() {
    this.port.postMessage(this.samples.buffer, [this.samples.buffer]);
    this.samples = new Int16Array(this.size);
    this.filled = 0;
  }
}

registerProcessor("tap", Tap);
