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


class Watched:
    """A loop for which every request of one byte but `?` is an upload; `!` is a fault, `.` is the last."""

    def __init__(self):
        self.stored, self.over = queue.Queue(), queue.Queue()
        self.loop = UploadLoop(self.take, self.store, self.given_back, self.dropped)
        self.open = []

    def connect(self):
        self.open.append(Connection())
        return self.open[-1]

    def take(self, connection):
        if connection.sock.recv(1, socket.MSG_PEEK) in (b"?", b""):
            return None
        return connection.sock.recv(1)

    def store(self, connection, upload):
        if upload == b"!":
            raise ValueError
        self.stored.put(upload)
        return upload != b"."

    def given_back(self, connection):
        self.over.put(("given back", connection))

    def dropped(self, connection):
        self.over.put(("dropped", connection))

    def end(self):
        """What became of the next connection that is the loop's no more."""
        how, connection = self.over.get(timeout=PATIENCE)
        self.open.remove(connection)
        return how, connection

    def close(self):
        for connection in self.open:
            connection.client.close()
        while self.open:
            self.end()[1].sock.close()


@pytest.fixture
def watched():
    with contextlib.closing(Watched()) as made:
        yield made


def test_uploads_that_follow_on_a_connection_are_stored_in_order(watched):
    connection = watched.connect()
    watched.loop.add(connection, b"a")
    assert watched.stored.get(timeout=PATIENCE) == b"a"
    for byte in (b"b", b"c"):
        connection.client.send(byte)
        assert watched.stored.get(timeout=PATIENCE) == byte


@pytest.mark.parametrize("then", ["asks for something else", "goes away", "is silent"])
def test_a_connection_that_sends_no_upload_is_given_back_with_what_it_sent(watched, then):
    connection = watched.connect()
    watched.loop.add(connection, b"a")
    watched.stored.get(timeout=PATIENCE)
    if then == "asks for something else":
        connection.client.send(b"?")
    elif then == "goes away":
        connection.client.close()

    assert watched.end() == ("given back", connection)
    if then == "asks for something else":
        assert connection.sock.recv(1) == b"?"
    elif then == "is silent":
        connection.client.send(b"b")
    watched.loop.add(watched.connect(), b"c")
    assert watched.stored.get(timeout=PATIENCE) == b"c"
    connection.sock.close()
    connection.client.close()


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("last", [b".", b"!"])
def test_a_connection_that_is_over_or_fails_is_dropped_and_others_go_on(watched, is_first, last):
    connection = watched.connect()
    watched.loop.add(connection, last if is_first else b"a")
    if not is_first:
        connection.client.send(last)

    assert watched.end() == ("dropped", connection)
    connection.sock.close()
    connection.client.close()
    watched.loop.add(watched.connect(), b"b")
    while watched.stored.get(timeout=PATIENCE) != b"b":
        pass


def test_any_number_that_come_at_once_are_stored(watched):
    made = [watched.connect() for _ in range(200)]
    for connection in made:
        watched.loop.add(connection, b".")
    ends = [watched.end() for _ in made]
    for connection in made:
        connection.sock.close()
        connection.client.close()
    assert {connection for _, connection in ends} == set(made)
