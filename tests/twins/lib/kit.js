// How these clients write their pages: element by element, class names that mean nothing and change with each load, texts over several
// elements, shadow roots.

const salt = crypto.getRandomValues(new Uint32Array(1))[0];

// `{ class: "bar" }` becomes a name of this load alone; whatever must be found by its true class is given as `className`.
export function obscure(name) {
  let sum = salt;
  for (const letter of name) sum = (Math.imul(sum, 33) ^ letter.codePointAt(0)) >>> 0;
  return sum.toString(36).replace(/^[0-9]/u, "x");
}

export function h(tag, properties = {}, ...children) {
  const made = document.createElementNS(tag === "svg" ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") made.setAttribute("class", obscure(value));
    else if (name === "className") made.setAttribute("class", value);
    else if (name === "style") Object.assign(made.style, value);
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

// A sentence over several elements, as a renderer leaves it that marks words; typographic apostrophes are in the texts themselves.
export function pieces(text) {
  const words = text.split(/(?<=\s)/u);
  if (words.length < 3) return [h("span", {}, text)];
  const middle = Math.ceil(words.length / 2);
  return [h("span", {}, words.slice(0, middle - 1).join("")), h("b", {}, words[middle - 1]), h("span", {}, document.createComment(""), words.slice(middle).join(""))];
}

export function shadow(host, ...children) {
  const root = host.attachShadow({ mode: "open" });
  root.append(...children);
  return host;
}

export function show(...children) {
  document.body.replaceChildren(...children.flat().filter(Boolean));
}

export const later = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// A video element that plays a stream, the same one for the same stream: pages move their tiles and keep what plays.
const players = new Map();
export function player(stream, kind) {
  const key = stream.getTracks()[0]?.id ?? stream.id;
  if (!players.has(key)) {
    const media = h(kind, { autoplay: true, playsinline: true });
    media.muted = kind === "video";
    media.srcObject = stream;
    media.play().catch(() => {});
    players.set(key, media);
  }
  return players.get(key);
}
