// Watches one bot as a program in another language does, with nothing but what Node brings: `node watch.mjs URL KEY BOT BREAK_EVERY`.
// Each connection is given up after BREAK_EVERY events, and the next one goes on where it ended. Prints `sequence kind` for each event.

const [url, key, bot, breakEvery] = process.argv.slice(2);
let last = 0;

async function* messages(answer) {
  let text = "";
  for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
    text += bytes;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const fields = {};
      for (const line of text.slice(0, end).split("\n")) {
        const at = line.indexOf(":");
        if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
      }
      if (fields.event) yield fields;
    }
  }
}

async function followed() {
  const gone = new AbortController();
  const headers = { Authorization: `Token ${key}`, Accept: "text/event-stream", "Last-Event-ID": String(last) };
  const answer = await fetch(`${url}/api/v1/bots/${bot}/events`, { headers, signal: gone.signal });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  let seen = 0;
  for await (const message of messages(answer)) {
    if (message.event === "end") return true;
    if (message.event === "error") throw new Error(message.data);
    if (message.event === "bookmark" || Number(message.id) <= last) continue;
    last = Number(message.id);
    console.log(last, message.event);
    if (++seen >= Number(breakEvery)) {
      gone.abort();
      return false;
    }
  }
  return false;
}

while (!(await followed()));
