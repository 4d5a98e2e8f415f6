// https://app.zoom.us/wc/<id>/join: the web client, or (variant b) a frame of another site that holds it.

import { about } from "../lib/client.js";
import { h, show } from "../lib/kit.js";

if (about.variant === "b") {
  const frame = h("iframe", { id: "webclient", src: `https://app.zoom.com/wc/${about.code}/frame${location.search}`, allow: "camera; microphone; autoplay; display-capture", style: { width: "100vw", height: "100vh", border: 0 } });
  document.body.style.cssText = "margin:0;overflow:hidden";
  show(frame);
} else {
  await import("./client.js");
}
