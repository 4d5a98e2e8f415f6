// What every twin's page stands on: a visitor of a rehearsal room, without a face. The platform's module draws.

import { LocalMedia } from "../rehearsal/media.js";
import { Socket } from "../rehearsal/socket.js";
import { Downlink } from "./downlink.js";

export const about = JSON.parse(document.querySelector("meta[name=twin]").content);

// Tells the site what stands in the page now: since when, and when all of it did, by the page's own clock, in seconds since 1970. For
// tests. Not over the socket, which may be closed by then.
const clock = () => (performance.timeOrigin + performance.now()) / 1000;
export function stands(view, since = clock()) {
  const body = JSON.stringify({ view, since, at: clock() });
  fetch(`/_twin/${about.room}/stands`, { method: "POST", keepalive: true, body }).catch(() => {}); // cut off, or left meanwhile
}

export class Client {
  // draw(what, detail): "view", "people", "chat", "caption", "own" (microphone, camera), "stream", "alert", "line", "consent", "refused", "passcode-wrong"
  constructor(draw) {
    this.draw = draw;
    this.view = "loading";
    this.since = 0; // when the view changed last
    this.selfId = null;
    this.people = new Map();
    this.chat = [];
    this.online = true;
    this.consentAsked = false;
    this.deaf = false; // a client whose sound must be joined by hand hears nothing before
    this.token = null; // of whoever is signed in, where the client shows it rather than a cookie
    this.seenAs = (view) => view; // what it is called that stands in the page then
    this.media = new LocalMedia((what) => this.#own(what));
    this.downlink = null;
  }

  get others() {
    return [...this.people.values()].filter((person) => person.id !== this.selfId);
  }

  get self() {
    return this.people.get(this.selfId);
  }

  open() {
    this.asking = this.media.ask();
    const url = `wss://${location.host}/_twin/${about.room}/ws${this.token ? `?token=${encodeURIComponent(this.token)}` : ""}`;
    this.socket = new Socket(
      url,
      () => ({ language: about.language }),
      (message) => this.#handlers[message.type]?.(message),
      (state) => this.#line(state),
    );
  }

  async ask(name) {
    await Promise.race([this.asking, new Promise((done) => setTimeout(done, 1500))]);
    this.name = name;
    this.socket.send({ type: "join", name, ...this.#ownState() });
  }

  leave() {
    this.socket.send({ type: "leave" });
    this.#out("left");
    this.socket.finish();
  }

  say(text, to = null) {
    this.socket.send({ type: "chat", text, to });
  }

  unlock(value) {
    this.socket.send({ type: "passcode", value });
  }

  // What the page's user chose that nobody else sees: for tests.
  did(what, value) {
    this.socket.send({ type: "did", what, value });
  }

  // The page's own buttons. Where the host does not let guests (about.devices "refused"), variant b shows for a moment what it hoped for.
  turn(kind) {
    const on = !this.media.on(kind);
    if (!on || !this.refuses) return void this.media.set(kind, on);
    if (about.variant === "b") {
      this.media.set(kind, true);
      setTimeout(() => this.media.set(kind, false), 200);
    }
    this.draw("refused", kind);
  }

  get refuses() {
    return about.devices === "refused" && this.view === "meeting";
  }

  consent(ok) {
    this.consentAsked = false;
    this.socket.send({ type: "consent", ok });
    if (ok) this.draw("consent");
    else this.leave();
  }

  listen() {
    this.deaf = false;
    this.downlink?.listen();
    this.downlink?.attach();
  }

  #ownState() {
    return { mic: this.media.on("audio"), camera: this.media.on("video"), speaking: this.media.speaking };
  }

  #own() {
    if (this.self) {
      Object.assign(this.self, this.#ownState());
      this.socket.send({ type: "state", ...this.#ownState() });
      this.downlink?.attach();
    }
    this.draw("own");
  }

  // Draws a new view. A meeting stands only when its buttons do (room.js).
  #show(view) {
    this.view = view;
    this.since = clock();
    this.draw("view");
    if (view !== "meeting" && !(view === "lobby" && about.strange_lobby)) stands(this.seenAs(view), this.since);
  }

  stands() {
    stands(this.view === "lobby" ? "strange" : this.view, this.since);
  }

  #line(state) {
    this.online = state === "open";
    if (state === "open") this.socket.url = `${this.socket.url.split("?")[0]}?returned=1`;
    if (state === "gone") this.#out("disconnected");
    else if (this.view === "meeting") {
      this.draw("line");
      if (!this.online) stands("line");
    }
  }

  #out(view) {
    this.downlink?.close();
    this.downlink = null;
    this.people.clear();
    this.consentAsked = false;
    this.#show(view);
  }

  #know(person) {
    if (person.name === about.relay) this.downlink?.find(person, !this.deaf);
    else this.people.set(person.id, person);
  }

  #handlers = {
    view: ({ view }) => this.#out(view),
    welcome: ({ self, people, chat, silent, black }) => {
      this.downlink?.close();
      this.selfId = self.id;
      this.people = new Map([[self.id, self]]);
      const speakers = () => this.others.filter((person) => person.speaking).map((person) => person.id);
      if (about.devices === "refused") for (const kind of ["audio", "video"]) this.media.set(kind, false);
      const sends = { has: (kind) => this.media.has(kind), outgoing: (kind) => (kind === "audio" && this.deaf ? null : this.media.outgoing(kind)) };
      this.downlink = new Downlink(self.id, sends, (message) => this.socket.send(message), (detail) => this.draw("stream", detail), speakers);
      for (const person of people) this.#know(person);
      this.media.source(silent, black);
      this.chat = chat;
      this.view = "meeting";
      for (const person of people) this.downlink.meet(person, true);
      this.#own();
      this.#show("meeting");
    },
    person_joined: ({ person }) => {
      this.#know(person);
      this.downlink?.meet(person, false);
      this.draw("people");
    },
    person_changed: ({ person }) => {
      this.#know(person);
      this.downlink?.follow(person);
      this.draw("people");
    },
    person_left: ({ id, hosts }) => {
      this.people.delete(id);
      this.downlink?.lose(id);
      for (const person of this.people.values()) person.host = person.id === hosts;
      this.draw("people");
    },
    signal: ({ from, session, data }) => this.downlink?.receive(from, session, data),
    chat: (message) => {
      this.chat.push(message);
      this.draw("chat", message);
    },
    caption: (caption) => this.draw("caption", caption),
    alert: () => this.draw("alert"),
    passcode_wrong: () => this.draw("passcode-wrong"),
    mute: () => this.media.set("audio", false),
    camera_off: () => this.media.set("video", false),
    source: ({ silent, black }) => this.media.source(silent, black),
    consent: () => {
      this.consentAsked = true;
      this.draw("consent");
      stands("consent");
    },
    drop_network: ({ seconds }) => {
      this.downlink?.close();
      this.socket.drop(seconds);
    },
    freeze: ({ seconds }) => setTimeout(freeze, 0, seconds),
    crash: () => import("./crash.js"),
    close_page: () => {
      window.close();
      setTimeout(() => window.top.location.replace("about:blank"), 300);
    },
  };
}

// A synchronous request stops the page's only thread, and uses no processor.
function freeze(seconds) {
  const request = new XMLHttpRequest();
  request.open("GET", `/_twin/hold?seconds=${seconds}`, false);
  try {
    request.send();
  } catch {
    // the server is gone
  }
}
