"""A site on disk: the folder of its threads, and the run folder in it that only running processes need."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mozchat.domain.errors import Invalid, Missing, MozchatError
from mozchat.domain.names import is_thread_name
from mozchat.storage.bell import Bell
from mozchat.storage.files import signature
from mozchat.storage.spool import FOLDER, Spool
from mozchat.storage.thread_store import ThreadStore

RUN_FOLDER = ".run"
FLUSH_SECONDS = 2.0
_log = logging.getLogger(__name__)


class SiteStore:
    """The threads of a site, opened when they are asked for. `changed` is called with a thread's name after every
    change that listeners must learn of, when the bell has rung."""

    def __init__(self, threads_folder: Path, changed: Callable[[str], None] = lambda name: None) -> None:
        self.folder = threads_folder.absolute()
        self.run_folder = self.folder / RUN_FOLDER
        self.spool = Spool(self.folder / FOLDER, self.run_folder)
        self._open: dict[str, ThreadStore] = {}
        self._behind: dict[str, float] = {}
        self._guard = threading.Lock()
        self._told = changed
        self.bell = Bell(self.run_folder, self._fingerprint, self._upkeep)

    def names(self) -> list[str]:
        """The names of all threads: the folders with a legal name and an `.ini`, sorted."""
        try:
            folders = [path for path in self.folder.iterdir() if is_thread_name(path.name)]
        except OSError:
            return []
        return sorted((p.name for p in folders if signature(p / ".ini")), key=str.casefold)

    def thread(self, name: str) -> ThreadStore:
        """The thread of this name; raises `Missing`, or its operations do if it has gone since."""
        store = self._open.get(name)
        if store is None:
            if not is_thread_name(name) or signature(self.folder / name / ".ini") is None:
                raise Missing("There is no such thread.")
            with self._guard:
                store = self._open.setdefault(name, self._new(name))
        return store

    def create(self, name: str, ini: bytes) -> ThreadStore:
        """A new thread with this `.ini`; raises `Invalid` where the name is not legal or in use."""
        if not is_thread_name(name):
            raise Invalid(
                f"{name!r} is not a name for a thread: 1 to 64 of A-Z a-z 0-9 _ - and not a reserved word."
            )
        folder = self.folder / name
        self._make_folder()
        if signature(folder / ".ini"):
            raise Invalid(f"There is a thread called {name} already.")
        folder.mkdir(mode=0o770, exist_ok=True)
        (folder / ".ini").write_bytes(ini)
        return self.thread(name)

    def _make_folder(self) -> None:
        """Make the folder of the threads, closed to an Apache that may serve the folder above it by mistake."""
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".htaccess").write_text("Require all denied\n", "ascii")

    def forget(self, name: str) -> None:
        """Put away what processes keep of a thread whose folder was removed, on disk and here. Raises `OSError`,
        `Unavailable`."""
        store = self._open.get(name) or self._new(name)
        with self._guard:
            self._open.pop(name, None)
            self._behind.pop(name, None)
        for path in self.run_folder.glob(f"{name}.*"):
            if not path.name.startswith(f"{name}.lock"):
                path.unlink(missing_ok=True)
        store.lock.remove()

    def disk_free(self) -> int:
        """How many bytes of the disk are free for this process."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def close(self) -> None:
        """Put away what a running process has: its bell."""
        self.bell.close()

    def _new(self, name: str) -> ThreadStore:
        lock = self.run_folder / f"{name}.lock"
        return ThreadStore(
            self.folder / name,
            lock,
            self._changed,
            lambda clip_id: self.bell.ring(name_of_clip(name, clip_id)),
            self.bell.start,
        )

    def _changed(self, name: str) -> None:
        self._behind.setdefault(name, time.monotonic() + FLUSH_SECONDS)
        self.bell.start()
        self.bell.ring(name)
        self._told(name)

    def _fingerprint(self, name: str) -> object:
        thread, _, clip_id = name.partition("/")
        store = self.thread(thread)
        return store.live.fingerprint(clip_id) if clip_id else store.fingerprint(_milliseconds())

    def _upkeep(self) -> None:
        """Write the marks of people that wait for it, take note of files that somebody has removed, and let
        `catalog.json` catch up with what this process has written a while ago."""
        for name, store in list(self._open.items()):
            due = self._behind.get(name)
            try:
                if not store.path.is_dir():
                    self.forget(name)
                    continue
                store.write_marks()
                store.live.upkeep(_milliseconds())
                if self.bell.follows(name):
                    store.drop_lost(_milliseconds())
                if due is not None and due <= time.monotonic():
                    del self._behind[name]
                    store.checkpoint()
            except (MozchatError, OSError) as error:
                _log.warning("%s: not brought up to date now: %s", name, error)


def name_of_clip(thread: str, clip_id: str) -> str:
    """What the bell rings for when there is more of a live clip."""
    return f"{thread}/{clip_id}"


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
