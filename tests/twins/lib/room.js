// What the inside of a meeting has in common: news reach the part that draws it, streams are played, one side panel is open at a time.
// A platform's meeting.js has people(), caption(), consent(), notice(), and chat(), messages(), roster() for its panels.

import { about } from "./client.js";
import { h, player } from "./kit.js";

const LARGE = new Set(["spotlight", "sidebar", "speaker", "stage", "alone"]);
const ALONE = new Set(["spotlight", "alone"]);

export class Room {
  constructor(client, t) {
    this.client = client;
    this.t = t;
    this.videos = new Map();
    this.sounds = h("div", { style: { display: "none" } });
    this.open = null;
    this.laid = null;
    this.told = "";
    this.watching = setInterval(() => this.tell(), 300);
  }

  // How the meeting is laid out, as the page's user chose it.
  layout(value) {
    this.laid = value;
    this.client.did("view", value);
    this.people();
  }

  // A tile's size: all alike, or the first of the others large. Without a sidebar nobody else is shown then.
  size(person, width, height) {
    if (!LARGE.has(this.laid)) return { width: `${width}px`, height: `${height}px` };
    if (person.id === this.client.others[0]?.id) return { width: "1240px", height: "600px" };
    return ALONE.has(this.laid) ? { display: "none" } : { width: "160px", height: "90px" };
  }

  // What the page shows after all: for tests.
  tell() {
    const widths = [...this.ground.children].map((tile) => tile.getBoundingClientRect().width);
    const shown = { large: widths.filter((width) => width > 1000).length, middle: widths.filter((width) => width > 300 && width <= 1000).length, small: widths.filter((width) => width > 0 && width <= 300).length, side: this.open !== null };
    const told = JSON.stringify(shown);
    if (told !== this.told) this.client.did("shown", shown);
    this.told = told;
  }

  close() {
    clearInterval(this.watching);
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
    if (seen) Object.assign(player(this.videos.get(client.selfId), "video").style, { width: "100%", height: "85%", objectFit: "cover" });
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
    if (panel === "people" && about.people_list === "stuck") return; // a list that does not open any more
    this.open = this.open === panel ? null : panel;
    this.side.replaceChildren();
    if (this.open === "chat") this.chat();
    if (this.open === "people") this.roster();
  }
}
