// The meeting's page: shows the view the server names, and ties socket, media, connections and tiles together.

import { LocalMedia } from "./media.js";
import { Mesh } from "./mesh.js";
import { Panel } from "./panel.js";
import { Socket } from "./socket.js";
import { setLanguage, t } from "./texts.js";
import { Tiles, initials } from "./tiles.js";

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const WAITING = new Set(["lobby", "host-absent"]);
const OTHER = new Set(["loading", "name", "meeting", "consent"]); // every view that is not these nor a wait is a message

const meeting = {
  selfId: null,
  people: new Map(),
  isHost: () => meeting.people.get(meeting.selfId)?.host === true,
  send: (message) => socket.send(message),
};
const media = new LocalMedia(onMedia);
const tiles = new Tiles($("tiles"), () => notice("hear"));
const panel = new Panel(meeting);
let mesh = null;
let view = "loading";
let startedAt = null;
const wants = { audio: query.get("hear") !== "0", video: query.get("see") !== "0" };

// Views

function show(next, toolbar = false) {
  view = next;
  const { body } = document;
  const message = !OTHER.has(next) && !WAITING.has(next);
  if (WAITING.has(next)) {
    $("lobby-text").textContent = t(next);
    $("lobby-hint").textContent = t(`${next}_hint`);
  }
  if (message) {
    $("message-title").textContent = t(next);
    $("message-text").textContent = t(`${next}_text`);
  }
  body.toggleAttribute("data-message", message);
  body.dataset.toolbar = String(toolbar);
  body.dataset.view = next;
  if (next === "name") $("name").focus();
}

function notice(key) {
  $("notice").hidden = key === null;
  if (key !== null) $("notice").textContent = t(key);
  $("notice").dataset.about = key ?? "";
}

function label() {
  for (const [kind, ids] of [["audio", ["mic", "preview-mic"]], ["video", ["camera", "preview-camera"]]]) {
    for (const id of ids) {
      const on = media.on(kind);
      $(id).setAttribute("aria-pressed", String(on));
      $(id).dataset.missing = String(!media.has(kind));
      $(id).ariaLabel = $(id).title = t(`${kind === "audio" ? "mic" : "camera"}_${on ? "off" : "on"}`);
    }
  }
  for (const [id, key] of [["chat-open", "chat"], ["people-open", "people"], ["leave", "leave"], ["side-close", "close"], ["chat-send", "send"]]) {
    $(id).ariaLabel = $(id).title = t(key);
  }
  $("chat-input").placeholder = t("message");
  $("name").placeholder = t("your_name");
  $("device-hint").textContent = media.asked && !media.has("audio") && !media.has("video") ? t("no_devices") : "";
  $("preview-avatar").textContent = initials($("name").value) || "·";
  $("preview-avatar").parentElement.dataset.camera = String(media.on("video"));
}

function speak(language) {
  setLanguage(language);
  label();
  show(view, document.body.dataset.toolbar === "true");
  drawPeople();
}

// Media

function onMedia(what) {
  if (what === "tracks") {
    if (wants.video && media.has("video")) $("preview-video").srcObject = new MediaStream([media.tracks.video]);
    if (mesh) ownStream();
  }
  if (what !== "speaking") {
    mesh?.attach();
    label();
  }
  tellState();
}

function ownState() {
  return { mic: media.on("audio"), camera: media.on("video"), speaking: media.speaking };
}

function tellState() {
  const self = meeting.people.get(meeting.selfId);
  if (!self) return;
  Object.assign(self, ownState());
  drawPerson(self);
  socket.send({ type: "state", ...ownState() });
}

function ownStream() {
  if (wants.video && media.has("video")) tiles.stream(meeting.selfId, "video", new MediaStream([media.tracks.video]));
}

// People

function drawPerson(person) {
  const isSelf = person.id === meeting.selfId;
  const words = [isSelf && t("you"), person.host && t("host"), !person.connected && t("reconnecting")];
  const state = words.filter(Boolean).join(" · ");
  tiles.show(person, isSelf, state && `(${state})`);
}

function drawPeople() {
  if (mesh === null) return;
  for (const person of meeting.people.values()) drawPerson(person);
  panel.people();
}

function hosts(id) {
  for (const person of meeting.people.values()) person.host = person.id === id;
  if (!meeting.isHost()) panel.waiting([]);
}

function welcome({ self, people, chat, silent, black }) {
  mesh?.close();
  const kept = new Set([self.id, ...people.map(({ id }) => id)]);
  for (const id of meeting.people.keys()) if (!kept.has(id)) tiles.remove(id);
  meeting.selfId = self.id;
  meeting.people = new Map([self, ...people].map((person) => [person.id, person]));
  mesh = new Mesh(self.id, media, wants, meeting.send, (id, kind, stream) => tiles.stream(id, kind, stream));
  media.source(silent, black);
  startedAt ??= Date.now();
  drawPeople();
  ownStream();
  tellState();
  for (const message of chat) panel.message(message);
  for (const person of people) mesh.connect(person, true);
  notice(null);
  show($("consent").hidden ? "meeting" : "consent");
}

function out(next, toolbar) {
  if (mesh !== null) {
    mesh.close();
    mesh = null;
    tiles.clear();
    panel.clear();
    meeting.people.clear();
    startedAt = null;
  }
  $("consent").hidden = true;
  notice(null);
  show(next, toolbar);
}

// What the server says

const handlers = {
  hello: ({ language }) => speak(language),
  view: ({ view: next, toolbar }) => {
    out(next, toolbar);
    if (next === "name" && query.get("autojoin") === "1") join();
  },
  welcome,
  person_joined: ({ person, hosts: host }) => {
    meeting.people.set(person.id, person);
    hosts(host);
    drawPeople();
    mesh.connect(person, false);
  },
  person_changed: ({ person }) => {
    meeting.people.set(person.id, person);
    drawPerson(person);
    mesh?.follow(person);
  },
  person_left: ({ id, hosts: host }) => {
    meeting.people.delete(id);
    mesh?.drop(id);
    tiles.remove(id);
    hosts(host);
    drawPeople();
  },
  signal: ({ from, session, data }) => mesh?.receive(from, session, data),
  chat: (message) => panel.message(message),
  chat_failed: () => {},
  waiting: ({ people }) => {
    const self = meeting.people.get(meeting.selfId);
    if (self) {
      hosts(self.id);
      drawPeople();
      panel.waiting(people);
    }
  },
  mute: () => media.set("audio", false),
  source: ({ silent, black }) => media.source(silent, black),
  language: ({ language }) => speak(language),
  consent: () => {
    $("consent").hidden = false;
    if (view === "meeting") show("consent");
  },
  drop_network: ({ seconds }) => {
    mesh?.close();
    socket.drop(seconds);
  },
  freeze: ({ seconds }) => setTimeout(freeze, 0, seconds),
  close_page: () => {
    window.close();
    setTimeout(() => location.replace("about:blank"), 300); // a browser may refuse to let a page close itself
  },
};

// A synchronous request stops the page's only thread for as long as the server takes, and uses no processor.
function freeze(seconds) {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const request = new XMLHttpRequest();
    request.open("GET", `/rehearsal/_hold?seconds=${(until - performance.now()) / 1000}`, false);
    try {
      request.send();
    } catch {
      return; // the server is gone: there is nothing left to be frozen for
    }
  }
}

const base = location.pathname.replace(/\/$/u, "");
const socket = new Socket(
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${base}/ws`,
  () => ({ language: query.get("lang") ?? "", host: query.get("host") === "1", key: query.get("key") ?? "" }),
  (message) => handlers[message.type]?.(message),
  (state) => {
    if (state === "lost" && mesh !== null) notice("reconnecting");
    if (state === "gone") out("disconnected", false);
  },
);

// What the visitor does

async function join() {
  $("join").disabled = true;
  await Promise.race([asking, new Promise((done) => setTimeout(done, 1500))]); // a permission prompt must not keep anybody out
  socket.send({ type: "join", name: $("name").value.trim() || t("guest"), ...ownState() });
  $("join").disabled = false;
}

function leave() {
  socket.send({ type: "leave" });
  out("left", false);
}

$("name-form").onsubmit = (event) => {
  event.preventDefault();
  join();
};
$("name").oninput = label;
for (const id of ["mic", "preview-mic"]) $(id).onclick = () => media.set("audio", !media.on("audio"));
for (const id of ["camera", "preview-camera"]) $(id).onclick = () => media.set("video", !media.on("video"));
$("leave").onclick = leave;
$("again").onclick = () => location.reload();
$("consent-ok").onclick = () => {
  $("consent").hidden = true;
  socket.send({ type: "consent", ok: true });
  if (view === "consent") show("meeting");
};
$("consent-leave").onclick = () => {
  socket.send({ type: "consent", ok: false });
  leave();
};
document.addEventListener("click", () => {
  tiles.playAll();
  if ($("notice").dataset.about === "hear") notice(null);
});
setInterval(() => {
  const seconds = startedAt === null ? null : Math.floor((Date.now() - startedAt) / 1000);
  const text = seconds === null ? "" : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if ($("clock").textContent !== text) $("clock").textContent = text;
}, 1000);

window.rehearsal = {
  counters: async () => (mesh === null ? {} : mesh.counters()),
  people: () => [...meeting.people.values()],
};

const roomName = decodeURIComponent(base.split("/").at(-1));
$("room-name").textContent = roomName;
document.title = `${roomName} · Rehearsal`;
$("name").value = query.get("name") ?? "";
if (query.get("mic") === "0") media.wanted.audio = false;
if (query.get("camera") === "0") media.wanted.video = false;
setLanguage(query.get("lang") ?? "en");
label();
const asking = query.get("media") === "none" ? (media.asked = true, Promise.resolve()) : media.ask();
