// The server of Peer Calls, on loopback: prints its port and runs until its input ends or it is told to stop.
"use strict";
process.env.PEERCALLS__ICE_SERVERS = "[]";
const web = require("peer-calls/lib/server/app").default;

web.listen(0, "127.0.0.1", () => console.log(`listening on ${web.address().port}`));
process.stdin.on("end", () => process.exit(0)).resume();
