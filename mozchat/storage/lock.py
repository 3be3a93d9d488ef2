"""The lock of a thread: one writer at a time, over all processes of a site."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import SoftFileLock, Timeout

from mozchat.domain.errors import Unavailable
from mozchat.storage.files import faults_named

TIMEOUT = 5.0
"""Seconds after which a writer gives up. A lock is held for milliseconds, so this means that something is
wrong (a file system without working locks, a process that was stopped)."""

_POLL = 0.0002
"""Seconds between tries. Only one thread of each process tries, so this is no herd."""
_NO_FLOCK = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK}


class ThreadLock:
    """Between the threads of this process a mutex, between processes a `flock` on `path`; where the file system
    has none, a lock file beside it.

    The file is apart from the thread's folder, so that taking the lock never brings back a folder that an
    administrator has removed.
    """

    def __init__(self, path: Path) -> None:
        self._mutex = threading.Lock()
        self._path = str(path)
        self._folder = path.parent
        self._soft = SoftFileLock(f"{path}.soft", thread_local=False)

    @contextmanager
    def held(self, timeout: float = TIMEOUT) -> Iterator[None]:
        """Hold the lock; raises `Unavailable` when it cannot be had within so many seconds."""
        if not self._mutex.acquire(timeout=timeout):
            raise _busy()
        try:
            with faults_named("the folder of the locks"):
                handle = self._acquire(timeout)
            try:
                yield
            finally:
                if handle is None:
                    self._soft.release()
                else:
                    os.close(handle)
        finally:
            self._mutex.release()

    def remove(self) -> None:
        """Remove the file, of a thread that is gone. Whoever waits for it notices, and makes it anew."""
        if Path(self._path).exists():
            with self.held():
                Path(self._path).unlink()

    def _acquire(self, timeout: float) -> int | None:
        """Take the lock; gives the open file that has it, or `None` where it is the lock file."""
        deadline = time.monotonic() + timeout
        while True:
            handle = self._open()
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_still(handle, self._path):
                    return handle
            except BlockingIOError:
                pass
            except OSError as error:
                if error.errno not in _NO_FLOCK:
                    os.close(handle)
                    raise
                os.close(handle)
                self._acquire_soft(timeout)
                return None
            os.close(handle)
            if time.monotonic() > deadline:
                raise _busy()
            time.sleep(_POLL)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT
        try:
            return os.open(self._path, flags, 0o660)
        except FileNotFoundError:
            self._folder.mkdir(mode=0o770, exist_ok=True)
            return os.open(self._path, flags, 0o660)

    def _acquire_soft(self, timeout: float) -> None:
        try:
            self._soft.acquire(timeout=timeout, poll_interval=_POLL)
        except Timeout as error:
            raise _busy() from error


def _is_still(handle: int, path: str) -> bool:
    """Whether the open file is the one of this name: somebody may have emptied the folder meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _busy() -> Unavailable:
    return Unavailable("The site is very busy. Nothing was lost; try again in a moment.", 2)
