"""Real browsers on a real site; who uses them is in `tests/people.py`."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.browser.mouth_and_ear import script
from tests.browser.wire import Wire
from tests.people import tool
from tests.running import RunningSite
from tests.sound_server import SoundServer

PRESETS = ("mediaForum", "audioStream", "videoStream", "videoChat", "mediaChat")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """One site for all browser tests, with the five presets; a test that changes a thread makes its own."""
    running = RunningSite(tmp_path_factory.mktemp("site") / "threads", "--listeners", "120")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def make_thread(site, request):
    """Make a thread for this test after a preset, with lines of the `.ini` changed; gives its name."""

    def make(preset="mediaChat", **changes):
        name = re.sub(r"[^A-Za-z0-9_-]", "-", request.node.name)[:50] + f"-{len(list(site.folder.iterdir()))}"
        text = (site.folder / preset / ".ini").read_text()
        for key, value in changes.items():
            line = f"{key}={value}"
            text, count = re.subn(rf"(?m)^{key}=.*$", line, text)
            if not count:
                text = text.replace("[client]\n", f"[client]\n{line}\n")
        (site.folder / name).mkdir()
        (site.folder / name / ".ini").write_text(text)
        return name

    return make


@pytest.fixture
def unreached():
    """People whose console tells of requests that did not arrive, as the test wanted it."""
    people = []
    yield people
    for person in people:
        person.errors[:] = [error for error in person.errors if "net::ERR_" not in error]


@pytest.fixture
def speak(site, someone):
    """Let somebody in whose microphone gives a known sound, and whose page is listened to; `more` is a script of
    the test's own."""

    def come(name, thread, voice="tone", at=None, more=""):
        person = someone(name, bypass_csp=True)
        person.wire = Wire(person.page)
        person.page.add_init_script(f"{script(voice)}\n{more}")
        return person.enter(at or site, thread)

    return come


@pytest.fixture
def sound():
    """A sound server, for browsers that have no sound without one."""
    server = SoundServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def display():
    """A screen for browsers that have no headless mode."""
    if os.environ.get("DISPLAY"):
        yield os.environ["DISPLAY"]
        return
    read, write = os.pipe()
    screen = subprocess.Popen(
        [tool("Xvfb", "xvfb"), "-displayfd", str(write), "-screen", "0", "1280x900x24"], pass_fds=[write]
    )
    os.close(write)
    with os.fdopen(read) as numbers:
        number = numbers.readline().strip()
    os.environ["DISPLAY"] = f":{number}"
    yield os.environ["DISPLAY"]
    del os.environ["DISPLAY"]
    screen.terminate()
    screen.wait(10)
