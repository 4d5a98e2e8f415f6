// Plays what is posted to it, samples of 16 bits, with a little patience for what comes late.

const AHEAD = 0.12 * sampleRate;
const MOST = sampleRate;

class Speaker extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.held = 0;
    this.at = 0;
    this.playing = false;
    this.port.onmessage = ({ data }) => this.take(new Int16Array(data));
  }

  take(samples) {
    this.queue.push(samples);
    this.held += samples.length;
    while (this.held > MOST) this.drop(); // whoever cannot keep up plays on from now
  }

  drop() {
    this.held -= this.queue.shift().length - this.at;
    this.at = 0;
  }

  process(_inputs, [[out]]) {
    this.playing = this.held >= (this.playing ? out.length : AHEAD);
    if (!this.playing) return true;
    for (let n = 0; n < out.length; n += 1) {
      if (this.at === this.queue[0].length) this.drop();
      out[n] = this.queue[0][this.at] / 32768;
      this.at += 1;
      this.held -= 1;
    }
    return true;
  }
}

registerProcessor("speaker", Speaker);
