// The grid of people: one tile each, as large as fits, the page's own one small in the corner while there are others.

const GAP = 10;

export function initials(name) {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0]).join("").toUpperCase();
}

export function hue(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

export class Tiles {
  constructor(root, onBlocked) {
    this.root = root;
    this.onBlocked = onBlocked; // a browser that refuses to play sound before a click
    this.tiles = new Map();
    new ResizeObserver(() => this.layout()).observe(root);
  }

  show(person, isSelf, stateText) {
    const tile = this.tiles.get(person.id) ?? this.make(person.id, isSelf);
    const { dataset } = tile.root;
    const values = { host: person.host, speaking: person.speaking, mic: person.mic, camera: person.camera, connected: person.connected };
    for (const [key, value] of Object.entries(values)) {
      if (dataset[key] !== String(value)) dataset[key] = String(value); // an observer sees real changes only
    }
    this.text(tile.name, person.name);
    this.text(tile.state, stateText);
    this.text(tile.avatar, initials(person.name));
    tile.root.style.setProperty("--hue", hue(person.name));
  }

  text(node, value) {
    if (node.textContent !== value) node.textContent = value;
  }

  make(id, isSelf) {
    const root = element("div", "tile");
    root.dataset.personId = id;
    root.dataset.self = String(isSelf);
    const video = element("video", "", root);
    video.autoplay = video.muted = video.playsInline = true;
    const audio = isSelf ? null : element("audio", "", root);
    if (audio) audio.autoplay = true;
    const avatar = element("div", "avatar", root);
    const label = element("div", "tile-label", root);
    label.innerHTML = '<svg aria-hidden="true"><use href="#i-mic"/><path d="m4 4 16 16"/></svg>';
    const name = element("span", "tile-name", label);
    const state = element("span", "tile-state", label);
    const tile = { root, video, audio, avatar, name, state };
    this.tiles.set(id, tile);
    this.root.append(root);
    this.layout();
    return tile;
  }

  stream(id, kind, stream) {
    const media = this.tiles.get(id)?.[kind];
    if (!media) return;
    media.srcObject = stream;
    media.play().catch((error) => error.name === "NotAllowedError" && this.onBlocked());
  }

  playAll() {
    for (const { audio } of this.tiles.values()) audio?.play().catch(() => {});
  }

  remove(id) {
    const tile = this.tiles.get(id);
    if (!tile) return;
    for (const media of [tile.video, tile.audio]) if (media) media.srcObject = null;
    tile.root.remove();
    this.tiles.delete(id);
    this.layout();
  }

  clear() {
    for (const id of [...this.tiles.keys()]) this.remove(id);
  }

  layout() {
    const others = this.tiles.size > 1;
    this.root.dataset.others = String(others);
    const count = Math.max(1, others ? this.tiles.size - 1 : 1);
    const { width, height } = this.root.getBoundingClientRect();
    if (!width || !height) return;
    let best = { size: 0, columns: 1 };
    for (let columns = 1; columns <= count; columns += 1) {
      const rows = Math.ceil(count / columns);
      const wide = (width - GAP * (columns - 1)) / columns;
      const high = ((height - GAP * (rows - 1)) / rows) * (16 / 9);
      const size = Math.floor(Math.min(wide, high));
      if (size > best.size) best = { size, columns };
    }
    this.root.style.setProperty("--tile-width", `${best.size}px`);
    const needed = best.columns * best.size + (best.columns - 1) * GAP;
    this.root.style.paddingInline = `${Math.max(0, Math.floor((width - needed) / 2) - 1)}px`; // so that no further tile fits in a row
  }
}
