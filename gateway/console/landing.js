"use strict";

// The commands carry this very origin, so that they can be pasted as they stand.
const origin = location.origin;

document.getElementById("send").textContent = [
  `curl ${origin}/api/v1/bots \\`,
  `  --header 'Authorization: Token YOUR_API_KEY_HERE' \\`,
  `  --header 'Content-Type: application/json' \\`,
  `  --data '{"meeting_url": "${origin}/rehearsal/demo", "bot_name": "My Bot"}'`,
].join("\n");

document.getElementById("watch").textContent = [
  `curl --no-buffer '${origin}/api/v1/bots/BOT_ID/events?after_sequence=0' \\`,
  `  --header 'Authorization: Token YOUR_API_KEY_HERE' \\`,
  `  --header 'Accept: text/event-stream'`,
].join("\n");

fetch("/readyz").then((answer) => {
  const state = document.getElementById("state");
  state.textContent = answer.ok ? "The service is ready." : "The gateway runs, but the service behind it does not answer.";
  state.dataset.ok = String(answer.ok);
});
