"""The site as `mozchat run` serves it: several processes, many listeners."""

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.running import Client

pytestmark = pytest.mark.process

WALK = {
    "walk": """[common]
maxBlobBytes=100000
maxMediaFolderBytes=4000000
maxClipCount=0
userStatusFadeS=60
[client]
maxClipSizeSec=30
longPollPeriodS=15
"""
}
NO_FLOOR = {"MOZCHAT_MIN_FREE_BYTES": "0"}
"""For disks that are smaller than what is to stay free of others."""


@pytest.fixture(scope="module")
def voice():
    samples = Path(__file__).parent.parent / "samples"
    return next(path for path in sorted(samples.glob("*.webm")) if "audio" in path.name).read_bytes()


class Listener(threading.Thread):
    """A long poll in an OS thread: its answer and when it came."""

    def __init__(self, client, cursor, wait=10.0):
        super().__init__(daemon=True)
        self.client, self.cursor, self.wait = client, cursor, wait
        self.start()

    def run(self):
        self.status, self.body, self.headers = self.client.events("walk", self.cursor, self.wait)
        self.at = time.monotonic()


def wait_until_held(client, count):
    """Wait until the site's processes together hold so many listeners, as they say themselves."""
    held = {}

    def all_held():
        health = client.request("GET", "/healthz")[1]
        held[health["process"]] = health["listeners"]
        return sum(held.values()) >= count

    wait_until(all_held)


def wait_until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.01)


def test_it_starts_again_within_2_seconds(run_site):
    site = run_site(threads=WALK)
    site.stop()
    again = run_site()
    assert again.started_in < 2.0


def test_an_empty_place_gets_the_five_presets(run_site):
    site = run_site()
    names = [thread["name"] for thread in Client(site).request("GET", "/api/threads")[1]["threads"]]
    assert sorted(names) == ["audioStream", "mediaChat", "mediaForum", "videoChat", "videoStream"]


def test_a_clip_reaches_listeners_in_all_processes_at_once(run_site, voice):
    site = run_site("--workers", "2", "--listeners", "80", threads=WALK)
    ann = Client(site).join("walk", "Ann")
    bob = Client(site).join("walk", "Bob")
    cursor = bob.events("walk")[1]["cursor"]
    delays = []
    for _ in range(5):
        listeners = [Listener(bob, cursor) for _ in range(20)]
        wait_until_held(ann, 20)
        status, clip, _ = ann.upload("walk", voice)
        done = time.monotonic()
        assert status == 201, clip
        for listener in listeners:
            listener.join(5)
            assert listener.status == 200
            assert [c["id"] for c in listener.body["clips"]["added"]] == [clip["id"]]
            delays.append(listener.at - done)
        cursor = listeners[0].body["cursor"]
    assert statistics.median(delays) < 0.5, "by the bell, not by the look around once a second"


def test_listeners_beyond_the_room_are_told_when_to_come_back_and_others_are_served(run_site, voice):
    site = run_site("--workers", "1", "--listeners", "4", threads=WALK)
    ann = Client(site).join("walk", "Ann")
    cursor = ann.events("walk")[1]["cursor"]
    held = [Listener(ann, cursor) for _ in range(4)]
    wait_until_held(ann, 4)
    status, _, headers = ann.events("walk", cursor, 5)
    assert (status, "Retry-After" in headers) == (204, True)
    assert ann.upload("walk", voice)[0] == 201
    for listener in held:
        listener.join(5)
        assert listener.status == 200
    assert ann.events("walk", cursor)[1]["clips"]["added"], "who was not let in has lost nothing"


def test_a_stopping_server_releases_its_listeners_within_a_second(run_site):
    site = run_site("--workers", "2", "--listeners", "40", threads=WALK)
    ann = Client(site).join("walk", "Ann")
    cursor = ann.events("walk")[1]["cursor"]
    listeners = [Listener(ann, cursor, 15) for _ in range(10)]
    wait_until_held(ann, 10)
    began = time.monotonic()
    took = site.stop()
    for listener in listeners:
        listener.join(5)
        assert listener.status == 204
        assert listener.at - began < 1.0
    assert took < 3.0


def test_a_killed_worker_takes_nothing_with_it(run_site, voice):
    site = run_site("--workers", "2", threads=WALK)
    ann = Client(site).join("walk", "Ann")
    told = [ann.upload("walk", voice)[1]["id"] for _ in range(3)]
    children = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children")
    wait_until(lambda: len(children.read_text().split()) == 2)
    for child in children.read_text().split():
        os.kill(int(child), signal.SIGKILL)
    wait_until(lambda: _answers(ann))
    assert [clip["id"] for clip in ann.request("GET", "/api/threads/walk/clips")[1]["clips"]] == told
    assert ann.upload("walk", voice)[0] == 201


def _answers(client):
    try:
        return client.request("GET", "/healthz")[0] == 200
    except OSError:
        return False


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB of its own for the threads; gives a function that makes it read-only."""
    folder = tmp_path / "threads"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True
    )
    if made.returncode:
        pytest.fail(f"this test mounts a small disk, for which it must be run as root: {made.stderr}")
    yield lambda: subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_gives_507_and_leaves_everything_as_it_was(small_disk, run_site, voice):
    site = run_site(threads=WALK, environment=NO_FLOOR)
    ann = Client(site).join("walk", "Ann")
    kept = ann.upload("walk", voice)[1]["id"]
    (site.folder / "ballast").write_bytes(
        b"x" * (os.statvfs(site.folder).f_bavail * os.statvfs(site.folder).f_frsize)
    )
    status, problem, _ = ann.upload("walk", voice)
    assert (status, problem["status"]) == (507, 507)
    assert [clip["id"] for clip in ann.request("GET", "/api/threads/walk/clips")[1]["clips"]] == [kept]
    assert len(list((site.folder / "walk" / "media").iterdir())) == 1
    (site.folder / "ballast").unlink()
    assert ann.upload("walk", voice)[0] == 201


def test_a_folder_that_cannot_be_written_is_said_and_reading_goes_on(small_disk, run_site, voice):
    site = run_site(threads=WALK, environment=NO_FLOOR)
    ann = Client(site).join("walk", "Ann")
    clip = ann.upload("walk", voice)[1]
    small_disk()
    status, problem, headers = ann.upload("walk", voice)
    assert (status, "cannot store" in problem["detail"], "Retry-After" in headers) == (503, True, True)
    assert len(ann.request("GET", clip["media"])[1]) == clip["bytes"]
    assert ann.events("walk")[1]["clips"]["added"] == [clip]
    checked = subprocess.run(
        [sys.executable, "-m", "mozchat", "--threads", site.folder, "check", "walk"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 1
    assert f"{site.folder}/walk is not writable" in checked.stdout
