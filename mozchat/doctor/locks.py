"""Locks: several processes write under the site's own lock, and nothing that one wrote may be lost."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mozchat.doctor.finding import Finding, LeftOut, error, right, warning
from mozchat.storage.lock import ThreadLock

RACERS = 4
ROUNDS = 100
SECONDS = 20.0
_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.", "afs", "ceph", "gluster")


@dataclass(frozen=True)
class Race:
    """What came of it: how many additions were made and how many are there, whether by lock files in place of
    locks, and how many of the racers ended badly."""

    made: int
    there: int
    soft: bool
    failed: int


def locks(folder: Path) -> Iterator[Finding]:
    """Race processes in the folder."""
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as scratch:
            race = run(Path(scratch))
    except OSError as fault:
        raise LeftOut(f"{folder} is not writable") from fault
    yield race_finding(race, kind_of(folder, Path("/proc/mounts")))


def race_finding(race: Race, kind: str) -> Finding:
    """The verdict, on a file system of this kind."""
    if race.failed:
        return error(
            "Locks",
            f"{race.failed} of {RACERS} processes did not get the lock (file system: {kind}).",
            "Put the threads folder on a local disk whose locks work.",
        )
    if race.there != race.made:
        return error(
            "Locks",
            f"Locks do not lock: of {race.made} changes by {RACERS} processes {race.made - race.there} were lost "
            f"(file system: {kind}).",
            "Put the threads folder on a local disk; on NFS without the options nolock and local_lock.",
        )
    if kind.startswith(_REMOTE):
        return warning(
            "Locks",
            f"They hold between processes of this machine, but the folder is on a network file system ({kind}).",
            "Let one machine only run the site; a local disk is quicker and safer.",
        )
    if race.soft:
        return warning(
            "Locks",
            f"The file system ({kind}) has none, so lock files take their place.",
            "A local disk is quicker; a process that is killed leaves its lock file for a while.",
        )
    return right("Locks", f"{RACERS} processes, {race.made} changes, none lost ({kind})")


def run(scratch: Path) -> Race:
    """Have processes add to one number. Those that are not done in time are ended."""
    counter = scratch / "counter"
    _write(counter, 0)
    children = [_start(scratch) for _ in range(RACERS)]
    deadline = time.monotonic() + SECONDS
    failed = sum(not _ended_well(child, deadline) for child in children)
    soft = (scratch / "soft").exists()
    return Race(RACERS * ROUNDS, int(counter.read_bytes()), soft, failed)


def kind_of(folder: Path, mounts: Path) -> str:
    """The kind of file system that a folder is on, as the system's list of mounts has it."""
    try:
        lines = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return "unknown"
    path = folder.resolve()
    points = [(Path(line[1].replace("\\040", " ")), line[2]) for line in lines if len(line) > 2]
    around = [(len(point.parts), kind) for point, kind in points if point in (path, *path.parents)]
    return max(around, key=lambda found: found[0])[1] if around else "unknown"


def _start(scratch: Path) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _add(scratch)
        code = 0
    finally:
        os._exit(code)


def _add(scratch: Path) -> None:
    """One racer: reads, adds one and writes, which only a lock keeps apart from what the others do."""
    lock = ThreadLock(scratch / "lock")
    counter = scratch / "counter"
    for _ in range(ROUNDS):
        with lock.held():
            number = int(counter.read_bytes())
            if (scratch / "lock.soft").exists():
                (scratch / "soft").touch()
            _write(counter, number + 1)


def _write(counter: Path, number: int) -> None:
    """In place and always as long: who reads in between finds a number."""
    handle = os.open(counter, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, b"%08d" % number, 0)
    finally:
        os.close(handle)


def _ended_well(child: int, deadline: float) -> bool:
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False
