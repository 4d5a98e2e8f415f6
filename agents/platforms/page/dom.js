// Looking at a document: elements through open shadow roots, what is visible, texts folded. Builtins are taken before the page's own
// scripts run, so that a page which replaces them (libraries do, hostile pages would) does not change what is seen.
const uncurried = Function.prototype.bind.bind(Function.prototype.call);
const getterOf = (prototype, name) => uncurried(Object.getOwnPropertyDescriptor(prototype, name).get);
const setterOf = (prototype, name) => uncurried(Object.getOwnPropertyDescriptor(prototype, name).set);
const queryDocument = uncurried(Document.prototype.querySelectorAll);
const queryFragment = uncurried(DocumentFragment.prototype.querySelectorAll);
const queryElement = uncurried(Element.prototype.querySelectorAll);
const matches = uncurried(Element.prototype.matches);
const closest = uncurried(Element.prototype.closest);
const attributeOf = uncurried(Element.prototype.getAttribute);
const rectOf = uncurried(Element.prototype.getBoundingClientRect);
const checkVisibility = uncurried(Element.prototype.checkVisibility);
const styleOf = window.getComputedStyle.bind(window);
const textContentOf = getterOf(Node.prototype, "textContent");
const parentOf = getterOf(Node.prototype, "parentNode");
const connected = getterOf(Node.prototype, "isConnected");
const containsNode = uncurried(Node.prototype.contains);
const innerTextOf = getterOf(HTMLElement.prototype, "innerText");
const shadowOf = getterOf(Element.prototype, "shadowRoot");
const hostOf = getterOf(ShadowRoot.prototype, "host");
const rootOf = uncurried(Node.prototype.getRootNode);
const childrenOf = getterOf(Node.prototype, "childNodes");
const slottedIn = uncurried(HTMLSlotElement.prototype.assignedNodes);
const walkerOf = Document.prototype.createTreeWalker.bind(document);
const nextNode = uncurried(TreeWalker.prototype.nextNode);
const replaced = uncurried(String.prototype.replace);
const lowered = uncurried(String.prototype.toLowerCase);
const normalized = uncurried(String.prototype.normalize);
const indexIn = uncurried(String.prototype.indexOf);
const cut = uncurried(String.prototype.slice);
const now = performance.now.bind(performance);
const later = window.setTimeout.bind(window);
const notLater = window.clearTimeout.bind(window);
const Dereferenced = WeakRef;
const NUL = "\u0000";

const MAX_TEXT = 2_000_000;
const MAX_SHOWN = 200;
const SILENT = { SCRIPT: 1, STYLE: 1, NOSCRIPT: 1, TEMPLATE: 1, TEXTAREA: 1, OPTION: 1, TITLE: 1 };
const PRESSABLE =
  "button,a,summary,label,option,input[type=button],input[type=submit],input[type=image],[role=button],[role=link],[role=menuitem]," +
  "[role=tab],[role=option],[role=checkbox],[role=switch],[role=radio],[onclick],[tabindex]";

// Case, white space, quotes and dashes are written in a dozen ways, also by the same platform from one week to the next.
// So are the vowel signs of Arabic and Hebrew, the marks of a text's direction, and how an emoji is to be drawn.
const DROPPED =
  /[\s'"\u00ad\u00b4\u0060\u2018-\u201f\u2032-\u2036\u2039\u203a\u00ab\u00bb\u02bc\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0e\ufe0f\ufeff\u0640\u064b-\u065f\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]+/g;
const DASHES = /[\u2010-\u2015\u2212]/g;
function fold(text) {
  return replaced(replaced(lowered(normalized(text, "NFKC")), DROPPED, ""), DASHES, "-");
}

// Pages say the same words over and over: each is folded once.
const foldedWords = new Map();
function foldOnce(text) {
  if (text.length > 1000) return fold(text);
  let folded = foldedWords.get(text);
  if (folded === undefined) {
    if (foldedWords.size > 20_000) foldedWords.clear();
    foldedWords.set(text, (folded = fold(text)));
  }
  return folded;
}

const problems = [];
function problem(text) {
  if (problems.length < 20 && problems.indexOf(text) < 0) problems.push(text);
}

// Shadow roots, open or closed, as they are made; those written in HTML are looked for by `discover`.
let shadowRoots = [];
const rootIn = new WeakMap(); // host -> its root, also a closed one
let whenRootIsFound = () => {};
function keepRoot(root) {
  for (const known of shadowRoots) if (known.deref() === root) return;
  shadowRoots.push(new Dereferenced(root));
  rootIn.set(hostOf(root), root);
  whenRootIsFound(root);
}
const attachShadow = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (init) {
  const root = Reflect.apply(attachShadow, this, [init]);
  keepRoot(root);
  return root;
};
function discover() {
  for (const root of liveRoots()) {
    const every = queryIn(root, "*");
    for (let i = 0; i < every.length; i++) {
      const shadow = shadowOf(every[i]);
      if (shadow) keepRoot(shadow);
    }
  }
}
function liveRoots() {
  const roots = [document];
  const kept = [];
  for (const reference of shadowRoots) {
    const root = reference.deref();
    if (!root) continue;
    kept.push(reference);
    if (connected(hostOf(root))) roots.push(root);
  }
  shadowRoots = kept;
  return roots;
}
function queryIn(root, selector) {
  if (root === document) return queryDocument(root, selector);
  return root instanceof DocumentFragment ? queryFragment(root, selector) : queryElement(root, selector);
}

const selectorParts = new Map();
function partsOf(selector) {
  let parts = selectorParts.get(selector);
  if (!parts) selectorParts.set(selector, (parts = selector.split(">>>").map((part) => part.trim())));
  return parts;
}
// Every element that a selector finds, through shadow roots; `>>>` in it goes down into the roots below an element.
function findAll(selector, limit) {
  const parts = partsOf(selector);
  const found = [];
  try {
    for (const root of liveRoots()) {
      const list = queryIn(root, parts[0]);
      for (let i = 0; i < list.length && found.length < limit; i++) {
        if (parts.length === 1) found.push(list[i]);
        else descend(list[i], parts, 1, found, limit);
      }
    }
  } catch (error) {
    notRead(selector);
  }
  return found;
}
const readable = new Map();
function isRead(selector) {
  if (!readable.has(selector)) {
    try {
      queryDocument(document, selector);
      readable.set(selector, true);
    } catch (error) {
      notRead(selector);
      readable.set(selector, false);
    }
  }
  return readable.get(selector);
}
function notRead(selector) {
  problem(`selector ${cut(selector, 0, 100)}: the page's browser does not read it`);
}
function descend(element, parts, depth, found, limit) {
  const inside = [element];
  for (const root of liveRoots()) if (root !== document && composedContains(element, hostOf(root))) inside.push(root);
  for (const place of inside) {
    const list = queryIn(place, parts[depth]);
    for (let i = 0; i < list.length && found.length < limit; i++) {
      if (depth + 1 === parts.length) {
        if (found.indexOf(list[i]) < 0) found.push(list[i]);
      } else descend(list[i], parts, depth + 1, found, limit);
    }
  }
}
function composedParent(node) {
  return parentOf(node) || (node instanceof ShadowRoot ? hostOf(node) : null);
}
function composedContains(outer, node) {
  for (let at = node; at; at = composedParent(at)) if (at === outer) return true;
  return false;
}

function visible(element, opaque) {
  if (!checkVisibility(element, { visibilityProperty: true, opacityProperty: Boolean(opaque) })) {
    if (!connected(element) || styleOf(element).display !== "contents") return false;
    for (const child of drawnIn(element)) if (child instanceof Element ? visible(child, opaque) : /\S/.test(textContentOf(child))) return true;
    return false;
  }
  const rect = rectOf(element);
  return rect.width > 0 && rect.height > 0;
}

function shownText(element) {
  if (element instanceof HTMLInputElement) return element.type === "password" ? "" : element.value;
  // A browser's own answer leaves out what a component draws, and what is put into its slots.
  if (isDrawn(element)) return drawnText(element);
  const text = (element instanceof HTMLElement ? innerTextOf(element) : textContentOf(element)) || "";
  return text || !shadowRoots.length ? text : drawnText(element);
}
function isDrawn(element) {
  return shadowRoots.length > 0 && (rootIn.has(element) || queryElement(element, "slot").length > 0);
}
function drawnText(node) {
  if (node.nodeType === Node.TEXT_NODE) return textContentOf(node);
  if (!(node instanceof Element) || SILENT[node.nodeName] || !(node instanceof HTMLSlotElement || visible(node))) return "";
  let text = "";
  for (const child of drawnIn(node)) {
    const said = drawnText(child);
    if (said) text += child instanceof Element && text ? ` ${said}` : said;
  }
  return text;
}
// What is drawn in an element: of a component its own parts, of a slot what the page put there.
function drawnIn(node) {
  const slotted = node instanceof HTMLSlotElement ? slottedIn(node, { flatten: true }) : [];
  return slotted.length ? slotted : childrenOf(rootIn.get(node) || shadowOf(node) || node);
}

function brief(text) {
  return cut(replaced(text || "", /\s+/g, " ").trim(), 0, MAX_SHOWN);
}

function hasOneOf(folded, phrases) {
  for (const phrase of phrases) if (indexIn(folded, phrase) >= 0) return true;
  return false;
}

// What is said by text, text_is and label of an element; phrases are folded already.
function saysSo(element, target) {
  if (target.label.length) {
    if (!foldedLabelsOf(element).some((label) => target.label.indexOf(label) >= 0)) return false;
  }
  if (!target.text.length && !target.textIs.length) return true;
  if (target.text.length && !(element instanceof HTMLInputElement)) {
    const written = textContentOf(element);
    const isAll = !isDrawn(element) && (written !== "" || !shadowRoots.length); // no component adds to it
    if (isAll && !hasOneOf(foldOnce(cut(written, 0, MAX_TEXT)), target.text)) return false;
  }
  const folded = fold(cut(shownText(element), 0, MAX_TEXT));
  if (target.text.length && !hasOneOf(folded, target.text)) return false;
  return !target.textIs.length || target.textIs.indexOf(folded) >= 0;
}

function frameMatches(pattern) {
  return !pattern || wildcard(pattern, location.href);
}
function wildcard(pattern, text) {
  const pieces = pattern.split("*");
  if (pieces.length === 1) return pattern === text;
  const last = pieces[pieces.length - 1];
  if (!text.startsWith(pieces[0]) || !text.endsWith(last) || text.length < pieces[0].length + last.length) return false;
  let at = pieces[0].length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > text.length - last.length) return false;
    at = found + piece.length;
  }
  return true;
}

function foldedTarget(target) {
  const folded = (list) => list.map(fold).filter((phrase) => phrase);
  return { ...target, text: folded(target.text), textIs: folded(target.textIs), label: folded(target.label) };
}
