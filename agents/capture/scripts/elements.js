// Elements that play what is not from a connection, looked for once a second: those of the document, those in shadow trees, which no
// query finds, and those that are in no tree at all, which were seen when something was put into them.
const MOST_ELEMENTS = 200;
const elementsTaken = new WeakMap(); // element -> what it played when it was looked at
const offered = new WeakMap(); // element -> the stream that was offered for it
const noticed = new WeakMap();
let remembered = []; // weakly: elements, and roots of shadow trees
const weakDelete = method(globalThis.WeakMap, "delete");
const deref = method(Native.WeakRef, "deref");
const querySelectorIn = method(globalThis.DocumentFragment, "querySelectorAll");
const captureStream = method(globalThis.HTMLMediaElement, "captureStream");
const Playing = {
  paused: property(globalThis.HTMLMediaElement, "paused"),
  muted: property(globalThis.HTMLMediaElement, "muted"),
  stream: property(globalThis.HTMLMediaElement, "srcObject"),
};

function forgetTheCollected() {
  const left = [];
  for (let n = 0; n < remembered.length; n += 1) if (deref(remembered[n])) left[left.length] = remembered[n];
  remembered = left;
}

function remember(one) {
  if (weakGet(noticed, one)) return;
  if (remembered.length >= MOST_ELEMENTS) forgetTheCollected();
  if (remembered.length >= MOST_ELEMENTS) return;
  weakSet(noticed, one, true);
  remembered[remembered.length] = new Native.WeakRef(one);
}

// Has the method or setter that `type` has under a name tell `note` of each call.
function noting(type, name, note) {
  const had = type && Object.getOwnPropertyDescriptor(type.prototype, name);
  if (!had) return;
  const key = had.set ? "set" : "value";
  const call = had[key];
  const { [name]: noted } = { [name](...given) {
    const result = apply(call, this, given);
    note(this, result);
    return result;
  } };
  Object.defineProperty(type.prototype, name, { ...had, [key]: noted });
}

for (const name of ["play", "srcObject", "src", "autoplay"]) noting(globalThis.HTMLMediaElement, name, remember);
noting(globalThis.Element, "attachShadow", (_, root) => remember(root));

// An element that feeds a graph is heard where the graph ends, and not a second time.
const fed = new WeakMap();
const feeds = property(globalThis.MediaElementAudioSourceNode, "mediaElement");
function feed(source) {
  const element = feeds(source);
  weakSet(fed, element, true);
  takeBack(element);
}

function takeBack(element) {
  const stream = weakGet(offered, element);
  if (!stream) return;
  weakDelete(offered, element);
  takeBackOwn(stream);
}

noting(globalThis.AudioContext, "createMediaElementSource", (_, source) => feed(source));
if (globalThis.MediaElementAudioSourceNode) {
  globalThis.MediaElementAudioSourceNode = new Native.Proxy(globalThis.MediaElementAudioSourceNode, {
    construct(target, args, newTarget) {
      const source = construct(target, args, newTarget);
      feed(source);
      return source;
    },
  });
}

function lookForElements() {
  const look = (found) => {
    for (let n = 0; n < found.length && n < MOST_ELEMENTS; n += 1) lookAt(found[n]);
  };
  look(querySelectorAll(ours, "audio,video"));
  for (let n = 0; n < remembered.length; n += 1) {
    const one = deref(remembered[n]);
    if (one instanceof Native.HTMLMediaElement) lookAt(one);
    else if (one) look(querySelectorIn(one, "audio,video"));
  }
}

// The bot's own microphone is not listened to either.
function lookAt(element) {
  if (element === pump || Playing.paused(element) || Playing.muted(element) || weakGet(fed, element)) return;
  const stream = Playing.stream(element);
  const before = weakGet(offered, element);
  const ended = before && !audioTracks(before).some((track) => Track.readyState(track) === "live"); // as after a file's end
  if (weakGet(elementsTaken, element) === (stream || element) && !ended) return;
  try {
    const heard = stream || captureStream(element);
    const tracks = audioTracks(heard).filter((track) => !isRemote(track) && track.label !== "Rollcall microphone");
    if (!tracks.length) return;
    weakSet(elementsTaken, element, stream || element);
    takeBack(element); // what it played before
    const playing = new Native.MediaStream(tracks);
    weakSet(offered, element, playing);
    offerOwn(playing);
  } catch {
    weakSet(elementsTaken, element, stream || element); // of another site, which does not let it be heard
  }
}
