"""A process that dies in a checkpoint, or reads while another makes one, misses nothing and doubles nothing."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from mozchat.domain.message import Message
from mozchat.domain.retention import Limits
from mozchat.storage import checkpoint, journal
from tests.storage.clips import add, ids

ROOMY = Limits(1000, 100_000, 100)
FILES = ["messages.json", "catalog.json", "journal.jsonl"]


class Killed(BaseException):
    """The process is dead."""


@pytest.fixture
def checkpoints_are_frequent(monkeypatch):
    """Every few events are followed by a checkpoint, and by a cut of the journal that leaves the last of them."""
    monkeypatch.setattr(journal, "MAX_BYTES", 1500)
    monkeypatch.setattr(journal, "KEPT_BYTES", 700)
    monkeypatch.setattr("mozchat.storage.state_store.CHECKPOINT_BYTES", 500)


@contextmanager
def death_before_replacing(name):
    """The process dies when it is about to replace the file of this name, with everything before it done."""
    replace = Path.replace

    def die(source, target):
        if Path(target).name == name:
            raise Killed
        return replace(source, target)

    with pytest.MonkeyPatch.context() as death:
        death.setattr(Path, "replace", die)
        with pytest.raises(Killed):
            yield


def once_before(owner, name, happens, monkeypatch):
    """Let something happen just before this function is called for the first time."""
    original = getattr(owner, name)
    left = [happens]

    def call(*arguments):
        while left:
            left.pop()()
        return original(*arguments)

    monkeypatch.setattr(owner, name, call)


def post(store, number):
    """Message `number` of Ann, under its own key."""
    message = Message(0, "Ann", "*", "chat", {"text": f"{number}"}, number, 10_000)
    return store.post_message(message, f"key {number}", number)


def texts(changes):
    return [int(message.body["text"]) for message in changes.messages]


@pytest.mark.parametrize("name", FILES)
def test_a_message_is_one_when_it_is_repeated_after_a_kill_in_the_checkpoint_that_it_caused(
    store, another_process, checkpoints_are_frequent, name
):
    bob = store.claim("Bob", "b", now=1, until=10_000, hold=10_000, key="")
    told = store.since(None, bob, 1, hide_expired=False)
    numbers = []
    with death_before_replacing(name):
        for number in range(1, 40):
            numbers.append(number)
            assert post(store, number).number == number

    survivor = another_process(store)
    assert [post(survivor, number).number for number in numbers[-3:]] == numbers[-3:]
    told = survivor.since(told.cursor, bob, 50, hide_expired=False)
    assert (texts(told), told.reset) == (numbers, False)
    assert texts(another_process(store).since(None, bob, 50, hide_expired=False)) == numbers


@pytest.mark.parametrize("name", FILES)
def test_clips_are_what_they_were_after_a_kill_in_a_checkpoint(
    store, another_process, checkpoints_are_frequent, name
):
    add(store, 1)
    numbers = [1]
    with death_before_replacing(name):
        for number in range(2, 40):
            numbers.append(number)
            add(store, number)

    survivor = another_process(store)
    assert ids(survivor) == numbers[-4:]
    add(survivor, numbers[-1])
    assert ids(survivor) == ids(another_process(store)) == numbers[-4:]


def test_a_message_is_one_when_it_is_repeated_to_a_process_that_read_while_another_made_a_checkpoint(
    store, another_process, monkeypatch
):
    store.claim("Bob", "b", now=1, until=10_000, hold=10_000, key="")
    posted = post(store, 1)
    other = another_process(store)
    once_before(checkpoint, "_load_messages", store.checkpoint, monkeypatch)
    other.clips()

    assert post(other, 1).number == posted.number


def test_a_process_that_reads_while_another_cuts_the_journal_misses_no_clip(
    store, another_process, checkpoints_are_frequent, monkeypatch
):
    add(store, 1, limits=ROOMY)
    other = another_process(store)

    def others_add():
        for number in range(2, 20):
            add(store, number, limits=ROOMY)

    once_before(checkpoint, "_load_messages", others_add, monkeypatch)

    assert ids(other) == list(range(1, 20))
    add(other, 20, limits=ROOMY)
    assert ids(other) == ids(store) == list(range(1, 21))


def test_a_journal_that_was_cut_twice_and_has_its_old_inode_again_is_followed(
    store, another_process, checkpoints_are_frequent
):
    add(store, 1, limits=ROOMY)
    other = another_process(store)
    other.clips()
    journal_file = store.path / "journal.jsonl"
    old = store.path / "old"
    old.hardlink_to(journal_file)
    for number in range(2, 20):
        add(store, number, limits=ROOMY)
    assert old.stat().st_ino != journal_file.stat().st_ino, "it was cut"
    old.write_bytes(journal_file.read_bytes())
    old.replace(journal_file)

    assert ids(other) == list(range(1, 20))
    add(other, 20, limits=ROOMY)
    assert ids(other) == ids(another_process(store)) == list(range(1, 21))


def test_a_listener_is_told_what_is_new_when_the_journal_is_cut_just_then(
    store, another_process, monkeypatch
):
    for number in range(1, 20):
        add(store, number, limits=ROOMY)
    cursor = store.since(None, None, 1, hide_expired=False).cursor
    add(store, 20, limits=ROOMY)
    other = another_process(store)
    other.clips()
    before = (store.path / "journal.jsonl").stat()
    monkeypatch.setattr(journal, "MAX_BYTES", 0)
    monkeypatch.setattr(journal, "KEPT_BYTES", 700)
    once_before(journal.Journal, "_content", store.checkpoint, monkeypatch)

    told = other.since(cursor, None, 1, hide_expired=False)
    assert (store.path / "journal.jsonl").stat().st_size < before.st_size, "it was cut"
    assert ([int(clip.id, 16) for clip in told.added], told.reset) == ([20], False)
