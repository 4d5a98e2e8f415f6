// The server of open-easyrtc's demos, on loopback: prints its port and runs until its input ends or it is told to stop.
"use strict";
const http = require("http");
const express = require("express");
const easyrtc = require("open-easyrtc");
const { Server } = require("socket.io");

const app = express();
const web = http.createServer(app);
easyrtc.setOption("logLevel", "error");
easyrtc.setOption("appIceServers", []);
easyrtc.listen(app, new Server(web), null, (error) => {
  if (error) throw error;
  web.listen(0, "127.0.0.1", () => console.log(`listening on ${web.address().port}`));
});
process.stdin.on("end", () => process.exit(0)).resume();
