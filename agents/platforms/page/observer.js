// Watches one document and tells what holds in it: counts for the conditions of the platform file, people, chat. What follows from
// that (in the lobby, removed) is decided outside, over all frames at once.
const IS_TOP = window === window.top;
const FRAME = Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join("");
const MAX_PEOPLE = 1000;
const MAX_MESSAGES = 200;
const MAX_CAPTIONS = 30;
const MAX_CAPTION = 5000;
const TICK_MS = 1000; // changes that no mutation tells: style sheets, media, fields
const BEAT_MS = 3000;
const EAGER_MS = 3000; // after the bot did something, what comes of it is looked at without much rest
const EAGER_REST_MS = 100;
const SHARE = 220; // a look that takes 1 ms is paid for by 220 ms of rest: below 1 % of a core, also where some looks take longer
const SAVED_MS = 40; // of looking that a quiet page has in hand: what happens there at last is looked at at once
const REST_MS = 30;
const atoms = PROGRAM.atoms.map((atom) => (atom.kind === "element" ? { ...atom, ...foldedTarget(atom) } : { ...atom, any: (atom.any || []).map((text) => (atom.kind === "title" ? fold(text) : text)) }));
for (const atom of atoms) if (atom.kind === "element") want([...atom.text, ...atom.textIs]);
const say = { channel: window[CHANNEL] };
const sent = new Map();
let number = 0;
let lastSent = 0;
let timer = 0;
let restUntil = 0;
let eagerUntil = 0;
let saved = SAVED_MS;
let savedAt = now();
let lastDiscovery = 0;
const recent = []; // what the last looks took, in ms
const cost = { evaluations: 0, ms: 0 };
const elementNumbers = new WeakMap();
let elements = 0;

function tell(report) {
  say.channel = say.channel || window[CHANNEL];
  if (!say.channel) return;
  lastSent = now();
  say.channel({ token: TOKEN, frame: FRAME, top: IS_TOP, number: ++number, ...report });
}

function evaluateAtom(atom, media) {
  if (atom.kind === "element") return countElements(atom);
  if (atom.kind === "title") return IS_TOP && hasOneOf(fold(cut(document.title, 0, 1000)), atom.any) ? [1, brief(document.title)] : 0;
  if (atom.kind === "url") return IS_TOP && atom.any.some((pattern) => wildcard(pattern, location.href)) ? 1 : 0;
  if (atom.kind === "counter") return atom.name === "remote_videos" ? remoteVideos() : media[atom.name];
  const check = steps.get(atom.id);
  try {
    return check && check({}) ? 1 : 0;
  } catch (error) {
    return 0;
  }
}

function countElements(atom) {
  if (!frameMatches(atom.frame)) return 0;
  if (!atom.css && !atom.label.length) {
    const found = findText(atom);
    return found ? [1, brief(shownText(found))] : 0;
  }
  if ((atom.text.length || atom.textIs.length) && !mayBeSaid(atom)) return 0;
  let count = 0;
  let words = "";
  for (const element of looksLike(atom)) {
    if (!saysSo(element, atom) || (!atom.hidden && !visible(element))) continue;
    if (!count && (atom.text.length || atom.textIs.length)) words = brief(shownText(element));
    count += 1;
  }
  return words ? [count, words] : count;
}

function looksLike(atom) {
  if (!atom.label.length || indexIn(atom.css, ">>>") >= 0) return candidates(atom, MAX_PEOPLE);
  const found = labelled(atom);
  try {
    return atom.css ? found.filter((element) => matches(element, atom.css)) : found;
  } catch (error) {
    return findAll(atom.css, 1); // which says what is wrong with the selector
  }
}

// The first of `css`, `css@attribute`, `@attribute`, `@text` below an item that says anything.
function partOf(item, sources, limit) {
  for (const source of sources) {
    const value = partFrom(item, source, limit);
    if (value) return value;
  }
  return "";
}
function partFrom(from, source, limit) {
  let item = from;
  if (source[0] === "^") {
    const [around, ...below] = source.slice(1).split(">>>");
    item = nearestAround(from, around.trim());
    source = below.join(">>>").trim();
    if (!item) return "";
  }
  const at = /^(.*?)(?:@([A-Za-z][\w:.-]*))?$/s.exec(source);
  const element = at[1] ? queryBelow(item, at[1]) : item;
  if (!element) return "";
  const value = at[2] && at[2] !== "text" ? attributeOf(element, at[2]) : shownText(element);
  return cut(replaced(value || "", /[\s\u0000]+/g, " ").trim(), 0, limit);
}
// A selector that the browser does not read finds nothing, and stops nothing else.
function queryBelow(item, selector) {
  const parts = partsOf(selector);
  try {
    const near = parts.length === 1 ? queryElement(item, selector) : [];
    if (near.length || !shadowRoots.length) return near[0];
    if (parts.length > 1) {
      const found = [];
      descend(item, parts, 0, found, 1);
      return found[0];
    }
    for (const root of rootsBelow(item)) {
      const list = queryFragment(root, selector);
      if (list.length) return list[0];
    }
    return undefined;
  } catch (error) {
    notRead(selector);
    return undefined;
  }
}
function nearestAround(element, selector) {
  try {
    for (let at = element; at; at = hostAround(at)) {
      const found = closest(at, selector);
      if (found) return found;
    }
  } catch (error) {
    notRead(selector);
  }
  return null;
}
function marked(item, selector) {
  if (!selector) return false;
  return (partsOf(selector).length === 1 && isRead(selector) && matches(item, selector)) || Boolean(queryBelow(item, selector));
}
function numberOf(element) {
  if (!elementNumbers.has(element)) elementNumbers.set(element, ++elements);
  return `${FRAME}.${elementNumbers.get(element)}`;
}

function listPeople(rules) {
  if (rules.js) return ownList(rules.js, ["id", "user_id", "name", "track_source", "place"], ["self", "host", "speaking"], 200);
  if (rules.source !== "page") return peopleByMedia(rules.source).slice(0, MAX_PEOPLE);
  const tracks = rules.remoteMedia ? remoteTracks() : [];
  const found = [];
  for (const item of findAll(rules.item, MAX_PEOPLE)) {
    if (!rules.hidden && !visible(item)) continue;
    if (marked(item, rules.ignore)) continue;
    const stream = rules.remoteMedia ? remoteStreamIn(item, tracks) : "";
    if (rules.remoteMedia && !stream) continue;
    const name = partOf(item, rules.name, 300);
    if (rules.named && !name) continue;
    const words = rules.selfText.length || rules.hostText.length ? fold(cut(shownText(item), 0, 1000)) : "";
    found.push({
      id: partOf(item, rules.id, 200),
      stream,
      element: numberOf(item),
      user_id: partOf(item, rules.userId, 200),
      track_source: partOf(item, rules.trackSource, 100),
      place: partOf(item, rules.place, 100),
      name,
      self: marked(item, rules.selfMark) || hasOneOf(words, rules.selfText),
      host: marked(item, rules.hostMark) || hasOneOf(words, rules.hostText),
      speaking: marked(item, rules.speakingMark),
    });
  }
  return nameStreams(found);
}

// How many are there, by what the page says itself; 0 where it does not.
function countPeople(sources) {
  for (const source of sources) {
    const [, css, attribute] = /^(.*?)(?:@([A-Za-z][\w:.-]*))?$/s.exec(source);
    for (const element of findAll(css, 20)) {
      const said = attribute && attribute !== "text" ? attributeOf(element, attribute) : shownText(element);
      const number = /\d+/.exec(said || "");
      if (number) return Number(cut(number[0], 0, 6));
    }
  }
  return 0;
}

// Who is host, by the rows of a list that says so. What somebody is called is not read as a mark.
function listHosts(rules) {
  const found = [];
  for (const row of findAll(rules.row, MAX_PEOPLE)) {
    if (!visible(row)) continue;
    const name = partOf(row, rules.name, 300);
    let words = replaced(fold(cut(shownText(row), 0, 1000)), fold(name), () => "");
    for (const text of rules.exceptText) words = words.split(text).join("");
    found.push({ id: partOf(row, rules.id, 200), name, host: marked(row, rules.mark) || hasOneOf(words, rules.text) });
  }
  return found;
}

function listMessages(rules) {
  if (rules.js) return ownList(rules.js, ["id", "sender", "sender_id", "text"], ["own", "private"], 10_000);
  if (!rules.message) return [];
  const items = findAll(rules.message, 5000);
  const found = [];
  for (const item of items.slice(-MAX_MESSAGES)) {
    if ((!rules.hidden && !visible(item)) || marked(item, rules.ignore)) continue;
    found.push({
      id: partOf(item, rules.id, 200),
      text: partOf(item, rules.text, 10_000),
      sender: partOf(item, rules.sender, 300),
      sender_id: partOf(item, rules.senderId, 200),
      own: marked(item, rules.ownMark),
      private: marked(item, rules.privateMark),
    });
  }
  return found;
}

// The newest lines of the captions; which of them are new is found out outside.
function listCaptions(rules) {
  if (rules.js) return ownList(rules.js, ["id", "speaker", "speaker_id", "text"], ["final"], MAX_CAPTION).slice(-MAX_CAPTIONS);
  const found = [];
  for (const item of findAll(rules.line, 2000).slice(-MAX_CAPTIONS)) {
    if (!visible(item)) continue;
    found.push({
      id: partOf(item, rules.id, 200),
      element: numberOf(item),
      speaker: partOf(item, rules.speaker, 300),
      speaker_id: partOf(item, rules.speakerId, 200),
      text: partOf(item, rules.text, MAX_CAPTION),
    });
  }
  return found;
}

// What an expression of the platform file lists, with nothing in it but what was asked for.
function ownList(id, words, flags, limit) {
  const make = steps.get(id);
  try {
    const list = Array.from((make && make({})) || []).slice(0, MAX_PEOPLE);
    return list.map((one) => {
      const clean = {};
      for (const key of words) clean[key] = cut(String(one[key] === undefined || one[key] === null ? "" : one[key]), 0, limit);
      for (const key of flags) clean[key] = Boolean(one[key]);
      return clean;
    });
  } catch (error) {
    return [];
  }
}

function ifChanged(report, key, value) {
  const text = JSON.stringify(value);
  if (sent.get(key) === text) return false;
  sent.set(key, text);
  report[key] = value;
  return true;
}

function evaluate() {
  timer = 0;
  const begun = now();
  readPage();
  if (begun - lastDiscovery > 3 * TICK_MS) {
    lastDiscovery = begun;
    discover();
  }
  const media = mediaCounts();
  const report = {};
  let changed = ifChanged(report, "ready", document.readyState !== "loading");
  changed = ifChanged(report, "atoms", atoms.map((atom) => evaluateAtom(atom, media))) || changed;
  if (PROGRAM.people) changed = ifChanged(report, "people", listPeople(PROGRAM.people)) || changed;
  if (PROGRAM.people && PROGRAM.people.count.length) changed = ifChanged(report, "count", countPeople(PROGRAM.people.count)) || changed;
  if (PROGRAM.people && PROGRAM.people.hosts) changed = ifChanged(report, "hosts", listHosts(PROGRAM.people.hosts)) || changed;
  if (PROGRAM.chat) changed = ifChanged(report, "chat", listMessages(PROGRAM.chat)) || changed;
  if (PROGRAM.captions) changed = ifChanged(report, "captions", listCaptions(PROGRAM.captions)) || changed;
  if (problems.length) changed = ifChanged(report, "problems", problems) || changed;
  if (changed || now() - lastSent > BEAT_MS) tell(report);
  const spent = now() - begun;
  cost.evaluations += 1;
  cost.ms += spent;
  recent.push(spent);
  if (recent.length > 4) recent.shift();
  // The least of them is what a look costs: on a busy machine the clock also counts what others do meanwhile.
  restUntil = now() + Math.min(pay(Math.min(...recent)), now() < eagerUntil ? EAGER_REST_MS : 2000);
}

// How long to rest, in ms, after a look that took so long.
function pay(spent) {
  const at = now();
  saved = Math.min(saved + (at - savedAt) / SHARE, SAVED_MS) - spent;
  savedAt = at;
  return saved >= 0 ? REST_MS : Math.max(-saved * SHARE, REST_MS);
}

function schedule() {
  if (timer) return;
  timer = later(evaluate, Math.max(restUntil - now(), 0));
}

function beEager() {
  eagerUntil = now() + EAGER_MS;
  restUntil = Math.min(restUntil, now() + EAGER_REST_MS);
  if (timer) notLater(timer);
  timer = 0;
  schedule();
}

const mutations = new MutationObserver(schedule);
const WATCHED = { subtree: true, childList: true, characterData: true, attributes: true };
function watch(root) {
  mutations.observe(root, WATCHED);
  schedule();
}
whenRootIsFound = watch;
mediaChanged.tell = schedule;
watch(document);
function tick() {
  schedule();
  later(tick, TICK_MS);
}
later(tick, TICK_MS);
for (const name of ["DOMContentLoaded", "readystatechange", "load", "popstate", "hashchange", "transitionend", "animationend", "playing"]) {
  window.addEventListener(name, schedule, true);
}
window.addEventListener("pagehide", () => tell({ gone: true }));
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  sent.clear();
  schedule();
});

Object.defineProperty(window, HANDLE, {
  value: (token, act, request) => {
    if (token !== TOKEN) return null;
    if (act !== "register" && act !== "look" && act !== "rows" && act !== "cost" && act !== "sanitise") beEager();
    if (act === "register") return void steps.set(request.id, request.run);
    if (act === "locate") return locate(request);
    if (act === "look") return look();
    if (act === "rows") return rows(request);
    if (act === "cost") return cost;
    if (act === "sanitise") return { top: IS_TOP, html: sanitise(request) };
    if (act === "run") return steps.has(request.id) ? Promise.resolve(steps.get(request.id)(request.values)).then((value) => ({ value: Boolean(value) })) : null;
    const element = heldElement(request);
    return element ? { result: acts[act](element, request) } : null;
  },
});
