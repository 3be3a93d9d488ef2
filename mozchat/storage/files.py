"""Files: whole ones written atomically, changes noticed by `stat`, faults turned into errors of the domain."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mozchat.domain.errors import NoRoom, Unavailable

Signature = tuple[int, int, int]
"""Inode, size in bytes, time of change in nanoseconds: when one differs, so may the content."""
COARSE_NS = 20_000_000
"""A time of change that is younger may not differ after the next change: file systems tell it in ticks."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BARRED = {errno.EACCES, errno.EPERM, errno.EROFS}
_TEMPORARY = ".tmp"


def signature(path: Path | str) -> Signature | None:
    """The file's signature; `None` where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called on every poll, and Path.stat costs twice as much
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def read_bytes(path: Path) -> bytes | None:
    """The whole content; `None` where there is no such file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def temporary_files(folder: Path, older_than: float) -> list[str]:
    """The names of what processes that died have left of whole files they were writing, from before a time
    (seconds since 1970)."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.name[0] == "." and entry.name.endswith(_TEMPORARY)]
    names = []
    for entry in found:
        with suppress(FileNotFoundError):
            if entry.is_file() and entry.stat(follow_symlinks=False).st_mtime < older_than:
                names.append(entry.name)
    return sorted(names)


def write_atomically(path: Path, data: bytes, *, durable: bool = True, mode: int = 0o640) -> None:
    """Replace a file: a crash at any instant leaves the old content or the new one.

    Not `durable`: safe from a process that dies, not from a machine that loses its power.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_TEMPORARY, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if durable:
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def faults_named(what: str) -> Iterator[None]:
    """Turn a fault of the disk into `NoRoom` or `Unavailable`, with `what` for the administrator's log."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom from error
        if error.errno in _BARRED:
            raise Unavailable(
                f"This site cannot store anything at the moment ({what} is not writable).", 30
            ) from error
        raise
