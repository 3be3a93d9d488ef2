"""The OS thread that stores short uploads: whom it watches, for how long, and whom it hands back."""

import contextlib
import queue
import socket

import pytest

from mozchat.upload_loop import UploadLoop

PATIENCE = 10


class Connection:
    """One end is the server's, `client` the other."""

    def __init__(self):
        self.sock, self.client = socket.socketpair()
        self.sock.setblocking(False)

    def close(self):
        self.sock.close()
        self.client.close()


@pytest.fixture
def connection():
    with contextlib.closing(Connection()) as made:
        yield made


class Watched:
    """A loop for which every request of one byte but `?` is an upload; `!` is a fault, `.` is the last."""

    def __init__(self):
        self.stored, self.given_back, self.dropped = queue.Queue(), queue.Queue(), queue.Queue()
        self.loop = UploadLoop(self.take, self.store, self.given_back.put, self.dropped.put)

    def take(self, connection):
        if connection.sock.recv(1, socket.MSG_PEEK) in (b"?", b""):
            return None
        return connection.sock.recv(1)

    def store(self, connection, upload):
        if upload == b"!":
            raise ValueError
        self.stored.put(upload)
        return upload != b"."


def test_uploads_that_follow_on_a_connection_are_stored_in_order(connection):
    watched = Watched()
    watched.loop.add(connection, b"a")
    assert watched.stored.get(timeout=PATIENCE) == b"a"
    for byte in (b"b", b"c"):
        connection.client.send(byte)
        assert watched.stored.get(timeout=PATIENCE) == byte


@pytest.mark.parametrize("then", ["asks for something else", "goes away", "is silent"])
def test_a_connection_that_sends_no_upload_is_given_back_once_with_what_it_sent(connection, then):
    watched = Watched()
    watched.loop.add(connection, b"a")
    watched.stored.get(timeout=PATIENCE)
    if then == "asks for something else":
        connection.client.send(b"?")
    elif then == "goes away":
        connection.client.close()

    assert watched.given_back.get(timeout=PATIENCE) is connection
    if then == "asks for something else":
        assert connection.sock.recv(1) == b"?"
    if then != "goes away":
        connection.client.send(b"b")
    watched.loop.add(Connection(), b".")
    assert watched.stored.get(timeout=PATIENCE) == b"."
    assert watched.given_back.empty()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("last", [b".", b"!"])
def test_a_connection_that_is_over_or_fails_is_dropped_and_others_go_on(connection, first, last):
    watched = Watched()
    watched.loop.add(connection, last if first else b"a")
    if not first:
        watched.stored.get(timeout=PATIENCE)
        connection.client.send(last)

    assert watched.dropped.get(timeout=PATIENCE) is connection
    with contextlib.closing(Connection()) as other:
        watched.loop.add(other, b"b")
        while watched.stored.get(timeout=PATIENCE) != b"b":
            pass


def test_any_number_that_come_at_once_are_stored():
    watched = Watched()
    with contextlib.ExitStack() as open_ones:
        made = [open_ones.enter_context(contextlib.closing(Connection())) for _ in range(200)]
        for connection in made:
            watched.loop.add(connection, b".")
        assert {watched.dropped.get(timeout=PATIENCE) for _ in made} == set(made)
