"""What was heard live is stored with the right length, and every engine finds its way in it."""

import subprocess

import pytest

from tests.browser.firefox import Firefox
from tests.browser.test_engines import WebKit
from tests.browser.test_seeking import NEAR, PRESSED
from tests.people import tool
from tests.sound_server import stretches

SECONDS = 6
BY_EAR = 0.3
"""Seconds by which a place told by its frequency may differ from the next: an analyser looks back 0.2 s."""
# Jumps to three places and tells where it is by the clock and by the frequency, 100 Hz higher every second.
BY_FREQUENCY = """(async () => {{
  const media = document.createElement('video');
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, {{ fftSize: 8192, smoothingTimeConstant: 0 }});
  const once = (name) => new Promise((resolve, reject) => {{
    media.addEventListener(name, resolve, {{ once: true }});
    setTimeout(() => reject(new Error(`no ${{name}}; ${{media.error?.message}}`)), 20_000);
  }});
  media.preload = 'auto';
  media.src = '{url}';
  document.body.append(media);
  context.createMediaElementSource(media).connect(analyser);
  analyser.connect(context.destination);
  await context.resume();
  await media.play();
  const found = {{ duration: media.duration, places: [] }};
  const levels = new Float32Array(analyser.frequencyBinCount);
  for (const wanted of [4, 1, 3]) {{
    const there = once('seeked');
    media.currentTime = wanted;
    await there;
    const landed = media.currentTime;
    while (media.currentTime < landed + 0.5) await new Promise((resolve) => setTimeout(resolve, 10));
    analyser.getFloatFrequencyData(levels);
    const played = media.currentTime;
    const loudest = levels.reduce((best, level, bin) => (level > levels[best] ? bin : best), 0);
    const hz = loudest * context.sampleRate / analyser.fftSize;
    found.places.push({{ wanted, landed, played, byEar: (hz - 400) / 100 }});
  }}
  media.remove();
  return found;
}})()"""


# Plays a little at the same places, with silence between them: in WebKit a page does not hear what it plays, as an
# analyser stands still there once something was sought.
IN_TURN = """(async () => {{
  const media = document.createElement('video');
  const once = (name) => new Promise((resolve, reject) => {{
    media.addEventListener(name, resolve, {{ once: true }});
    setTimeout(() => reject(new Error(`no ${{name}}; ${{media.error?.message}}`)), 20_000);
  }});
  const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  media.preload = 'auto';
  media.src = '{url}';
  document.body.append(media);
  media.muted = true;
  await media.play();
  const found = {{ duration: media.duration, places: [] }};
  for (const wanted of [4, 1, 3]) {{
    const there = once('seeked');
    media.currentTime = wanted;
    await there;
    const landed = media.currentTime;
    media.muted = false;
    found.places.push({{ wanted, landed, played: media.currentTime }});
    while (media.currentTime < landed + 0.7) await rest(10);
    media.muted = true;
    await rest(500);
  }}
  return found;
}})()"""


def length(content, folder):
    """How many seconds of sound ffmpeg finds in a file."""
    path = folder / "clip"
    path.write_bytes(content)
    command = [tool("ffmpeg"), "-v", "error", "-i", path, "-f", "s16le", "-ac", "1", "-ar", "48000", "-"]
    return len(subprocess.run(command, capture_output=True, check=True).stdout) / 2 / 48000


def check(found, seconds):
    """It is as long as it should be, and at each place is what was spoken there."""
    assert found["duration"] == pytest.approx(seconds, abs=NEAR)
    began = [place["byEar"] - place["played"] for place in found["places"]]
    assert max(began) - min(began) < BY_EAR, found
    for place in found["places"]:
        assert place["landed"] == pytest.approx(place["wanted"], abs=NEAR)


def test_every_engine_finds_its_way_in_it_by_ear(
    site, make_thread, speak, someone, sound, display, tmp_path, monkeypatch
):
    thread = make_thread("audioStream")
    ann = speak("Ann", thread, "sweep")
    with ann.page.expect_response(lambda answer: answer.status == 201 and "/uploads/" in answer.url) as last:
        ann.record(SECONDS)
    clip = last.value.json()
    content = ann.page.context.request.get(site.url + clip["media"]).body()
    seconds = length(content, tmp_path)
    assert clip["duration"] == pytest.approx(seconds, abs=NEAR)
    script = BY_FREQUENCY.format(url=clip["media"])

    eve = someone("Eve")
    eve.page.goto(site.url + "/")
    check(eve.page.evaluate(script), seconds)

    firefox = Firefox(tool("firefox-esr"), tmp_path, sound.socket)
    try:
        firefox.goto(site.url + "/")
        check(firefox.evaluate(script), seconds)
    finally:
        firefox.close()

    monkeypatch.setenv("PULSE_SERVER", f"unix:{sound.socket}")
    webkit = WebKit()
    try:
        webkit.goto(site.url + "/")
        webkit.evaluate(PRESSED.format(seek=IN_TURN.format(url=clip["media"])))
        with sound.heard() as heard:
            webkit.let_it_play()
            found = webkit.wait_for("window.mozchatSought", 60)
    finally:
        webkit.close()
    for place, stretch in zip(found["places"], stretches(heard), strict=True):
        place["byEar"] = (stretch.hz - 400) / 100
    check(found, seconds)
