// The picture: the tab as it looks, or, where the page forbids that, the remote videos side by side.
const SETTLE_MS = 3000;
const SETTLED_FRAMES = 5;
let picture = null; // the track that is recorded
let pictureMethod = "";
let grab = null;
let grabbedSize = ""; // of the newest frame that was looked at
let canvas = null;
let pen = null;
const grabFrame = method(Native.ImageCapture, "grabFrame");
let thumbPen = null;
const draw = method(globalThis.OffscreenCanvasRenderingContext2D, "drawImage");
const pixels = method(globalThis.OffscreenCanvasRenderingContext2D, "getImageData");

async function armPicture({ width, height, fps, methods }) {
  if (picture && Track.readyState(picture) === "live") return describePicture();
  let why = "";
  for (const name of methods) {
    try {
      picture = name === "tab" ? await tabPicture(width, height, fps) : composedPicture(width, height, fps);
      pictureMethod = name;
      grab = new Native.ImageCapture(picture);
      await settled(width, height);
      return describePicture(why);
    } catch (error) {
      why += `${name}: ${(error && error.name) || "failed"} `;
    }
  }
  throw new Native.Error(`no picture (${why})`);
}

// The bar "this tab is being shared" slides in after the first frames (and out, where a page before this one was captured), and the
// first frame that a recorder gets decides the size of the whole film.
async function settled(width, height) {
  const deadline = clock() + SETTLE_MS;
  for (let fitting = 0; fitting < SETTLED_FRAMES;) {
    const frame = await within(grabFrame(grab), SETTLE_MS);
    if (frame) grabbedSize = `${frame.width}x${frame.height}`;
    const fits = frame && frame.width === width && frame.height === height;
    if (frame) frame.close();
    fitting = fits ? fitting + 1 : 0;
    if (clock() > deadline) return; // a window of another make keeps a size of its own
    await new Native.Promise((resolve) => { later(resolve, 50); });
  }
}

function describePicture(why = "") {
  const { width = 0, height = 0 } = Track.settings(picture);
  return { method: pictureMethod, width, height, why };
}

async function tabPicture(width, height, fps) {
  if (!askForDisplay) throw new Native.Error("not a secure origin");
  const stream = await getDisplayMedia({
    preferCurrentTab: true,
    selfBrowserSurface: "include",
    audio: false,
    video: { width: { max: width }, height: { max: height }, frameRate: { max: fps } },
  });
  return stream.getVideoTracks()[0];
}

function composedPicture(width, height, fps) {
  canvas = createElement(ours, "canvas");
  canvas.width = width;
  canvas.height = height;
  pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  const track = canvas.captureStream(0).getVideoTracks()[0];
  every(() => {
    if (Track.readyState(track) !== "live") return;
    compose(width, height);
    track.requestFrame();
  }, 1000 / fps);
  return track;
}

function compose(width, height) {
  pen.fillStyle = "#202124";
  pen.fillRect(0, 0, width, height);
  const shown = [];
  mapEach(video, (entry) => {
    const element = viewer(entry);
    if (element.videoWidth) shown.push(element);
  });
  const columns = max(1, ceil(sqrt(shown.length)));
  const rows = max(1, ceil(shown.length / columns));
  shown.forEach((element, n) => {
    const [w, h] = [width / columns, height / rows];
    const scale = min(w / element.videoWidth, h / element.videoHeight);
    const [dw, dh] = [element.videoWidth * scale, element.videoHeight * scale];
    const [x, y] = [(n % columns) * w + (w - dw) / 2, floor(n / columns) * h + (h - dh) / 2];
    pen.drawImage(element, x, y, dw, dh);
  });
}

function viewer(entry) {
  if (entry.element) return entry.element;
  entry.element = createElement(ours, "video");
  Media.setMuted(entry.element, true);
  Media.setStream(entry.element, new Native.MediaStream([entry.clone]));
  then(Media.play(entry.element), undefined, () => {});
  return entry.element;
}

// 0 to 255. To grab a frame also makes the tab give one when nothing on it changes, so a still page has a frame each second.
async function brightness() {
  thumbPen = thumbPen || new Native.OffscreenCanvas(32, 18).getContext("2d", { willReadFrequently: true });
  const bitmap = await within(grabFrame(grab), 900);
  if (!bitmap) return -1; // the count of the file's frames will tell
  grabbedSize = `${bitmap.width}x${bitmap.height}`;
  draw(thumbPen, bitmap, 0, 0, 32, 18);
  bitmap.close();
  const { data } = pixels(thumbPen, 0, 0, 32, 18);
  let sum = 0;
  for (let n = 0; n < data.length; n += 4) sum += 0.299 * data[n] + 0.587 * data[n + 1] + 0.114 * data[n + 2];
  return sum / (data.length / 4);
}

// How light the lightest of the videos is that are shown and moving, 0 to 255; -1 where there are none or they do not tell. The
// page around black videos is lit, so the whole picture's brightness says nothing of them.
let moving = [];
let glancePen = null;
function videoLight() {
  glancePen = glancePen || new Native.OffscreenCanvas(16, 9).getContext("2d", { willReadFrequently: true });
  let most = -1;
  for (let n = 0; n < moving.length && n < 4; n += 1) {
    try {
      draw(glancePen, moving[n], 0, 0, 16, 9);
      const { data } = pixels(glancePen, 0, 0, 16, 9);
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
      most = max(most, sum / (data.length / 4));
    } catch {
      return -1; // a video of another origin does not show itself
    }
  }
  return most;
}

const framesSeen = new WeakMap();
const seenGet = method(globalThis.WeakMap, "get");
const seenSet = method(globalThis.WeakMap, "set");

// Frames that the liveliest video on the page has shown since the last call: what a picture of the page can at best have.
function framesShown() {
  if (pictureMethod === "tracks") return mapSize(video) ? Infinity : 0;
  let most = 0;
  moving = [];
  const elements = querySelectorAll(ours, "video");
  for (let n = 0; n < elements.length; n += 1) {
    const { totalVideoFrames } = Media.quality(elements[n]);
    const before = seenGet(framesSeen, elements[n]);
    seenSet(framesSeen, elements[n], totalVideoFrames);
    const box = boundingBox(elements[n]);
    const visible = box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < globalThis.innerHeight;
    if (before === undefined || !visible) continue;
    most = max(most, totalVideoFrames - before);
    if (totalVideoFrames > before) moving[moving.length] = elements[n];
  }
  return most;
}
