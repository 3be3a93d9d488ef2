"""Load from processes of its own: prepared bytes over raw sockets, so that little of the machine goes into it."""

from __future__ import annotations

import gzip
import multiprocessing
import select
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_forked = multiprocessing.get_context("fork")
PATIENCE = 60.0


class Wire:
    """One kept connection: sends prepared requests, reads whole answers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and read its answer: status and body."""
        self.socket.sendall(request)
        return self.answer()

    def answer(self) -> tuple[int, bytes]:
        """Read one answer."""
        data = self._left
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r", 1)[0]) if at >= 0 else 0
        end += 4
        while len(data) < end + length:
            data += self._more()
        self._left = data[end + length :]
        body = data[end : end + length]
        return int(head[9:12]), gzip.decompress(body) if b"content-encoding: gzip" in head else body

    def _more(self) -> bytes:
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed the connection")
        return data


def head(method: str, path: str, token: str, *lines: str) -> bytes:
    """The head of a request as Firefox sends it."""
    return "\r\n".join(
        (
            f"{method} {path} HTTP/1.1",
            "Host: localhost:8000",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
            "Accept: */*",
            "Accept-Language: en-US,en;q=0.5",
            "Accept-Encoding: gzip, deflate, br, zstd",
            "Referer: http://localhost:8000/walk/",
            "Connection: keep-alive",
            f"Cookie: mozchat={token}",
            "Sec-Fetch-Dest: empty",
            "Sec-Fetch-Mode: cors",
            "Sec-Fetch-Site: same-origin",
            "Priority: u=4",
            *lines,
            "",
            "",
        )
    ).encode()


def poll_request(token: str, cursor: str, wait: float = 0, prefix: str = "") -> bytes:
    """A request for events of the thread `walk`."""
    waits = f"&wait={wait:g}" if wait else "&next=3"
    return head("GET", f"{prefix}/api/threads/walk/events?cursor={cursor}{waits}", token)


class Helper:
    """A function in a process of its own: it is called with a connection to here and its arguments."""

    def __init__(self, work: Callable[..., None], *arguments: object) -> None:
        self.pipe, theirs = _forked.Pipe()
        self._process = _forked.Process(target=work, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def get(self, seconds: float = PATIENCE) -> Any:
        """What it says next."""
        if not self.pipe.poll(seconds):
            raise TimeoutError("a process of the load has said nothing")
        return self.pipe.recv()

    def end(self) -> None:
        """Wait until it is over."""
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()


def repeat(pipe: Connection, port: int, requests: list[bytes], seconds: float, expected: int) -> None:
    """Send each request on a connection of its own, again as soon as it is answered; say how many answers came."""
    wires = [Wire(port) for _ in requests]
    for wire, request in zip(wires, requests, strict=True):
        assert wire.ask(request)[0] == expected
    pipe.send("ready")
    pipe.recv()
    poller = select.epoll()
    by_handle = {}
    for wire, request in zip(wires, requests, strict=True):
        poller.register(wire.socket, select.EPOLLIN)
        by_handle[wire.socket.fileno()] = wire, request
        wire.socket.sendall(request)
    done = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for handle, _ in poller.poll(1):
            wire, request = by_handle[handle]
            status, _ = wire.answer()
            assert status == expected, status
            done += 1
            wire.socket.sendall(request)
    pipe.send(done)


def listen(pipe: Connection, port: int, requests: list[bytes]) -> None:
    """Hold a long poll for each request; when told to, say when each was answered, and go on with `cursor` put in
    the place of the old one, until told `None`."""
    wires = {}
    poller = select.epoll()
    for request in requests:
        wire = Wire(port)
        wires[wire.socket.fileno()] = wire, request
        poller.register(wire.socket, select.EPOLLIN)
        wire.socket.sendall(request)
    pipe.send("listening")
    while (replaced := pipe.recv()) is not None:
        answered: list[tuple[float, int]] = []
        while len(answered) < len(wires):
            events = poller.poll(PATIENCE)
            assert events, f"only {len(answered)} of {len(wires)} listeners were answered"
            now = time.monotonic()
            answered += [(now, wires[handle][0].answer()[0]) for handle, _ in events]
        pipe.send(answered)
        for handle, (wire, request) in wires.items():
            request = request.replace(*replaced)
            wires[handle] = wire, request
            wire.socket.sendall(request)
        pipe.send("listening")


def ask_now_and_then(pipe: Connection, port: int, request: bytes, pause: float) -> None:
    """Send a request every so many seconds until told to end; say how long each answer took."""
    wire = Wire(port)
    took = []
    pipe.send("ready")
    while not pipe.poll(pause):
        began = time.monotonic()
        assert wire.ask(request)[0] in (200, 204)
        took.append(time.monotonic() - began)
    pipe.send(took)


def upload(pipe: Connection, port: int, request: bytes, seconds: float) -> None:
    """Send an upload again and again; say the answers' bodies, and how long each took."""
    wire = Wire(port)
    bodies, took = [], []
    pipe.send("ready")
    pipe.recv()
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        status, body = wire.ask(request)
        took.append(time.monotonic() - began)
        if status != 201:
            raise AssertionError(f"{status} {body!r}")
        bodies.append(body)
    pipe.send((bodies, took))
