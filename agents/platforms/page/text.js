// The page's text, as people read it, and which of the phrases looked for are in it. Each piece is folded once, and only what changed since
// the last reading is searched: looking through a page of 5,000 nodes for 300 phrases takes some milliseconds otherwise, each time.
const wanted = []; // every phrase that is looked for, folded
let longest = 0;
function want(phrases) {
  for (const phrase of phrases) {
    if (wanted.indexOf(phrase) < 0) wanted.push(phrase);
    longest = Math.max(longest, phrase.length);
  }
}

let reading = { pieces: [], parents: [], starts: [], text: "", present: new Set() };
let labelIndex = null; // folded label -> elements, for one evaluation
let valueText = null; // what fields and options say, for one evaluation
let rootsUnder = null; // element -> shadow roots below it, for one evaluation

function readPage() {
  labelIndex = valueText = rootsUnder = null;
  const next = { pieces: [], parents: [], starts: [], text: "", present: new Set() };
  let length = 0;
  const add = (piece, parent) => {
    next.pieces.push(piece);
    next.parents.push(parent);
    next.starts.push(length);
    length += piece.length;
  };
  for (const root of liveRoots()) {
    add(NUL, null);
    const from = root === document ? document.body : root;
    if (!from) continue;
    const walker = walkerOf(from, NodeFilter.SHOW_TEXT);
    for (let node = nextNode(walker); node && length < MAX_TEXT; node = nextNode(walker)) {
      const parent = parentOf(node);
      if (!parent) continue;
      if (SILENT[parent.nodeName]) {
        add(NUL, null); // a phrase must not run across what nobody sees
        continue;
      }
      const piece = foldOnce(textContentOf(node));
      if (piece) add(piece, parent);
    }
  }
  next.text = next.pieces.join("");
  const changed = changedPart(next);
  for (const phrase of wanted) {
    if (indexIn(reading.present.has(phrase) ? next.text : changed, phrase) >= 0) next.present.add(phrase);
  }
  reading = next;
}

// What is new since the last reading, with as much around it as a phrase may reach.
function changedPart(next) {
  const [before, after] = [reading.pieces, next.pieces];
  let first = 0;
  while (first < before.length && first < after.length && before[first] === after[first]) first++;
  if (first === before.length && first === after.length) return "";
  let last = 0;
  while (last < before.length - first && last < after.length - first && before[before.length - 1 - last] === after[after.length - 1 - last]) last++;
  const begin = first < after.length ? next.starts[first] : next.text.length;
  const end = last ? next.starts[after.length - last] : next.text.length;
  return cut(next.text, Math.max(0, begin - longest), end + longest);
}

// Whether an element may say one of the phrases: only then are elements looked at.
function mayBeSaid(target) {
  const phrases = target.text.length ? target.text : target.textIs;
  for (const phrase of phrases) if (reading.present.has(phrase)) return true;
  if (valueText === null) {
    valueText = "";
    for (const field of findAll("input,option,title,textarea", 2000)) valueText += NUL + foldOnce(cut(field.value || textContentOf(field) || "", 0, 1000));
  }
  return hasOneOf(valueText, phrases);
}

// The elements with one of the labels.
function labelled(target) {
  if (labelIndex === null) {
    labelIndex = new Map();
    for (const element of findAll(LABELLED, 20_000)) {
      for (const folded of foldedLabelsOf(element)) {
        const found = labelIndex.get(folded);
        if (!found) labelIndex.set(folded, [element]);
        else if (found[found.length - 1] !== element) found.push(element);
      }
    }
  }
  const found = [];
  for (const label of target.label) for (const element of labelIndex.get(label) || []) if (found.indexOf(element) < 0) found.push(element);
  return found;
}

// What others write (chat, names, fields) is no evidence, in whatever component it stands.
const OTHERS_DEEP = PROGRAM.excluded.filter((selector) => partsOf(selector).length > 1);
const OTHERS_NEAR = PROGRAM.excluded.filter((selector) => partsOf(selector).length === 1 && isRead(selector)).join(",");
function writtenByOthers(element) {
  for (let at = element; at; at = hostAround(at)) if (closest(at, OTHERS_NEAR)) return true;
  return deepPlacesOfOthers().some((place) => composedContains(place, element));
}
function deepPlacesOfOthers() {
  return OTHERS_DEEP.flatMap((selector) => findAll(selector, 5000));
}
function hostAround(element) {
  const root = rootOf(element);
  return root instanceof ShadowRoot ? hostOf(root) : null;
}

// The shadow roots below an element, however deep, open or closed.
function rootsBelow(element) {
  if (rootsUnder === null) {
    rootsUnder = new Map();
    for (const root of liveRoots()) {
      if (root === document) continue;
      for (let at = hostOf(root); at; at = composedParent(at)) {
        const known = rootsUnder.get(at);
        if (known) known.push(root);
        else rootsUnder.set(at, [root]);
      }
    }
  }
  return rootsUnder.get(element) || [];
}

// Texts anywhere in the page.
function findText(target) {
  const { text, starts, parents, present } = reading;
  for (const phrase of [...target.text, ...target.textIs]) {
    if (!present.has(phrase)) continue;
    let at = indexIn(text, phrase);
    for (let tries = 0; at >= 0 && tries < 50; tries++, at = indexIn(text, phrase, at + 1)) {
      const first = parents[nodeAt(starts, at)];
      const last = parents[nodeAt(starts, at + phrase.length - 1)];
      if (!first || !last || !connected(first) || !visible(first, true) || !visible(last, true)) continue;
      if (writtenByOthers(first) || writtenByOthers(last)) continue;
      if (target.text.indexOf(phrase) < 0 && !isWhole(first, phrase)) continue;
      return first;
    }
  }
  return null;
}
function nodeAt(starts, at) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
function isWhole(element, phrase) {
  for (let at = element; at && at instanceof Element; at = parentOf(at)) {
    const text = fold(cut(textContentOf(at), 0, 10_000));
    if (text === phrase) return true;
    if (text.length > phrase.length) return false;
  }
  return false;
}
