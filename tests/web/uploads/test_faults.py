"""Uploads while folders vanish, files break and processes die."""

import errno
import os
import shutil
import threading
import time
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

import pytest

from mozchat.services import upkeep
from mozchat.storage import media, thread_store
from mozchat.storage.media import Draft
from mozchat.storage.uploads import Part
from tests.web.uploads.sending import (
    PIECE,
    SETTINGS,
    SlowBody,
    begun,
    create,
    digest,
    files_of,
    finish,
    head,
    offset_of,
    parts_of,
    patch,
)


def test_a_thread_that_is_removed_in_the_middle_is_missing_and_stays_removed(
    ann, thread, voice, meanwhile, until
):
    upload = begun(ann, voice[:1000])
    slow = SlowBody(voice[1000:])
    late = meanwhile(
        ann.send,
        "PATCH",
        ann.url("uploads", upload),
        headers={"Upload-Complete": "?1", "Upload-Offset": "1000", "Content-Type": PIECE},
        environ_overrides={"wsgi.input": slow, "CONTENT_LENGTH": str(len(voice) - 1000)},
    )
    until(slow.reading)
    shutil.rmtree(thread)
    slow.go_on()

    assert late.result().status_code == 404
    head(ann, upload, 404)
    create(ann, voice, 404)
    create(ann, voice, 404, complete=True)
    assert not thread.exists()


def test_a_thread_that_is_removed_under_a_large_raw_request_stays_removed(
    ann, make_thread, thread, meanwhile, until
):
    make_thread("walk", "maxBlobBytes=3000000\nmaxMediaFolderBytes=9000000\n")
    slow = SlowBody(bytes(300_000))
    late = meanwhile(
        ann.send,
        "POST",
        ann.url("uploads"),
        headers={"Upload-Complete": "?1"},
        environ_overrides={"wsgi.input": slow, "CONTENT_LENGTH": "300000"},
    )
    until(slow.reading)
    shutil.rmtree(thread)
    slow.go_on()

    assert late.result().status_code == 404
    assert not thread.exists()


def test_requests_that_race_for_one_upload_write_it_once(ann, sample, meanwhile):
    content = sample("webkit-audio.mp4")
    upload = begun(ann)

    def send(step):
        """Go on from wherever it stands, as long as something is missing."""
        while (at := offset_of(ann, upload)) < len(content):
            headers = {"Upload-Complete": "?0", "Upload-Offset": str(at), "Content-Type": PIECE}
            piece = content[at : at + step]
            status = ann.status("PATCH", ann.url("uploads", upload), headers=headers, data=piece)
            assert status in (204, 409)

    for racer in [meanwhile(send, step) for step in (500, 700, 900, 1100)]:
        racer.result()
    finish(ann, upload, len(content), Repr_Digest=digest(content))


def test_a_part_file_that_somebody_removed_is_an_upload_that_is_gone(ann, thread, voice):
    upload = begun(ann, voice[:1000], key="k")
    (thread / ".uploads" / f"{upload}.part").unlink()

    patch(ann, upload, 1000, voice[1000:], 404)
    assert create(ann, voice, key="k").json["offset"] == len(voice)


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"[]", b'{"id": 5}', b'{"more": 1}'])
def test_a_record_that_cannot_be_read_is_an_upload_that_is_gone(ann, thread, voice, garbage):
    upload = begun(ann, voice[:1000], key="k")
    (thread / ".uploads" / f"{upload}.json").write_bytes(garbage)

    patch(ann, upload, 1000, voice[1000:], 404)
    assert create(ann, voice, key="k").json["offset"] == len(voice)


class Killed(BaseException):
    """The process is dead."""


@pytest.fixture
def killed_before_the_record(monkeypatch):
    """Have the next clip's file put in its place, and the process killed before its clip is recorded."""

    def killed(*_arguments):
        raise Killed

    def kill(send):
        with monkeypatch.context() as patched:
            patched.setattr(thread_store, "plan_eviction", killed)
            for content in (Draft, Part):
                patched.setattr(content, "withdraw", lambda *_arguments: None)
            with pytest.raises(Killed):
                send()

    return kill


def test_an_end_that_was_cut_short_by_a_kill_can_be_repeated(
    ann, thread, voice, killed_before_the_record, clock
):
    upload = begun(ann, voice)
    killed_before_the_record(lambda: finish(ann, upload, len(voice)))
    assert len(files_of(thread)) == 1
    assert parts_of(thread) == [f"{upload}.json"]
    clock.advance(1)

    assert offset_of(ann, upload) == len(voice)
    assert files_of(thread) == []
    clip = finish(ann, upload, len(voice), Repr_Digest=digest(voice))

    assert ann.clips()["clips"] == [clip]
    assert len(files_of(thread)) == 1


def test_a_sweep_does_not_take_a_clip_for_an_orphan_that_is_being_published(
    ann, site, thread, sample, monkeypatch, meanwhile, until
):
    """Its bytes may be old: it has waited for its author to press Upload."""
    content = sample("firefox-audio.ogg")
    upload = begun(ann, content)
    os.utime(thread / ".uploads" / f"{upload}.part", (1, 1))
    monkeypatch.setattr(upkeep, "ORPHAN_SECONDS", (site.now() / 1000 - time.time()) + 3600)
    plan = thread_store.plan_eviction

    def sweep_and_plan(*arguments):
        monkeypatch.setattr(thread_store, "plan_eviction", plan)
        assert upkeep.sweep(site, "walk", dry_run=True).orphans == []
        return plan(*arguments)

    monkeypatch.setattr(thread_store, "plan_eviction", sweep_and_plan)
    finish(ann, upload, len(content))
    assert ann.media(upload).data == content


def test_who_asks_while_a_clip_is_being_published_does_not_take_its_file_away(
    ann, thread, voice, monkeypatch, meanwhile, until
):
    upload = begun(ann, voice)
    placed, go_on = threading.Event(), threading.Event()
    place = Part.place

    def place_and_wait(part, target, *, durable):
        place(part, target, durable=durable)
        placed.set()
        assert go_on.wait(10)

    monkeypatch.setattr(Part, "place", place_and_wait)
    publishing = meanwhile(finish, ann, upload, len(voice))
    until(placed.is_set)
    asking = meanwhile(head, ann, upload)
    with pytest.raises(FutureTimeout):
        asking.result(0.2)
    go_on.set()

    assert asking.result()["Upload-Complete"] == "?1"
    clip = publishing.result()
    assert ann.media(clip["id"]).status_code == 200


@pytest.mark.parametrize("way", ["pieces", "whole"])
def test_a_clip_that_a_rebuild_found_before_its_record_is_its_authors_after_all(
    ann, make_thread, thread, voice, killed_before_the_record, clock, way
):
    make_thread("walk", SETTINGS + "hideExpired=0\n")
    upload = begun(ann, voice, key="k") if way == "pieces" else None

    def send():
        if way == "pieces":
            return finish(ann, upload, len(voice))
        return create(ann, voice, complete=True, key="k").json

    killed_before_the_record(send)
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).unlink()
    assert [clip["author"] for clip in ann.clips()["clips"]] == ["?"]
    clock.advance(1)

    clip = send()

    assert clip["author"] == "Ann"
    assert ann.clips()["clips"] == [clip]
    assert len(files_of(thread)) == 1
    assert ann.media(clip["id"]).status_code == 200


def test_a_media_folder_on_another_file_system_gets_a_copy(ann, make_thread, thread, voice, monkeypatch):
    make_thread("walk", "maxMediaFolderBytes=16000\nmaxBlobBytes=15000\n")
    kept = ann.upload(voice)["id"]
    upload = begun(ann, voice[:1000])
    move = media.move

    def apart(path, target):
        if Path(path).parent != target.parent:
            raise OSError(errno.EXDEV, "another file system")
        move(path, target)

    monkeypatch.setattr(media, "move", apart)
    clip = finish(ann, upload, 1000, voice[1000:], Repr_Digest=digest(voice))

    assert ann.clip_ids() == [kept, upload], "its own part is not counted beside it"
    assert len(ann.media(upload).data) == clip["bytes"]
    assert parts_of(thread) == []


def test_no_unfinished_upload_is_taken_for_a_clip_by_a_rebuild(ann, thread, voice):
    upload = begun(ann, voice)
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).unlink(missing_ok=True)

    assert ann.clip_ids() == []
    finish(ann, upload, len(voice))
