"""People with browsers: they speak with an espeak voice through Chromium's fake microphone, on any site.

The fixtures are those of `tests/conftest.py`, so that there is one of each however many folders of tests use them:
Playwright cannot be started twice.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

CHROMIUM_FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
SPEECH = (
    "Good morning. This is a voice in a thread, and somebody else is about to hear it. How are you today?"
)
LISTENING = (Path(__file__).parent / "browser" / "listening.js").read_text()


def tool(name, package=None):
    """The path of a program that these tests need."""
    found = shutil.which(name)
    if not found:
        pytest.fail(
            f"{name} is missing: apt-get install {package or name} (or `make test` as root, which does it)"
        )
    return found


@pytest.fixture(scope="session")
def speech(tmp_path_factory):
    """A spoken sentence as the microphone's sound."""
    folder = tmp_path_factory.mktemp("speech")
    raw, wav = folder / "raw.wav", folder / "speech.wav"
    subprocess.run([tool("espeak-ng"), "-w", raw, SPEECH], check=True)
    subprocess.run([tool("ffmpeg"), "-v", "error", "-i", raw, "-ar", "48000", "-ac", "2", wav], check=True)
    return wav


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright, speech):
    flags = [*CHROMIUM_FLAGS, f"--use-file-for-fake-audio-capture={speech}"]
    browser = playwright.chromium.launch(executable_path=tool("chromium"), args=flags)
    yield browser
    browser.close()


class Person:
    """Somebody with a browser of their own, on a page of the site."""

    def __init__(self, page, name):
        self.page = page
        self.name = name
        self.errors = []
        page.on(
            "console",
            lambda m: m.type == "error" and self.errors.append(f"{m.text} ({m.location.get('url')})"),
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_default_timeout(15_000)

    def button(self, name, **kwargs):
        return self.page.get_by_role("button", name=name, exact=True, **kwargs)

    @property
    def clips(self):
        return self.page.get_by_role("list", name="Clips").get_by_role("listitem")

    def enter(self, site, thread):
        """From the front page into a thread, as a person does it."""
        self.page.goto(site.url + "/")
        self.page.get_by_role("textbox", name="Your name").fill(self.name)
        self.page.get_by_role("textbox", name="Thread").fill(thread)
        self.button("Enter").click()
        self.page.wait_for_url(re.compile(rf"/{thread}/"))
        expect(self.button("Record")).to_be_enabled(timeout=15_000)
        return self

    def start_recording(self):
        """Press Record, and wait until it records. By the keyboard: where a click takes long it is
        push-to-talk."""
        expect(self.button("Record")).to_be_enabled(timeout=15_000)
        self.button("Record").press("Enter")
        expect(self.button("Record")).to_have_attribute("aria-pressed", "true", timeout=15_000)

    def record(self, seconds):
        """Press Record, speak for some seconds, press again."""
        self.start_recording()
        self.page.wait_for_timeout(seconds * 1000)
        self.button("Record").click()

    def plays(self):
        """What has been played here: a list of `{src, rms, started, ended}`, in order (see listening.js)."""
        return self.page.evaluate("() => window.mozchatHeard.plays()")

    def wait_until_heard(self, count=1, level=0.01, timeout=15_000):
        """Wait until so many sounds were played here, each loud enough to be a voice."""
        self.page.wait_for_function(
            "([count, level]) => window.mozchatHeard.plays().filter((play) => play.rms > level).length >= count",
            arg=[count, level],
            timeout=timeout,
        )
        return [play for play in self.plays() if play["rms"] > level]


def hears_over_the_hub(person, site, thread, hub, publish):
    """Somebody enters a thread that the hub serves: the clip that `publish` then gives is pushed to the page,
    which shows it."""
    frames = []
    person.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    person.enter(site, thread)
    soon(person.page, lambda: hub.health()["threads"] == 1)
    clip = publish()
    expect(person.clips).to_have_count(1)
    soon(person.page, lambda: any(clip["id"] in frame for frame in frames))


def soon(page, condition):
    """Wait until a condition holds, while the page goes on."""
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it has not come to that")


@pytest.fixture
def someone(chromium):
    """Give a new person a browser: `someone("Ann", width=390)`. At the end nobody's console may have errors."""
    people = []

    def arrive(name, browser=None, width=1280, height=800, **context_options):
        options = {"viewport": {"width": width, "height": height}, **context_options}
        context = (browser or chromium).new_context(**options)
        context.add_init_script(LISTENING)
        people.append(Person(context.new_page(), name))
        return people[-1]

    yield arrive
    errors = {person.name: person.errors for person in people if person.errors}
    for person in people:
        person.page.context.close()
    assert not errors, f"errors in the console: {errors}"
