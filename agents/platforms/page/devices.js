// The bot's microphone and camera: a page that insists on devices gets some that say and show nothing of their own. No device of the
// machine is opened, and no permission is asked for.
const TrackError = window.DOMException;
const makeStream = window.MediaStream;
const Context = window.AudioContext;
const later = window.setTimeout.bind(window);
let context = null;

function silence() {
  context = context || new Context();
  if (context.state === "suspended") context.resume();
  const nothing = context.createConstantSource();
  nothing.offset.value = 0;
  const end = context.createMediaStreamDestination();
  nothing.connect(end);
  nothing.start();
  return end.stream.getAudioTracks()[0];
}

function picture(constraints) {
  const wanted = (value, usual) => Math.min(1280, Number(value && (value.exact || value.ideal || value.max || value)) || usual);
  const canvas = document.createElement("canvas");
  canvas.width = wanted(constraints.width, 320);
  canvas.height = wanted(constraints.height, 180);
  const brush = canvas.getContext("2d");
  const track = canvas.captureStream(2).getVideoTracks()[0];
  let shade = 0;
  const paint = () => {
    shade = 1 - shade; // a picture that never changes is never sent
    brush.fillStyle = shade ? "#20242b" : "#20242c";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    if (track.readyState === "live") later(paint, 500);
  };
  paint();
  return track;
}

async function getUserMedia(asked) {
  const constraints = asked || {};
  if (!constraints.audio && !constraints.video) throw new TypeError("At least one of audio and video must be requested");
  if ((constraints.audio && DEVICES.microphone === "none") || (constraints.video && DEVICES.camera === "none")) {
    throw new TrackError("Requested device not found", "NotFoundError");
  }
  const tracks = [];
  if (constraints.audio) tracks.push(silence());
  if (constraints.video) tracks.push(picture(constraints.video === true ? {} : constraints.video));
  return new makeStream(tracks);
}

if (window.MediaDevices) {
  const described = (kind, id, label) => ({ kind, deviceId: id, groupId: "bot", label, toJSON: () => ({ kind, deviceId: id, groupId: "bot", label }) });
  MediaDevices.prototype.getUserMedia = getUserMedia;
  MediaDevices.prototype.enumerateDevices = async () => {
    const found = [];
    if (DEVICES.microphone !== "none") found.push(described("audioinput", "bot-microphone", "Bot microphone"));
    if (DEVICES.camera !== "none") found.push(described("videoinput", "bot-camera", "Bot camera"));
    found.push(described("audiooutput", "default", "Default"));
    return found;
  };
  const old = (constraints, done, failed) => getUserMedia(constraints).then(done, failed);
  for (const name of ["getUserMedia", "webkitGetUserMedia"]) if (Navigator.prototype[name]) Navigator.prototype[name] = old;
}
