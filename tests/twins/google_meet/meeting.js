// Inside a meeting of Google Meet.

import { about } from "../lib/client.js";
import { sourceOf } from "../lib/downlink.js";
import { h, later, player } from "../lib/kit.js";
import { Room } from "../lib/room.js";
import { devices, dialog } from "./page.js";

const REDRAW_SECONDS = 3;

export class Meeting extends Room {
  constructor(client, t) {
    super(client, t);
    this.tiles = this.ground = h("div", { class: "grid", style: { display: "flex", flexWrap: "wrap", gap: "8px", height: "620px" } });
    this.bar = h("div", { class: "toolbar", jscontroller: "kAPMuc" });
    this.side = h("aside", { class: "side", style: { position: "fixed", right: 0, top: 0, width: "320px" } });
    this.alerts = h("div", { role: "alert", class: "toast" });
    this.captions = null;
    document.body.style.cssText = "background:#202124;color:#fff;margin:0";
    document.body.replaceChildren(h("main", {}, this.tiles, this.alerts), this.bar, this.side, this.sounds);
    client.redraw = () => this.toolbar();
    this.#begin();
  }

  async #begin() {
    this.toolbar(false);
    this.people();
    await later(about.late_controls_seconds ?? 0.3);
    this.ready = true;
    this.toolbar();
    this.client.stands();
    this.timer = setInterval(() => this.toolbar(), REDRAW_SECONDS * 1000); // nodes are made anew all the time
    if (about.phantom_tile_seconds) setTimeout(() => this.tiles.querySelector("[data-phantom]")?.remove(), about.phantom_tile_seconds * 1000);
  }

  toolbar(ready = this.ready) {
    const { t } = this;
    const button = (label, onclick, more = {}) => h("button", { "aria-label": label, type: "button", class: `b${label}`, onclick, ...more }, h("i", { "aria-hidden": "true" }, "●"));
    const leave = button(t.leave, () => this.client.leave());
    const inside = [
      about.captions !== "none" && button(this.captions ? t.captions_off : t.captions_on, () => this.toggleCaptions(), { "aria-pressed": String(Boolean(this.captions)) }),
      h("div", { "data-avatar-count": this.client.people.size }, button(t.people, () => this.toggle("people"))),
      button(t.chat, () => this.toggle("chat")),
    ];
    this.bar.replaceChildren(...devices(), button(t.more, () => this.menu()), leave, ...(ready ? inside.filter(Boolean) : []));
  }

  // Own tile first; each tile's wording as in the client: one's own says "You".
  people() {
    if (this.client.view === "lobby") return this.strange();
    const tiles = [this.tile(this.client.self, true), ...this.client.others.map((person) => this.tile(person, false))];
    if (about.phantom_tile_seconds && !this.ready) tiles.push(h("div", { "data-participant-id": `spaces/${about.code}/devices/900`, "data-phantom": "", style: { width: 0, height: 0 } }));
    if (!this.client.others.length) tiles.push(h("p", {}, this.t.alone));
    this.tiles.replaceChildren(...tiles);
    if (this.open === "people") this.roster();
    return undefined;
  }

  // A lobby in words that nobody knows, with all that stands in a meeting but its people.
  strange() {
    this.tiles.replaceChildren(this.tile({ id: "own", name: this.client.name }, true), h("h1", {}, this.t.strange));
  }

  tile(person, isSelf) {
    const video = this.videos.get(person.id);
    return h(
      "div",
      { class: "tile", jscontroller: "XYZ1", "data-participant-id": id(person), "data-requested-participant-id": id(person), "data-source": sourceOf(person.id), "data-self-name": isSelf ? this.t.you : null, style: { ...this.size(person, 580, 330), background: "#3c4043" } },
      video && player(video, "video"),
      h("div", { class: this.marked(person) ? "speaking" : "quiet", "data-audio-level": this.marked(person) ? "3" : "0", jsname: "QgSmzd" }),
      h("div", { class: "label" }, h("span", { class: "notranslate", className: "notranslate" }, isSelf ? this.t.you : person.name)),
    );
  }

  roster() {
    const { t } = this;
    const items = [...this.client.people.values()].map((person) => {
      const isSelf = person.id === this.client.selfId;
      return h("div", { role: "listitem", "data-participant-id": id(person), "aria-label": person.name, class: "row" }, h("span", { class: "name" }, person.name), isSelf && h("span", { class: "me" }, t.me), person.host && h("div", { class: "role" }, t.meeting_host));
    });
    this.side.replaceChildren(h("h2", {}, t.people), h("div", { role: "list", "aria-label": "Participants" }, items));
  }

  chat() {
    const { t } = this;
    const text = h("textarea", { "aria-label": t.message, placeholder: t.message, maxlength: 500, jsname: "YPqjbf" });
    const send = h("button", { "aria-label": t.send, type: "button", disabled: true, onclick: () => this.send(text, send) }, h("i", {}, "➤"));
    text.addEventListener("input", () => (send.disabled = !text.value.trim()));
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      this.send(text, send);
    });
    this.list = h("div", { "aria-live": "polite", jsname: "xySENc", class: "messages" });
    this.side.replaceChildren(h("h2", {}, t.in_call), this.list, text, send, h("button", { "aria-label": t.close, type: "button", onclick: () => this.toggle("chat") }));
    this.messages();
  }

  send(text, send) {
    if (!text.value.trim()) return;
    this.client.say(text.value);
    text.value = "";
    send.disabled = true;
  }

  // Nobody can write to one person alone in Meet. Messages of one writer in a row stand together, under one name.
  messages() {
    const groups = [];
    for (const message of this.client.chat.filter(({ to }) => to === null)) {
      if (groups.at(-1)?.from !== message.from) groups.push({ from: message.from, name: message.from === this.client.selfId ? this.t.you : message.name, messages: [] });
      groups.at(-1).messages.push(message);
    }
    this.list.replaceChildren(
      ...groups.map(({ name, messages }) =>
        h("div", { class: "group", jsname: "Ypafjf" }, h("div", { class: "head" }, h("div", { class: "sender" }, name), h("div", { class: "time" }, "10:00 AM")), messages.map(({ id: key, text }) => h("div", { class: "message", "data-message-id": `spaces/x/messages/${key}` }, h("div", { jsname: "dTKtvb" }, h("div", {}, text))))),
      ),
    );
  }

  menu() {
    const { t } = this;
    const item = (words, onclick) => h("li", { role: "menuitem", tabindex: -1, onclick }, h("span", {}, words));
    this.open = "menu";
    this.side.replaceChildren(h("ul", { role: "menu" }, item(t.view, () => this.layouts()), item(t.settings, () => this.settings())));
  }

  layouts() {
    const { t } = this;
    const radio = (words, value) => h("label", {}, h("input", { type: "radio", name: "layout", value, onchange: () => this.layout(value) }), h("span", {}, words));
    this.panel(t.view, radio(t.tiled, "tiled"), radio(t.spotlight, "spotlight"), radio(t.sidebar, "sidebar"));
  }

  // The list of languages is made when it is opened.
  settings() {
    const { t } = this;
    const page = h("div", {});
    const options = () => ["en-US", "de-DE", "ja-JP", "fr-FR"].map((code) => h("li", { role: "option", "data-value": code, tabindex: -1, onclick: () => this.client.did("captions language", code) }, h("span", {}, code)));
    const list = h("ul", { role: "listbox" });
    const box = h("div", { role: "combobox", tabindex: 0, "aria-label": t.meeting_language, onclick: () => list.replaceChildren(...options()) }, "English");
    this.panel(t.settings, h("button", { role: "tab", type: "button", onclick: () => page.replaceChildren(box, list) }, h("span", {}, t.captions_tab)), page);
  }

  panel(title, ...content) {
    this.side.replaceChildren();
    this.open = null;
    this.box?.remove();
    this.box = h("div", { role: "dialog", "aria-label": title, style: { position: "fixed", inset: "10% 30% auto", background: "#fff", color: "#000", zIndex: 9 } }, h("h2", {}, title), ...content, h("button", { "aria-label": this.t.close, type: "button", onclick: () => this.box.remove() }, "×"));
    document.body.append(this.box);
  }

  toggleCaptions() {
    if (this.captions) this.captions.remove();
    this.captions = this.captions ? null : h("div", { role: "region", "aria-label": this.t.captions, class: "captions", tabindex: 0, style: { minHeight: "60px" } });
    if (this.captions) document.body.append(this.captions);
    this.toolbar();
  }

  // One block a turn, whose text grows; a new one when another person speaks.
  caption({ id: who, name, text }) {
    if (!this.captions) return;
    const last = this.captions.lastElementChild;
    if (last?.speaker === who) last.lastElementChild.textContent = text;
    else {
      const block = h("div", { class: "block" }, h("div", {}, h("img", { alt: "", "data-iml": "1" }), h("div", {}, h("span", { class: "who" }, name))), h("div", { class: "words" }, text));
      block.speaker = who;
      this.captions.append(block);
    }
  }

  consent() {
    const old = document.querySelector("[data-twin-consent]");
    if (!this.client.consentAsked) return void old?.remove();
    const { t } = this;
    const made = dialog(t.consent, t.consent_text, [[t.leave, () => this.client.consent(false)], [about.variant === "b" ? t.consent_got : t.consent_ok, () => this.client.consent(true)]], "ok");
    made.setAttribute("data-twin-consent", "");
    document.body.append(made);
  }

  notice(title, text) {
    this.alerts.replaceChildren(h("span", {}, title), h("span", {}, text));
  }
}

function id(person) {
  return `spaces/${about.code}/devices/${person.id}`;
}
