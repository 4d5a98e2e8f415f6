// Inside a meeting of Zoom's web client.

import { about } from "../lib/client.js";
import { h, later, pieces, player } from "../lib/kit.js";
import { Room } from "../lib/room.js";

export class Meeting extends Room {
  constructor(client, t) {
    super(client, t);
    this.stage = this.ground = h("div", { className: "main-layout", style: { display: "flex", flexWrap: "wrap", height: "600px" } });
    this.footer = h("footer", { id: "wc-footer", className: "footer", style: { position: "fixed", bottom: 0, left: 0, right: 0, height: "52px", background: "#222" } });
    this.side = h("div", { className: "right-panel", style: { position: "fixed", right: 0, top: 0, width: "320px", background: "#fff", color: "#000" } });
    this.over = h("div", {});
    document.title = "Zoom";
    document.body.style.cssText = "background:#111;color:#fff;margin:0";
    document.body.replaceChildren(h("div", { id: "wc-container-left" }, this.stage), this.side, this.over, this.sounds);
    client.redraw = () => this.bar();
    this.people();
    this.begin();
  }

  // The tool bar comes last, and shows when the pointer moves.
  async begin() {
    await later(about.late_controls_seconds ?? 0.3);
    this.bar();
    document.body.append(this.footer);
    this.client.stands();
    this.timer = setInterval(() => this.bar(), 3000);
  }

  bar() {
    const { t, client } = this;
    const button = (label, onclick, more = {}) => h("button", { type: "button", "aria-label": label, className: "footer-button-base__button", onclick, ...more }, h("span", { class: "label" }, label));
    const sound = client.deaf ? button(t.audio, () => this.joinAudio(), { className: "join-audio-container__btn" }) : button(client.media.on("audio") ? t.mute_mine : t.unmute_mine, () => client.turn("audio"), { className: "join-audio-container__btn" });
    this.footer.replaceChildren(
      sound,
      button(client.media.on("video") ? t.stop_mine : t.start_mine, () => client.turn("video"), { className: "send-video-container__btn" }),
      button(`${t.open_people},[${client.people.size}]`, () => this.toggle("people")),
      button(t.open_chat, () => this.toggle("chat")),
      about.captions === "none" ? "" : button(t.captions, () => this.toggleCaptions()),
      about.captions === "none" ? "" : button(t.caption_options, () => this.captionLanguages()),
      button(t.view, () => this.views()),
      button(t.more, () => {}),
      button(t.leave, () => this.askLeave(), { className: "footer__leave-btn" }),
    );
  }

  joinAudio() {
    const panel = h("div", { className: "join-audio-by-voip", role: "dialog", style: { position: "fixed", bottom: "80px", left: "40px", background: "#fff" } }, h("button", { type: "button", className: "join-audio-by-voip__join-btn", onclick: () => this.hear(panel) }, this.t.computer));
    this.over.replaceChildren(panel);
  }

  hear(panel) {
    panel.remove();
    this.client.listen();
    this.bar();
  }

  askLeave() {
    const { t } = this;
    this.over.replaceChildren(h("div", { className: "leave-meeting-options", style: { position: "fixed", bottom: "60px", right: "20px" } }, h("button", { type: "button", className: "leave-meeting-options__btn leave-meeting-options__btn--danger", onclick: () => this.client.leave() }, t.leave_meeting), h("button", { type: "button", onclick: () => this.over.replaceChildren() }, t.cancel)));
  }

  people() {
    if (this.client.view === "lobby") return this.strange();
    this.stage.replaceChildren(
      ...[...this.client.people.values()].map((person) => {
        const video = this.videos.get(person.id);
        return h("div", { className: `gallery-video-container__video-frame${this.marked(person) ? " gallery-video-container__video-frame--active" : ""}`, style: { ...this.size(person, 600, 340), background: "#333" } }, video && player(video, "video"), h("div", { className: "video-avatar__avatar" }, h("div", { className: "video-avatar__avatar-footer" }, h("span", { role: "none" }, person.name))));
      }),
    );
    if (this.footer.isConnected) this.bar();
    if (this.open === "people") this.roster();
    return undefined;
  }

  // A waiting room in words that nobody knows, with all that stands in a meeting but its people.
  strange() {
    const own = h("div", { className: "video-avatar__avatar" }, h("div", { className: "video-avatar__avatar-footer" }, h("span", { role: "none" }, this.client.name)));
    this.stage.replaceChildren(h("div", { className: "gallery-video-container__video-frame", style: { width: "600px", height: "340px" } }, own), h("h1", {}, this.t.strange));
  }

  mark(person) {
    const { t } = this;
    const isSelf = person.id === this.client.selfId;
    return isSelf ? (person.host ? t.host_me : t.me) : person.host ? t.host_mark : "";
  }

  roster() {
    const items = [...this.client.people.values()].map((person) => h("li", { className: "participants-item__item-layout participants-li", "aria-label": `${person.name} ${this.mark(person)}` }, h("div", { className: "participants-item__name-section" }, h("span", { className: "participants-item__display-name" }, person.name), h("span", { className: "participants-item__name-label" }, this.mark(person))), h("i", { className: this.marked(person) ? "lazy-svg-icon__icon lazy-icon-icons/participants-list/audio-voip-speaking" : "lazy-svg-icon__icon" })));
    this.side.replaceChildren(h("h2", {}, `${this.t.participants} (${items.length})`), h("ul", { id: "participants-ul", role: "list" }, items));
  }

  chat() {
    const { t } = this;
    this.list = h("div", { id: "chat-list-content", role: "log" });
    const box = h("div", { className: "tiptap ProseMirror", contenteditable: "true", role: "textbox", "aria-label": t.write, style: { minHeight: "40px" } });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      if (box.textContent.trim()) this.client.say(box.textContent, this.receiver);
      box.replaceChildren();
    });
    const to = h("button", { type: "button", className: "chat-receiver-list__menu-button", onclick: () => receivers() }, t.everyone);
    const choose = (id, name) => () => {
      this.receiver = id;
      to.textContent = name;
    };
    const receivers = () => this.menu([t.everyone, choose(null, t.everyone)], ...this.client.others.map(({ id, name }) => [name, choose(id, name)]));
    this.receiver = null;
    this.side.replaceChildren(h("h2", {}, t.chat), this.list, h("div", { className: "chat-receiver-list" }, t.to, to), box);
    this.messages();
  }

  messages() {
    const { t } = this;
    this.list.replaceChildren(
      ...this.client.chat.map((message) => {
        const own = message.from === this.client.selfId;
        const hidden = message.to !== null;
        return h("div", { className: "new-chat-item__container", id: `chat-message-${message.id}` }, h("div", { className: "chat-item__chat-info-header", "data-private": hidden ? "" : null }, h("span", { className: "chat-item__sender" }, own ? t.you : message.name), hidden && h("span", { className: "chat-privately" }, ` ${t.to_me} ${t.direct}`)), h("div", { className: "new-chat-message__container", id: message.id }, h("div", { className: "new-chat-message__text-content" }, h("p", {}, message.text))));
      }),
    );
  }

  toggleCaptions() {
    this.captions = this.captions ? null : h("div", { id: "live-transcription-subtitle", className: "live-transcription-subtitle__box" });
    document.querySelector("#live-transcription-subtitle")?.remove();
    if (this.captions) document.body.append(this.captions);
  }

  menu(...items) {
    const close = (then) => () => {
      this.over.replaceChildren();
      then();
    };
    this.over.replaceChildren(h("div", { role: "menu", className: "dropdown-menu", style: { position: "fixed", bottom: "60px", right: "200px", background: "#fff", color: "#000" } }, ...items.map(([words, then]) => h("a", { role: "menuitem", tabindex: 0, href: "#", onclick: (event) => (event.preventDefault(), close(then)()) }, words))));
  }

  captionLanguages() {
    this.menu(...["English", "German", "French", "French (Canada)"].map((words) => [words, () => this.client.did("captions language", words)]));
  }

  views() {
    const show = (value) => () => this.layout(value);
    this.menu([this.t.speaker, show("speaker")], [this.t.gallery, show("gallery")]);
  }

  caption({ name, text }) {
    if (!this.captions) return;
    this.captions.replaceChildren(h("div", { className: "live-transcription-subtitle__item" }, h("img", { alt: name }), h("span", { className: "live-transcription-subtitle__name" }, `${name}:`), h("span", { className: "live-transcription-subtitle__text" }, text)));
  }

  consent() {
    document.querySelector("#recording-disclaimer")?.remove();
    if (!this.client.consentAsked) return;
    const { t } = this;
    document.body.append(h("div", { id: "recording-disclaimer", className: "zm-modal zm-modal-legacy", role: "dialog", "aria-modal": "true", style: { position: "fixed", inset: "30% 30% auto", background: "#fff", color: "#000", zIndex: 20 } }, h("div", { className: "zm-modal-body-title" }, ...pieces(t.consent)), h("p", {}, t.consent_text), h("div", { className: "zm-modal-footer" }, h("button", { className: "zm-btn zm-modal-footer-default-button zm-btn--primary", type: "button", onclick: () => this.client.consent(true) }, t.got), h("button", { className: "zm-btn", type: "button", onclick: () => this.client.consent(false) }, t.leave_meeting))));
  }

  // A window that has to be closed.
  refused(kind) {
    const text = kind === "audio" ? this.t.mic_refused : this.t.camera_refused;
    const box = h("div", { className: "zm-modal zm-modal-legacy", role: "dialog", "aria-modal": "true", style: { position: "fixed", inset: "35% 30% auto", background: "#fff", color: "#000", zIndex: 20 } }, h("div", { className: "zm-modal-body-content" }, ...pieces(text)), h("div", { className: "zm-modal-footer" }, h("button", { className: "zm-btn zm-btn--primary", type: "button", onclick: () => box.remove() }, this.t.ok)));
    document.body.append(box);
  }

  notice(title, text) {
    document.querySelector("#notice")?.remove();
    if (title) document.body.append(h("div", { id: "notice", className: "notification-message-wrap", role: "alert" }, h("span", {}, title), h("span", {}, text)));
  }
}
