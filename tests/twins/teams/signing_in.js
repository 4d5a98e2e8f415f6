// Microsoft's login to somebody who has a session there: a moment's page, and back to where they came from.

import { about } from "../lib/client.js";
import { h, later, show } from "../lib/kit.js";

const asked = new URLSearchParams(location.search);
show(h("div", { id: "lightbox" }, h("div", { role: "progressbar" }, "…")));
await later(1);
location.replace(`${asked.get("redirect_uri")}#${new URLSearchParams({ code: about.account, state: asked.get("state") })}`);
