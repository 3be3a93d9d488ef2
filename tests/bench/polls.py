"""Polls with nothing new: how many a second, and what one costs the server."""

from __future__ import annotations

from tests.bench.harness import Report, cpu_seconds, cursor_of, fill, joined, room, site_with
from tests.bench.load import Helper, poll_request, repeat

SECONDS = 3.0


def measure(
    report: Report, scenario: str, case: str, port: int, roots: list[int], requests: list[bytes]
) -> None:
    """Have these requests, one a connection, repeated for a while."""
    load = Helper(repeat, port, requests, SECONDS, 204)
    load.get()
    before = cpu_seconds(roots)
    load.pipe.send("go")
    done = load.get()
    used = cpu_seconds(roots) - before
    report.add(scenario, case, polls_per_s=done / SECONDS, cpu_ms=used / done * 1000)
    load.end()


def run(report: Report) -> None:
    """10, 1,000 and 10,000 clips; 1 and 16 kept connections."""
    for clips in (10, 1000, 10_000):
        with site_with(room()) as site:
            fill(site, clips)
            people = [joined(site, f"Ann{number}") for number in range(16)]
            cursor = cursor_of(people[0])
            requests = [poll_request(person.token, cursor) for person in people]
            for count in (1, 16):
                case = f"{clips} clips, {count} connections"
                measure(report, "polls", case, site.port, [site.process.pid], requests[:count])
