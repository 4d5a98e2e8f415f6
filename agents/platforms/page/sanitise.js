// The document for somebody who was not there: how it is built and what its controls say, without what people said, wrote or are called,
// and without tokens. `request`: {names, words}: what to take out wherever it stands, and what to take out where it stands as a word of its own.
const SPOKEN = "button,a,label,legend,h1,h2,h3,h4,summary,[role=button],[role=link],[role=menuitem],[role=tab],[role=heading],[role=alert],[role=status]," +
  "[role=dialog],[role=alertdialog],[aria-live],[aria-modal=true]";
const KEPT = /^(id|class|role|type|name|for|placeholder|title|alt|hidden|disabled|checked|open|tabindex|lang|dir|slot|part|contenteditable|autocomplete|data-.*|aria-.*)$/;
const LEFT_OUT = { TITLE: 1, SCRIPT: 1, STYLE: 1, NOSCRIPT: 1, LINK: 1, META: 1, BASE: 1, TEMPLATE: 1, PATH: 1 };
const VOID = { AREA: 1, BR: 1, COL: 1, EMBED: 1, HR: 1, IMG: 1, INPUT: 1, SOURCE: 1, TRACK: 1, WBR: 1 };
const MAX_NODES = 30_000;
const MAX_LETTERS = 400;

function sanitise(request) {
  const anyOf = (texts, before, after) => {
    const parts = texts.filter((one) => one).sort((a, b) => b.length - a.length).map((one) => one.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    return parts.length ? new RegExp(`${before}(?:${parts.join("|")})${after}`, "giu") : /(?!)/g;
  };
  const names = anyOf(request.names, "", "");
  const wordsOfNames = anyOf(request.words, "(?<![\\p{L}\\p{N}])", "(?![\\p{L}\\p{N}])");
  const deepPlaces = new Set(deepPlacesOfOthers());
  let nodes = 0;
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  // Addresses, numbers as of rooms and telephones, and what looks drawn by lot.
  const withoutSecrets = (text) => {
    if (/^\s*[[{][^]*["']/.test(text)) return "[data]"; // what a page keeps in an attribute for its own scripts
    return cut(text, 0, MAX_LETTERS)
      .replace(names, "[name]")
      .replace(wordsOfNames, "[name]")
      .replace(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, "[address]")
      .replace(/\S+@\S+/g, "[address]")
      .replace(/[^\s]*[?&#][\w.-]+=\S*/g, "[address]")
      .replace(/[A-Za-z0-9_+/=-]*(?:[0-9][A-Za-z_+/=-]*){5,}/g, "[number]")
      .replace(/[A-Za-z0-9_+/=-]{33,}/g, "[token]");
  };
  const said = (text) => escaped(withoutSecrets(text));
  const attributes = (element, silent) => {
    let written = "";
    for (const { name, value } of element.attributes) {
      if (!KEPT.test(name) || (name === "data-config" || name === "data-state")) continue;
      const words = /^(aria-label|aria-description|aria-valuetext|title|alt|placeholder|data-tooltip|data-self-name|data-sender-name)$/.test(name);
      written += ` ${name}="${silent && words ? "…" : said(value)}"`;
    }
    return written;
  };
  const written = (node, speaks, silent) => {
    if (++nodes > MAX_NODES) return "";
    if (node.nodeType === Node.TEXT_NODE) {
      const text = textContentOf(node);
      if (!/\S/.test(text)) return "";
      return speaks && !silent ? said(text.replace(/\s+/g, " ")) : "…";
    }
    if (!(node instanceof Element || node instanceof DocumentFragment)) return "";
    if (LEFT_OUT[node.nodeName.toUpperCase()]) return "";
    const element = node instanceof Element ? node : null;
    if (element) {
      speaks = speaks || matches(element, SPOKEN);
      silent = silent || matches(element, "textarea,[contenteditable],option") || matches(element, OTHERS_NEAR) || deepPlaces.has(element);
    }
    let inside = "";
    const shadow = element && (rootIn.get(element) || shadowOf(element));
    if (shadow) inside += `<template shadowrootmode="open">${written(shadow, speaks, silent)}</template>`;
    for (const child of node.childNodes) inside += written(child, speaks, silent);
    if (!element) return inside;
    const tag = element.nodeName.toLowerCase();
    const shown = visible(element) ? "" : " data-not-visible";
    return `<${tag}${attributes(element, silent)}${shown}>${VOID[element.nodeName] ? "" : `${inside}</${tag}>`}\n`;
  };
  const known = atoms.some((atom) => atom.kind === "title" && hasOneOf(fold(cut(document.title, 0, 1000)), atom.any)); // else, a meeting's name
  return `<!doctype html>\n<title>${known ? said(document.title) : "…"}</title>\n${written(document.documentElement, false, false)}`;
}
