import json
import shutil
from pathlib import Path

import pytest

from mozchat.domain.clip import Clip, file_name
from mozchat.domain.errors import Missing, TooLarge
from mozchat.domain.message import Message
from mozchat.domain.presence import Announcement, Mark
from mozchat.domain.retention import Limits
from mozchat.storage import journal
from mozchat.storage.media import Draft
from tests.storage.clips import add, draft, ids, publish


def files(store):
    return sorted(path.name for path in (store.path / "media").iterdir())


def test_a_clip_is_in_the_catalogue_and_its_file_in_the_folder(store):
    clip, evicted = add(store, 1)
    assert evicted == []
    assert store.clip(clip.id) == clip
    assert (store.path / "media" / clip.file).read_bytes() == b"x" * 100


def test_another_process_sees_it_and_what_it_evicted(store, another_process):
    for number in range(1, 7):
        add(store, number)
    other = another_process(store)
    assert ids(other) == ids(store) == [3, 4, 5, 6]
    assert files(store) == sorted(clip.file for clip in other.clips())


def test_two_processes_follow_each_other_along_the_journal(store, another_process):
    other = another_process(store)
    for number in range(1, 9):
        add((store, other)[number % 2], number)
        assert ids(store) == ids(other)


def test_a_clip_over_the_limit_is_refused_evicts_nothing_and_leaves_no_file(store):
    add(store, 1)
    with pytest.raises(TooLarge):
        add(store, 2, size=1001)
    assert ids(store) == [1]
    assert len(files(store)) == 1


def test_a_repeat_gives_the_first_clip_and_leaves_one_file(store):
    first, _ = add(store, 1)
    again = Clip.from_record({**draft(1).record(), "file": file_name(99, draft(1).id, "webm")})
    assert publish(store, again, b"y" * 100) == (first, [])
    assert files(store) == [first.file]


def test_a_repeat_after_the_clip_is_gone_gives_the_first_answer_and_does_not_bring_it_back(
    store, another_process
):
    first, _ = add(store, 1)
    store.remove_clips([first.id], 2)
    again = Clip.from_record({**draft(1).record(), "file": file_name(99, draft(1).id, "webm")})
    assert publish(another_process(store), again, b"y" * 100) == (first, [])
    assert ids(store) == []
    assert files(store) == []


def test_removing_a_clip_removes_its_file(store):
    clip, _ = add(store, 1)
    assert store.remove_clips([clip.id, "nothing"], 2) == [clip]
    assert ids(store) == []
    assert files(store) == []


def test_a_listener_is_told_what_is_new_and_an_unknown_cursor_is_a_reset(store, another_process):
    add(store, 1)
    first = store.since(None, None, 1, hide_expired=False)
    assert first.reset
    assert [c.id for c in first.added] == [draft(1).id]
    assert not store.since(first.cursor, None, 1, hide_expired=False)
    add(store, 2)
    add(store, 3)
    store.remove_clips([draft(3).id, draft(1).id], 2)
    news = another_process(store).since(first.cursor, None, 1, hide_expired=False)
    assert not news.reset
    assert [c.id for c in news.added] == [draft(2).id], "what came and went in between is not told"
    assert news.removed == (draft(1).id,)
    assert news.total_bytes == 100
    for forged in ("x", "1.2.3", "zzzz.10.aa", f"{first.cursor.split('.')[0]}.7.00"):
        told = store.since(forged, None, 1, hide_expired=False)
        assert told.reset
        assert [c.id for c in told.added] == [draft(2).id]


def test_expired_clips_are_hidden_where_that_is_wanted(store):
    add(store, 1, expires=5)
    add(store, 2, expires=50, now=2)
    assert [int(c.id, 16) for c in store.since(None, None, 5, hide_expired=True).added] == [2]
    assert len(store.clips(visible_at=5)) == 1
    assert len(store.clips()) == 2


def test_a_torn_last_line_counts_for_nothing_and_the_next_event_is_whole(store, another_process):
    add(store, 1)
    cursor = store.since(None, None, 1, hide_expired=False).cursor
    with (store.path / "journal.jsonl").open("ab") as file:
        file.write(b'{"t":5,"add":{"id":"half')
    assert ids(another_process(store)) == [1]
    add(another_process(store), 2)
    assert ids(another_process(store)) == ids(store) == [1, 2]
    assert [int(c.id, 16) for c in store.since(cursor, None, 1, hide_expired=False).added] == [2]


def test_the_journal_is_cut_and_cursors_stay_good(store, monkeypatch, another_process):
    monkeypatch.setattr(journal, "MAX_BYTES", 6000)
    monkeypatch.setattr(journal, "KEPT_BYTES", 3000)
    monkeypatch.setattr("mozchat.storage.state_store.CHECKPOINT_BYTES", 1000)
    other = another_process(store)
    cursor = store.since(None, None, 1, hide_expired=False).cursor
    started = cursor
    for number in range(1, 60):
        add(store, number)
        news = other.since(cursor, None, 1, hide_expired=False)
        assert [int(c.id, 16) for c in news.added] == [number]
        assert not news.reset or number == 1
        cursor = news.cursor
    assert (store.path / "journal.jsonl").stat().st_size < 8000
    assert store.since(started, None, 1, hide_expired=False).reset, "too old a cursor is a reset"
    assert ids(another_process(store)) == [56, 57, 58, 59]


def test_the_checkpoint_follows(store):
    add(store, 1)
    add(store, 2)
    store.checkpoint()
    content = json.loads((store.path / "catalog.json").read_text())
    assert [clip["id"] for clip in content["clips"]] == [draft(1).id, draft(2).id]
    assert content["version"] == 1


@pytest.mark.parametrize("damage", [b"", b"garbage", b'{"version":1,"epoch":"aa","off', b"5", b"{}"])
def test_a_broken_catalogue_is_kept_aside_and_rebuilt_from_the_journal(store, damage, another_process):
    add(store, 1)
    add(store, 2)
    (store.path / "catalog.json").write_bytes(damage)
    assert ids(another_process(store)) == [1, 2]
    assert ids(store) == [1, 2]
    assert [p.read_bytes() for p in store.path.glob("catalog.json.broken-*")] == [damage]


def test_a_catalogue_that_is_gone_is_rebuilt_from_the_journal(store, another_process):
    add(store, 1)
    (store.path / "catalog.json").unlink()
    assert ids(another_process(store)) == ids(store) == [1]


def test_a_journal_that_is_gone_leaves_the_last_checkpoint(store, another_process):
    add(store, 1)
    add(store, 2)
    store.checkpoint()
    before = store.since(None, None, 1, hide_expired=False).cursor
    (store.path / "journal.jsonl").unlink()
    assert ids(store) == ids(another_process(store)) == [1, 2]
    add(store, 3)
    assert ids(another_process(store)) == [1, 2, 3]
    assert store.since(before, None, 1, hide_expired=False).reset


def test_a_clip_whose_file_somebody_removed_is_dropped(store, caplog, another_process):
    clip, _ = add(store, 1)
    add(store, 2)
    (store.path / "media" / clip.file).unlink()
    assert store.drop_lost(10_000) == [clip]
    assert ids(another_process(store)) == [2]
    assert clip.file in caplog.text


def test_a_media_folder_that_somebody_removed_is_made_again(store):
    add(store, 1)
    for path in (store.path / "media").iterdir():
        path.unlink()
    (store.path / "media").rmdir()
    store.drop_lost(10_000)
    assert ids(store) == []
    add(store, 2)
    assert ids(store) == [2]


def test_clips_in_the_old_folder_are_found_when_the_setting_changes(store):
    clip, _ = add(store, 1)
    (store.path / ".ini").write_text("[common]\nmediaFolder=mediaNew\n")
    add(store, 2)
    assert store.drop_lost(10_000) == []
    assert store.media().find(clip.file) == store.path / "media" / clip.file
    store.remove_clips([clip.id], 3)
    assert files(store) == []


def test_a_thread_that_somebody_removed_is_missing_and_is_not_brought_back(site, store):
    add(store, 1)
    shutil.rmtree(store.path)
    for use in (
        lambda: site.thread("walk").settings(),
        lambda: add(store, 2),
        lambda: store.remove_clips(["x"], 1),
    ):
        with pytest.raises(Missing):
            use()
    assert not store.path.exists()
    again = site.create("walk", b"")
    assert ids(again) == []


def test_of_a_thread_that_somebody_removed_no_lock_is_left(site, store, another_process, until):
    late = another_process(store)
    add(store, 1)
    shutil.rmtree(store.path)
    with pytest.raises(Missing):
        add(late, 2)
    assert site.run_folder / "walk.lock" in site.run_folder.iterdir()
    until(lambda: [path.suffix for path in site.run_folder.iterdir()] == [".bell"])
    assert ids(site.create("walk", b"")) == []


def test_messages_survive_the_process_and_a_checkpoint(store, another_process):
    posted = store.post_message(Message(0, "Ann", "Bob", "chat", {"text": "hi"}, 5, 100), "key", 5)
    assert (
        store.post_message(Message(0, "Ann", "Bob", "chat", {"text": "hi"}, 6, 100), "key", 6).number
        == posted.number
    )
    store.claim("Bob", "b", now=6, until=10, hold=10, key="")
    bob = store.roster().get("Bob")
    for look in (another_process(store), store):
        look.checkpoint()
        waiting = another_process(store).since(None, bob, 7, hide_expired=False).messages
        assert [m.number for m in waiting] == [posted.number]


def test_what_is_acknowledged_is_not_told_to_a_fresh_listener_and_its_author_learns_of_it(store):
    for name in ("Ann", "Bob"):
        store.claim(name, name, now=1, until=10, hold=10, key="")
    posted = store.post_message(Message(0, "Ann", "Bob", "chat", {"text": "hi"}, 5, 100), None, 5)
    told = store.since(None, store.roster().get("Bob"), 6, hide_expired=False)
    assert [m.number for m in told.messages] == [posted.number]
    store.acknowledge(store.roster().get("Bob"), told.cursor, 7, 50)
    store.acknowledge(store.roster().get("Bob"), told.cursor, 8, 50)
    assert store.since(None, store.roster().get("Bob"), 9, hide_expired=False).messages == ()
    receipts = [
        m
        for m in store.since(None, store.roster().get("Ann"), 9, hide_expired=False).messages
        if m.sender == "Bob"
    ]
    assert [(m.type, m.body) for m in receipts] == [("delivered", {"id": str(posted.number)})]


def test_a_touch_of_somebody_who_is_offline_soon_is_written_at_once(store, another_process):
    person = store.claim("Ann", "a", now=0, until=100, hold=1000, key="")
    store.touch([(person, Mark(60, 160))], 60)
    assert another_process(store).roster().online(150) == ("Ann",)


def test_touches_of_those_who_are_online_for_a_while_yet_are_written_together(store, another_process):
    people = [
        store.claim(name, name, now=0, until=20_000, hold=99_000, key="") for name in ("Ann", "Bob", "Eve")
    ]
    before = (store.path / "users.json").stat().st_mtime_ns
    for person in people[:2]:
        store.touch([(person, Mark(10_000, 30_000))], 10_000)
    assert (store.path / "users.json").stat().st_mtime_ns == before

    store.write_marks()

    assert another_process(store).roster().online(25_000) == ("Ann", "Bob")


def test_whoever_left_is_not_brought_back_by_a_touch_from_before(store, another_process):
    person = store.claim("Ann", "a", now=0, until=20_000, hold=99_000, key="")
    store.touch([(person, Mark(10_000, 30_000))], 10_000)
    other = another_process(store)
    other.release(person, now=10_500)

    store.write_marks()

    assert another_process(store).roster().online(11_000) == ()


def test_what_a_listener_takes_back_is_not_brought_back_by_what_another_process_writes_late(
    store, another_process
):
    person = store.claim("Ann", "a", now=0, until=20_000, hold=99_000, key="")
    store.touch([(person, Mark(10_000, 15_000, announced={"page": Announcement(10_000, 30_000)}))], 10_000)
    other = another_process(store)
    other.touch([(person, Mark(10_500, 15_500, announced={"page": Announcement(10_500, 10_500)}))], 10_500)
    other.write_marks()

    store.write_marks()

    assert another_process(store).roster().get("Ann").online_until == 20_000


def test_an_upload_that_a_rebuild_finds_before_its_event_is_its_authors(store, monkeypatch, another_process):
    voice = (Path(__file__).parent.parent / "samples" / "chromium-audio.webm").read_bytes()
    add(store, 1)
    place = Draft.place

    def place_and_lose_the_catalogue(content, target, *, durable):
        place(content, target, durable=durable)
        for name in ("catalog.json", "journal.jsonl"):
            (store.path / name).unlink()
        assert len(another_process(store).clips()) == 1, "the rebuild has found the file"

    monkeypatch.setattr(Draft, "place", place_and_lose_the_catalogue)
    clip, _ = publish(store, draft(2, len(voice)), voice, Limits(50_000, 100_000, 4))
    assert (clip.author, clip.file in files(store)) == ("Ann", True)
    assert [(c.id, c.author) for c in another_process(store).clips()] == [(clip.id, "Ann")]
