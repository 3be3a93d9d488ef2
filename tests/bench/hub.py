"""From the start of an upload to everybody on the hub, in one thread and in a hundred; what a connection costs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import select
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from mozchat.services import hub as hubs
from mozchat.services.access import Visit, approach_as
from mozchat.services.site import Site
from tests.bench.harness import Report, cpu_seconds, memory_kb, percentile, room
from tests.bench.load import PATIENCE, Helper, Wire
from tests.bench.media import multipart, voice
from tests.running import RunningHub, RunningSite

CLIPS = 5
SHARE = 5000
"""Connections that one process of the load has."""
TABS = 2
"""Connections of each participant."""
OPENING = 200
"""Handshakes that are under way at once."""
THREADS = 100
PER_SECOND = 50
SECONDS = 10
PING, PONG = b"\x89\x00", b"\x8a\x80\0\0\0\0"
UPGRADE = (
    "GET /hub HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:8000\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)


def run(report: Report) -> None:
    """1,000 and 10,000 connections to one thread, then 100 threads of 100 that all talk."""
    for count in (1000, 10_000):
        with _site_with_hub(["walk"], count) as (site, hub, tickets):
            _one_thread(report, site, hub, tickets["walk"], count)
    names = [f"walk{number}" for number in range(THREADS)]
    with _site_with_hub(names, 100) as (site, hub, tickets):
        _many_threads(report, site, hub, tickets)


def _one_thread(report: Report, site: RunningSite, hub: RunningHub, tickets: list[str], count: int) -> None:
    hub_pid, before = hub.process.pid, memory_kb(hub.process.pid, "Pss")
    began = time.monotonic()
    helpers = [Helper(listen, hub.port, tickets[start : start + SHARE]) for start in range(0, count, SHARE)]
    for helper in helpers:
        helper.get(300)
    connecting = time.monotonic() - began
    each = (memory_kb(hub_pid, "Pss") - before) / count
    wire, request = Wire(site.port), _upload("walk")
    delays: list[float] = []
    used = cpu_seconds([hub_pid])
    for _ in range(CLIPS):
        began = time.monotonic()
        status, body = wire.ask(request)
        assert status == 201, body
        for helper in helpers:
            delays += [at - began for at in helper.get()]
    used = cpu_seconds([hub_pid]) - used
    assert len(delays) == CLIPS * count
    report.add(
        "hub",
        f"{count} connections to one thread",
        median_ms=statistics.median(delays) * 1000,
        p99_ms=percentile(delays, 0.99) * 1000,
        max_ms=max(delays) * 1000,
        cpu_ms_each=used / len(delays) * 1000,
        kB_each=each,
        connect_s=connecting,
    )
    _end(helpers)


def _many_threads(report: Report, site: RunningSite, hub: RunningHub, tickets: dict[str, list[str]]) -> None:
    names = list(tickets)
    shares = [names[start::2] for start in range(2)]
    helpers = [
        Helper(gather, hub.port, [(name, ticket) for name in share for ticket in tickets[name]])
        for share in shares
    ]
    for helper in helpers:
        helper.get(300)
    requests = {name: _upload(name) for name in names}
    wire = Wire(site.port)
    sent: dict[str, list[float]] = {name: [] for name in names}
    used = cpu_seconds([hub.process.pid])
    started = time.monotonic()
    for number in range(PER_SECOND * SECONDS):
        time.sleep(max(0.0, started + number / PER_SECOND - time.monotonic()))
        name = names[number % len(names)]
        sent[name].append(time.monotonic())
        status, body = wire.ask(requests[name])
        assert status == 201, body
    took = time.monotonic() - started
    used = cpu_seconds([hub.process.pid]) - used
    delays: list[float] = []
    for helper in helpers:
        helper.pipe.send(len(sent[names[0]]))
        for name, arrivals in helper.get():
            assert len(arrivals) == len(sent[name])
            delays += [at - began for at, began in zip(arrivals, sent[name], strict=True)]
    report.add(
        "hub",
        f"{THREADS} threads of {len(tickets[names[0]])}, {PER_SECOND * SECONDS / took:.0f} clips/s",
        median_ms=statistics.median(delays) * 1000,
        p99_ms=percentile(delays, 0.99) * 1000,
        max_ms=max(delays) * 1000,
        cpu_ms_each=used / len(delays) * 1000,
    )
    _end(helpers)


def _end(helpers: list[Helper]) -> None:
    for helper in helpers:
        helper.pipe.send(None)
        helper.end()


# --- the site -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _site_with_hub(
    names: list[str], count: int
) -> Iterator[tuple[RunningSite, RunningHub, dict[str, list[str]]]]:
    """A site whose threads have participants for so many connections each, who hold tickets."""
    with tempfile.TemporaryDirectory(prefix="mozchat-bench-") as folder:
        site = RunningSite(Path(folder, "threads"))
        for name in names:
            _fill(site.folder / name, name, max(1, count // TABS))
        hub = RunningHub(site.folder)
        hub.environment = {"MOZCHAT_LOG_LEVEL": "INFO"}
        site.start()
        for name in names:
            assert Wire(site.port).ask(_upload(name))[0] == 201  # so the thread has its journal
        hub.start()
        try:
            yield site, hub, {name: _tickets(site, name, count) for name in names}
        finally:
            hub.stop()
            site.stop()


def _fill(thread: Path, name: str, people: int) -> None:
    """A thread whose people have joined long ago."""
    thread.mkdir(parents=True)
    (thread / ".ini").write_text(room(clips=20).replace("userStatusFadeS=60", "userStatusFadeS=600"))
    now = time.time_ns() // 1_000_000
    records = [
        {
            "name": f"Ann{number}",
            "identity": hashlib.sha256(_token(name, number).encode()).hexdigest(),
            "onlineUntil": now + 600_000,
            "lastSeen": now,
            "seen": 0,
            "key": "",
        }
        for number in range(people)
    ]
    (thread / "users.json").write_text(json.dumps({"version": 1, "people": records}))


def _token(thread: str, number: int) -> str:
    return f"token-of-{thread}-{number:06}"


def _upload(thread: str) -> bytes:
    return multipart(_token(thread, 0), voice(20_000)).replace(b"/walk/", f"/{thread}/".encode(), 1)


def _tickets(site: RunningSite, name: str, count: int) -> list[str]:
    here = Site(site.folder)
    with contextlib.closing(here):
        outside = approach_as(here, name, None)
        tickets = []
        for person in outside.store.roster().people():
            inside = Visit(outside.store, outside.settings, person.identity, person)
            given = hubs.ticket(here, inside, host="localhost:8000", base="", secure=False)
            tickets += [given.text] * TABS
    return tickets[:count]


# --- the load, in processes of its own ------------------------------------------------------------------


def listen(pipe: Connection, port: int, tickets: list[str]) -> None:
    """Connect with each ticket; for each clip, say when it arrived at each of them, until told `None`."""
    sockets = connected(port, tickets)
    poller = select.epoll()
    for each in sockets.values():
        poller.register(each, select.EPOLLIN)
    pipe.send("connected")
    poller.register(pipe.fileno(), select.EPOLLIN)
    arrived: list[float] = []
    while True:
        for handle, _ in poller.poll(PATIENCE):
            if handle == pipe.fileno():
                return
            arrived += [time.monotonic()] * _clips_in(sockets[handle])
        if len(arrived) >= len(sockets):
            pipe.send(arrived)
            arrived = []


def gather(pipe: Connection, port: int, tickets: list[tuple[str, str]]) -> None:
    """Connect with each ticket; when told how many clips there were a thread, say for each connection its thread
    and when they arrived."""
    sockets = connected(port, [ticket for _, ticket in tickets])
    named = {each.fileno(): (name, []) for each, (name, _) in zip(sockets.values(), tickets, strict=True)}
    poller = select.epoll()
    for each in sockets.values():
        poller.register(each, select.EPOLLIN)
    pipe.send("connected")
    poller.register(pipe.fileno(), select.EPOLLIN)
    wanted = None
    got = 0
    while wanted is None or got < wanted * len(sockets):
        for handle, _ in poller.poll(PATIENCE):
            if handle == pipe.fileno():
                wanted = pipe.recv()
                continue
            now = time.monotonic()
            new = _clips_in(sockets[handle])
            named[handle][1].extend([now] * new)
            got += new
    pipe.send(list(named.values()))
    pipe.recv()


def _clips_in(connected: socket.socket) -> int:
    """How many clips a connection is told of; the hub's pings are answered."""
    data = connected.recv(1 << 16)
    if not data:
        raise ConnectionError("the hub has closed a connection")
    if PING in data:
        connected.sendall(PONG)
    return data.count(b'"added":[{')


def connected(port: int, tickets: list[str]) -> dict[int, socket.socket]:
    """A connection for each ticket, after its first answer."""
    sockets: dict[int, socket.socket] = {}
    for start in range(0, len(tickets), OPENING):
        opening = []
        for ticket in tickets[start : start + OPENING]:
            each = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            key = base64.b64encode(os.urandom(16)).decode()
            each.sendall(UPGRADE.format(port=port, key=key).encode())
            opening.append((each, ticket))
        for each, ticket in opening:
            assert each.recv(4096).startswith(b"HTTP/1.1 101")
            each.sendall(masked(json.dumps({"ticket": ticket}).encode()))
        for each, _ in opening:
            assert _read_frame(each).startswith(b'{"cursor"')
            sockets[each.fileno()] = each
    return sockets


def masked(text: bytes) -> bytes:
    """A text frame of a client, with a mask that changes nothing (RFC 6455, section 5.3)."""
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


def _read_frame(connected: socket.socket) -> bytes:
    data = connected.recv(1 << 16)
    short = data[1] & 0x7F
    begin = {126: 4, 127: 10}.get(short, 2)
    length = short if begin == 2 else int.from_bytes(data[2:begin], "big")
    while len(data) < begin + length:
        data += connected.recv(1 << 16)
    return data[begin:]
