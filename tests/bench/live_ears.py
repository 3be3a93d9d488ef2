"""From the mouth to the ear, in Chromium: beeps into one page's microphone, heard in another page."""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
from pathlib import Path

from tests.bench.harness import Report, hub_beside, percentile, room, site_with

SCRIPT = (Path(__file__).parent.parent / "browser" / "mouth_and_ear.js").read_text()
SECONDS = 30
SAME_HZ = 40
"""How far the measured frequencies of one beep may be apart; neighbours differ by 100."""
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
]


def run(report: Report) -> None:
    """The beeps by each way: streamed; by long poll, where a proxy would keep a stream back; streamed into a page
    without Media Source; over a hub. Then a tone, for its gaps."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        print("live      mouth to ear passed over: apt install chromium")
        return
    ini = room(clips=50) + "onRecorded=upload\nplayNew=1\n"
    with sync_playwright() as playwright, site_with(ini) as site, contextlib.ExitStack() as hub:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for way in ("streaming", "polling", "decoded", "hub"):
            if way == "hub":
                hub.enter_context(hub_beside(site))
            mouth, ear = _speak(browser, site.url, way, "beeps")
            delays = _delays(mouth["beeps"], ear["beeps"])
            report.add(
                "live",
                f"mouth to ear, Chromium, {way}",
                beeps=len(delays),
                median_ms=statistics.median(delays),
                p95_ms=percentile(delays, 0.95),
            )
            _, ear = _speak(browser, site.url, way, "tone")
            gaps = [gap["ms"] for gap in ear["tone"]["gaps"]]
            report.add(
                "live",
                f"a tone of {SECONDS} s, Chromium, {way}",
                gaps_over_10_ms=sum(gap > 10 for gap in gaps),
                silence_ms=sum(gaps),
            )
        browser.close()


def _speak(browser, url: str, way: str, voice: str) -> tuple[dict, dict]:
    """What the ears at the microphone and at the listener's page have heard."""
    contexts, pages = [], []
    for name in ("Ann", "Bob"):
        context = browser.new_context(bypass_csp=True)
        contexts.append(context)
        context.add_init_script(f"window.mozchatVoice = {json.dumps(voice)}; {SCRIPT}")
        joined = {"name": f"{name} {way} {voice}"}
        headers = {"Origin": url}
        assert context.request.post(f"{url}/api/threads/walk/session", data=joined, headers=headers).ok
        pages.append(context.new_page())
        if way == "decoded":
            pages[-1].add_init_script("delete window.MediaSource; delete window.ManagedMediaSource;")
        if way == "polling":
            _keep_streams_back(pages[-1])
        pages[-1].goto(f"{url}/walk/")
        pages[-1].wait_for_selector("#empty, #clips > *", state="attached")
    ann, bob = pages
    ann.wait_for_timeout(2500)  # what plays live clips is fetched a moment after the page
    ann.get_by_role("button", name="Record", exact=True).click()
    bob.wait_for_function("() => window.mozchatEars.sounds()")
    bob.wait_for_timeout(SECONDS * 1000)
    heard = tuple(
        {
            "beeps": page.evaluate(f"() => window.mozchatEars.{side}()"),
            "tone": page.evaluate("() => window.mozchatEars.tone()"),
        }
        for page, side in ((ann, "mouth"), (bob, "ear"))
    )
    ann.keyboard.press("Escape")
    for page in pages:
        page.unroute_all(behavior="ignoreErrors")
    for context in contexts:
        context.close()
    return heard


def _keep_streams_back(page) -> None:
    """As a proxy that buffers: an answer that goes on does not come; polls do."""
    page.route("**/media?from=*", _only_polls)


def _only_polls(route) -> None:
    """Whatever is not a poll stays without an answer."""
    if "wait=" in route.request.url:
        route.continue_()


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
