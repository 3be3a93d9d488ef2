"""The lock of a thread: one writer at a time, over all processes of a site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mozchat.domain.errors import Unavailable
from mozchat.storage.files import faults_named

TIMEOUT = 5.0
"""Seconds after which a writer gives up. A lock is held for milliseconds, so this means that something is
wrong (a file system without working locks, a process that was stopped)."""

_POLL = 0.0005
"""Seconds between tries. Only one thread of each process tries, so this is no herd."""


class ThreadLock:
    """Between the threads of this process a mutex, between processes a lock on `path`.

    The file is apart from the thread's folder, so that taking the lock never brings back a folder that an
    administrator has removed.
    """

    def __init__(self, path: Path) -> None:
        self._mutex = threading.Lock()
        self._path = path
        self._file = FileLock(path, thread_local=False, mode=0o660)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raises `Unavailable` when it cannot be had within `TIMEOUT`."""
        if not self._mutex.acquire(timeout=TIMEOUT):
            raise _busy()
        try:
            with faults_named("the folder of the locks"):
                self._path.parent.mkdir(mode=0o770, exist_ok=True)
                try:
                    self._file.acquire(timeout=TIMEOUT, poll_interval=_POLL)
                except Timeout as error:
                    raise _busy() from error
            try:
                yield
            finally:
                self._file.release()
        finally:
            self._mutex.release()


def _busy() -> Unavailable:
    return Unavailable("The site is very busy. Nothing was lost; try again in a moment.", 2)
