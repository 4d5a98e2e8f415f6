// Teams' client in the browser: the room before the meeting, lobby, meeting, and the screens on which it ends.

import { Client, about } from "../lib/client.js";
import { h, later, pieces, show } from "../lib/kit.js";
import { goToLogin, whoIsSignedIn } from "./account.js";
import { Meeting } from "./meeting.js";
import { TEXTS } from "./texts.js";

const t = TEXTS[about.language];
const b = about.variant === "b";
const client = new Client(draw);
let meeting = null;

function toggle(tid, kind, label) {
  const { media } = client;
  const box = h("input", { type: "checkbox", role: "switch", "data-tid": tid, title: label, "aria-label": label, disabled: !media.has(kind), onclick: () => media.set(kind, box.checked) });
  box.checked = media.on(kind);
  return h("div", { class: "toggle" }, box);
}

// Without devices a window asks before the form whether one is sure.
async function preJoin() {
  show(h("div", { "data-tid": "prejoin-loading", role: "progressbar" }));
  await later(about.late_controls_seconds ?? 0.3);
  if (client.view !== "name") return;
  if (account) return signedIn();
  const name = h("input", { "data-tid": "prejoin-display-name-input", type: "text", placeholder: t.name, maxlength: 100, autocomplete: "off" });
  const join = h("button", { "data-tid": "prejoin-join-button", id: "prejoin-join-button", type: "button", disabled: true, "aria-label": `${t.join} ${t.mic} ${t.camera}`, onclick: () => ask(name.value) }, h("span", {}, t.join));
  const bar = h("div", {}, toggle("toggle-video", "video", t.camera), toggle("toggle-mute", "audio", t.mic));
  name.addEventListener("input", () => (join.disabled = !name.value.trim()));
  client.redraw = () => bar.replaceChildren(toggle("toggle-video", "video", t.camera), toggle("toggle-mute", "audio", t.mic));
  const sure = h("div", { role: "dialog", "aria-modal": "true", class: "sure", style: { position: "fixed", inset: 0, background: "#fffe", zIndex: 5 } }, h("h2", {}, t.no_devices_title), h("button", { type: "button", onclick: () => sure.remove() }, t.no_devices));
  show(h("div", { "data-tid": "prejoin-screen" }, bar, name, join, h("button", { "data-tid": "prejoin-cancel-button", type: "button" }, t.cancel)), b && sure);
}

// Whoever is signed in is asked for no name: the account has one.
function signedIn() {
  const bar = h("div", {}, toggle("toggle-video", "video", t.camera), toggle("toggle-mute", "audio", t.mic));
  client.redraw = () => bar.replaceChildren(toggle("toggle-video", "video", t.camera), toggle("toggle-mute", "audio", t.mic));
  show(h("header", {}, h("button", { id: "idna-me-control-avatar-trigger", type: "button", "aria-label": account.name }, account.name.slice(0, 1))), h("div", { "data-tid": "prejoin-screen" }, bar, h("button", { "data-tid": "prejoin-join-button", id: "prejoin-join-button", type: "button", onclick: () => ask(account.name) }, h("span", {}, t.join)), h("button", { "data-tid": "prejoin-cancel-button", type: "button" }, t.cancel)));
}

async function ask(name) {
  client.redraw = null;
  show(h("div", { role: "progressbar" }, t.connecting));
  await client.ask(name);
}

// The meeting's own tool bar stands above the lobby, too.
function waiting(title) {
  const bar = h("div", { role: "toolbar" }, h("button", { id: "callingButtons-showMoreBtn", type: "button", "aria-label": t.more }, t.more), h("button", { id: "hangup-button", "data-tid": "hangup-main-btn", type: "button", "aria-label": t.leave, onclick: () => client.leave() }, t.leave));
  show(bar, h("div", { "data-tid": "lobby-screen" }, h("h1", {}, ...pieces(title)), h("button", { "data-tid": "prejoin-cancel-button", type: "button", onclick: () => client.leave() }, t.cancel)));
}

function end(title, more = {}, extra = null) {
  show(h("div", { "data-tid": "calling-retry-screen", ...more }, h("h1", { id: "calling-retry-screen-title" }, ...pieces(title)), extra, h("button", { "data-tid": "calling-retry-rejoinbutton", type: "button" }, t.rejoin), h("button", { type: "button" }, t.dismiss)));
}

const VIEWS = {
  name: preJoin,
  lobby: () => waiting(b ? `${t.hi} ${client.name}, ${t.lobby_b}` : t.lobby),
  "host-absent": () => waiting(b ? t.host_b : t.host),
  denied: () => end(b ? t.denied_b : t.denied),
  "lobby-gave-up": () => end(t.gave_up),
  removed: () => end(t.removed),
  ended: () => end(t.ended),
  left: () => end(t.left),
  disconnected: () => end(t.disconnected),
  "not-found": () => show(h("div", { role: "alert" }, ...pieces(t.not_found))),
  "wrong-passcode": () => show(h("div", { role: "alert" }, ...pieces(t.wrong))),
  blocked: () => end(t.blocked),
  locked: () => end(t.blocked),
  full: () => end(t.full),
  encrypted: () => end(t.encrypted, { "data-tid": "calling-e2ee-end-screen" }),
  captcha: () => show(h("div", { role: "dialog", "aria-modal": "true" }, h("h2", {}, ...pieces(t.captcha)), h("img", { alt: "", src: "data:image/gif;base64,R0lGODlhAQABAAAAACw=" }), h("input", { "aria-label": t.captcha_hint }))),
  "login-required": goToLogin,
  unknown: () => show(h("h1", {}, t.unknown)),
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

const account = await whoIsSignedIn();
client.token = account?.token;
client.open();
