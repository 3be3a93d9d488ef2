"""Many processes on one thread: catalogue, folder and answers agree."""

import multiprocessing
import random
from pathlib import Path

import pytest

from mozchat.domain.clip import Clip, file_name
from mozchat.domain.message import Message
from mozchat.domain.retention import Limits
from mozchat.services.site import Site
from mozchat.services.upkeep import check, sweep
from mozchat.storage.media import Draft

pytestmark = pytest.mark.process

PROCESSES = 8
ROUNDS = 60
LIMITS = Limits(5000, 60_000, 20)


def worker(folder, number, answers):
    """Publish, delete, sweep and write at random; report what was answered."""
    site = Site(Path(folder))
    store = site.store.thread("walk")
    dice = random.Random(number)
    added, evicted, removed, written = [], [], [], []
    for turn in range(ROUNDS):
        now = site.now()
        clip_id = f"{number:08x}{turn:08x}"
        size = dice.randint(1, 5000)
        clip = Clip(
            clip_id, file_name(now, clip_id, "webm"), "Ann", "a", now, now + 10**9, "audio/webm", 1.0, size
        )
        with Draft(store.media().path, bytes(size)) as content:
            stored, gone = store.add_clip(clip, content, LIMITS, now)
        added.append(stored.id)
        evicted += gone
        if dice.random() < 0.3:
            victim = dice.choice(added)
            removed += [clip.id for clip in store.remove_clips([victim], now)]
        if dice.random() < 0.1:
            sweep(site, "walk", dry_run=False)
        if dice.random() < 0.3:
            text = {"text": f"{number} {turn}"}
            written.append(
                store.post_message(Message(0, "Ann", "*", "chat", text, now, now + 10**9), None, now).number
            )
        if dice.random() < 0.2:
            store.claim(f"p{number}", f"i{number}", now=now, until=now + 10**6, hold=10**9, key="")
    answers.put((added, evicted, removed, written))
    site.close()


def test_catalogue_folder_and_answers_agree_after_8_processes_at_once(tmp_path):
    site = Site(tmp_path / "threads")
    store = site.store.create("walk", b"[common]\nmaxMediaFolderBytes=60000\nmaxClipCount=20\n")
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    processes = [
        spawn.Process(target=worker, args=(str(site.store.folder), n, answers)) for n in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    told = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(30)
        assert process.exitcode == 0

    added = [clip for one in told for clip in one[0]]
    gone = [clip for one in told for clip in one[1] + one[2]]
    written = [number for one in told for number in one[3]]
    assert len(added) == len(set(added)) == PROCESSES * ROUNDS
    assert len(gone) == len(set(gone)), "no clip was evicted or deleted twice"
    fresh = Site(site.store.folder)
    listed = [clip.id for clip in fresh.store.thread("walk").clips()]
    assert set(listed) == set(added) - set(gone)
    assert len(listed) <= LIMITS.max_count
    assert {p.name for p in (store.path / "media").iterdir()} == {c.file for c in store.clips()}
    assert [finding for finding in check(fresh, "walk") if finding.level == "error"] == []
    kept = {m.number for m in fresh.store.thread("walk").since(None, _ann(), 1, hide_expired=False).messages}
    assert len(written) == len(set(written))
    assert kept == set(written)
    assert {person.name for person in fresh.store.thread("walk").roster().people()} <= {
        f"p{n}" for n in range(8)
    }
    site.close()
    fresh.close()


def _ann():
    from mozchat.domain.presence import Person

    return Person("Ann", "a", 0, 0)
