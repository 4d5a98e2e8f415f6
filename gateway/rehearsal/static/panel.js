// The side panel: the chat and the list of people. Names and messages are hostile: they only ever become text nodes.

import { t } from "./texts.js";
import { hue, initials } from "./tiles.js";

const $ = (id) => document.getElementById(id);

function element(tag, className, text, parent) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

export class Panel {
  constructor(meeting) {
    this.meeting = meeting; // selfId, people, isHost(), send()
    this.seen = new Set();
    $("chat-open").onclick = () => this.toggle("chat");
    $("people-open").onclick = () => this.toggle("people");
    $("side-close").onclick = () => this.toggle(null);
    $("chat-form").onsubmit = (event) => {
      event.preventDefault();
      this.say();
    };
    $("chat-input").onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.say();
    };
  }

  toggle(tab) {
    const side = $("side");
    const close = tab === null || (!side.hidden && side.dataset.tab === tab);
    side.hidden = close;
    side.dataset.tab = tab ?? "";
    if (close) return;
    $("side-title").textContent = t(tab);
    if (tab === "chat") {
      $("chat-badge").hidden = true;
      $("chat-input").focus();
    }
  }

  say() {
    const text = $("chat-input").value.trim();
    if (!text) return;
    this.meeting.send({ type: "chat", text, to: $("chat-to").value || null });
    $("chat-input").value = "";
  }

  message({ id, from, name, text, to, time_ms: time }) {
    if (this.seen.has(id)) return;
    this.seen.add(id);
    const box = element("div", "chat-message");
    box.dataset.id = id;
    box.dataset.sender = from;
    box.dataset.self = String(from === this.meeting.selfId);
    box.dataset.private = String(to !== null);
    const head = element("div", "chat-head", undefined, box);
    element("span", "chat-sender", name, head);
    element("span", "chat-time", new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }), head);
    if (to !== null) element("span", "chat-private", t("chat_private"), head);
    element("div", "chat-text", text, box);
    const list = $("chat-messages");
    list.append(box);
    list.scrollTop = list.scrollHeight;
    if ($("side").hidden || $("side").dataset.tab !== "chat") $("chat-badge").hidden = from === this.meeting.selfId;
  }

  people() {
    const people = [...this.meeting.people.values()];
    $("people-count").textContent = people.length;
    const list = $("participants");
    list.replaceChildren(...people.map((person) => this.participant(person)));
    const to = $("chat-to");
    const chosen = to.value;
    to.replaceChildren(new Option(t("everyone"), ""));
    for (const person of people) if (person.id !== this.meeting.selfId) to.append(new Option(person.name, person.id));
    to.value = this.meeting.people.has(chosen) ? chosen : "";
  }

  participant(person) {
    const item = element("li", "participant");
    item.dataset.personId = person.id;
    item.style.setProperty("--hue", hue(person.name));
    element("span", "dot", initials(person.name), item);
    element("span", "participant-name", person.name, item);
    const isSelf = person.id === this.meeting.selfId;
    element("small", "participant-role", [isSelf && t("you"), person.host && t("host")].filter(Boolean).join(" · "), item);
    if (this.meeting.isHost() && !isSelf) {
      for (const [what, word] of [["mute", "mute"], ["kick", "remove"]]) {
        const button = element("button", `do-${what}`, t(word), item);
        button.type = "button";
        button.onclick = () => this.meeting.send({ type: "host", do: what, person: person.id });
      }
    }
    return item;
  }

  waiting(people) {
    const list = $("waiting-list");
    list.hidden = people.length === 0;
    list.replaceChildren(
      ...people.map(({ id, name }) => {
        const card = element("div", "waiting");
        card.dataset.personId = id;
        element("b", "waiting-name", name, card);
        element("span", "", t("wants_in"), card);
        const row = element("div", "row", undefined, card);
        for (const [what, style] of [["deny", "plain-wide deny"], ["admit", "primary admit"]]) {
          const button = element("button", style, t(what), row);
          button.type = "button";
          button.onclick = () => this.meeting.send({ type: "host", do: what, person: id });
        }
        return card;
      }),
    );
  }

  clear() {
    this.seen.clear();
    $("chat-messages").replaceChildren();
    this.toggle(null);
  }
}
