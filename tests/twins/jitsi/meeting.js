// Inside a conference of Jitsi Meet. What is drawn is little: adapters ask the client itself (app.js).

import { about } from "../lib/client.js";
import { h, later, pieces, player } from "../lib/kit.js";
import { Room } from "../lib/room.js";

export class Meeting extends Room {
  constructor(client, t, app) {
    super(client, t);
    this.app = app;
    app.layout = (value) => this.layout(value);
    this.strip = this.ground = h("div", { id: "remoteVideos", className: "filmstrip", style: { display: "flex", flexWrap: "wrap", height: "620px" } });
    this.bar = h("div", { id: "new-toolbox", className: "new-toolbox" });
    this.side = h("div", { id: "sideToolbarContainer", style: { position: "fixed", right: 0, top: 0, width: "300px" } });
    this.notes = h("div", { id: "notifications-container" });
    document.body.style.cssText = "background:#040404;color:#fff;margin:0";
    document.body.replaceChildren(h("div", { id: "videoconference_page" }, this.strip, this.notes, this.bar, this.side, this.sounds));
    this.people();
    this.begin();
  }

  async begin() {
    await later(about.late_controls_seconds ?? 0.3);
    this.buttons();
    this.client.stands();
    this.timer = setInterval(() => this.buttons(), 3000);
  }

  buttons() {
    const { t } = this;
    const button = (label, onclick, more = {}) => h("div", { role: "button", tabindex: 0, "aria-label": label, className: "toolbox-button", onclick, ...more }, h("div", { className: "toolbox-icon", style: { width: "48px", height: "48px" } }));
    this.bar.replaceChildren(
      h("div", { className: "toolbox-content-items" }, button(t.mic, () => this.client.turn("audio")), button(t.camera, () => this.client.turn("video")), button(t.chat, () => this.toggleChat()), button(t.people, () => {}), button(t.more, () => {}), button(t.leave, () => this.client.leave(), { className: "toolbox-button hangup-button" })),
    );
  }

  people() {
    if (this.client.view === "lobby") return this.strip.replaceChildren(h("h1", {}, this.t.strange)); // in words that nobody knows
    this.strip.replaceChildren(
      ...[...this.client.people.values()].map((person) => {
        const isSelf = person.id === this.client.selfId;
        const video = this.videos.get(person.id);
        return h("span", { id: isSelf ? "localVideoContainer" : `participant_${person.id}`, className: `videocontainer${this.marked(person) ? " dominant-speaker" : ""}`, style: this.size(person, 600, 340) }, video && player(video, "video"), h("span", { id: isSelf ? "localDisplayName" : `participant_${person.id}_name`, className: "displayname" }, isSelf ? `${person.name} (${this.t.me})` : person.name));
      }),
    );
    return undefined;
  }

  toggleChat() {
    this.toggle("chat");
    this.app.chatOpen = this.open === "chat";
  }

  messages() {
    this.chat();
  }

  // Not drawn: adapters ask the client.
  caption(detail) {
    this.app.caption(detail);
  }

  chat() {
    const { t } = this;
    const text = h("textarea", { id: "chat-input-messagebox", placeholder: t.write, "aria-label": t.write });
    const send = () => {
      if (text.value.trim()) this.client.say(text.value);
      text.value = "";
    };
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      send();
    });
    const messages = this.client.chat.map((message) => h("div", { className: `chatmessage ${message.from === this.client.selfId ? "local" : "remote"}`, id: message.id }, h("div", { className: "display-name" }, message.name), h("div", { className: "usermessage" }, message.text)));
    this.side.replaceChildren(h("div", { id: "chat-conversation-container" }, messages), text, h("button", { type: "button", "aria-label": t.send, onclick: send }, "➤"));
  }

  consent() {
    document.querySelector("#recording-consent")?.remove();
    if (!this.client.consentAsked) return;
    const { t } = this;
    document.body.append(h("div", { id: "recording-consent", role: "dialog", "aria-modal": "true", style: { position: "fixed", inset: "25% 30% auto", background: "#fff", color: "#000", zIndex: 20 } }, h("h1", { id: "dialog-title" }, ...pieces(t.consent)), h("p", {}, t.consent_text), h("button", { id: "modal-dialog-ok-button", type: "button", onclick: () => this.client.consent(true) }, t.understand)));
  }

  notice(title, text) {
    this.notes.replaceChildren(h("div", { role: "alert" }, h("span", {}, title), h("span", {}, text)));
  }
}
