"""From the start of an upload to each listener, in two processes, and ordinary requests meanwhile."""

from __future__ import annotations

import statistics
import time

from tests.bench.harness import (
    Report,
    cpu_seconds,
    cursor_of,
    joined,
    memory_kb,
    percentile,
    room,
    site_with,
    workers,
)
from tests.bench.load import Helper, Wire, ask_now_and_then, head, listen, poll_request
from tests.bench.media import multipart, voice

COUNTS = (10, 140, 400, 1000)
CLIPS = 5
SHARE = 500
"""Listeners that one process of the load has."""


def run(report: Report) -> None:
    """10 to 1,000 listeners, each a participant of their own."""
    for count in COUNTS:
        with site_with(room(clips=50), "--listeners", str(2 * count)) as site:
            people = [joined(site, f"Ann{number}") for number in range(count)]
            author = joined(site, "Rosa")
            _measure(report, site, people, author)


def _measure(report: Report, site, people, author) -> None:
    cursor = cursor_of(author)
    before = sum(memory_kb(pid, "Pss") for pid in workers(site))
    requests = [poll_request(person.token, cursor, 15) for person in people]
    listeners = [
        Helper(listen, site.port, requests[start : start + SHARE]) for start in range(0, len(requests), SHARE)
    ]
    for helper in listeners:
        helper.get()
    _wait_until_held(site, author, len(people))
    each = (sum(memory_kb(pid, "Pss") for pid in workers(site)) - before) / len(people)
    ordinary = Helper(ask_now_and_then, site.port, head("GET", "/api/threads/walk", author.token), 0.005)
    ordinary.get()
    wire = Wire(site.port)
    request = multipart(author.token, voice(20_000))
    delays: list[float] = []
    used = cpu_seconds([site.process.pid])
    for _ in range(CLIPS):
        began = time.monotonic()
        status, body = wire.ask(request)
        assert status == 201, body
        new = cursor_of(author)
        for helper in listeners:
            helper.pipe.send((cursor.encode(), new.encode()))
        for helper in listeners:
            arrived = helper.get()
            assert all(status == 200 for _, status in arrived), "a listener was not told"
            delays += [at - began for at, _ in arrived]
        for helper in listeners:
            helper.get()
        _wait_until_held(site, author, len(people))
        cursor = new
    used = cpu_seconds([site.process.pid]) - used
    ordinary.pipe.send("end")
    took = ordinary.get()
    assert len(delays) == CLIPS * len(people)
    report.add(
        "fanout",
        f"{len(people)} listeners",
        median_ms=statistics.median(delays) * 1000,
        p99_ms=percentile(delays, 0.99) * 1000,
        ordinary_p99_ms=percentile(took, 0.99) * 1000,
        cpu_ms_each=used / len(delays) * 1000,
        kB_each=each,
    )
    for helper in listeners:
        helper.pipe.send(None)
        helper.end()
    ordinary.end()


def _wait_until_held(site, client, count: int) -> None:
    held: dict[int, int] = {}
    end = time.monotonic() + 60
    while sum(held.values()) < count:
        assert time.monotonic() < end, f"only {held} of {count} are held"
        health = client.request("GET", "/healthz")[1]
        held[health["process"]] = health["listeners"]
        time.sleep(0.005)
