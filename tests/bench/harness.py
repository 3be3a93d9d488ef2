"""What the benchmarks share: a site to measure, what it uses, and a table of figures."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import Client, RunningHub, RunningSite

SAMPLES = Path(__file__).parent.parent / "samples"
TICKS = os.sysconf("SC_CLK_TCK")

ROOM = """[common]
maxBlobBytes=60000000
maxMediaFolderBytes={folder}
maxClipCount={clips}
clipLifetimeSec=86400
userStatusFadeS=60
durability={durability}
[client]
allowVideo=1
maxClipSizeSec=36000
longPollPeriodS=15
pollFactor=l
"""


def room(clips: int = 0, folder: int = 2_000_000_000, durability: str = "os") -> str:
    """The `.ini` of a thread for measuring."""
    return ROOM.format(clips=clips, folder=folder, durability=durability)


@contextlib.contextmanager
def site_with(ini: str, *arguments: str) -> Iterator[RunningSite]:
    """A site as `make run` starts it, with the thread `walk`, in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="mozchat-bench-") as folder:
        site = RunningSite(Path(folder, "threads"), *arguments)
        thread = site.folder / "walk"
        thread.mkdir(parents=True)
        (thread / ".ini").write_text(ini)
        site.start()
        try:
            yield site
        finally:
            site.stop()


@contextlib.contextmanager
def hub_beside(site: RunningSite) -> Iterator[RunningHub]:
    """A hub for a site that runs."""
    hub = RunningHub(site.folder)
    hub.environment = {"MOZCHAT_LOG_LEVEL": "INFO"}
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def fill(site: RunningSite, count: int) -> None:
    """Give the thread `walk` so many clips, as if they had been uploaded long ago."""
    thread = site.folder / "walk"
    (thread / "media").mkdir(exist_ok=True)
    now = time.time_ns() // 1_000_000
    clips = []
    for number in range(count):
        name = f"{now // 1000}-{number:016x}.webm"
        (thread / "media" / name).write_bytes(b"x")
        clips.append(
            {
                "id": f"{number:016x}",
                "file": name,
                "author": "Rosa",
                "identity": "f" * 64,
                "created": now,
                "expires": now + 86_400_000,
                "mime": "audio/webm;codecs=opus",
                "duration": 4.26,
                "bytes": 1,
                "description": f"Clip number {number}",
                "peaks": [],
            }
        )
    catalogue = {"version": 1, "epoch": "", "offset": 0, "clips": clips, "answers": {}}
    (thread / "catalog.json").write_text(json.dumps(catalogue, separators=(",", ":")))


def processes(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(roots: list[int]) -> float:
    """User and system time that these processes and all below them have used."""
    ticks = 0
    for pid in (pid for root in roots for pid in processes(root)):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def memory_kb(pid: int, kind: str) -> int:
    """What /proc says of a process's memory in kB: "Pss" of `smaps_rollup`, "VmHWM" or "VmRSS" of `status`."""
    file = "smaps_rollup" if kind == "Pss" else "status"
    return int(re.search(rf"^{kind}:\s+(\d+)", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)[1])


def workers(site: RunningSite) -> list[int]:
    """The processes that serve a site, without the one that watches over them."""
    return processes(site.process.pid)[1:]


def joined(site: RunningSite, name: str) -> Client:
    """A participant of the thread `walk`."""
    return Client(site).join("walk", name)


def cursor_of(client: Client) -> str:
    """Where somebody stands who knows everything now."""
    return client.events("walk")[1]["cursor"]


def percentile(values: list[float], share: float) -> float:
    """The value below which so large a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class Report:
    """The figures of one run, printed as they come and written as JSON at the end."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def add(self, scenario: str, case: str, **figures: float | str) -> None:
        """One row; the names of the figures say their units."""
        self.rows.append({"scenario": scenario, "case": case, **figures})
        shown = "  ".join(f"{name} {_shown(value)}" for name, value in figures.items())
        print(f"{scenario:9} {case:44} {shown}", flush=True)

    def write(self, path: Path) -> None:
        """All rows as JSON."""
        path.write_text(json.dumps(self.rows, indent=1) + "\n")


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"
