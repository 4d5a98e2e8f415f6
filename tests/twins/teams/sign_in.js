// Microsoft's sign-in page, to which Teams sends those who need an account.

import { about, stands } from "../lib/client.js";
import { h, show } from "../lib/kit.js";
import { TEXTS } from "./texts.js";

const t = TEXTS[about.language];
show(h("div", { id: "lightbox" }, h("div", { id: "loginHeader", role: "heading" }, t.sign_in), h("p", {}, ...(t.sign_in_hint ? [t.sign_in_hint] : [])), h("input", { type: "email", name: "loginfmt", id: "i0116" }), h("input", { type: "submit", id: "idSIButton9", value: "Next" })));
stands("login-required");
