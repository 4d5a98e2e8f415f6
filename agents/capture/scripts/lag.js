// Sound that waits on its way into the mix. On a busy machine the mixing clock misses turns and makes up for none; what a track brings
// meanwhile waits in its source, up to some 0.15 s, and for good: all that is said later comes so much later out of it, and the picture
// does not (20 to 50 ms became 160 to 180 by one stop of 0.3 s, measured). A new source has an empty queue.
const LAG_MS = 40; // two turns of the mixing clock
const FULL_MS = 120; // the queue is as good as full: what comes more is lost

// How far the mixing clock is behind the clock on the wall, in ms, from an origin of its own.
const lag = () => monotonic() - 1000 * contextTime(context);

function renew(entry) {
  Node.disconnect(entry.source);
  entry.source = null;
}

// Before a segment: nothing is recorded, so nothing can be lost of what waits.
function renewAll() {
  for (const kept of [audio, own]) mapEach(kept, (entry) => { if (entry.source) renew(entry); });
  mapEach(audio, mixIn);
  joinOwn();
}

// In the midst of one: where nobody speaks, or where sound is lost anyway.
function catchUp() {
  if (!context || contextState(context) !== "running") return;
  const late = (entry, voices) => {
    const grown = entry.source ? lag() - entry.lag : 0;
    let heard = false;
    mapEach(voices, (voice) => { heard = heard || voice.on; });
    if (grown > (heard ? FULL_MS : LAG_MS)) renew(entry);
  };
  mapEach(audio, (entry) => {
    late(entry, entry.voices);
    mixIn(entry);
  });
  mapEach(own, (entry) => late(entry, ownVoices.voices));
  joinOwn();
}

// A mix in which nothing is heard while people speak, two seconds running, is given new sources, whatever silenced the old ones. Should
// that not help, the agent says so (agents/capture/health.py).
const HEARD_DBFS = -50;
const SILENT_DBFS = -65;
let silentSeconds = 0;
function mend(incoming, recorded) {
  silentSeconds = incoming > HEARD_DBFS && recorded <= SILENT_DBFS ? silentSeconds + 1 : 0;
  if (silentSeconds < 2) return;
  silentSeconds = 0;
  renewAll();
}
