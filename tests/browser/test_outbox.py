"""Nothing that is recorded is lost: not by the network, a tab, a browser or a server that goes away or refuses."""

import base64
import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.people import CHROMIUM_FLAGS, LISTENING, Person, tool
from tests.running import Client, RunningSite

RECORDED = """
  window.recorded = [];
  window.MediaRecorder = class extends MediaRecorder {
    constructor(...parts) {
      super(...parts);
      const pieces = [];
      window.recorded.push(pieces);
      this.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    }
  };
"""
"""Remembers in a page what its recorders gave, apart from what the page itself makes of it."""


STORED = """
  () => new Promise((resolve, reject) => {
    const opened = indexedDB.open("mozchat");
    opened.onerror = () => reject(opened.error);
    opened.onsuccess = () => {
      const asked = opened.result.transaction("takes").objectStore("takes").getAll();
      asked.onsuccess = () => resolve(asked.result.map(({ state }) => state));
    };
  })
"""
"""The states of the recordings in the browser's store."""


@pytest.fixture
def home(tmp_path):
    """A site of one's own, that may be killed and started again."""
    site = RunningSite(tmp_path / "threads")
    site.start()
    yield site
    with contextlib.suppress(ProcessLookupError):
        os.kill(site.process.pid, signal.SIGCONT)
        site.stop()


@pytest.fixture
def ann(someone):
    person = someone("Ann")
    person.page.context.add_init_script(RECORDED)
    yield person
    # What went wrong here was meant to.
    person.errors[:] = [error for error in person.errors if "Failed to load resource" not in error]


def begin(person, seconds):
    """Press Record and speak for some seconds."""
    person.button("Record").click()
    expect(person.button("Record")).to_have_attribute("aria-pressed", "true")
    person.page.wait_for_timeout(seconds * 1000)


def recorded(person):
    """The bytes that the page's last recorder gave."""
    encoded = person.page.evaluate(
        """async () => {
          const bytes = new Uint8Array(await new Blob(window.recorded.at(-1)).arrayBuffer());
          return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }"""
    )
    return base64.b64decode(encoded)


def published(site, thread, count=1, within=15):
    """The thread's clips, once there are so many; as a program gets them."""
    client = Client(site).join(thread, f"Reader{time.monotonic_ns()}")
    end = time.monotonic() + within
    while True:
        _, answer, _ = client.request("GET", f"/api/threads/{thread}/clips")
        if len(answer["clips"]) >= count or time.monotonic() > end:
            assert len(answer["clips"]) == count
            return answer["clips"]
        time.sleep(0.05)


def media(site, clip):
    status, content, _ = Client(site).request("GET", clip["media"])
    assert status == 200
    return content


def packets(content):
    """A digest of what a player would get out of a file, whatever its header says; every packet must be whole."""
    command = [tool("ffmpeg"), "-v", "error", "-i", "-", "-map", "0", "-c", "copy", "-f", "streamhash", "-"]
    ran = subprocess.run(command, input=content, capture_output=True, check=True)
    assert ran.stderr == b""
    return ran.stdout


def upload_requests(person):
    """Follow what a page sends: a list of methods that grows."""
    seen = []
    person.page.on("request", lambda asked: "/uploads" in asked.url and seen.append(asked.method))
    return seen


def test_what_is_published_is_what_was_recorded_and_most_of_it_was_there_before(site, make_thread, ann):
    thread = make_thread("mediaChat", live=0)
    requests = upload_requests(ann.enter(site, thread))
    ann.record(3)
    clip = published(site, thread)[0]
    assert packets(media(site, clip)) == packets(recorded(ann))
    assert 2.8 < clip["duration"] < 3.6
    assert requests[0] == "POST"
    assert requests.count("PATCH") >= 8, "it went out while it was recorded"
    expect(ann.clips).to_have_count(1)
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()


def test_a_picture_is_published_as_it_was_recorded(site, make_thread, ann):
    thread = make_thread("videoChat", live=0)
    ann.enter(site, thread).record(3.5)
    assert packets(media(site, published(site, thread)[0])) == packets(recorded(ann))


def test_a_recording_outlives_a_cut_of_the_network(site, make_thread, ann):
    thread = make_thread("mediaChat", live=0)
    ann.enter(site, thread)
    begin(ann, 1)
    ann.page.context.set_offline(True)
    ann.page.wait_for_timeout(1500)
    ann.page.context.set_offline(False)
    ann.page.wait_for_timeout(1000)
    ann.button("Record").click()
    assert packets(media(site, published(site, thread)[0])) == packets(recorded(ann))


def test_a_lost_answer_to_the_last_piece_makes_no_second_clip(site, make_thread, ann):
    thread = make_thread("mediaChat", live=0)
    ann.enter(site, thread)
    lost = []

    def lose(route):
        if route.request.headers.get("upload-complete") == "?1" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    ann.page.route("**/uploads/*", lose)
    ann.record(2)
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    ann.page.wait_for_function(f"async () => (await ({STORED})()).length === 0")
    assert lost == [201]
    assert packets(media(site, published(site, thread)[0])) == packets(recorded(ann))
    expect(ann.clips).to_have_count(1)


def test_a_recording_outlives_the_server(home, ann):
    ann.enter(home, "mediaChat")
    begin(ann, 1)
    kill(home)
    ann.page.wait_for_timeout(1000)
    ann.button("Record").click()
    expect(ann.clips).to_have_count(1)
    expect(ann.clips.first).to_contain_text("waits")
    home.start()
    assert packets(media(home, published(home, "mediaChat")[0])) == packets(recorded(ann))
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()


def kill(site):
    """Kill -9 the server and its workers."""
    pid = site.process.pid
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in [pid, *map(int, workers)]:
        os.kill(each, signal.SIGKILL)
    site.process.wait()


def test_what_is_discarded_or_cancelled_is_nowhere_any_more(site, make_thread, ann):
    thread = make_thread("mediaForum")
    ann.enter(site, thread)
    begin(ann, 1)
    ann.button("Cancel").click()
    begin(ann, 1)
    ann.button("Record").click()
    ann.button("Discard").click()
    left = site.folder / thread / ".uploads"
    end = time.monotonic() + 10
    while left.exists() and any(left.iterdir()):
        assert time.monotonic() < end, list(left.iterdir())
        time.sleep(0.05)
    ann.page.reload()
    expect(ann.button("Record")).to_be_enabled()
    assert stored(ann) == []
    expect(ann.clips).to_have_count(0)


def stored(person):
    """The states of the recordings in the browser's store."""
    return person.page.evaluate(STORED)


def test_the_recording_of_a_closed_tab_is_offered_at_the_next_visit(site, make_thread, ann):
    thread = make_thread("mediaChat", live=0)
    ann.enter(site, thread)
    begin(ann, 2)
    ann.page.close()
    ann.page = ann.page.context.new_page()
    ann.page.goto(f"{site.url}/{thread}/")
    item = ann.clips.first
    expect(item).to_contain_text("was not sent")
    item.get_by_role("button", name="Listen", exact=True).click()
    expect(ann.clips).to_have_count(0)
    # The file of a recorder that was killed says nothing of its length.
    ann.page.wait_for_function("() => document.querySelector('.preview video').duration < 4")
    ann.page.get_by_role("slider", name="Position").press("End")
    ann.page.wait_for_function("() => document.querySelector('.preview video').currentTime > 1")
    ann.button("Preview").click()
    ann.wait_until_heard(1)
    ann.page.get_by_role("textbox", name="Description").fill("Half of it")
    ann.button("Upload").click()
    clip = published(site, thread)[0]
    assert 1.5 < clip["duration"] < 3
    assert clip["description"] == "Half of it"
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()


def test_elsewhere_a_link_and_a_notice_lead_to_what_was_left_behind(site, make_thread, ann):
    thread, other = make_thread("mediaChat", live=0), make_thread("mediaChat", live=0)
    ann.enter(site, thread)
    begin(ann, 1)
    ann.page.close()
    ann.page = ann.page.context.new_page()
    ann.page.goto(site.url + "/")
    ann.page.get_by_role("link", name="A recording of yours waits").click()
    ann.page.wait_for_url(re.compile(rf"/{thread}/"))
    expect(ann.clips.first).to_contain_text("was not sent")
    ann.enter(site, other)
    ann.button("Go there").click()
    ann.page.wait_for_url(re.compile(rf"/{thread}/"))
    ann.clips.first.get_by_role("button", name="Upload", exact=True).click()
    assert len(published(site, thread)) == 1


class KillableChromium:
    """A browser with a profile of its own, which may be killed."""

    def __init__(self, playwright, profile, speech):
        self._playwright = playwright
        self._command = [
            tool("chromium"),
            "--headless=new",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            *CHROMIUM_FLAGS,
            f"--use-file-for-fake-audio-capture={speech}",
            "about:blank",
        ]
        self._address = profile / "DevToolsActivePort"

    def start(self):
        self._address.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        end = time.monotonic() + 30
        while not (self._address.exists() and len(self._address.read_text().split()) == 2):
            assert time.monotonic() < end, "Chromium does not start"
            time.sleep(0.02)
        port = self._address.read_text().split()[0]
        self.browser = self._playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        context = self.browser.contexts[0]
        context.add_init_script(LISTENING)
        return Person(context.new_page(), "Ann")

    def kill(self):
        """Kill -9 all of it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with contextlib.suppress(Exception):
            self.browser.close()

    def close(self):
        """End it as its window would be closed."""
        self.browser.new_browser_cdp_session().send("Browser.close")
        self.process.wait(30)


@pytest.fixture
def killable(playwright, tmp_path, speech):
    chromium = KillableChromium(playwright, tmp_path / "profile", speech)
    yield chromium
    with contextlib.suppress(ProcessLookupError):
        chromium.kill()


def test_a_recording_outlives_a_browser_that_is_killed(site, make_thread, killable):
    thread = make_thread("mediaChat", live=0)
    killable.start().enter(site, thread)
    killable.close()  # a browser writes its cookies down now and then, and when it is closed
    ann = killable.start()
    ann.page.goto(f"{site.url}/{thread}/")
    begin(ann, 2.5)
    killable.kill()
    ann = killable.start()
    ann.page.goto(f"{site.url}/{thread}/")
    ann.clips.first.get_by_role("button", name="Upload", exact=True).click()
    clip = published(site, thread)[0]
    assert 2 < clip["duration"] < 3.5
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    ann.page.context.set_offline(True)
    ann.record(2)
    expect(ann.clips.nth(1)).to_contain_text("waits")
    ann.page.wait_for_function(f"async () => (await ({STORED})()).join() === 'waiting'")
    killable.kill()
    ann = killable.start()
    ann.page.goto(f"{site.url}/{thread}/")
    clip = published(site, thread, 2)[1]
    assert 1.8 < clip["duration"] < 2.6
    packets(media(site, clip))  # every one is whole
    expect(ann.clips.nth(1).get_by_role("button", name="Delete", exact=True)).to_be_visible()
    assert stored(ann) == []


def change_ini(site, thread, key, value):
    path = site.folder / thread / ".ini"
    text, count = re.subn(rf"(?m)^{key}=.*$", f"{key}={value}", path.read_text())
    assert count == 1
    path.write_text(text)


def save(person):
    """Save the first clip of the list as a file; its bytes."""
    with person.page.expect_download() as download:
        person.clips.first.get_by_role("button", name="Save", exact=True).click()
    return download.value.path().read_bytes()


def test_what_is_too_big_is_kept_shown_and_can_be_saved(site, make_thread, ann):
    thread = make_thread("mediaChat", live=0)
    ann.enter(site, thread)
    begin(ann, 1)
    change_ini(site, thread, "maxBlobBytes", 2000)
    ann.page.wait_for_timeout(1500)
    ann.button("Record").click()
    expect(ann.clips.first).to_contain_text("not sent")
    expect(ann.clips.first.get_by_role("button", name="Try again", exact=True)).to_be_visible()
    assert save(ann) == recorded(ann)
    ann.page.reload()
    expect(ann.clips.first).to_contain_text("not sent")
    ann.clips.first.get_by_role("button", name="Discard", exact=True).click()
    expect(ann.clips).to_have_count(0)


def test_where_there_is_no_room_it_is_kept_and_goes_out_when_there_is(home, ann):
    ann.enter(home, "mediaChat")
    begin(ann, 1)
    home.stop()
    home.environment = {"MOZCHAT_MIN_FREE_BYTES": str(10**15)}
    home.start()
    ann.page.wait_for_timeout(500)
    ann.button("Record").click()
    expect(ann.clips.first).to_contain_text("not sent", timeout=30_000)
    assert save(ann) == recorded(ann)
    home.stop()
    home.environment = {}
    home.start()
    ann.clips.first.get_by_role("button", name="Try again", exact=True).click()
    assert packets(media(home, published(home, "mediaChat")[0])) == packets(recorded(ann))


def test_whoever_was_turned_out_while_recording_enters_again_and_it_goes_out(site, make_thread, ann):
    thread = make_thread("mediaChat", live=0)
    ann.enter(site, thread)
    begin(ann, 1)
    cookies = ann.page.context.cookies()
    ann.page.context.clear_cookies()
    ann.page.wait_for_timeout(1000)
    ann.button("Record").click()
    expect(ann.clips.first).to_contain_text("not sent")
    assert save(ann) == recorded(ann)
    ann.page.context.add_cookies(cookies)
    expect(ann.button("Enter")).to_be_visible()
    ann.button("Enter").click()
    clip = published(site, thread)[0]
    assert 1.8 < clip["duration"] < 2.8
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()


def test_of_two_tabs_one_sends_and_the_other_takes_over_when_it_dies(site, make_thread, ann):
    thread = make_thread("mediaChat", live=0)
    ann.enter(site, thread)
    other = Person(ann.page.context.new_page(), "Ann")
    other.page.goto(f"{site.url}/{thread}/")
    expect(other.button("Record")).to_be_enabled()
    mine, theirs = upload_requests(ann), upload_requests(other)
    ann.page.bring_to_front()
    ann.record(2)
    published(site, thread)
    expect(other.clips).to_have_count(1)
    assert mine
    assert theirs == []
    begin(ann, 2)
    ann.page.close()
    expect(other.clips).to_have_count(2)
    other.clips.nth(1).get_by_role("button", name="Upload", exact=True).click()
    clips = published(site, thread, 2)
    assert [1.5 < clip["duration"] < 3 for clip in clips] == [True, True]


def slow_down(person, upload):
    """Give a page a slow line: bytes a second."""
    line = person.page.context.new_cdp_session(person.page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 20, "downloadThroughput": 10 * upload, "uploadThroughput": upload}
    line.send("Network.emulateNetworkConditions", slow)


def test_over_a_slow_line_a_long_recording_is_there_within_two_seconds(site, make_thread, ann, someone):
    speed = 7_000
    thread = make_thread("mediaChat", live=0, maxClipSizeSec=60)
    bob = someone("Bob").enter(site, thread)
    slow_down(ann.enter(site, thread), speed)
    begin(ann, 9)
    ann.button("Record").click()
    released = time.monotonic()
    expect(bob.clips).to_have_count(1, timeout=10_000)
    took = time.monotonic() - released
    assert len(recorded(ann)) > 4 * speed, "all of it would take more than four seconds"
    assert took < 2


def test_progress_and_time_left_are_shown_where_it_takes_long(site, make_thread, ann):
    thread = make_thread("videoChat", live=0)
    slow_down(ann.enter(site, thread), 2_000)
    ann.record(4)
    expect(ann.clips.first).to_contain_text(re.compile(r"\d+%, about \d+ (sec|min) left"), timeout=20_000)
