"use strict";
// Sound that comes by connections. Each gets a pitch and resolves when its tone is on the way.
const SavedConnection = RTCPeerConnection;
const Wrapped = new Proxy(RTCPeerConnection, {});
class Descended extends RTCPeerConnection {}
function Borrowed(...given) {
  const peer = new SavedConnection(...given);
  Object.setPrototypeOf(peer, Borrowed.prototype);
  return peer;
}
Borrowed.prototype = Object.create(SavedConnection.prototype);

const ENCRYPT = `
onrtctransform = ({ transformer }) => transformer.readable.pipeThrough(new TransformStream({
  transform(frame, controller) {
    frame.data = Uint8Array.from(new Uint8Array(frame.data), (byte) => byte ^ 0x5a).buffer;
    controller.enqueue(frame);
  },
})).pipeTo(transformer.writable);`;

const turning = () => new TransformStream({
  transform(frame, controller) {
    frame.data = Uint8Array.from(new Uint8Array(frame.data), (byte) => byte ^ 0x5a).buffer;
    controller.enqueue(frame);
  },
});

const tracks = {
  async "played through a context that is suspended"(hertz) {
    const { receiver } = await connected(toneTrack(hertz));
    const context = new AudioContext();
    context.createMediaStreamSource(new MediaStream([receiver.track])).connect(context.destination);
    kept.push(context);
    await context.suspend();
  },
  async "replaced all the time"(hertz) {
    const [one, other] = [toneTrack(hertz), toneTrack(hertz)];
    const { sender } = await connected(one);
    let turn = 0;
    setInterval(() => sender.replaceTrack((turn += 1) % 2 ? other : one), 300);
  },
  async "negotiated anew all the time"(hertz) {
    const { from, to } = await connected(toneTrack(hertz));
    let busy = false;
    setInterval(async () => {
      if (busy || from.getTransceivers().length > 8) return;
      busy = true;
      from.addTransceiver("audio");
      await negotiate(from, to);
      busy = false;
    }, 300);
  },
  async "muted and on again"(hertz) {
    const track = toneTrack(hertz);
    const { receiver } = await connected(track);
    receiver.track.enabled = track.enabled = false;
    setTimeout(() => { track.enabled = true; }, 300);
  },
  async "held and taken up again"(hertz) {
    const { from, to } = await connected(toneTrack(hertz));
    for (const direction of ["inactive", "sendonly"]) {
      from.getTransceivers()[0].direction = direction;
      await negotiate(from, to);
    }
  },
  "of two channels": (hertz) => connected(toneTrack(hertz, 2)),
  "a frame of the same site": (hertz) => framed((frame) => { frame.src = `strange.html?frame=${hertz}`; }),
  "a frame of another site": (hertz) => framed((frame) => { frame.src = elsewhere(`strange.html?frame=${hertz}`); }),
  "a frame of a text": (hertz) => framed((frame) => {
    frame.srcdoc = `<script src="strange.js"><\/script><body><script>connected(toneTrack(${hertz}));<\/script>`;
  }),
  async "a sandboxed frame"(hertz) {
    await framed((frame) => {
      frame.sandbox = "allow-scripts";
      frame.allow = "autoplay";
      frame.src = `strange.html?frame=${hertz}`;
    });
  },
  async "the make of an empty frame"(hertz) {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    kept.push(frame);
    await connected(toneTrack(hertz), { Receiver: frame.contentWindow.RTCPeerConnection });
  },
  "a class that descends": (hertz) => connected(toneTrack(hertz), { Receiver: Descended }),
  "a make that is wrapped": (hertz) => connected(toneTrack(hertz), { Receiver: Wrapped }),
  "a make that is borrowed": (hertz) => connected(toneTrack(hertz), { Receiver: Borrowed }),
  "the make of the prototype": (hertz) => connected(toneTrack(hertz), { Receiver: RTCPeerConnection.prototype.constructor }),
  "the old name": (hertz) => connected(toneTrack(hertz), { Receiver: globalThis.webkitRTCPeerConnection }),
  async "a frozen make"(hertz) {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const { RTCPeerConnection: Frozen } = frame.contentWindow;
    Object.freeze(Frozen.prototype);
    Object.freeze(Frozen);
    kept.push(frame);
    await connected(toneTrack(hertz), { Receiver: Frozen });
  },
  async "encrypted end to end in a worker"(hertz) {
    const worker = new Worker(asWorker(ENCRYPT));
    await connected(toneTrack(hertz), {
      before: ({ to, sender }) => {
        sender.transform = new RTCRtpScriptTransform(worker, {});
        to.addEventListener("track", ({ receiver }) => { receiver.transform = new RTCRtpScriptTransform(worker, {}); });
      },
    });
  },
  async "turned in encoded streams"(hertz) {
    await connected(toneTrack(hertz), {
      options: { encodedInsertableStreams: true },
      before: ({ to, sender }) => {
        const out = sender.createEncodedStreams();
        out.readable.pipeThrough(turning()).pipeTo(out.writable);
        to.addEventListener("track", ({ receiver }) => {
          const into = receiver.createEncodedStreams();
          into.readable.pipeThrough(turning()).pipeTo(into.writable);
        });
      },
    });
  },
  async "stolen by the page at once"(hertz) {
    const { receiver, to } = await connected(toneTrack(hertz));
    receiver.track.stop();
    kept.push(to);
  },
};
