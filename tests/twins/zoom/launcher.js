// https://…zoom.us/j/<id>: wants the program started, and has a small link for those who stay in the browser.

import { about } from "../lib/client.js";
import { h, later, show } from "../lib/kit.js";
import { TEXTS } from "./texts.js";

const t = TEXTS[about.language];
const cookies = h("div", { id: "onetrust-banner-sdk", style: { position: "fixed", bottom: 0, left: 0, right: 0, height: "200px", background: "#ddd", zIndex: 99 } }, h("p", {}, t.cookies), h("button", { id: "onetrust-accept-btn-handler", onclick: () => cookies.remove() }, t.accept));
show(h("main", {}, h("h1", { role: "button", tabindex: 0 }, t.launch), h("p", {}, t.download), h("a", { href: `https://app.zoom.us/wc/${about.code}/join${location.search}`, web_client: "" }, t.browser)));
await later(0.4);
document.body.append(cookies);
