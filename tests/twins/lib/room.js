// What the inside of a meeting has in common: news reach the part that draws it, streams are played, one side panel is open at a time.
// A platform's meeting.js has people(), caption(), consent(), notice(), and chat(), messages(), roster() for its panels.

import { about } from "./client.js";
import { h, player } from "./kit.js";

export class Room {
  constructor(client, t) {
    this.client = client;
    this.t = t;
    this.videos = new Map();
    this.sounds = h("div", { style: { display: "none" } });
    this.open = null;
  }

  close() {
    clearInterval(this.timer);
    this.client.redraw = null;
  }

  draw(what, detail) {
    if (what === "people" || what === "view") this.people();
    if (what === "chat" && this.open === "chat") this.messages();
    if (what === "caption") this.caption(detail);
    if (what === "stream") this.stream(detail);
    if (what === "own" || what === "view") this.own();
    if (what === "refused") this.refused(detail);
    if (what === "consent") this.consent();
    if (what === "alert") this.notice(this.t.alert, this.t.alert_text);
    if (what === "line") this.notice(this.client.online ? "" : this.t.reconnecting, "");
  }

  // One's own tile shows what one's own camera gives.
  own() {
    const { client } = this;
    const seen = client.media.on("video") ? client.media.tracks.video : null;
    if (this.videos.get(client.selfId)?.getVideoTracks()[0] === (seen ?? undefined)) return;
    if (seen) this.videos.set(client.selfId, new MediaStream([seen]));
    else this.videos.delete(client.selfId);
    if (seen) player(this.videos.get(client.selfId), "video").style.width = "100%";
    this.people();
  }

  refused(kind) {
    this.notice(kind === "audio" ? this.t.mic_refused : this.t.camera_refused, "");
  }

  // Some clients, layouts and experiments mark nobody.
  marked(person) {
    return about.marks && person.speaking;
  }

  stream({ id, kind, stream }) {
    if (kind === "audio") return void this.sounds.append(player(stream, "audio"));
    this.videos.set(id, stream);
    return this.people();
  }

  toggle(panel) {
    this.open = this.open === panel ? null : panel;
    this.side.replaceChildren();
    if (this.open === "chat") this.chat();
    if (this.open === "people") this.roster();
  }
}
