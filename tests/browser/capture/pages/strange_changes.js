"use strict";
// Elements that are given something else to play. Each begins with one pitch and gives what changes it to another; whether the first one
// stays, too.
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const ended = (audio) => new Promise((resolve) => audio.addEventListener("ended", resolve, { once: true }));
const streamOf = (hertz) => new MediaStream([toneTrack(hertz)]);
const fileOf = async (hertz) => URL.createObjectURL(await encodedTone(hertz, 2));

function moving() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
  const pen = canvas.getContext("2d");
  setInterval(() => pen.fillRect(Math.random() * 64, Math.random() * 36, 4, 4), 100);
  return canvas.captureStream(10).getVideoTracks()[0];
}
const filmOf = async (hertz) => URL.createObjectURL(await encodedTone(hertz, 2, moving()));

async function playing(give, audio = new Audio()) {
  audio.loop = true;
  kept.push(audio);
  await give(audio);
  await audio.play();
  return audio;
}
const playingFile = async (hertz) => {
  const url = await fileOf(hertz);
  return playing((audio) => { audio.src = url; });
};
const playingStream = (hertz) => playing((audio) => { audio.srcObject = streamOf(hertz); });

// A media source with ten seconds of the tone; gives what adds more.
async function sourced(audio, hertz) {
  const source = new MediaSource();
  audio.src = URL.createObjectURL(source);
  await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  const buffer = source.addSourceBuffer("audio/webm;codecs=opus");
  let end = 0;
  const append = async (other) => {
    const data = await (await encodedTone(other, 3)).arrayBuffer();
    const began = end;
    for (let n = 0; n < 8; n += 1, end += 2.9) {
      buffer.timestampOffset = end;
      buffer.appendBuffer(data);
      await new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
    }
    return began;
  };
  await append(hertz);
  return append;
}

const changes = {
  "another file": [async (hertz) => {
    const audio = await playingFile(hertz);
    return async (other) => {
      audio.src = await fileOf(other);
      await audio.play();
    };
  }],
  "another film": [async (hertz) => {
    const url = await filmOf(hertz);
    const film = await playing((video) => { video.src = url; }, document.createElement("video"));
    return async (other) => {
      film.src = await filmOf(other);
      await film.play();
    };
  }],
  "another file of an element of the document": [async (hertz) => {
    const audio = Object.assign(document.createElement("audio"), { loop: true });
    audio.setAttribute("autoplay", "");
    audio.setAttribute("src", await fileOf(hertz));
    document.body.append(audio);
    return async (other) => audio.setAttribute("src", await fileOf(other));
  }],
  "another file after its end, played twice": [async (hertz) => {
    const audio = await playingFile(hertz);
    return async (other) => {
      audio.loop = false;
      await ended(audio);
      audio.src = await fileOf(other);
      await audio.play();
      await ended(audio);
      audio.loop = true;
      await audio.play();
    };
  }],
  "another stream": [async (hertz) => {
    const audio = await playingStream(hertz);
    return async (other) => {
      audio.srcObject = streamOf(other);
      await audio.play();
    };
  }],
  "a stream that gets a track": [async (hertz) => {
    const audio = await playingStream(hertz);
    return (other) => audio.srcObject.addTrack(toneTrack(other));
  }, true],
  "a stream with a track in place of another": [async (hertz) => {
    const audio = await playingStream(hertz);
    const stream = audio.srcObject;
    const [track] = stream.getAudioTracks();
    return async (other) => {
      stream.addTrack(toneTrack(other));
      stream.removeTrack(track);
      await audio.play();
    };
  }],
  "a stream after a file": [async (hertz) => {
    const audio = await playingFile(hertz);
    return async (other) => {
      audio.srcObject = streamOf(other);
      await audio.play();
    };
  }],
  "a file after a stream": [async (hertz) => {
    const audio = await playingStream(hertz);
    return async (other) => {
      audio.srcObject = null;
      audio.src = await fileOf(other);
      await audio.play();
    };
  }],
  "a file after a stream after a file": [async (hertz) => {
    const audio = await playingFile(hertz);
    return async (other) => {
      audio.srcObject = streamOf(hertz);
      await audio.play();
      await pause(1500);
      audio.srcObject = null;
      audio.src = await fileOf(other);
      await audio.play();
    };
  }],
  "another media source": [async (hertz) => {
    const audio = await playing((one) => sourced(one, hertz));
    return async (other) => {
      await sourced(audio, other);
      await audio.play();
    };
  }],
  "other sound within a media source": [async (hertz) => {
    let append;
    const audio = await playing(async (one) => { append = await sourced(one, hertz); });
    return async (other) => { audio.currentTime = await append(other); };
  }],
  "a page that captures its element, too": [async (hertz) => {
    const audio = await playingFile(hertz);
    return async (other) => {
      kept.push(audio.captureStream());
      await pause(500);
      audio.src = await fileOf(other);
      await audio.play();
    };
  }],
  "a page that stops what it captured": [async (hertz) => {
    const audio = await playingFile(hertz);
    kept.push(audio.captureStream());
    return async (other) => {
      audio.src = await fileOf(other);
      await audio.play();
      const stream = audio.captureStream();
      await pause(500);
      for (const track of stream.getTracks()) track.stop();
    };
  }],
  "another element while the one is paused": [async (hertz) => {
    const audio = await playingStream(hertz);
    return async (other) => {
      audio.pause();
      await playingStream(other);
    };
  }],
  "another element while the one is muted": [async (hertz) => {
    const audio = await playingFile(hertz);
    return async (other) => {
      audio.muted = true;
      await playingFile(other);
    };
  }],
};
