// The signalling socket: opens, comes back with a token after a break, and gives up when the place is gone.

const PATIENCE_MS = 20000;

export class Socket {
  constructor(url, hello, onMessage, onState) {
    this.url = url;
    this.hello = hello;
    this.onMessage = onMessage;
    this.onState = onState; // "open", "lost", "gone"
    this.token = null;
    this.paused = false;
    this.done = false;
    this.lostAt = null;
    this.open();
  }

  open() {
    if (this.done || this.paused) return;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.lostAt = null;
      socket.send(JSON.stringify({ ...this.hello(), type: "hello", resume: this.token ?? undefined }));
      this.onState("open");
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      const message = JSON.parse(event.data);
      if (message.type === "hello") this.token = message.token;
      this.onMessage(message);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  lost() {
    if (this.done || this.paused) return;
    this.lostAt ??= performance.now();
    if (performance.now() - this.lostAt > PATIENCE_MS) {
      this.done = true;
      this.onState("gone");
      return;
    }
    this.onState("lost");
    setTimeout(() => this.open(), 400);
  }

  // Cuts the line as a broken network would, and comes back after a while.
  drop(seconds) {
    this.paused = true;
    this.socket.close(4000);
    this.socket = null;
    this.onState("lost");
    setTimeout(() => {
      this.paused = false;
      this.open();
    }, seconds * 1000);
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  finish() {
    this.done = true;
    this.socket?.close(1000);
  }
}
