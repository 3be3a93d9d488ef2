"""A copy of the threads' folder, made at any moment while the site is used, is a backup."""

import random
import shutil
import subprocess
import sys
import threading

import pytest

from tests.conftest import SAMPLES
from tests.process.test_server import NO_FLOOR, wait_until
from tests.running import Client, RunningSite

pytestmark = [pytest.mark.process, pytest.mark.slow]

COPIES = 8
INI = """[common]
maxBlobBytes=100000
maxMediaFolderBytes=40000000
maxClipCount={count}
userStatusFadeS=60
clipLifetimeSec=86400
durability=os
[client]
maxClipSizeSec=30
"""
FORUM, FULL = "forum", "full"
"""One thread that keeps every clip, with deletions, and one in which each clip evicts another."""
THREADS = {FORUM: INI.format(count=0), FULL: INI.format(count=5)}


class People:
    """They publish and delete until told to stop. `acknowledged` are the ids of clips that were not deleted again,
    `deleted` of those for whose removal was asked."""

    def __init__(self, site, voice):
        self.site, self.voice = site, voice
        self.acknowledged, self.deleted = set(), set()
        self.faults = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._live, args=(n,)) for n in range(4)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        assert self.faults == []

    def _live(self, number):
        try:
            self._publish_and_delete(number)
        except Exception as fault:
            self.faults.append(fault)

    def _publish_and_delete(self, number):
        chance = random.Random(number)
        forum = Client(self.site).join(FORUM, f"Ann{number}")
        full = Client(self.site).join(FULL, f"Bob{number}")
        mine = []
        while not self._over.is_set():
            status, clip, _ = forum.upload(FORUM, self.voice)
            assert status == 201, clip
            self.acknowledged.add(clip["id"])
            mine.append(clip["id"])
            assert full.upload(FULL, self.voice)[0] == 201
            begun = {"Upload-Complete": "?0", "Idempotency-Key": f"begun{number}-{len(mine)}-of-an-upload"}
            assert forum.request("POST", f"/api/threads/{FORUM}/uploads", self.voice[:5000], begun)[0] in (
                201,
                429,
            )
            if chance.random() < 0.5:
                going = mine.pop(chance.randrange(len(mine)))
                self.deleted.add(going)
                assert forum.request("DELETE", f"/api/threads/{FORUM}/clips/{going}")[0] == 204


def copied(source, target):
    """What `cp -r` makes: it complains about what goes away meanwhile, and about nothing else."""
    done = subprocess.run(["cp", "-r", source, target], capture_output=True, text=True, env={"LC_ALL": "C"})
    said = [line for line in done.stderr.splitlines() if "No such file" not in line]
    assert said == []


def copied_in_order(source, target, order):
    """As a program does that comes to the files of a thread in another order, and takes its time."""
    for thread in (FORUM, FULL):
        (target / thread).mkdir(parents=True)
        for path in sorted((source / thread).iterdir(), key=lambda path: order(path.name)):
            copy = target / thread / path.name
            if path.is_dir():
                copy.mkdir()
                for file in list(path.iterdir()):
                    take(file, copy / file.name)
            else:
                take(path, copy)


def take(path, target):
    try:
        shutil.copyfile(path, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


ORDERS = {
    "media first": lambda name: (not name.startswith("media"), name),
    "media last": lambda name: (name.startswith("media"), name),
    "journal first": lambda name: (name != "journal.jsonl", name.startswith("media"), name),
    "journal last": lambda name: (name == "journal.jsonl", name),
}


def check(folder):
    return subprocess.run(
        [sys.executable, "-m", "mozchat", "--threads", folder, "check"], capture_output=True, text=True
    )


def test_every_copy_is_a_whole_site(run_site, tmp_path):
    voice = (SAMPLES / "chromium-audio.webm").read_bytes()
    site = run_site(threads=THREADS, environment=NO_FLOOR)
    copies = []
    with People(site, voice) as people:
        wait_until(lambda: len(people.acknowledged) > 100 and len(people.deleted) > 20, 60)
        for number in range(COPIES):
            target = tmp_path / f"copy{number}" / "threads"
            target.parent.mkdir()
            wait_until(lambda: len(people.acknowledged) > 100 + 20 * number, 60)  # noqa: B023 - called at once
            before = set(people.acknowledged)
            way = [None, *ORDERS][number % 5]
            copied_in_order(site.folder, target, ORDERS[way]) if way else copied(site.folder, target)
            copies.append((target, before, set(people.deleted)))
    site.stop()

    for target, before, deleted in copies:
        checked = check(target)
        assert checked.returncode == 0, checked.stdout
        assert checked.stdout == "2 threads, 0 errors, 0 warnings\n"
        site = RunningSite(target, environment=NO_FLOOR)
        site.start()
        eve = Client(site).join(FORUM, "Eve")
        listed = {clip["id"]: clip for clip in eve.request("GET", f"/api/threads/{FORUM}/clips")[1]["clips"]}
        assert before - deleted <= set(listed)
        assert "?" not in {clip["author"] for clip in listed.values()}
        for clip in listed.values():
            assert len(eve.request("GET", clip["media"])[1]) == clip["bytes"]
        assert eve.upload(FORUM, voice)[0] == 201
        assert len(eve.join(FULL, "Eve").request("GET", f"/api/threads/{FULL}/clips")[1]["clips"]) <= 5
        site.stop()
