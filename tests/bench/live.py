"""One who speaks live and many who hear it: by streaming, by polls and over the hub, alone and beside the events.

This is the server's part; what reaches the ear in browsers has its own beside it.
"""

from __future__ import annotations

import json
import select
import statistics
import time

from tests.bench import live_ears
from tests.bench.harness import (
    Report,
    cpu_seconds,
    cursor_of,
    hub_beside,
    joined,
    memory_kb,
    percentile,
    room,
    site_with,
    workers,
)
from tests.bench.hub import PONG, connected, masked
from tests.bench.load import PATIENCE, Helper, Wire, head, listen, poll_request
from tests.recordings import long_webm, sample
from tests.running import RunningHub
from tests.speaking import Speaker

LISTENERS = 100
PIECE_SECONDS = 0.12
SHORT_PIECE_SECONDS = 0.06
SECONDS = 10.0
SETTLED_SECONDS = 1.0


def run(report: Report) -> None:
    """100 listeners of one speaker; then, in browsers, from the mouth to the ear."""
    for case in ("alone", "streaming", "polling", "streaming+events", "polling+events"):
        for processes in (1, 2) if case in ("streaming", "polling") else (1,):
            ini = room(clips=50) + "onRecorded=upload\n"
            with site_with(ini, "--workers", str(processes)) as site:
                _measure(report, site, case, processes)
    for piece_seconds in (PIECE_SECONDS, SHORT_PIECE_SECONDS):
        with site_with(room(clips=50) + "onRecorded=upload\n") as site, hub_beside(site) as hub:
            _measure(report, site, "hub", 1, piece_seconds, hub)
    live_ears.run(report)


def _measure(
    report: Report,
    site,
    case: str,
    processes: int,
    piece_seconds: float = PIECE_SECONDS,
    hub: RunningHub | None = None,
) -> None:
    """With a `hub`, what that uses is measured, else what the site does."""
    voice = long_webm(sample("chromium-audio-live.webm"), SECONDS + 5)
    piece = round(len(voice) / (SECONDS + 5) * piece_seconds)
    rosa = joined(site, "Rosa")
    speaker = Speaker(rosa)
    speaker.say(voice[:piece])
    people = [joined(site, f"Ann{number}") for number in range(LISTENERS if case != "alone" else 0)]
    helpers = _listening(site, case, rosa, people, speaker.id, hub) if people else []
    sent, share = _talk(speaker, voice, piece, piece_seconds, (hub or site).process.pid)
    memory = sum(memory_kb(pid, "Pss") for pid in ([hub.process.pid] if hub else workers(site)))
    figures = {"cpu_percent_of_a_core": share, "MB": memory / 1024}
    if not people:
        figures["join_ms"] = statistics.median(_join(site, _media(speaker.id), rosa.token)) * 1000
        figures["announced_ms"] = statistics.median(_announce(site, rosa)) * 1000
    speaker.say(b"", complete=True)
    speaker.close()
    if people:
        delays = _delays(sent, helpers[0].get())
        assert len(delays) >= LISTENERS * (len(sent) - 3), "not everyone has heard everything"
        figures["delivery_median_ms"] = statistics.median(delays) * 1000
        figures["delivery_p95_ms"] = percentile(delays, 0.95) * 1000
    for helper in helpers:
        helper.end()
    how = f"{piece_seconds * 1000:.0f} ms pieces" if hub else f"{processes} processes"
    report.add("live", f"{case}, {len(people)} listeners, {how}", **figures)


def _media(clip: str) -> str:
    return f"/api/threads/walk/clips/{clip}/media"


def _listening(site, case: str, rosa, people: list, clip: str, hub: RunningHub | None) -> list[Helper]:
    """Everybody hears the clip, and where the case says so waits for events, too; the first helper knows what was
    heard."""
    if hub:
        helpers = [Helper(hear_hub, hub.port, clip, [_ticket(person) for person in people])]
    else:
        work = hear_polls if case.startswith("polling") else hear_stream
        helpers = [Helper(work, site.port, _media(clip), [person.token for person in people])]
    if case.endswith("events"):
        cursor = cursor_of(rosa)
        requests = [poll_request(person.token, cursor, 15) for person in people]
        helpers.append(Helper(follow_events, site.port, requests))
    for helper in helpers:
        helper.get()
    return helpers


def _talk(
    speaker: Speaker, voice: bytes, piece: int, piece_seconds: float, pid: int
) -> tuple[list[tuple[float, int]], float]:
    """Say all of it, a piece at a time: when each was sent and where it began, bytes; and what the process and
    its children used once it had settled, per cent of a core."""
    sent: list[tuple[float, int]] = []
    used, since = 0.0, 0.0
    began = time.monotonic()
    while (now := time.monotonic()) < began + SETTLED_SECONDS + SECONDS:
        if not since and now > began + SETTLED_SECONDS:
            used, since = cpu_seconds([pid]), now
        sent.append((now, speaker.offset))
        fields = {"duration": now - began, "peaks": [40] * 64} if len(sent) % 8 == 0 else {}
        speaker.say(voice[speaker.offset : speaker.offset + piece], **fields)
        time.sleep(max(0.0, began + len(sent) * piece_seconds - time.monotonic()))
    used = cpu_seconds([pid]) - used
    return sent, used / (time.monotonic() - since) * 100


def _ticket(person) -> str:
    """For a page of the host that `connected` says it is of."""
    return person.request("GET", "/api/threads/walk/hub", headers={"Host": "localhost:8000"})[1]["ticket"]


def _announce(site, rosa) -> list[float]:
    """From the beginning of an upload without a byte to when a listener is told of the live clip."""
    took = []
    people = [joined(site, f"Bob{number}") for number in range(8)]
    cursor = cursor_of(rosa)
    listener = Helper(listen, site.port, [poll_request(rosa.token, cursor, 15)])
    listener.get()
    for person in people:
        began = time.monotonic()
        Speaker(person).close()
        new = cursor_of(rosa)
        listener.pipe.send((cursor.encode(), new.encode()))
        ((at, status),) = listener.get()
        listener.get()
        took.append(at - began)
        assert status == 200
        cursor = new
    listener.pipe.send(None)
    listener.end()
    return took


def _join(site, path: str, token: str) -> list[float]:
    took = []
    for _ in range(20):
        wire = Wire(site.port)
        began = time.monotonic()
        assert wire.ask(head("GET", f"{path}?from=live&back=1&wait=5", token))[0] == 200
        took.append(time.monotonic() - began)
        wire.socket.close()
    return took


def _delays(sent: list[tuple[float, int]], heard: list[list[tuple[float, int]]]) -> list[float]:
    """From the beginning of each piece's request to when each listener has more than what was there before."""
    delays = []
    for arrivals in heard:
        at = 0
        for began, offset in sent:
            while at < len(arrivals) and arrivals[at][1] <= offset:
                at += 1
            if at < len(arrivals):
                delays.append(arrivals[at][0] - began)
    return delays


def hear_stream(pipe, port: int, path: str, tokens: list[str]) -> None:
    """Read a stream for each token from the beginning; say when how many bytes had come, when all is over."""
    poller = select.epoll()
    wires, states = {}, {}
    for token in tokens:
        wire = Wire(port)
        handle = wire.socket.fileno()
        wires[handle], states[handle] = wire, [b"", 0, []]
        poller.register(wire.socket, select.EPOLLIN)
        wire.socket.sendall(head("GET", f"{path}?from=0", token))
    pipe.send("listening")
    going = len(wires)
    while going:
        for handle, _ in poller.poll(PATIENCE):
            now, state = time.monotonic(), states[handle]
            data = state[0] + wires[handle].socket.recv(1 << 16)
            if not state[2]:
                assert data.startswith(b"HTTP/1.1 200"), data
                data = data.partition(b"\r\n\r\n")[2]
            while (end := data.find(b"\r\n")) >= 0 and len(data) >= end + 4 + (size := int(data[:end], 16)):
                data = data[end + 4 + size :]
                state[1] += size
                if not size:
                    poller.unregister(handle)
                    going -= 1
            state[0] = data
            state[2].append((now, state[1]))
    pipe.send([state[2] for state in states.values()])


def hear_polls(pipe, port: int, path: str, tokens: list[str]) -> None:
    """Poll for each token, one poll after the other, from the beginning; say as `hear_stream` does."""
    poller = select.epoll()
    wires, states = {}, {}

    def ask(handle: int) -> None:
        token, position, _ = states[handle]
        wires[handle].socket.sendall(head("GET", f"{path}?from={position}&wait=15", token))

    for token in tokens:
        wire = Wire(port)
        handle = wire.socket.fileno()
        wires[handle], states[handle] = wire, [token, 0, []]
        poller.register(wire.socket, select.EPOLLIN)
        ask(handle)
    pipe.send("listening")
    going = len(wires)
    while going:
        for handle, _ in poller.poll(PATIENCE):
            status, body = wires[handle].answer()
            assert status in (200, 204), body
            state = states[handle]
            state[1] += len(body)
            state[2].append((time.monotonic(), state[1]))
            if status == 204:
                poller.unregister(handle)
                going -= 1
            else:
                ask(handle)
    pipe.send([state[2] for state in states.values()])


def hear_hub(pipe, port: int, clip_id: str, tickets: list[str]) -> None:
    """Connect with each ticket and hear the clip from its beginning; say as `hear_stream` does."""
    sockets = connected(port, tickets)
    wish = masked(json.dumps({"listen": 1, "clip": clip_id, "from": 0}).encode())
    poller = select.epoll()
    states = {handle: [b"", 0, []] for handle in sockets}
    for each in sockets.values():
        poller.register(each, select.EPOLLIN)
        each.sendall(wish)
    pipe.send("listening")
    going = len(sockets)
    while going:
        for handle, _ in poller.poll(PATIENCE):
            now, state = time.monotonic(), states[handle]
            data = state[0] + sockets[handle].recv(1 << 16)
            while frame := _frame_of(data):
                content, data = frame
                if content[:1] == b"\x89":
                    sockets[handle].sendall(PONG)
                elif content[:1] == b"\x82":
                    state[1] += len(content) - len(clip_id) - 10
                elif b'"complete"' in content:
                    poller.unregister(handle)
                    going -= 1
            state[0] = data
            state[2].append((now, state[1]))
    pipe.send([state[2] for state in states.values()])


def _frame_of(data: bytes) -> tuple[bytes, bytes] | None:
    """The first frame of a server, as its first byte and its content, and what comes behind it; `None` where it is
    not all there."""
    if len(data) < 4:
        return (data[:1], data[2:]) if data[1:2] == b"\0" else None
    begin = 4 if data[1] == 126 else 10 if data[1] == 127 else 2
    length = int.from_bytes(data[2:begin], "big") if begin > 2 else data[1]
    end = begin + length
    return (data[:1] + data[begin:end], data[end:]) if len(data) >= end else None


def follow_events(pipe, port: int, requests: list[bytes]) -> None:
    """Hold a long poll for each request, again from the new cursor as soon as it is answered, until the live clip
    is complete."""
    poller = select.epoll()
    wires = {}
    for request in requests:
        wire = Wire(port)
        wires[wire.socket.fileno()] = [wire, request]
        poller.register(wire.socket, select.EPOLLIN)
        wire.socket.sendall(request)
    pipe.send("listening")
    going = len(wires)
    while going:
        for handle, _ in poller.poll(PATIENCE):
            wire, request = wires[handle]
            status, body = wire.answer()
            if status == 200 and b'"added":[{' in body:
                poller.unregister(handle)
                going -= 1
                continue
            if status == 200:
                old = request.split(b"cursor=")[1].split(b"&")[0]
                request = request.replace(old, body.split(b'"cursor":"')[1].split(b'"')[0])
                wires[handle][1] = request
            wire.socket.sendall(request)
