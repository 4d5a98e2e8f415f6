// Elements that play what is not from a connection: told of by what a page does with them, and looked for once a second. Those of the
// document, those in shadow trees, which no query finds, and those that are in no tree at all, which were seen when something was put
// into them.
const MOST_ELEMENTS = 200;
const noticed = new WeakMap();
let remembered = []; // weakly: elements, and roots of shadow trees
const deref = method(Native.WeakRef, "deref");
const querySelectorIn = method(globalThis.DocumentFragment, "querySelectorAll");

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
  if (one instanceof Native.HTMLMediaElement) attend(one);
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

for (const name of ["play", "load", "srcObject", "src", "autoplay"]) noting(globalThis.HTMLMediaElement, name, remember);
noting(globalThis.Element, "attachShadow", (_, root) => remember(root));
noting(globalThis.HTMLMediaElement, "captureStream", (element, stream) => {
  remember(element);
  noteCapture(element, stream, false);
  lookAt(element);
});
// What a page itself adds to a stream, or takes from it, makes no event.
for (const name of ["addTrack", "removeTrack"]) noting(globalThis.MediaStream, name, lookSoon);

// An element that feeds a graph is heard where the graph ends, and not a second time.
const fed = new WeakMap();
const feeds = property(globalThis.MediaElementAudioSourceNode, "mediaElement");
function feed(source) {
  const element = feeds(source);
  weakSet(fed, element, true);
  takeBack(element);
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

let looksSoon = false;
function lookSoon() {
  if (looksSoon) return;
  looksSoon = true;
  later(lookForElements, 0);
}

function lookForElements() {
  looksSoon = false;
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
