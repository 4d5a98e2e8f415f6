// Zoom's web client: preview, waiting room, meeting, and its windows of refusal.

import { Client, about } from "../lib/client.js";
import { h, later, pieces, show } from "../lib/kit.js";
import { Meeting } from "./meeting.js";
import { TEXTS } from "./texts.js";

const t = TEXTS[about.language];
const b = about.variant === "b";
const client = new Client(draw);
client.deaf = !b; // in one variant the sound has to be joined by hand
let meeting = null;
let over = false;

function devices() {
  const { media } = client;
  return [
    h("button", { id: "preview-audio-control-button", type: "button", disabled: !media.has("audio"), onclick: () => client.turn("audio"), "aria-label": media.on("audio") ? t.mute : t.unmute }, media.on("audio") ? t.mute : t.unmute),
    h("button", { id: "preview-video-control-button", type: "button", disabled: !media.has("video"), onclick: () => client.turn("video"), "aria-label": media.on("video") ? t.stop_video : t.start_video }, media.on("video") ? t.stop_video : t.start_video),
  ];
}

async function preview(wrong = false) {
  await later(about.late_controls_seconds ?? 0.2);
  if (!wrong && client.view !== "name") return;
  const name = h("input", { id: b ? "inputname" : "input-for-name", type: "text", placeholder: t.name, maxlength: 64, autocomplete: "off" });
  const pass = wrong && h("input", { id: "input-for-pwd", type: "text", placeholder: t.pass, maxlength: 10 });
  const join = h("button", { id: b ? "joinBtn" : null, className: b ? "btn btn-primary submit" : "zm-btn preview-join-button zm-btn--default zm-btn__outline--blue disabled", type: "button", disabled: true, onclick: () => !wrong && client.ask(name.value) }, t.join);
  const bar = h("div", { className: "preview-agreement-container" }, ...devices());
  name.addEventListener("input", () => {
    join.disabled = !name.value.trim();
    join.classList.toggle("disabled", join.disabled);
  });
  client.redraw = () => bar.replaceChildren(...devices());
  const banner = h("div", { id: "onetrust-banner-sdk", style: { position: "fixed", bottom: 0, left: 0, right: 0, height: "120px", background: "#ddd", zIndex: 99 } }, t.cookies, h("button", { id: "onetrust-accept-btn-handler", type: "button", onclick: () => banner.remove() }, t.accept));
  show(h("div", { className: "preview-new-flow" }, h("h1", {}, t.title), bar, name, pass, wrong && h("div", { className: "preview-meeting-info-field-error", role: "alert" }, ...pieces(t.wrong)), join), !b && banner, b && ask());
}

// The window about microphone and camera covers the form until it is answered.
function ask() {
  const box = h("div", { className: "pepc-permission-dialog", role: "dialog", style: { position: "fixed", inset: 0, background: "#fffd", zIndex: 9 } }, h("p", {}, t.devices), h("button", { type: "button", onclick: () => box.remove() }, t.devices_yes), h("button", { className: "pepc-permission-dialog__footer-button", type: "button", onclick: () => box.remove() }, t.devices_no));
  return box;
}

function waiting(title, hint) {
  show(h("header", { className: "waiting-room-header" }, h("button", { "aria-label": t.leave, className: "zm-btn leave-btn", type: "button", onclick: () => client.leave() }, t.leave)), h("div", { className: "waiting-room-container" }, h("span", { className: "waiting-room__title" }, ...pieces(title)), h("p", {}, hint)));
}

// A modal window over an empty page; `title` as in the client's own.
function modal(title, hint = "", extra = null) {
  show(h("div", { className: "zm-modal zm-modal-legacy", role: "dialog", "aria-modal": "true" }, h("div", { className: "zm-modal-body" }, h("div", { className: "zm-modal-body-title" }, ...pieces(title)), h("div", { className: "zm-modal-body-content" }, hint), extra), h("div", { className: "zm-modal-footer" }, h("button", { className: "zm-btn zm-btn--primary", type: "button" }, t.ok))));
}

function error(text, extra = null) {
  document.title = t.error_title;
  show(h("div", { id: "error-container" }, h("span", { className: "error-message" }, ...pieces(text)), extra));
}

// Without the host there is only an error, which goes away with a new load and not by itself.
function hostAbsent() {
  if (b) return waiting(t.host, "");
  over = true;
  error(t.host_error);
  return undefined;
}

const VIEWS = {
  name: () => (about.host_absent && !b ? client.ask("") : preview()),
  lobby: () => waiting(t.lobby, t.lobby_hint),
  "host-absent": hostAbsent,
  denied: () => modal(t.denied, t.denied_hint),
  "lobby-gave-up": () => modal(t.denied, t.denied_hint),
  removed: () => modal(t.removed),
  ended: () => modal(t.ended),
  left: () => modal(t.left),
  disconnected: () => modal(t.disconnected),
  "not-found": () => error(t.not_found),
  blocked: () => error(t.blocked),
  locked: () => error(t.blocked),
  full: () => modal(t.full),
  encrypted: () => modal(t.encrypted),
  "wrong-passcode": () => preview(true),
  captcha: () => show(h("h1", {}, t.captcha_title), h("iframe", { src: "https://newassets.hcaptcha.com/captcha/v1/frame", title: "hCaptcha" }), h("button", { type: "button" }, t.captcha)),
  "login-required": () => modal(t.sign_in, "", h("button", { className: "login-btn-zoom", type: "button" }, t.sign_in_button)),
  unknown: () => show(h("h1", {}, t.unknown)),
};

function draw(what, detail) {
  if (over) return void client.socket.finish();
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

client.open();
