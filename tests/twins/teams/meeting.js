// Inside a meeting of Teams.

import { about } from "../lib/client.js";
import { sourceOf } from "../lib/downlink.js";
import { h, later, pieces, player } from "../lib/kit.js";
import { Room } from "../lib/room.js";

export class Meeting extends Room {
  constructor(client, t) {
    super(client, t);
    this.bar = h("div", { role: "toolbar", "aria-label": t.more, id: "ubar" });
    this.stage = this.ground = h("div", { "data-tid": "modern-stage-wrapper", style: { display: "flex", flexWrap: "wrap", height: "600px" } });
    this.side = h("div", { "data-tid": "right-side-panel", style: { position: "fixed", right: 0, top: "60px", width: "320px", background: "#fff", color: "#000" } });
    this.over = h("div", {});
    this.captions = null;
    document.title = "Meeting | Microsoft Teams";
    document.body.style.cssText = "background:#1f1f1f;color:#fff;margin:0";
    document.body.replaceChildren(this.bar, this.stage, this.side, this.over, this.sounds);
    client.redraw = () => this.buttons();
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
    const button = (id, label, onclick, more = {}) => h("button", { id, type: "button", "aria-label": label, onclick, ...more }, h("span", {}, label));
    // Labels say what a press would do. Where the organiser does not let attendees, variant a cannot be pressed.
    const device = (id, kind, off, on) => button(id, this.client.media.on(kind) ? off : on, () => this.client.turn(kind), { disabled: this.client.refuses && about.variant === "a" });
    this.bar.replaceChildren(
      button("chat-button", t.chat, () => this.toggle("chat")),
      button("roster-button", t.people, () => this.toggle("people")),
      button("raisehands-button", t.raise, () => {}),
      button("view-mode-button", t.view, () => this.views(), { "aria-haspopup": "menu" }),
      button("callingButtons-showMoreBtn", t.more, () => this.menu(), { "aria-haspopup": "menu" }),
      device("video-button", "video", t.camera_off, t.camera_on),
      device("microphone-button", "audio", t.mute, t.unmute),
      button("hangup-button", t.leave, () => this.client.leave(), { "data-tid": "hangup-main-btn" }),
    );
  }

  item(id, label, onclick, role = "menuitem") {
    return h("div", { role, id, tabindex: 0, "aria-label": label, onclick }, h("span", {}, label));
  }

  views() {
    const { t } = this;
    const one = (label, value) => this.item(`layout-${value}`, label, () => this.layout(value), "menuitemradio");
    this.over.replaceChildren(h("div", { role: "menu", style: { position: "fixed", top: "50px", right: "200px", background: "#333" } }, one(t.gallery, "gallery"), one(t.speaker, "speaker")));
  }

  layout(value) {
    this.over.replaceChildren();
    super.layout(value);
  }

  // Captions are two menus down.
  menu() {
    const { t } = this;
    const item = this.item.bind(this);
    const second = () => this.over.replaceChildren(h("div", { role: "menu" }, about.captions !== "none" && item("closed-captions-button", this.captions ? t.captions_off : t.captions_on, () => this.toggleCaptions())));
    this.over.replaceChildren(h("div", { role: "menu", style: { position: "fixed", top: "50px", right: "100px", background: "#333" } }, item("LanguageSpeechMenuControl-id", t.language, second)));
  }

  people() {
    if (this.client.view === "lobby") return this.strange();
    const all = [...this.client.people.values()];
    this.stage.replaceChildren(
      ...all.map((person) => {
        const isSelf = person.id === this.client.selfId;
        const video = this.videos.get(person.id);
        return h(
          "div",
          { "data-cid": "calling-participant-stream", "data-tid": person.name, "data-acc-element-id": person.id, role: "menuitem", "aria-label": isSelf ? `${person.name}, ${this.t.you}` : person.name, style: { ...this.size(person, 600, 340), background: "#333" } },
          h("div", { "data-tid": "voice-level-stream-outline", className: this.marked(person) ? "vdi-frame-occlusion" : "", "data-source": sourceOf(person.id), style: { border: this.marked(person) ? "2px solid #77f" : "none", minHeight: "1px" } }),
          video && player(video, "video"),
          h("div", { "data-tid": "participant-name" }, h("span", {}, person.name)),
        );
      }),
    );
    if (!this.client.others.length) this.stage.append(h("p", {}, ...pieces(this.t.alone)));
    if (this.open === "people") this.roster();
    return undefined;
  }

  // A lobby in words that nobody knows, with all that stands in a meeting but its people.
  strange() {
    const { name } = this.client;
    const own = h("div", { "data-cid": "calling-participant-stream", "data-tid": name, role: "menuitem", "aria-label": `${name}, ${this.t.you}`, style: { width: "600px", height: "340px" } }, h("div", { "data-tid": "participant-name" }, name));
    this.stage.replaceChildren(own, h("h1", {}, this.t.strange));
  }

  roster() {
    const { t } = this;
    const items = [...this.client.people.values()].map((person) => {
      const words = [person.id === this.client.selfId && t.you, person.host && t.organizer].filter(Boolean).join(", ");
      return h("li", { role: "treeitem", "data-tid": `participantsInCall-${person.name}`, "data-cid": "roster-participant", "aria-label": [person.name, words].filter(Boolean).join(", ") }, h("span", { id: `roster-avatar-img-${person.id}` }, person.name), h("span", {}, words));
    });
    this.side.replaceChildren(h("h2", {}, t.participants), h("ul", { role: "tree", "aria-label": t.participants }, items));
  }

  chat() {
    const { t } = this;
    this.list = h("div", { "data-tid": "message-pane-list-runway", role: "log" });
    const box = h("div", { "data-tid": "ckeditor", contenteditable: "true", role: "textbox", "aria-label": t.write, style: { minHeight: "40px" } });
    const send = () => {
      if (box.textContent.trim()) this.client.say(box.textContent);
      box.replaceChildren();
    };
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      send();
    });
    this.side.replaceChildren(h("h2", {}, t.chat), this.list, box, h("button", { type: "button", name: "send", "data-tid": "sendMessageCommands-send", "aria-label": t.send, onclick: send }, "➤"));
    this.messages();
  }

  // Nobody can write to one person alone in a meeting's chat.
  messages() {
    this.list.replaceChildren(
      ...this.client.chat
        .filter(({ to }) => to === null)
        .map((message) => {
          const own = message.from === this.client.selfId;
          return h("div", { "data-tid": "chat-pane-item" }, h("div", { "data-tid": own ? "chat-pane-message-own" : "chat-pane-message", "data-mid": message.id, className: own ? "fui-ChatMyMessage" : "fui-ChatMessage" }, h("span", { "data-tid": "message-author-name" }, message.name), h("div", { id: `content-${message.id}`, "data-message-content": "" }, h("p", {}, message.text))));
        }),
    );
  }

  toggleCaptions() {
    this.over.replaceChildren();
    this.captions?.remove();
    this.captions = this.captions ? null : h("div", { "data-tid": "closed-caption-renderer-wrapper", style: { position: "fixed", bottom: 0, height: "90px", left: 0, right: 0 } }, h("div", { "data-tid": "closed-captions-v2-items-renderer" }), h("button", { type: "button", "aria-label": this.t.captions_settings, "data-tid": "closed-captions-settings-menu-trigger-button", onclick: () => this.captionSettings() }, "⚙"));
    if (this.captions) document.body.append(this.captions);
  }

  captionSettings() {
    const { t } = this;
    let chosen = "";
    const options = h("div", { role: "listbox" });
    const list = () => options.replaceChildren(...["English (US)", "German (Germany)", "French (France)"].map((words) => h("div", { role: "option", tabindex: -1, onclick: () => (chosen = words) }, h("span", {}, words))));
    const update = () => {
      this.over.replaceChildren();
      this.client.did("captions language", chosen);
    };
    const dialog = () => this.over.replaceChildren(h("div", { role: "dialog", "aria-label": t.language_settings, style: { position: "fixed", top: "60px", right: "100px", background: "#333" } }, h("button", { role: "combobox", type: "button", "aria-label": t.spoken, onclick: list }, "English (US)"), options, h("button", { type: "button", onclick: update }, t.update)));
    this.over.replaceChildren(h("div", { role: "menu", style: { position: "fixed", top: "60px", right: "100px", background: "#333" } }, this.item("caption-language", t.language_settings, dialog)));
  }

  caption({ id, name, text }) {
    const list = this.captions?.firstElementChild;
    if (!list) return;
    if (list.lastElementChild?.speaker === id) list.lastElementChild.querySelector("[data-tid=closed-caption-text]").textContent = text;
    else {
      const block = h("div", { className: "fui-ChatMessageCompact" }, h("span", { "data-tid": "author" }, name), h("span", { "data-tid": "closed-caption-text" }, text));
      block.speaker = id;
      list.append(block);
    }
  }

  consent() {
    document.querySelector("[data-twin-consent]")?.remove();
    if (!this.client.consentAsked) return;
    const { t } = this;
    document.body.append(h("div", { role: "dialog", "aria-modal": "true", "data-twin-consent": "", className: "ui-dialog", style: { position: "fixed", inset: "30% 30% auto", background: "#fff", color: "#000", zIndex: 20 } }, h("h2", {}, ...pieces(t.consent)), h("p", {}, t.consent_text), h("button", { type: "button", onclick: () => this.client.consent(true) }, t.allow), h("button", { type: "button", onclick: () => this.client.consent(false) }, t.no)));
  }

  notice(title, text) {
    document.querySelector("[data-tid=calling-notification]")?.remove();
    if (title) document.body.append(h("div", { role: "alert", "data-tid": "calling-notification" }, h("span", {}, title), h("span", {}, text)));
  }
}
