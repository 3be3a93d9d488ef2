"""Real engines jump to and fro in recordings as the server stores them; ffmpeg finds nothing wrong with them."""

import subprocess

import pytest

from tests.browser.firefox import Firefox
from tests.browser.test_engines import WebKit
from tests.people import tool
from tests.recordings import finished, long_mp4, long_webm, sample
from tests.running import Client

SECONDS = 18
LONG = {
    "chromium-audio-live.webm": long_webm,
    "chromium-video-live.webm": long_webm,
    "chromium-audio-live.mp4": long_mp4,
    "chromium-video.mp4": long_mp4,
    "firefox-audio.webm": long_webm,
    "firefox-video.webm": long_webm,
}
RECORDED = [*LONG, "chromium-audio.webm", "chromium-video.webm", "chromium-audio.mp4"]
RECORDED += ["chromium-video-vp9.mp4", "webkit-audio.mp4"]
CUT_OFF = "cut off"
"""What is left where the browser was killed: Chromium ends a piece one byte into the next block."""
NEAR = 0.1
"""Seconds within which a length and a jump are right."""

# Play a clip, jump to three places, and see that it is there and goes on from there.
SEEK = """(async () => {{
  const media = document.createElement('video');
  const heard = (name, seconds) => new Promise((resolve, reject) => {{
    media.addEventListener(name, resolve, {{ once: true }});
    setTimeout(() => reject(new Error(`no ${{name}}; ${{media.error?.message}}`)), seconds * 1000);
  }});
  media.muted = true;
  media.preload = 'auto';
  media.src = '{url}';
  document.body.append(media);
  await media.play();
  const found = {{ duration: media.duration, places: [] }};
  for (const part of [0.7, 0.2, 0.8]) {{
    const wanted = media.duration * part;
    const there = heard('seeked', 20);
    media.currentTime = wanted;
    await there;
    const landed = media.currentTime;
    for (let n = 0; n < 400 && media.currentTime < landed + 0.05; n++) {{
      await new Promise((resolve) => setTimeout(resolve, 25));
    }}
    found.places.push([wanted, landed, media.currentTime]);
  }}
  media.remove();
  return found;
}})()"""


# How many milliseconds it takes to know how long a clip is, and then to be far inside it.
FAR = """(async (url) => {
  const media = document.createElement('video');
  const heard = (name) => new Promise((resolve) => { media.addEventListener(name, resolve, { once: true }); });
  const began = performance.now();
  media.preload = 'metadata';
  media.src = url;
  document.body.append(media);
  await heard('loadedmetadata');
  const loaded = performance.now();
  const there = heard('seeked');
  media.currentTime = 500;
  await there;
  const took = { loaded: loaded - began, there: performance.now() - loaded };
  media.remove();
  return took;
})"""
SLOW_LINE = {"offline": False, "latency": 50, "downloadThroughput": 250_000, "uploadThroughput": 250_000}
CHROMIUMS = [
    "chromium-audio-live.webm",
    "chromium-video-live.webm",
    "chromium-audio-live.mp4",
    "chromium-video.mp4",
]

# As SEEK, when a person presses a button, without which WebKit plays nothing.
PRESSED = """(() => {{
  const button = document.createElement('button');
  button.textContent = 'Start listening';
  button.addEventListener('click', () => {{
    {seek}.then((found) => {{ window.mozchatSought = found; }},
      (error) => {{ window.mozchatSought = {{ error: String(error) }}; }});
  }});
  document.body.prepend(button);
  return true;
}})()"""


@pytest.fixture
def stored(site, make_thread):
    """Upload a recording as it comes from a recorder; gives the URL of its bytes."""

    def store(content):
        thread = make_thread("mediaForum", maxClipSizeSec=3600)
        status, clip, _ = Client(site).join(thread, "Ann").upload(thread, content, duration="1")
        assert status == 201, clip
        return clip["media"]

    return store


def recording(name):
    """A sample, made long where it can be."""
    if name == CUT_OFF:
        whole = recording("chromium-audio-live.webm")
        return whole[: whole.rindex(b"\xa3\x40") + 1]
    return LONG[name](sample(name), SECONDS) if name in LONG else sample(name)


def last_end(path):
    """Where the last packet ends, as ffprobe lists them, in seconds."""
    entries = ["-show_entries", "packet=pts_time,duration_time", "-of", "csv=p=0"]
    listed = subprocess.run(
        [tool("ffprobe", "ffmpeg"), "-v", "error", *entries, path], capture_output=True, text=True, check=True
    )
    packets = [line.strip(",").split(",") for line in listed.stdout.split()]
    return max(sum(float(time) for time in times if time != "N/A") for times in packets)


@pytest.fixture
def seconds_of(tmp_path):
    """The length of a recording."""

    def told(content):
        path = tmp_path / "recording"
        path.write_bytes(content)
        return last_end(path)

    return told


def check(found, seconds):
    """Three places, each the right one, and each played on from."""
    assert found["duration"] == pytest.approx(seconds, abs=NEAR)
    assert len(found["places"]) == 3
    for wanted, landed, played in found["places"]:
        assert landed == pytest.approx(wanted, abs=NEAR)
        assert landed < played < landed + 5


@pytest.mark.parametrize("name", [*CHROMIUMS, CUT_OFF])
def test_chromium_seeks(site, stored, seconds_of, someone, name):
    person, content = someone("Bob"), recording(name)
    person.page.goto(site.url + "/")
    check(person.page.evaluate(SEEK.format(url=stored(content))), seconds_of(content))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHROMIUMS)
def test_a_long_clip_need_not_be_read_to_its_place(site, stored, someone, name):
    """All of it takes the line 10 s or more, and Chromium reads a file without an index from its beginning."""
    person, media = someone("Bob"), stored(LONG[name](sample(name), 600))
    person.page.goto(site.url + "/")
    line = person.page.context.new_cdp_session(person.page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW_LINE)
    took = person.page.evaluate(FAR, media)
    assert 0 < took["loaded"] < 5000
    assert 0 < took["there"] < 5000


@pytest.mark.parametrize(
    "name", ["firefox-audio.webm", "firefox-video.webm", "chromium-video-live.webm", CUT_OFF]
)
def test_firefox_seeks(site, stored, seconds_of, tmp_path, name):
    browser, content = Firefox(tool("firefox-esr"), tmp_path), recording(name)
    try:
        browser.goto(site.url + "/")
        check(browser.evaluate(SEEK.format(url=stored(content))), seconds_of(content))
    finally:
        browser.close()


@pytest.mark.parametrize("name", ["webkit-audio.mp4", "chromium-audio-live.mp4", "chromium-audio-live.webm"])
def test_webkit_seeks(site, stored, seconds_of, display, name):
    browser, content = WebKit(), recording(name)
    try:
        browser.goto(site.url + "/")
        browser.evaluate(PRESSED.format(seek=SEEK.format(url=stored(content))))
        browser.let_it_play()
        check(browser.wait_for("window.mozchatSought", 60), seconds_of(content))
    finally:
        browser.close()


@pytest.mark.parametrize("name", RECORDED)
def test_ffmpeg_finds_nothing_wrong(name, seconds_of, tmp_path):
    path = tmp_path / name
    path.write_bytes(finished(recording(name)))
    decoded = subprocess.run(
        [tool("ffmpeg"), "-v", "warning", "-i", path, "-f", "null", "-"], capture_output=True, text=True
    )
    assert (decoded.returncode, decoded.stderr) == (0, "")
    assert last_end(path) == pytest.approx(seconds_of(recording(name)), abs=0.01)
    assert packets(path) == packets(tmp_path / "recording") or name == "webkit-audio.mp4"


def packets(path):
    """A digest of what each track has."""
    copied = [tool("ffmpeg"), "-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "streamhash", "-"]
    return subprocess.run(copied, capture_output=True, text=True, check=True).stdout
