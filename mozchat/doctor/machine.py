"""The machine: Python and its packages, the disk, the clock of its files."""

from __future__ import annotations

import os
import platform
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from mozchat import __version__
from mozchat.doctor.finding import Finding, LeftOut, error, left_out, right, warning
from mozchat.domain.errors import MozchatError
from mozchat.services.site import Site

FEW_INODES = 1000
CLOCK_SECONDS = 2.0
"""How far the clocks of the machine and of its files may be apart: clips and uploads live for minutes at least."""
_AT_LEAST = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")
_NUMBER = re.compile(r"\d+")


def versions() -> Iterator[Finding]:
    """Python and the packages that mozchat needs."""
    python = f"mozchat {__version__} on Python {platform.python_version()}"
    try:
        needed = _AT_LEAST.findall("\n".join(_always_needed(metadata.requires("mozchat") or [])))
    except metadata.PackageNotFoundError:
        yield right("Python", python)
        yield left_out(
            "Packages", "mozchat is not installed here, so what it needs is not known.", "pip install ."
        )
        return
    yield right("Python", python)
    yield from package_findings(needed, {name: _installed(name) for name, _ in needed})


def package_findings(needed: Iterable[tuple[str, str]], installed: dict[str, str]) -> Iterator[Finding]:
    """The packages with the version that they must have at least, against those that are there ("": none)."""
    faulty = [
        f"{name} {installed[name] or 'is missing'} ({version} or later is needed)"
        for name, version in needed
        if not installed[name] or _numbers(installed[name]) < _numbers(version)
    ]
    if faulty:
        yield error(
            "Packages",
            f"{', '.join(faulty)}.",
            "pip install --upgrade mozchat, or `pip install .` in its folder",
        )
    else:
        yield right("Packages", ", ".join(f"{name} {installed[name]}" for name in installed))


def disk(site: Site) -> Iterator[Finding]:
    """Room for clips and for files."""
    try:
        status = os.statvfs(site.store.folder)
    except OSError as fault:
        raise LeftOut(f"{site.store.folder} cannot be looked at: {fault.strerror}") from fault
    free = status.f_bavail * status.f_frsize
    yield disk_finding(free, site.min_free_bytes, _room_promised(site))
    if status.f_files and status.f_favail < FEW_INODES:
        yield error(
            "Files",
            f"The disk has room for {status.f_favail} more files only.",
            "Remove files that nobody needs; `mozchat sweep` removes those of this site.",
        )


def disk_finding(free: int, floor: int, promised: int) -> Finding:
    """All in bytes: what is free, what clips leave free of that, and how much the threads may still grow."""
    if free <= floor:
        return error(
            "Disk",
            f"{_size(free)} are free, and clips leave {_size(floor)} of them: no clip is accepted.",
            "Make room, or set a smaller MOZCHAT_MIN_FREE_BYTES.",
        )
    if free - floor < promised:
        return warning(
            "Disk",
            f"{_size(free)} are free, but the threads may grow by {_size(promised)} as their .ini say.",
            "Make room, or lower maxMediaFolderBytes: clips are refused when the disk is full.",
        )
    return right("Disk", f"{_size(free)} free")


def clock(folder: Path) -> Iterator[Finding]:
    """The machine's clock against that of its files, which on a network file system is another machine's."""
    try:
        before = time.time()
        with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=folder) as file:
            written = Path(file.name).stat().st_mtime
        after = time.time()
    except OSError as fault:
        raise LeftOut(f"{folder} is not writable") from fault
    yield file_clock_finding(written, before, after)


def file_clock_finding(written: float, before: float, after: float) -> Finding:
    """A file's time, and the machine's before and after it was written; seconds since 1970."""
    behind = before - written if written < before else min(0.0, after - written)
    if abs(behind) <= CLOCK_SECONDS:
        return right("Clock", "The machine and its files have the same time.")
    how = "behind" if behind > 0 else "ahead of"
    return error(
        "Clock",
        f"The clock of the files is {_duration(abs(behind))} {how} the machine's.",
        "Set both clocks by NTP (timedatectl set-ntp true): by them the site tells what is over.",
    )


def _always_needed(requirements: Iterable[str]) -> list[str]:
    return [line for line in requirements if "extra ==" not in line]


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """The release numbers of a version, without zeros at the end."""
    numbers = [int(part[0]) for part in map(_NUMBER.match, version.split(".")) if part]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _room_promised(site: Site) -> int:
    """How many bytes the threads may still take."""
    promised = 0
    for name in site.store.names():
        try:
            store = site.store.thread(name)
            promised += max(0, store.settings().max_media_folder_bytes - store.total_bytes())
        except (MozchatError, OSError):
            continue  # what is wrong with a thread is said where threads are looked at
    return promised


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if number >= 10 or unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 600
        else f"{seconds / 60:.0f} min"
        if seconds < 36_000
        else f"{seconds / 3600:.0f} h"
    )
