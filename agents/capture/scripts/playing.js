// What an element lets be heard at this moment, offered as the page's own sound. An element may be given another file, another stream or
// other tracks while it plays, be paused or muted: its events say so.
const TELLING = ["play", "playing", "pause", "ended", "emptied", "loadedmetadata", "volumechange"];
const attended = new WeakMap();
const offered = new WeakMap(); // element -> the tracks that were offered for it, and a stream of each: WebAudio takes one track of a stream
const captures = new WeakMap(); // element -> the newest capture of it, and those before
const past = new WeakMap(); // tracks of a capture that brought what the element played before
const weakDelete = method(globalThis.WeakMap, "delete");
const captureStream = method(globalThis.HTMLMediaElement, "captureStream");
const videoTracks = method(Native.MediaStream, "getVideoTracks");
const trackLabel = property(globalThis.MediaStreamTrack, "label");
const isStream = isKind(audioTracks);
const isLive = (track) => Track.readyState(track) === "live";
const Playing = {
  paused: property(globalThis.HTMLMediaElement, "paused"),
  muted: property(globalThis.HTMLMediaElement, "muted"),
  volume: property(globalThis.HTMLMediaElement, "volume"),
  stream: property(globalThis.HTMLMediaElement, "srcObject"),
};

function attend(element) {
  if (weakGet(attended, element)) return;
  weakSet(attended, element, true);
  for (const name of TELLING) {
    listen(element, name, () => {
      if (name === "emptied") leaveBehind(element);
      lookAt(element);
    });
  }
}

// A capture goes on with what its element plays next: Chromium (156) adds a track for each new file, and leaves the one before in the
// stream, live and silent, or live and heard where it came from a stream.
function leaveBehind(element) {
  const capture = weakGet(captures, element);
  if (capture) for (const track of audioTracks(capture.stream)) weakSet(past, track, true);
}

// Of several captures of one element Chromium gives the sound to the newest alone, and to none when a track of any is stopped or
// collected. So we make one and keep it for as long as the element lives; where the page makes its own, we listen to that one.
function noteCapture(element, stream, mine) {
  weakSet(captures, element, { stream, mine, before: weakGet(captures, element) });
  listen(stream, "addtrack", () => lookAt(element));
}

function captured(element) {
  const known = weakGet(captures, element);
  const given = known ? audioTracks(known.stream) : [];
  if (!known || (!known.mine && given.length && !given.some(isLive))) noteCapture(element, captureStream(element), true);
  const { stream, mine } = weakGet(captures, element);
  if (mine) for (const track of videoTracks(stream)) Track.stop(track); // to copy a picture that nobody wants costs much
  return audioTracks(stream).filter((track) => !weakGet(past, track));
}

// The bot's own microphone is not listened to either.
function heardOf(element) {
  if (Playing.paused(element) || Playing.muted(element) || !Playing.volume(element) || weakGet(fed, element)) return [];
  const given = Playing.stream(element);
  try {
    const tracks = isStream(given) ? audioTracks(given) : captured(element);
    return tracks.filter((track) => isLive(track) && !isRemote(track) && trackLabel(track) !== "Rollcall microphone");
  } catch {
    return []; // of another site, which does not let it be heard
  }
}

function lookAt(element) {
  if (element === pump) return;
  attend(element);
  const tracks = heardOf(element);
  const before = weakGet(offered, element);
  const known = before ? before.tracks : [];
  if (tracks.length === known.length && tracks.every((track, n) => track === known[n])) return;
  takeBack(element);
  if (!tracks.length) return;
  const streams = tracks.map((track) => new Native.MediaStream([track]));
  weakSet(offered, element, { streams, tracks });
  streams.forEach(offerOwn);
}

function takeBack(element) {
  const before = weakGet(offered, element);
  if (!before) return;
  weakDelete(offered, element);
  before.streams.forEach(takeBackOwn);
}
