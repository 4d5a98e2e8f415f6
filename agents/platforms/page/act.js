// Finding what to press or fill in, and saying where it is. The pressing itself is done from outside, by real mouse events.
const held = new Map(); // elements that were located, by number
let lastHeld = 0;
const steps = new Map(); // expressions of the platform file, registered by scripts of their own

function candidates(target, limit) {
  if (target.css) return findAll(target.css, limit);
  return target.label.length && !target.text.length && !target.textIs.length ? findAll(LABELLED, 2000) : findAll(PRESSABLE, 2000);
}

// The element that a target means: an exact text before a contained one, the shorter text before the longer.
function locateOne(target) {
  let best = null;
  let bestRank = Infinity;
  for (const element of candidates(target, 500)) {
    if ((!target.hidden && !visible(element)) || !saysSo(element, target)) continue;
    if (!target.text.length) return element;
    const folded = fold(cut(shownText(element), 0, 10_000));
    const rank = target.text.indexOf(folded) >= 0 ? 0 : folded.length;
    if (rank < bestRank) [best, bestRank] = [element, rank];
  }
  return best;
}

function deepFromPoint(x, y) {
  let found = document.elementFromPoint(x, y);
  while (found && shadowOf(found)) {
    const inner = shadowOf(found).elementFromPoint(x, y);
    if (!inner || inner === found) break;
    found = inner;
  }
  return found;
}

// A point of the element that a mouse would hit, or what lies above it.
const POINTS = [[0.5, 0.5], [0.25, 0.5], [0.75, 0.5], [0.5, 0.25], [0.5, 0.75], [0.1, 0.1]];
function openPoint(element, rect, points) {
  let above = null;
  for (const [across, down] of points) {
    const x = rect.left + rect.width * across;
    const y = rect.top + rect.height * down;
    const hit = deepFromPoint(x, y);
    if (hit && (composedContains(element, hit) || composedContains(hit, element) || element.control === hit)) return { x, y, covered: "" };
    if (hit) above = above || hit;
  }
  const name = above ? above.nodeName.toLowerCase() + (above.id ? `#${above.id}` : "") : "the edge of the window";
  const [across, down] = points[0];
  return { x: rect.left + rect.width * across, y: rect.top + rect.height * down, covered: cut(name, 0, 80) };
}

const pause = (ms) => new Promise((done) => later(done, ms));

async function locate(request) {
  for (let index = 0; index < request.targets.length; index++) {
    const target = foldedTarget(request.targets[index]);
    if (!frameMatches(target.frame)) continue;
    const element = locateOne(target);
    if (!element) continue;
    element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    const before = rectOf(element);
    await pause(40);
    const rect = rectOf(element);
    const point = openPoint(element, rect, request.at ? [request.at] : POINTS);
    const offset = await frameOffset();
    held.set(++lastHeld, new Dereferenced(element));
    return {
      frame: FRAME,
      held: lastHeld,
      alternative: index,
      x: point.x + offset.x,
      y: point.y + offset.y,
      reachable: offset.known,
      covered: point.covered,
      moving: Math.abs(rect.left - before.left) + Math.abs(rect.top - before.top) > 2,
      disabled: matches(element, ":disabled") || attributeOf(element, "aria-disabled") === "true",
      tag: element.nodeName.toLowerCase(),
      checked: element.checked === true || attributeOf(element, "aria-checked") === "true",
    };
  }
  return null;
}

// Where this frame lies in the top frame's viewport. Parents of another origin are asked by message.
async function frameOffset() {
  if (window === window.top) return { x: 0, y: 0, known: true };
  const id = `${FRAME}:${++lastHeld}`;
  return await new Promise((done) => {
    const hear = (event) => {
      if (event.source !== window.parent || !event.data || event.data.answer !== HANDLE || event.data.id !== id) return;
      event.stopImmediatePropagation();
      window.removeEventListener("message", hear, true);
      done({ x: Number(event.data.x) || 0, y: Number(event.data.y) || 0, known: event.data.known === true });
    };
    window.addEventListener("message", hear, true);
    window.parent.postMessage({ ask: HANDLE, id }, "*");
    later(() => done({ x: 0, y: 0, known: false }), 500);
  });
}
window.addEventListener(
  "message",
  async (event) => {
    if (!event.data || event.data.ask !== HANDLE) return;
    event.stopImmediatePropagation();
    for (const frame of findAll("iframe,frame", 1000)) {
      if (frame.contentWindow !== event.source) continue;
      const rect = rectOf(frame);
      const style = styleOf(frame);
      const own = await frameOffset();
      const x = own.x + rect.left + frame.clientLeft + (parseFloat(style.paddingLeft) || 0);
      const y = own.y + rect.top + frame.clientTop + (parseFloat(style.paddingTop) || 0);
      event.source.postMessage({ answer: HANDLE, id: event.data.id, x, y, known: own.known }, "*");
      return;
    }
  },
  true,
);

function heldElement(request) {
  const reference = request.frame === FRAME ? held.get(request.held) : null;
  return (reference && reference.deref()) || null;
}

const acts = {
  locate,
  click(element) {
    element.click();
    return true;
  },
  // Focus, and everything selected, so that typing replaces it. Whether the focus is there.
  select(element) {
    element.focus();
    if (element.select) element.select();
    else {
      const selection = window.getSelection();
      selection.selectAllChildren(element);
    }
    const root = element.getRootNode();
    return (root.activeElement || document.activeElement) === element;
  },
  value(element) {
    return "value" in element ? String(element.value) : shownText(element);
  },
  // How many characters a person could type into it; 0 where there is no limit.
  room(element) {
    return Math.max(Number(element.maxLength) || 0, 0);
  },
  // To its end: what lies within it, and the page or the panel that it lies in.
  scroll(element) {
    element.scrollTop = element.scrollHeight;
    element.scrollIntoView({ block: "end", inline: "nearest", behavior: "instant" });
    return true;
  },
  // Through the prototype's setter: frameworks shadow `value` on the element to notice their own writes.
  fill(element, request) {
    const prototype = element instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
    if (element instanceof prototype.constructor) setterOf(prototype, "value")(element, request.value);
    else element.textContent = request.value;
    element.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, data: request.value, inputType: "insertText" }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  },
  choose(element, request) {
    const wanted = fold(request.value);
    for (const option of element.options || []) {
      if (option.value !== request.value && fold(option.label) !== wanted) continue;
      setterOf(HTMLSelectElement.prototype, "value")(element, option.value);
      element.dispatchEvent(new Event("input", { bubbles: true }));
      element.dispatchEvent(new Event("change", { bubbles: true }));
      return true;
    }
    return false;
  },
};

// How many rows of lists bear a name, whatever else they say of whoever is called so.
const ROWS = "li,[role=listitem],[role=treeitem],[role=option],[role=row]";
const MOST_BESIDE_A_NAME = 80; // characters
function rows(request) {
  const name = fold(request.name);
  if (!name) return 0;
  let count = 0;
  for (const row of findAll(ROWS, 500)) {
    if (!visible(row)) continue;
    const said = [attributeOf(row, "aria-label") || "", shownText(row)].map((words) => fold(cut(words, 0, 1000)));
    count += said.some((words) => words.length <= name.length + MOST_BESIDE_A_NAME && hasWord(words, name)) ? 1 : 0;
  }
  return count;
}
function hasWord(text, word) {
  const isLetter = (letter) => /[\p{L}\p{N}]/u.test(letter);
  for (let at = indexIn(text, word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before, after] = [text[at - 1] || " ", text[at + word.length] || " "];
    if (!(isLetter(word[0]) && isLetter(before)) && !(isLetter(word[word.length - 1]) && isLetter(after))) return true;
  }
  return false;
}

// What somebody would press or fill in, for a message that says why a step failed.
function look() {
  const shown = [];
  for (const element of findAll(`${PRESSABLE},input,textarea,select,h1,h2,[role=dialog]`, 500)) {
    if (shown.length >= 25) break;
    if (!visible(element)) continue;
    shown.push(described(element));
  }
  return shown;
}
