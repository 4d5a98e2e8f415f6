"""An SFU that sends everybody over one connection and in one stream, as Janus does: people are kept apart all the same."""

from __future__ import annotations

import pytest

from tests.browser.browser.site import Site
from tests.browser.platforms.conftest import Attend
from tests.browser.platforms.test_strange_pages import MATCH

pytestmark = pytest.mark.browser

PAGE = """<canvas width=64 height=48></canvas><button id=more>more</button><button id=less>less</button><script>
const canvas = document.querySelector('canvas'), brush = canvas.getContext('2d'), names = ['Ada', 'Bob'], all = new MediaStream();
setInterval(() => { brush.fillStyle = `hsl(${performance.now() % 360}, 50%, 50%)`; brush.fillRect(0, 0, 64, 48); }, 50);
const from = new RTCPeerConnection(), to = new RTCPeerConnection();
from.onicecandidate = (event) => to.addIceCandidate(event.candidate);
to.onicecandidate = (event) => from.addIceCandidate(event.candidate);
to.ontrack = (event) => {
  const tile = document.createElement('div'), video = document.createElement('video');
  tile.className = 'tile';
  tile.innerHTML = `<b>${names.shift()}</b>`;
  Object.assign(video, { srcObject: new MediaStream([event.track]), muted: true, autoplay: true });
  tile.append(video);
  document.body.append(tile);
};
async function come() {
  from.addTrack(canvas.captureStream(10).getTracks()[0], all);
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
}
come();
document.querySelector('#more').onclick = come;
document.querySelector('#less').onclick = () => document.querySelector('.tile').remove();
</script>"""
RULES = f"""{MATCH}
[evidence]
in_meeting = [{{ remote_videos = 1 }}]
[people]
item = ".tile"
name = "b"
remote_media = true
"""


async def test_people_in_one_stream_are_told_apart_by_name_and_stay_who_they_are(attend: Attend, site: Site) -> None:
    bot = await attend(RULES)
    await bot.enter(site.page("/a", PAGE))
    await bot.until(lambda: bot.names == {"Ada"}, timeout_s=20)
    (ada,) = bot.people
    page = bot.attendance._page
    await page.evaluate("() => document.querySelector('#more').click()")
    await bot.until(lambda: bot.names == {"Ada", "Bob"}, timeout_s=20)
    assert ada.uuid in {one.uuid for one in bot.people if one.name == "Ada"}
    await page.evaluate("() => document.querySelector('#less').click()")
    await bot.until(lambda: bot.names == {"Bob"}, timeout_s=20)
