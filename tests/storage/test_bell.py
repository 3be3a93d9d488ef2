"""Who is rung, whatever is remembered of the run folder."""

import contextlib
import os
import socket

import pytest

from mozchat.storage.bell import Bell


@pytest.fixture
def bell(tmp_path):
    with contextlib.closing(Bell(tmp_path, lambda name: None, lambda: None)) as made:
        yield made


@pytest.fixture
def peer(tmp_path):
    """Other processes' bells, by their names."""
    with contextlib.ExitStack() as open_ones:

        def bound(name):
            made = open_ones.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            made.bind(str(tmp_path / name))
            made.setblocking(False)
            return made

        yield bound


def rung(bell, *peers):
    """Ring; gives who has heard what."""
    bell.ring("walk")
    heard = []
    for peer in peers:
        with contextlib.suppress(BlockingIOError):
            heard.append(peer.recv(100))
    return heard


def test_whoever_comes_later_is_rung_too(bell, peer, tmp_path):
    first = peer("1-a.bell")
    os.utime(tmp_path, (1, 1))
    assert rung(bell, first) == rung(bell, first) == [b"walk"]

    second = peer("2-b.bell")

    assert rung(bell, first, second) == [b"walk"] * 2


def test_who_comes_in_the_same_tick_of_the_clock_is_rung_too(bell, peer, tmp_path):
    first = peer("1-a.bell")
    before = tmp_path.stat()
    assert rung(bell, first) == [b"walk"]

    second = peer("2-b.bell")
    os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert rung(bell, first, second) == [b"walk"] * 2


def test_the_bell_of_a_process_that_died_is_put_away(bell, peer, tmp_path):
    first, second = peer("1-a.bell"), peer("2-b.bell")
    os.utime(tmp_path, (1, 1))
    first.close()

    assert rung(bell, second) == [b"walk"]
    assert [path.name for path in tmp_path.iterdir()] == ["2-b.bell"]
    assert rung(bell, second) == [b"walk"]


def test_nothing_else_in_the_folder_is_rung(bell, peer):
    other = peer("walk.lock")

    assert rung(bell, other) == []


def test_after_more_rings_than_a_socket_holds_whoever_follows_hears_the_next(tmp_path, until):
    heard, state = [], {"walk": 0}
    writer = Bell(tmp_path, state.get, lambda: None)
    with contextlib.closing(writer), contextlib.closing(Bell(tmp_path, state.get, lambda: None)) as listening:
        listening.heard = heard.extend
        listening.start()
        for number in range(1000):  # many more than a socket holds
            state["walk"] = number
            writer.ring("walk")
        assert heard == []

        with listening.listen(["walk"]):
            state["walk"] = -1
            writer.ring("walk")
            until(lambda: heard)
            before = len(heard)
            state["walk"] = -2
            writer.ring("walk")
            until(lambda: len(heard) > before)
