"use strict";
const LEVEL = 0.05;
const kept = []; // what would be collected otherwise

function tone(context, hertz) {
  const oscillator = new OscillatorNode(context, { frequency: hertz });
  const level = new GainNode(context, { gain: LEVEL });
  oscillator.connect(level);
  oscillator.start();
  kept.push(context, oscillator, level);
  return level;
}

let speaking = null;
function toneTrack(hertz, channels = 1) {
  speaking = speaking || new AudioContext();
  const out = new MediaStreamAudioDestinationNode(speaking, { channelCount: channels });
  tone(speaking, hertz).connect(out);
  kept.push(out);
  return out.stream.getAudioTracks()[0];
}

function played(context, hertz) {
  tone(context, hertz).connect(context.destination);
}

async function negotiate(from, to) {
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
}

// A sender and a receiver of the given make; the receiver plays what it gets, as a client does.
async function connected(track, { Receiver = RTCPeerConnection, options = {}, before = () => {} } = {}) {
  const [from, to] = [new RTCPeerConnection(options), new Receiver(options)];
  from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate);
  to.onicecandidate = ({ candidate }) => from.addIceCandidate(candidate);
  kept.push(from, to);
  const arrived = new Promise((resolve) => to.addEventListener("track", (event) => {
    const audio = new Audio();
    audio.srcObject = new MediaStream([event.track]);
    audio.play().catch(() => {});
    kept.push(audio);
    resolve(event);
  }, { once: true }));
  const sender = from.addTrack(track, new MediaStream([track]));
  before({ from, to, sender });
  await negotiate(from, to);
  const { receiver } = await arrived;
  return { from, to, sender, receiver };
}

async function framed(make) {
  const frame = document.createElement("iframe");
  make(frame);
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  return frame;
}

const elsewhere = (path) => `${location.origin.replace("127.0.0.1", "localhost")}/${path}`;
const asWorker = (source) => URL.createObjectURL(new Blob([source], { type: "text/javascript" }));

// The encoded tone, as a client gets it that brings its own transport.
async function encodedTone(hertz, seconds, ...pictures) {
  const mimeType = pictures.length ? "video/webm;codecs=vp8,opus" : "audio/webm;codecs=opus";
  const recorder = new MediaRecorder(new MediaStream([toneTrack(hertz), ...pictures]), { mimeType });
  const data = new Promise((resolve) => { recorder.ondataavailable = (event) => resolve(event.data); });
  recorder.start();
  await new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
  recorder.stop();
  return data;
}
