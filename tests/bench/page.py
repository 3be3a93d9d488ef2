"""A thread's page in Chromium with an empty cache: bytes, requests, and the time until Record can be pressed."""

from __future__ import annotations

import shutil
import statistics
import time

from tests.bench.harness import Report, room, site_with

ROUNDS = 3
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--no-sandbox",
    "--disable-gpu",
]
FOUR_G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
"""1.6 Mbit/s down, 0.75 Mbit/s up, 150 ms."""
CASES = {
    "this machine": (None, 1),
    "CPU 4 times slower": (None, 4),
    "CPU 4 times slower, slow 4G": (FOUR_G, 4),
}


def run(report: Report) -> None:
    """On this machine, and as on a phone."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        print("page      passed over: apt install chromium")
        return
    with site_with(room()) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for case, (network, slower) in CASES.items():
            loads = [_load(browser, site.url, f"{len(case)} {n}", network, slower) for n in range(ROUNDS)]
            size, count, seconds = map(statistics.median, zip(*loads, strict=True))
            report.add("page", case, kB=size / 1000, requests=count, record_ms=seconds * 1000)
        browser.close()


def _load(browser, url: str, name: str, network, slower: int) -> tuple[float, float, float]:
    """Bytes, requests and seconds, for somebody who has joined before."""
    context = browser.new_context()
    assert context.request.post(f"{url}/api/threads/walk/session", data={"name": name}).ok
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.send("Network.setCacheDisabled", {"cacheDisabled": False})
    if network:
        protocol.send("Network.emulateNetworkConditions", network)
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    sizes = []
    protocol.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    began = time.monotonic()
    page.goto(f"{url}/walk/", wait_until="commit")
    page.wait_for_selector("#record:enabled", timeout=60_000)
    seconds = time.monotonic() - began
    page.wait_for_load_state("load")
    found = sum(sizes), len(sizes), seconds
    context.close()
    return found
