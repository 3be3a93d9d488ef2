"""A thread whose files were copied at moments of their own."""

import shutil

import pytest

from mozchat.services.site import Site
from mozchat.services.upkeep import check
from mozchat.storage import journal


@pytest.fixture
def ann(make_thread, join):
    make_thread(
        "walk", "maxMediaFolderBytes=9000000\nmaxClipCount=0\nuserStatusFadeS=600\nclipLifetimeSec=86400\n"
    )
    return join("walk", "Ann")


@pytest.fixture
def publish(ann, sample):
    return lambda: ann.upload(sample("chromium-audio.webm"))["id"]


@pytest.fixture
def copy_of(site, tmp_path, clock):
    """Copy these files of the thread, now, over what was copied of it before; and look at the copy as a site."""
    target = tmp_path / "threads" / "walk"
    opened = []

    def copy(*names):
        for name in names:
            source = site.store.folder / "walk" / name
            target.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target / name, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target / name)

    def look():
        copied = Site(target.parent, 4, clock)
        opened.append(copied)
        return copied

    copy.look = look
    yield copy
    for copied in opened:
        copied.close()


def ids(site):
    return {clip.id for clip in site.store.thread("walk").clips()}


FILES = (".ini", "catalog.json", "journal.jsonl", "users.json")


def test_a_clip_whose_file_was_copied_too_early_is_not_in_the_copy(publish, copy_of):
    first = publish()
    copy_of("media")
    publish()
    copy_of(*FILES)
    copied = copy_of.look()

    assert ids(copied) == {first}
    assert check(copied, "walk") == []


def test_a_clip_deleted_between_record_and_file_is_not_in_the_copy(ann, publish, copy_of):
    first, second = publish(), publish()
    copy_of(*FILES)
    ann.delete(second)
    copy_of("media")
    copied = copy_of.look()

    assert check(copied, "walk") == []
    assert ids(copied) == {first}


def test_a_clip_deleted_between_file_and_record_does_not_come_back(ann, publish, copy_of):
    first, second = publish(), publish()
    copy_of("media")
    ann.delete(second)
    copy_of(*FILES)

    assert ids(copy_of.look()) == {first}


def test_a_catalogue_newer_than_the_journal_counts(site, publish, copy_of):
    publish()
    copy_of("journal.jsonl")
    publish()
    site.store.thread("walk").checkpoint()
    copy_of(".ini", "catalog.json", "users.json", "media")

    assert ids(copy_of.look()) == ids(site)


def test_what_was_cut_off_the_journal_in_between_is_found_by_its_files(
    site, ann, publish, copy_of, monkeypatch
):
    monkeypatch.setattr(journal, "MAX_BYTES", 2000)
    monkeypatch.setattr(journal, "KEPT_BYTES", 600)
    first = publish()
    site.store.thread("walk").checkpoint()
    copy_of("catalog.json")
    missing, deleted = publish(), publish()
    ann.delete(deleted)
    for _ in range(20):
        last = publish()
    site.store.thread("walk").checkpoint()
    copy_of(".ini", "journal.jsonl", "users.json", "media")
    copied = copy_of.look()

    found = {clip.id: clip.author for clip in copied.store.thread("walk").clips()}
    assert set(found) == ids(site)
    assert (found[first], found[missing], found[last]) == ("Ann", "?", "Ann")


def test_a_copy_has_cursors_of_its_own(site, ann, publish, copy_of):
    publish()
    copy_of(*FILES, "media")
    cursor = site.store.thread("walk").cursor(site.now()).epoch
    copied = copy_of.look()

    assert copied.store.thread("walk").cursor(site.now()).epoch != cursor
    again = copied.store.thread("walk").cursor(site.now()).epoch
    assert copy_of.look().store.thread("walk").cursor(site.now()).epoch == again, "once, not at every look"


def test_recordings_that_were_under_way_begin_anew_in_a_copy(site, ann, publish, copy_of, sample):
    publish()
    headers = {"Upload-Complete": "?0", "Content-Type": "audio/webm"}
    ann.ask("POST", ann.url("uploads"), 201, data=sample("chromium-audio.webm")[:3000], headers=headers)
    copy_of(*FILES, "media", ".uploads")
    copied = copy_of.look()

    assert ids(copied) == ids(site)
    assert copied.store.thread("walk").uploads.all() == []
    assert len(site.store.thread("walk").uploads.all()) == 1


def test_a_folder_that_was_moved_is_no_copy(site, ann, publish, clock, tmp_path):
    clip = publish()
    epoch = site.store.thread("walk").cursor(site.now()).epoch
    (site.store.folder / "walk").rename(site.store.folder / "hike")

    assert site.store.thread("hike").cursor(site.now()).epoch == epoch
    assert [c.id for c in site.store.thread("hike").clips()] == [clip]
