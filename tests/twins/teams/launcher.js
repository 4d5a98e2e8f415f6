// https://teams.microsoft.com/l/meetup-join/… and https://teams.live.com/meet/…: app or browser?

import { about } from "../lib/client.js";
import { h, later, show } from "../lib/kit.js";
import { TEXTS } from "./texts.js";

const t = TEXTS[about.language];
const next = () => location.assign(`/v2/${encodeURIComponent(about.code)}${location.search}`);
show(h("main", { role: "main" }, h("h1", {}, t.how)));
await later(0.4);
const browser = h("button", { id: "openTeamsClientInBrowser", "data-tid": "joinOnWeb", type: "button", onclick: next, "aria-label": t.browser_label }, h("div", {}, h("h2", {}, t.browser), h("p", {}, "No download or installation required.")));
document.querySelector("main").append(h("p", {}, t.app_hint), h("button", { "data-tid": "joinInApp", type: "button" }, t.app), browser);
