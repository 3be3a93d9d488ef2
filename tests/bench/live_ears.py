"""From the mouth to the ear, in Chromium and Firefox: beeps into one page's microphone, heard in another page."""

from __future__ import annotations

import array
import contextlib
import itertools
import math
import re
import shutil
import statistics
import tempfile
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.harness import Report, hub_beside, percentile, room, site_with
from tests.browser.live_firefox import FirefoxPerson
from tests.browser.mouth_and_ear import ears, hears, script, wait_until_ready
from tests.nginx_front import BUFFERING, NginxFront
from tests.people import Person
from tests.slow_line import SlowLine

Ear = dict[str, Any]
LONG_POLL = re.compile(r"/media\?from=.*wait=15")
TIMES = 7
NUMBERS = itertools.count(1)
SECONDS = 30
SAME_HZ = 40
"""How far the measured frequencies of one beep may be apart; neighbours differ by 100."""
RATE = 48000
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
]

# When the first clip is in the list, by a clock that pages share; and when Record was pressed.
APPEARS = """() => ({ promise: new Promise((resolve) => {
  new MutationObserver((_, observer) => { observer.disconnect(); resolve(Date.now()); })
    .observe(document.getElementById('clips'), { childList: true });
}) })"""
PRESS_RECORD = """() => {
  const pressed = Date.now();
  document.getElementById('record').click();
  return pressed;
}"""
PLAY_LATE = """async () => {
  const play = document.querySelector('#clips button[aria-label="Play"]')
    ?? [...document.querySelectorAll('#clips button')].find((button) => button.textContent.trim() === 'Play');
  const sounds = new Promise((resolve) => {
    window.mozchatMedia.addEventListener('playing', resolve, { once: true });
  });
  const pressed = performance.now();
  play.click();
  await sounds;
  return performance.now() - pressed;
}"""


def run(report: Report) -> None:
    """In Chromium streamed; streamed into a page without Media Source; by long poll, behind a proxy that keeps a
    stream back; on a slow line; over a hub. To and from Firefox; how soon a clip is seen, and somebody who comes
    late hears it."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        print("live      mouth to ear passed over: apt install chromium")
        return
    ini = room(clips=50) + "onRecorded=upload\nplayNew=1\n"
    with sync_playwright() as playwright, site_with(ini) as site, contextlib.ExitStack() as parts:
        browsers = parts.enter_context(_browsers(playwright, chromium))
        for way in ("streaming", "decoded"):
            _report(report, f"Chromium, {way}", lambda voice, way=way: _speak(browsers[voice], site.url, way))
        with _keeping_streams_back(site.port) as url:
            _report(report, "Chromium, polling", lambda voice: _speak(browsers[voice], url, "polling"))
        with contextlib.closing(SlowLine(site.port)) as line:
            _report(
                report, "Chromium, slow line", lambda voice: _speak(browsers[voice], line.url, "streaming")
            )
        _promptness(report, browsers["tone"], site.url)
        if shutil.which("firefox-esr") and shutil.which("pulseaudio"):
            _firefox(report, browsers, site)
        else:
            print("live      Firefox passed over: apt install firefox-esr pulseaudio")
        parts.enter_context(hub_beside(site))
        _report(report, "Chromium, hub", lambda voice: _speak(browsers[voice], site.url, "hub"))


@contextlib.contextmanager
def _browsers(playwright, chromium: str) -> Iterator[dict[str, Any]]:
    """Chromium with a microphone that gives beeps, and one with a tone, by what it gives."""
    with tempfile.TemporaryDirectory(prefix="mozchat-bench-") as folder:
        browsers = {}
        for voice, samples in VOICES.items():
            file = Path(folder, f"{voice}.wav")
            with wave.open(str(file), "wb") as sound:
                sound.setparams((1, 2, RATE, 0, "NONE", ""))
                sound.writeframes(array.array("h", samples()).tobytes())
            flags = [*FLAGS, f"--use-file-for-fake-audio-capture={file}"]
            browsers[voice] = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browsers
        for browser in browsers.values():
            browser.close()


def _beeps() -> Iterator[int]:
    """50 ms each second, each of another pitch: 20 seconds."""
    for second in range(20):
        hz = 600 + 100 * second
        for at in range(RATE):
            sounds = 0.3 * RATE <= at < 0.35 * RATE
            yield round(16000 * math.sin(2 * math.pi * hz * (at / RATE - 0.3))) if sounds else 0


def _tone() -> Iterator[int]:
    """440 Hz: 20 seconds, of which the end fits the beginning."""
    return (round(13000 * math.sin(2 * math.pi * 440 * at / RATE)) for at in range(20 * RATE))


VOICES = {"beeps": _beeps, "tone": _tone}


def _report(report: Report, case: str, speak: Callable[[str], tuple[Ear, Ear]]) -> None:
    """Beeps, for how long they take, and a tone, for its gaps."""
    mouth, ear = speak("beeps")
    delays = _delays(mouth["beeps"], ear["beeps"])
    report.add(
        "live",
        f"mouth to ear, {case}",
        beeps=len(delays),
        median_ms=statistics.median(delays),
        p95_ms=percentile(delays, 0.95),
    )
    _, ear = speak("tone")
    gaps = [gap["ms"] for gap in ear["tone"]["gaps"]]
    report.add(
        "live",
        f"a tone of {SECONDS} s, {case}",
        gaps_over_10_ms=sum(gap > 10 for gap in gaps),
        silence_ms=sum(gaps),
    )


def _enter(browser, url: str, name: str, way: str = "streaming") -> Person:
    """Somebody's page in the thread `walk`, ready to speak and to hear; each is somebody else."""
    name = f"{name} {next(NUMBERS)}"
    context = browser.new_context(bypass_csp=True)
    context.add_init_script(script("device"))
    headers = {"Origin": url}
    named = {"name": name}
    assert context.request.post(f"{url}/api/threads/walk/session", data=named, headers=headers).ok
    person = Person(context.new_page(), name)
    if way == "decoded":
        person.page.add_init_script("delete window.MediaSource; delete window.ManagedMediaSource;")
    with person.page.expect_websocket() if way == "hub" else contextlib.nullcontext():
        person.page.goto(f"{url}/walk/")
    wait_until_ready(person)
    return person


def _speak(browser, url: str, way: str) -> tuple[Ear, Ear]:
    """What the ears at the microphone and at the listener's page have heard."""
    ann, bob = (_enter(browser, url, name, way) for name in ("Ann", "Bob"))
    if way == "polling":
        _learn_to_poll(ann, bob)
    ann.start_recording()
    hears(bob)
    bob.page.wait_for_timeout(SECONDS * 1000)
    heard = _heard(ann, "mouth"), _heard(bob, "ear")
    ann.page.keyboard.press("Escape")
    bob.page.wait_for_selector("#clips > .live", state="detached")
    for person in (ann, bob):
        person.page.context.close()
    return heard


def _learn_to_poll(ann: Person, bob: Person) -> None:
    """With what is said first a page finds out that streams are kept back."""
    with bob.page.expect_request(LONG_POLL):
        ann.start_recording()
    hears(bob)
    ann.page.keyboard.press("Escape")
    bob.page.wait_for_selector("#clips > .live", state="detached")
    for person in (ann, bob):
        ears(person, "forget")


def _heard(person, side: str) -> Ear:
    return {"beeps": ears(person, side), "tone": ears(person, "tone")}


def _promptness(report: Report, browser, url: str) -> None:
    """From Record to the clip in another's list, and from pressing Play in the middle to the first sound."""
    ann, bob = (_enter(browser, url, name) for name in ("Ann", "Bob"))
    appeared = []
    for _ in range(TIMES):
        seen = bob.page.evaluate_handle(APPEARS)
        pressed = ann.page.evaluate(PRESS_RECORD)
        appeared.append(bob.page.evaluate("(seen) => seen.promise", seen) - pressed)
        ann.page.wait_for_timeout(1000)
        ann.page.keyboard.press("Escape")
        bob.page.wait_for_selector("#clips > .live", state="detached")
    report.add(
        "live", "a clip is in another's list", median_ms=statistics.median(appeared), most_ms=max(appeared)
    )
    ann.start_recording()
    hears(bob)
    ann.page.wait_for_timeout(3000)
    joined = []
    for _ in range(TIMES):
        bob.button("Stop").click()
        bob.page.wait_for_timeout(500)
        joined.append(bob.page.evaluate(PLAY_LATE))
    report.add("live", "a late joiner hears", median_ms=statistics.median(joined), most_ms=max(joined))
    ann.page.keyboard.press("Escape")
    ann.page.wait_for_selector("#clips > .live", state="detached")
    for person in (ann, bob):
        person.page.context.close()


def _firefox(report: Report, browsers: dict[str, Any], site) -> None:
    def to_chromium(voice: str) -> tuple[Ear, Ear]:
        with _fay(site, voice) as fay:
            bob = _enter(browsers[voice], site.url, "Bob")
            fay.press("Record")
            hears(bob)
            bob.page.wait_for_timeout(SECONDS * 1000)
            heard = _heard(fay, "mouth"), _heard(bob, "ear")
            fay.press("Record")
            bob.page.wait_for_function("() => !document.getElementById('clips').textContent.includes('live')")
            bob.page.context.close()
            return heard

    def from_chromium(voice: str) -> tuple[Ear, Ear]:
        with _fay(site, voice) as fay:
            ann = _enter(browsers[voice], site.url, "Ann")
            fay.page.wait_for(
                "performance.getEntriesByType('resource').some((r) => r.name.endsWith('/lag-control.js'))"
            )
            ann.start_recording()
            hears(fay)
            ann.page.wait_for_timeout(SECONDS * 1000)
            heard = _heard(ann, "mouth"), _heard(fay, "ear")
            ann.page.keyboard.press("Escape")
            ann.page.wait_for_selector("#clips > .live", state="detached")
            ann.page.context.close()
            return heard

    _report(report, "Firefox to Chromium", to_chromium)
    _report(report, "Chromium to Firefox", from_chromium)


@contextlib.contextmanager
def _fay(site, voice: str) -> Iterator[FirefoxPerson]:
    """Somebody with a Firefox in the thread `walk`."""
    with tempfile.TemporaryDirectory(prefix="mozchat-bench-") as folder:
        fay = FirefoxPerson(Path(folder), site.port, voice)
        try:
            fay.enter(f"Fay {next(NUMBERS)}", "walk")
            yield fay
        finally:
            fay.close()


@contextlib.contextmanager
def _keeping_streams_back(port: int) -> Iterator[str]:
    """A proxy in front of a site that hands an answer on when it is complete; polls come through."""
    with tempfile.TemporaryDirectory(prefix="mozchat-bench-") as folder:
        proxy = NginxFront(Path(folder), port, BUFFERING)
        proxy.start()
        try:
            yield proxy.url
        finally:
            proxy.stop()


def _delays(mouth: list[dict], ear: list[dict]) -> list[float]:
    """Milliseconds from each beep at the mouth to the same one at the ear."""
    delays = []
    for heard in ear:
        spoken = [
            beep["at"]
            for beep in mouth
            if beep["at"] < heard["at"] and abs(beep["hz"] - heard["hz"]) < SAME_HZ
        ]
        if spoken:
            delays.append(heard["at"] - spoken[-1])
    return delays
