// What an element is called, whatever it says itself: by its attributes, by the <label> of a field, by what aria-labelledby points to.
const LABELS = ["aria-label", "title", "alt", "placeholder", "value"];
const FIELDS = "input,select,textarea";
const LABELLED = `${LABELS.map((name) => `[${name}]`).join(",")},[aria-labelledby],${FIELDS}`;
const labelsGetters = [HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement].map((kind) => [kind, getterOf(kind.prototype, "labels")]);
const MAX_LABEL = 1000;
const escapeName = CSS.escape.bind(CSS);
const split = uncurried(String.prototype.split);

// What a label says, without what is said by the field that stands in it.
function captionOf(node) {
  if (node.nodeType === Node.TEXT_NODE) return textContentOf(node);
  if (!(node instanceof Element) || SILENT[node.nodeName]) return "";
  let text = "";
  for (const child of drawnIn(node)) {
    text += captionOf(child);
    if (text.length > MAX_LABEL) break;
  }
  return text;
}
function captionsOf(element) {
  const captions = [];
  for (const [kind, labels] of labelsGetters) {
    if (element instanceof kind) for (const label of labels(element) || []) captions.push(captionOf(label));
  }
  const others = attributeOf(element, "aria-labelledby");
  if (others) {
    const named = [];
    for (const id of split(others, /\s+/)) {
      const [other] = id ? queryIn(rootOf(element), `#${escapeName(id)}`) : [];
      if (other) named.push(captionOf(other));
    }
    captions.push(named.join(" "));
  }
  return captions;
}
function labelsOf(element) {
  return [...LABELS.map((name) => attributeOf(element, name) || ""), ...captionsOf(element)].filter((label) => label);
}
// Forms write "Name:" and "Name *" where people read "Name": both are its label.
function foldedLabelsOf(element) {
  const found = [];
  for (const label of labelsOf(element)) {
    const folded = foldOnce(cut(label, 0, MAX_LABEL));
    const bare = replaced(folded, /[:*]+$/, "");
    found.push(folded);
    if (bare && bare !== folded) found.push(bare);
  }
  return found;
}

// How a file can name an element: its component, its selector, what it says, and its label where it says something else or nothing.
function described(element) {
  const host = hostAround(element);
  const words = brief(wordsOf(element));
  const label = brief(captionsOf(element)[0] || attributeOf(element, "aria-label") || attributeOf(element, "title"));
  return [
    cut((host ? `${host.nodeName.toLowerCase()} >>> ` : "") + selectorOf(element), 0, 60),
    words && `“${cut(words, 0, 40)}”`,
    label && label !== words && `label “${cut(label, 0, 40)}”`,
  ]
    .filter((part) => part)
    .join(" ");
}
function selectorOf(element) {
  const tag = element.nodeName.toLowerCase();
  const attribute = (name) => {
    const value = attributeOf(element, name);
    return value && /^[A-Za-z_][\w-]*$/.test(value) ? value : "";
  };
  if (attribute("id")) return `${tag}#${attribute("id")}`;
  if (attribute("name")) return `${tag}[name=${attribute("name")}]`;
  if (matches(element, FIELDS) && attribute("type")) return `${tag}[type=${attribute("type")}]`;
  const kind = split(attributeOf(element, "class") || "", /\s+/).find((one) => /^[A-Za-z_][\w-]*$/.test(one));
  return kind ? `${tag}.${kind}` : tag;
}
// What somebody typed into a field is theirs; what stands on a button is the page's.
function wordsOf(element) {
  if (element instanceof HTMLInputElement) return attributeOf(element, matches(element, "[type=button],[type=submit],[type=reset]") ? "value" : "placeholder");
  return element instanceof HTMLLabelElement ? captionOf(element) : shownText(element);
}
