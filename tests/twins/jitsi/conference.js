// The client's conference, and what its store keeps of it on a guest's way in: which field each event sets, in which order, and which objects
// stay the same ones. After the public sources: jitsi-meet's features base/conference and lobby (reducer, middleware, actions),
// lib-jitsi-meet's JitsiConference. It needs no document, so that tests may walk through it in Node.

export const PASSWORD_REQUIRED = "conference.passwordRequired";
export const MEMBERS_ONLY = "conference.connectionError.membersOnly";
const ACCESS_DENIED = "conference.connectionError.accessDenied";
const FAILURES = {
  "wrong-passcode": PASSWORD_REQUIRED,
  "host-absent": "conference.authenticationRequired",
  lobby: MEMBERS_ONLY,
  denied: ACCESS_DENIED,
  full: "conference.max_users",
  ended: "conference.destroyed",
};

export class Conference {
  // unlock(passcode) asks the server. `autoKnock`: the client knocks at a lobby by itself. `seconds`: how long a passcode is under way.
  constructor({ unlock, autoKnock = false, seconds = 0 }) {
    this.autoKnock = autoKnock;
    this.base = {};
    this.lobby = { knocking: false, lobbyEnabled: false, passwordJoinFailed: false };
    this.listeners = new Map();
    this.underWay = 0;
    // The one object that the page's scripts know, from the first attempt to the end. A new attempt takes the place of one under way.
    this.own = {
      on: (event, listener) => this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]),
      off: (event, listener) => this.listeners.set(event, (this.listeners.get(event) ?? []).filter((one) => one !== listener)),
      join: (passcode) => {
        clearTimeout(this.underWay);
        this.underWay = setTimeout(unlock, seconds * 1000, passcode);
      },
    };
  }

  // The server shows another view.
  follow(view) {
    if (view === "name" || (view === "lobby" && this.base.membersOnly)) return;
    clearTimeout(this.underWay);
    if (view === "meeting") this.joined();
    else if (view in FAILURES) this.failed(FAILURES[view]);
    else this.left();
  }

  // The server takes the passcode for a wrong one: nothing new is said, but the same once more.
  refuse() {
    this.failed(this.base.membersOnly ? MEMBERS_ONLY : PASSWORD_REQUIRED);
  }

  knock() {
    this.willJoin();
    this.lobby = { ...this.lobby, knocking: true, passwordJoinFailed: false };
  }

  // The only event that takes an error away.
  willJoin() {
    this.base = { ...this.base, error: undefined, joining: this.own };
  }

  failed(name) {
    const again = Boolean(this.base.membersOnly);
    this.base = {
      ...this.base,
      conference: undefined,
      joining: undefined,
      error: { name, params: [], recoverable: name === PASSWORD_REQUIRED || name === MEMBERS_ONLY ? true : undefined },
      lobbyError: name === ACCESS_DENIED ? true : undefined,
      membersOnly: name === MEMBERS_ONLY ? this.own : undefined,
      passwordRequired: name === PASSWORD_REQUIRED ? this.own : undefined,
    };
    if (name === ACCESS_DENIED) this.lobby = { ...this.lobby, knocking: false };
    if (name === MEMBERS_ONLY) {
      if (this.autoKnock && !this.lobby.knocking) this.knock();
      if (again) this.willJoin(); // somebody may let it in all the same
      this.lobby = { ...this.lobby, passwordJoinFailed: again };
    }
    this.emit("conference.failed", name); // the client's own listener, the store's, was there first
  }

  // An error stays in the store, also in the meeting.
  joined() {
    this.base = { ...this.base, conference: this.own, joining: undefined, lobbyError: undefined, membersOnly: undefined, passwordRequired: undefined };
    this.lobby = { ...this.lobby, knocking: false, passwordJoinFailed: false };
    this.emit("conference.joined");
  }

  left() {
    this.base = Object.fromEntries(Object.entries(this.base).filter(([, value]) => value !== this.own));
    this.lobby = { ...this.lobby, knocking: false, passwordJoinFailed: false };
    this.emit("conference.left");
  }

  emit(event, ...more) {
    for (const listener of this.listeners.get(event) ?? []) listener(...more);
  }
}
