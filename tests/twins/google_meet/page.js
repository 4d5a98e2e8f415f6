// Google Meet's guest client: green room, lobby, meeting, and the pages on which it ends.

import { Client, about } from "../lib/client.js";
import { h, later, pieces, shadow, show } from "../lib/kit.js";
import { Meeting } from "./meeting.js";
import { TEXTS } from "./texts.js";

const asked = new URLSearchParams(location.search).get("hl")?.slice(0, 2);
export const t = TEXTS[about.language === "en" ? (asked in TEXTS ? asked : "en") : about.language]; // some accounts' language wins over hl
const client = new Client(draw);
let meeting = null;

function icon(label, onclick, more = {}) {
  return h("button", { "aria-label": label, class: "icon", jsname: "BOHaEe", type: "button", onclick, ...more }, h("i", { "aria-hidden": "true", class: "google-material-icons" }, "●"));
}

// Microphone and camera: the label says what pressing does, in variant b with the key that does it, and nothing else says how they are.
export function devices() {
  const { media } = client;
  const b = about.variant === "b";
  return [["audio", "mic", "d"], ["video", "camera", "e"]].map(([kind, word, key]) => {
    const label = media.on(kind) ? t[`${word}_off`] : t[`${word}_on`];
    return icon(b && t === TEXTS.en ? `${label} (ctrl + ${key})` : label, () => client.turn(kind), { "data-is-muted": b ? null : String(!media.on(kind)), disabled: !media.has(kind) });
  });
}

async function greenRoom() {
  show(h("div", { class: "splash", role: "progressbar" }, h("span", {}, t.getting)));
  await later(about.late_controls_seconds ?? 0.2);
  if (client.view !== "name") return;
  if (about.account) return signedIn();
  const name = h("input", { type: "text", jsname: "YPqjbf", class: "field", maxlength: 60, autocomplete: "off", ...(about.variant === "b" ? { id: "c11", "aria-labelledby": "c12" } : { "aria-label": t.name, placeholder: t.name }) });
  const join = h("button", { class: "join", jsname: "Qx7uuf", type: "button", disabled: true, onclick: () => client.ask(name.value) }, h("span", { class: "ripple" }), h("span", { jsname: "V67aGc", class: "label" }, about.variant === "b" ? t.now : t.ask));
  const bar = h("div", { class: "preview" }, ...devices());
  name.addEventListener("input", () => (join.disabled = !name.value.trim()));
  client.redraw = () => bar.replaceChildren(...devices());
  show(
    h("header", {}, h("a", { href: "#", class: "sign-in" }, t.sign)),
    h("main", {}, bar, h("h1", {}, t.whats), about.variant === "b" && h("span", { id: "c12" }, t.name), name, h("p", {}, t.nobody), h("div", { class: "cta" }, join), h("button", { type: "button" }, t.other)),
    about.variant === "b" && dialog(t.devices, "", [[t.devices_yes, close], [t.devices_no, close]]),
  );
}

// Whoever is signed in is asked for no name: the account has one.
function signedIn() {
  const bar = h("div", { class: "preview" }, ...devices());
  client.redraw = () => bar.replaceChildren(...devices());
  const join = h("button", { class: "join", jsname: "Qx7uuf", type: "button", onclick: () => client.ask(about.account) }, h("span", { jsname: "V67aGc", class: "label" }, t.now));
  show(h("header", {}, h("a", { href: "#", "aria-label": `Google Account: ${about.account}` }, about.account.slice(0, 1))), h("main", {}, bar, h("h1", {}, t.ready), h("div", { class: "cta" }, join)));
}

function close(event) {
  event.target.closest("[role=dialog]").remove();
}

// A modal window of the client. `ok` is the action of its last button, as Material's dialogs name it.
export function dialog(title, text, buttons, ok = null) {
  return h(
    "div",
    { role: "dialog", "aria-modal": "true", class: "dialog", style: { position: "fixed", top: "30%", left: "35%", zIndex: 9, padding: "24px", background: "#fff", color: "#222" } },
    h("h2", {}, ...pieces(title)),
    text && h("p", {}, text),
    buttons.map(([label, onclick], number) => h("button", { type: "button", onclick, "data-mdc-dialog-action": number === buttons.length - 1 ? ok : null }, h("span", { jsname: "V67aGc" }, label))),
  );
}


// The lobby has the meeting's own tool bar, and a way home that is there all the time.
function waiting(title, hint) {
  const bar = h("div", { class: "toolbar", jscontroller: "kAPMuc" }, ...devices(), icon(t.more), icon(t.leave, () => client.leave()));
  show(
    h("main", {}, h("div", { class: "tile", "data-participant-id": `spaces/${about.code}/devices/self`, "data-self-name": t.you }, h("span", { class: "name" }, t.you)), h("h1", {}, title), hint && h("p", {}, ...pieces(hint)), h("button", { type: "button" }, t.home)),
    about.phantom_tile_seconds && h("div", { class: "tile", "data-participant-id": `spaces/${about.code}/devices/900`, style: { width: 0, height: 0 } }),
    bar,
  );
}

// An end: a heading, what to do about it, and the way home.
function end(title, hint = "", extra = null) {
  const text = h("h1", { jsname: "r4nke", class: "heading", "data-call-ended": "true" }, ...pieces(title));
  // Variant b has it in a component of its own.
  show(h("div", { class: "end" }, about.variant === "b" ? shadow(h("meet-message"), text) : text, h("p", {}, hint), extra, h("button", { type: "button" }, t.again), h("button", { type: "button" }, t.home), h("button", { type: "button" }, t.feedback)));
}

const captcha = () => h("iframe", { title: "reCAPTCHA", src: "https://www.google.com/recaptcha/api2/bframe", width: 400, height: 300 });
const VIEWS = {
  name: greenRoom,
  lobby: () => (about.variant === "b" ? waiting(t.lobby_b, "") : waiting(t.lobby, t.lobby_hint)),
  "host-absent": () => waiting(t.host, t.host_hint),
  denied: () => end(t.denied),
  "lobby-gave-up": () => end(t.lobby_gave_up),
  removed: () => end(t.removed),
  ended: () => end(t.ended),
  left: () => end(t.left),
  disconnected: () => end(t.disconnected),
  "not-found": () => end(t.not_found, t.not_found_hint),
  blocked: () => end(t.blocked, t.blocked_hint),
  locked: () => end(t.blocked, t.blocked_hint),
  full: () => end(t.full),
  captcha: () => end(t.captcha, "", captcha()),
  "login-required": () => location.replace(`https://accounts.google.com/v3/signin/identifier?code=${about.code}`),
  unknown: () => show(h("div", { class: "new" }, h("h1", {}, t.unknown))),
};

function draw(what, detail) {
  if (what === "own") client.redraw?.();
  if (what === "view") {
    client.redraw = null;
    meeting?.close();
    meeting = null;
    if (client.view === "meeting" || (client.view === "lobby" && about.strange_lobby)) meeting = new Meeting(client, t);
    else VIEWS[client.view]?.();
  }
  if (meeting) meeting.draw(what, detail);
}

document.title = about.code ? `Meet – ${about.code}` : "Meet";
client.open();
