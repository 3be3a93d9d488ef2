"""Uploads in one go, as a form and raw: how many a second, what one costs the server, and that none is lost."""

from __future__ import annotations

import json
import statistics
import uuid
from collections.abc import Callable

from tests.bench.harness import Report, cpu_seconds, fill, joined, memory_kb, room, site_with, workers
from tests.bench.load import Helper, Wire, upload
from tests.bench.media import multipart, raw, voice

SECONDS = 3.0
SMALL, BIG, HUGE = 20_000, 5_000_000, 50_000_000
UPLOADERS = (1, 8, 32)
KEPT = 60
"""Clips that the thread holds, so that others are evicted all the time."""
Form = Callable[..., bytes]
FORMS: dict[str, Form] = {"form": multipart, "raw": raw}


def run(report: Report) -> None:
    """20 kB and 5 MB; 1, 8 and 32 uploaders in one thread with eviction."""
    for durability in ("os", "fsync"):
        for size in (SMALL, BIG):
            for kind in FORMS:
                ini = room(KEPT if size == SMALL else 10, durability=durability)
                with site_with(ini) as site:
                    for uploaders in UPLOADERS if size == SMALL else (1, 4):
                        _measure(report, site, kind, size, uploaders, durability)


def run_catalogue(report: Report) -> None:
    """One upload with 10 clips in the thread, and with 10,000."""
    for kind in FORMS:
        took = {}
        for clips in (10, 10_000):
            with site_with(room(clips)) as site:
                fill(site, clips)
                wire, token = Wire(site.port), joined(site, "Ann").token
                times = []
                for _ in range(200):
                    request = FORMS[kind](token, voice(SMALL), uuid.uuid4().hex)
                    before = cpu_seconds([site.process.pid])
                    assert wire.ask(request)[0] == 201
                    times.append(cpu_seconds([site.process.pid]) - before)
                took[clips] = sum(times[20:]) / len(times[20:]) * 1000
                report.add("catalogue", f"{kind}, 20 kB, {clips} clips", cpu_ms=took[clips])
        report.add("catalogue", f"{kind}, 10,000 clips against 10", ratio=took[10_000] / took[10])


def run_memory(report: Report) -> None:
    """What a clip of 50 MB adds to the memory of the worker that takes it."""
    for kind, form in FORMS.items():
        with site_with(room()) as site:
            token = joined(site, "Ann").token
            for _ in range(10):
                assert Wire(site.port).ask(form(token, voice(SMALL)))[0] == 201
            before = {pid: memory_kb(pid, "VmRSS") for pid in workers(site)}
            status, body = Wire(site.port).ask(form(token, voice(HUGE)))
            assert status == 201, body
            grown = max(memory_kb(pid, "VmHWM") - rss for pid, rss in before.items())
            report.add("memory", f"{kind}, 50 MB", MB=grown / 1000)


def _measure(report: Report, site, kind: str, size: int, uploaders: int, durability: str) -> None:
    content = voice(size)
    tokens = [joined(site, f"Ann{uploaders}-{number}").token for number in range(uploaders)]
    helpers = [Helper(upload, site.port, FORMS[kind](token, content), SECONDS) for token in tokens]
    for helper in helpers:
        helper.get()
    before = cpu_seconds([site.process.pid])
    for helper in helpers:
        helper.pipe.send("go")
    told = [helper.get() for helper in helpers]
    used = cpu_seconds([site.process.pid]) - before
    for helper in helpers:
        helper.end()
    ids = [json.loads(body)["id"] for bodies, _ in told for body in bodies]
    took = [each for _, times in told for each in times]
    seconds = max(sum(times) for _, times in told)
    _check(site, ids)
    report.add(
        "uploads",
        f"{kind}, {size // 1000} kB, {uploaders} at once, {durability}",
        uploads_per_s=len(ids) / seconds,
        MB_per_s=len(ids) * size / seconds / 1e6,
        cpu_ms=used / len(ids) * 1000,
        median_ms=statistics.median(took) * 1000,
    )


def _check(site, ids: list[str]) -> None:
    """Nothing that was acknowledged is lost: what the thread lists was sent, and is as many as it holds; and its
    files are those of the clips that it lists."""
    listed = [
        clip["id"]
        for clip in joined(site, f"Rosa {ids[-1]}").request("GET", "/api/threads/walk/clips")[1]["clips"]
    ]
    assert len(set(ids)) == len(ids)
    assert len(listed) == len(set(listed))
    recent = listed[-min(len(ids), len(listed)) :]
    assert set(recent) <= set(ids), "a clip is listed that nobody has sent"
    files = list((site.folder / "walk" / "media").iterdir())
    assert {file.name.partition("-")[2].partition(".")[0] for file in files} >= set(listed), (
        "a file is missing"
    )
    assert len(files) == len(listed), "a file is left over"
