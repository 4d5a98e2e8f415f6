// Jitsi Meet: what stands behind the # decides whether there is a page before the meeting, and the name.

import { Client, about, stands } from "../lib/client.js";
import { h, later, pieces, show } from "../lib/kit.js";
import { App } from "./app.js";
import { MEMBERS_ONLY } from "./conference.js";
import { Meeting } from "./meeting.js";
import { TEXTS } from "./texts.js";

const t = TEXTS[about.language];
const hash = new Map(location.hash.slice(1).split("&").filter(Boolean).map((pair) => pair.split(/=(.*)/su).slice(0, 2).map(decodeURIComponent)));
const given = (key) => {
  try {
    return JSON.parse(hash.get(key));
  } catch {
    return undefined; // absent, or no JSON: as good as absent
  }
};
// Variant b is a host whose own settings demand the page before the meeting.
const preJoin = about.variant === "b" || given("config.prejoinConfig.enabled") !== false;
const client = new Client(draw);
if (given("config.startWithAudioMuted")) client.media.wanted.audio = false;
if (given("config.startWithVideoMuted")) client.media.wanted.video = false;
const app = new App(client, given("userInfo.displayName") ?? "", preJoin || given("config.lobby.autoKnock") === true);
const { conference } = app;
// The first time a locked room asks for its passcode, nothing is wrong yet.
client.seenAs = (view) => (view === "wrong-passcode" && about.locked ? "passcode-asked" : view);
let meeting = null;

function form(title, testid, label, go) {
  const name = h("input", { id: "premeeting-name-input", type: "text", placeholder: t.name, autocomplete: "name", value: app.displayName });
  name.value = app.displayName;
  const join = h("div", { role: "button", tabindex: 0, "data-testid": testid, "aria-disabled": String(!app.displayName), className: "action-btn primary", onclick: () => name.value.trim() && go(name.value) }, label);
  name.addEventListener("input", () => join.setAttribute("aria-disabled", String(!name.value.trim())));
  return [h("h1", {}, title), name, join];
}

async function door() {
  show(h("div", { className: "premeeting-screen loading" }));
  await later(about.late_controls_seconds ?? 0.2);
  if (client.view !== "name") return undefined;
  if (!preJoin) return ask(app.displayName || "Fellow Jitster");
  show(h("div", { className: "premeeting-screen" }, ...form(t.title, "prejoin.joinMeeting", t.join, ask)));
  return undefined;
}

function ask(name) {
  app.displayName = name;
  const again = Boolean(conference.base.passwordRequired ?? conference.base.membersOnly);
  if (!again) conference.willJoin();
  if (again || !about.lobby || about.strange_lobby || conference.autoKnock) return client.ask(name);
  conference.failed(MEMBERS_ONLY);
  return lobby();
}

// Who did not come by the page before the meeting has to knock; until then nobody is told.
function lobby() {
  if (!conference.lobby.knocking) {
    const knock = (name) => {
      conference.knock();
      ask(name);
    };
    return show(h("div", { className: "premeeting-screen lobby-screen" }, ...form(t.ask, "lobby.knockButton", t.ask, knock), h("div", { role: "button", "data-testid": "lobby.enterPasswordButton" }, t.enter)));
  }
  return show(h("div", { className: "premeeting-screen lobby-screen" }, h("div", { className: "lobby-screen-content" }, h("div", { className: "spinner" }), h("span", { className: "joining-message", "data-testid": "lobby.joiningMessage" }, ...pieces(t.joining))), h("div", { className: "toolbox-content-items" }, h("div", { role: "button", className: "hangup-button", "aria-label": t.leave, onclick: () => client.leave() }))));
}

function dialog(title, text, ...more) {
  return h("div", { role: "dialog", "aria-modal": "true", className: "dialog", style: { position: "fixed", inset: "25% 30% auto", background: "#fff", color: "#000" } }, h("h1", { id: "dialog-title" }, ...pieces(title)), h("p", {}, ...pieces(text)), more);
}

const message = (title, text = "") => show(h("div", { id: "meetingConferenceFrame" }), h("div", { className: "overlay", role: "alert" }, h("span", {}, ...pieces(title)), h("p", {}, text)));
const VIEWS = {
  name: door,
  lobby,
  "host-absent": () => show(dialog(t.host, t.host_text, h("button", { id: "modal-dialog-ok-button" }, t.i_am), h("button", { id: "modal-dialog-cancel-button" }, t.cancel))),
  denied: () => message(t.denied),
  "lobby-gave-up": () => message(t.gave_up),
  removed: () => message(about.variant === "b" ? t.kicked : t.kicked_by),
  ended: () => message(t.ended),
  left: () => message(t.left),
  disconnected: () => message(t.disconnected),
  blocked: () => message(t.blocked),
  locked: () => message(t.blocked),
  full: () => message(t.full),
  "wrong-passcode": () => show(dialog(t.password, !about.locked && about.variant === "b" ? t.wrong : "", h("label", {}, t.password_label, h("input", { name: "lockKey", type: "text" })), h("button", { id: "modal-dialog-ok-button" }, t.ok))),
  "login-required": () => show(dialog(t.login, t.login_text, h("button", { id: "modal-dialog-ok-button" }, t.i_am))),
  unknown: () => show(h("h1", {}, t.unknown)),
};

function draw(what, detail) {
  if (what === "stream") app.stream(detail);
  // The client draws nothing new then: the question for the passcode, or the lobby, stands as it stood.
  if (what === "passcode-wrong") {
    conference.refuse();
    stands("wrong-passcode");
  }
  if (what === "view") {
    if (!(client.view === "lobby" && about.strange_lobby)) conference.follow(client.view);
    meeting?.close();
    meeting = null;
    if (client.view === "meeting" || (client.view === "lobby" && about.strange_lobby)) meeting = new Meeting(client, t, app);
    else VIEWS[client.view]?.();
  }
  if (meeting) meeting.draw(what, detail);
  app.changed();
}

client.open();
