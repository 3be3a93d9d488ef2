"""Who is rung, whatever is remembered of the run folder."""

import contextlib
import os
import socket

import pytest

from mozchat.storage.bell import Bell

GARBAGE = (b"", b"\x00stop", b"\x00", b"\xff\xfe", b"../walk", b"cave", b"x" * 10_000)
"""The second is what a process that ends sends itself."""


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


@pytest.mark.parametrize(
    ("umask", "of_folder", "of_bell"),
    [(0o077, 0o700, 0o600), (0o022, 0o750, 0o600), (0o002, 0o770, 0o660), (0, 0o770, 0o660)],
)
def test_a_bell_is_its_users_own_and_the_groups_where_the_folder_is(tmp_path, umask, of_folder, of_bell):
    folder = tmp_path / "run"
    before = os.umask(umask)
    try:
        with contextlib.closing(Bell(folder, lambda name: None, lambda: None)) as bell:
            bell.start()
            (made,) = folder.iterdir()
            assert (folder.stat().st_mode & 0o777, made.stat().st_mode & 0o777) == (of_folder, of_bell)
    finally:
        os.umask(before)


def test_whatever_comes_through_a_bell_it_wakes_at_most(tmp_path, until):
    heard = []
    with contextlib.closing(Bell(tmp_path, {"walk": 0}.get, lambda: None)) as bell:
        bell.heard = heard.extend
        with bell.listen(["walk"]), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
            (address,) = tmp_path.glob("*.bell")
            for datagram in (*GARBAGE, b"walk"):
                stranger.sendto(datagram, str(address))
            until(lambda: heard)
            assert (set(heard), bell.stopping, bell.follows("cave")) == ({"walk"}, False, False)
            before = len(heard)
            stranger.sendto(b"walk", str(address))
            until(lambda: len(heard) > before)
