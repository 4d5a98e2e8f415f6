// Google's sign-in page, to which Meet sends those who need an account.

import { about, stands } from "../lib/client.js";
import { h, show } from "../lib/kit.js";
import { TEXTS } from "./texts.js";

const t = TEXTS[about.language];
show(h("main", {}, h("h1", { id: "headingText" }, h("span", {}, t.signin_title)), h("div", { id: "headingSubtext" }, h("span", {}, t.signin_hint)), h("input", { type: "email", id: "identifierId", name: "identifier", "aria-label": t.email, autocomplete: "username" }), h("button", { type: "button" }, t.next)));
stands("login-required");
