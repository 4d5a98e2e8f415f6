// Sound that the page makes itself from samples (mono, 48 kHz, 16 bits, little endian), on the thread for sound, as such clients do: no
// track of any peer connection has it.

const RATE = 48000;

export class Player {
  constructor() {
    this.context = new AudioContext({ sampleRate: RATE });
    this.early = [];
    this.begin().catch((error) => console.warn("player", error));
  }

  async begin() {
    await this.context.audioWorklet.addModule(new URL("./speaker_worklet.js", import.meta.url));
    this.node = new AudioWorkletNode(this.context, "speaker", { numberOfInputs: 0, outputChannelCount: [1] });
    this.node.connect(this.context.destination);
    for (const bytes of this.early.splice(0)) this.push(bytes);
  }

  push(bytes) {
    if (this.context.state === "suspended") this.context.resume();
    if (this.node) this.node.port.postMessage(bytes, [bytes]);
    else this.early.push(bytes);
  }

  close() {
    this.context.close();
  }
}
