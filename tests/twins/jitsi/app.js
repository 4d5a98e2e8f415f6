// `window.APP`, as Jitsi Meet leaves it in the page: the conference, and the store with the state of each feature.

import { about } from "../lib/client.js";
import { Conference } from "./conference.js";

export class App {
  constructor(client, name, autoKnock) {
    this.client = client;
    this.conference = new Conference({ autoKnock, seconds: about.passcode_seconds ?? 0, unlock: (passcode) => client.unlock(passcode) });
    Object.assign(this.conference.own, this.talk());
    this.displayName = name;
    this.listeners = new Set();
    this.chatOpen = false;
    this.subtitles = false;
    this.transcripts = new Map();
    this.tracks = new Map();
    const app = this;
    window.APP = {
      conference: {
        isJoined: () => app.joined,
        getMyUserId: () => client.selfId ?? undefined,
        get membersCount() {
          return client.people.size;
        },
        listMembers: () => client.others.map((person) => app.member(person)),
        getParticipantById: (id) => client.others.filter((person) => person.id === id).map((person) => app.member(person))[0],
        isLocalAudioMuted: () => !client.media.on("audio"),
        isConnectionInterrupted: () => !client.online,
        isLocalVideoMuted: () => !client.media.on("video"),
        muteAudio: (muted) => this.mute("audio", muted),
        muteVideo: (muted) => this.mute("video", muted),
        hangup: () => client.leave(),
        _room: this.conference.own,
      },
      store: {
        getState: () => app.state(),
        subscribe: (listener) => {
          this.listeners.add(listener);
          return () => this.listeners.delete(listener);
        },
        dispatch: (action) => app.dispatch(action),
      },
    };
  }

  get joined() {
    return this.client.view === "meeting";
  }

  mute(kind, muted) {
    if (this.client.media.on(kind) === muted) this.client.turn(kind);
  }

  member(person) {
    return { getId: () => person.id, getDisplayName: () => person.name, getRole: () => (person.host ? "moderator" : "participant"), isModerator: () => person.host };
  }

  // What the conference can do once it is joined.
  talk() {
    const { client } = this;
    return {
      getParticipants: () => client.others.map((person) => this.member(person)),
      sendTextMessage: (text) => client.say(text),
      sendPrivateTextMessage: (id, text) => client.say(text, id),
      sendMessage: (text, id = "") => client.say(text, id || null),
      isJoined: () => this.joined,
      leave: () => client.leave(),
    };
  }

  dispatch(action) {
    if (action.type === "SEND_MESSAGE") this.client.say(action.message);
    if (action.type === "SET_TILE_VIEW") this.layout(action.enabled ? "tile" : "stage");
    if (action.type === "SET_FILMSTRIP_VISIBLE") this.layout(action.visible ? "stage" : "alone");
    if (action.type === "SET_REQUESTING_SUBTITLES") this.subtitles = action.enabled && about.captions !== "none";
    if (action.type === "TOGGLE_CHAT" || action.type === "OPEN_CHAT") this.chatOpen = action.type === "OPEN_CHAT" || !this.chatOpen;
    return action;
  }

  // One message a turn; it goes a while after it is final.
  caption({ id, name, text }) {
    if (!this.subtitles) return;
    this.transcripts = new Map([[`${id} 1`, { participant: { id, name }, unstable: text }]]);
    this.changed();
  }

  stream({ id, kind, stream }) {
    const [track] = kind === "audio" ? stream.getAudioTracks() : stream.getVideoTracks();
    this.tracks.set(`${id} ${kind}`, { participantId: id, mediaType: kind, local: false, muted: false, jitsiTrack: { getTrack: () => track, getTrackId: () => track.id } });
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  state() {
    const { client } = this;
    const told = (error) => (about.variant === "a" ? error : undefined); // in variant b only the page's words say what happened
    const entry = (person) => ({ id: person.id, name: person.name, role: person.host ? "moderator" : "participant", local: person.id === client.selfId });
    const speaker = client.others.find((person) => person.speaking);
    const local = client.self ? entry(client.self) : { id: "local", name: this.displayName, local: true };
    return {
      "features/base/participants": { local, remote: new Map(client.others.map((person) => [person.id, entry(person)])), dominantSpeaker: speaker?.id, speakersList: new Map(speaker ? [[speaker.id, speaker.name]] : []) },
      "features/base/conference": { ...this.conference.base, error: told(this.conference.base.error) },
      "features/base/tracks": [...this.tracks.values()],
      "features/base/connection": { error: told(client.view === "login-required" ? { name: "connection.passwordRequired" } : undefined) },
      "features/base/media": { audio: { muted: !client.media.on("audio"), unmuteBlocked: false }, video: { muted: !client.media.on("video"), unmuteBlocked: false } },
      "features/av-moderation": { audioModerationEnabled: client.refuses, videoModerationEnabled: client.refuses },
      "features/lobby": this.conference.lobby,
      "features/subtitles": { _requestingSubtitles: this.subtitles, _transcriptMessages: this.transcripts },
      "features/chat": {
        isOpen: this.chatOpen,
        messages: client.chat.map((message) => ({
          messageId: message.id,
          displayName: message.name,
          participantId: message.from,
          message: message.text,
          messageType: message.from === client.selfId ? "local" : "remote",
          privateMessage: message.to !== null,
          recipient: message.to_name ?? undefined,
          timestamp: message.time_ms,
        })),
      },
    };
  }
}
