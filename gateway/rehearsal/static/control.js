// A page for a person to steer a room with: the same calls as the control API.

const $ = (id) => document.getElementById(id);
const url = location.pathname;
const room = decodeURIComponent(url.split("/").at(-2));

const SWITCHES = [
  ["Require admission", "require_admission", "require_admission"],
  ["Locked", "locked", "lock"],
  ["Host absent", "host_absent", "host_absent"],
  ["Toolbar in the lobby", "toolbar_in_lobby", "toolbar_in_lobby"],
  ["Silent at the source", "silent", "go_silent"],
  ["Black at the source", "black", "black"],
  ["Consent when joining", "consent_at_join", "consent", { when: "join" }],
];
const ALL = [
  ["Show consent", { action: "consent" }],
  ["Mute", { action: "mute" }],
  ["Admit all", { action: "admit" }],
  ["Drop networks for 5 s", { action: "drop_network", seconds: 5 }],
  ["End the meeting", { action: "end" }],
];
const OBSTACLES = ["none", "not-found", "login-required", "captcha", "blocked", "wrong-passcode", "encrypted", "full"];
const IN_MEETING = [
  ["Mute", { action: "mute" }],
  ["Consent", { action: "consent" }],
  ["Drop network 5 s", { action: "drop_network", seconds: 5 }],
  ["Freeze 10 s", { action: "freeze", seconds: 10 }],
  ["Close page", { action: "close_page" }],
  ["Kick", { action: "kick" }],
];
const IN_LOBBY = [["Admit", { action: "admit" }], ["Deny", { action: "deny" }]];

function headers() {
  const key = $("key").value.trim();
  return { "Content-Type": "application/json", Accept: "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
}

async function call(body) {
  const answer = await fetch(url, { method: body ? "POST" : "GET", headers: headers(), body: body && JSON.stringify(body) });
  const state = await answer.json();
  $("error").textContent = answer.ok || (answer.status === 404 && !body) ? "" : state.error;
  draw(answer.ok ? state : { people: [], rules: {} });
}

function button(text, body, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  if (pressed !== undefined) made.setAttribute("aria-pressed", String(pressed));
  made.onclick = () => call(body);
  return made;
}

function select(name, options, chosen, body) {
  const made = document.createElement("select");
  made.append(...options.map((option) => new Option(option, option, false, option === chosen)));
  made.ariaLabel = name;
  made.onchange = () => call(body(made.value));
  return made;
}

function row(person) {
  const made = document.createElement("tr");
  const name = made.insertCell();
  name.textContent = person.name || "(at the door)";
  const about = document.createElement("small");
  const words = [person.place, person.host && "host", !person.connected && "reconnecting", !person.mic && "mic off", person.speaking && "speaking", `consent ${person.consent}`];
  about.textContent = `${person.id} · ${words.filter(Boolean).join(" · ")}`;
  name.append(about);
  const actions = document.createElement("div");
  actions.className = "buttons";
  const list = person.place === "meeting" ? IN_MEETING : person.place === "lobby" ? IN_LOBBY : [];
  actions.append(...list.map(([text, body]) => button(text, { ...body, person: person.id })));
  made.insertCell().append(actions);
  return made;
}

function draw({ people, rules }) {
  $("people").replaceChildren(...people.map(row));
  $("nobody").hidden = people.length > 0;
  $("switches").replaceChildren(
    ...SWITCHES.map(([text, rule, action, more]) => button(text, { action, on: !rules[rule], ...more }, rules[rule] === true)),
    select("Language", ["en", "de", "ja"], rules.language ?? "en", (language) => ({ action: "language", language })),
  );
  $("next").replaceChildren(
    button("Never loads", { action: "never_load", visitors: 1 }, (rules.never_load ?? 0) !== 0),
    select("Shown instead of the meeting", OBSTACLES, rules.obstacle ?? "none", (view) => ({ action: "obstacle", view })),
  );
}

$("room-name").textContent = room;
$("open").href = `/rehearsal/${encodeURIComponent(room)}`;
$("key").value = new URLSearchParams(location.hash.slice(1)).get("key") ?? "";
$("all").replaceChildren(...ALL.map(([text, body]) => button(text, body)));
setInterval(() => document.activeElement?.tagName !== "SELECT" && call(), 1000);
call();
