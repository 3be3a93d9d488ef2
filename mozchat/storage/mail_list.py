"""Who gets mail about a thread: `notify.ini`, which its administrator writes, and `subscriptions.json`, which the
participants do."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from mozchat.domain.errors import Unavailable
from mozchat.domain.notify import NOTIFY_FILE, Recipient, parse_notify
from mozchat.domain.options import Problem
from mozchat.domain.subscription import Subscriptions
from mozchat.storage.files import Signature, faults_named, read_bytes, signature, write_atomically
from mozchat.storage.lock import ThreadLock

SUBSCRIPTIONS_FILE = "subscriptions.json"
VERSION = 1
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class MailList:
    """Both files of one thread, remembered by their signatures. Reading needs no lock; it raises
    `Unavailable` where a file cannot be read."""

    def __init__(self, folder: Path, lock: ThreadLock) -> None:
        self._folder = folder
        self._lock = lock
        self._named = _Remembered(folder / NOTIFY_FILE, self._parse_notify)
        self._subscriptions = _Remembered(folder / SUBSCRIPTIONS_FILE, self._parse_subscriptions)

    def named(self) -> tuple[list[Recipient], list[Problem]]:
        """Those whom `notify.ini` names, and what is wrong with it."""
        return self._named.load()

    def subscriptions(self) -> Subscriptions:
        """As they stand on disk now."""
        return self._subscriptions.load()

    def change(self, change: Callable[[Subscriptions], Subscriptions | None]) -> Subscriptions | None:
        """Write what `change` makes of the subscriptions; nothing where that is `None`. Raises `NoRoom`,
        `Unavailable`."""
        path = self._folder / SUBSCRIPTIONS_FILE
        with self._lock.held(), faults_named(f"{self._folder.name}/{SUBSCRIPTIONS_FILE}"):
            changed = change(self.subscriptions())
            if changed is not None:
                data = json.dumps({"version": VERSION, **changed.record()}, ensure_ascii=False)
                write_atomically(path, data.encode("utf-8", "replace"))
        return changed

    def _parse_notify(self, data: bytes | None) -> tuple[list[Recipient], list[Problem]]:
        found, problems = parse_notify(data or b"", f"{self._folder.name}/{NOTIFY_FILE}")
        for problem in problems:
            _log.log(logging.ERROR if problem.level == "error" else logging.WARNING, "%s", problem)
        return found, problems

    def _parse_subscriptions(self, data: bytes | None) -> Subscriptions:
        try:
            return Subscriptions.from_record(json.loads(data)) if data else Subscriptions()
        except (ValueError, RecursionError) as error:
            # To take it for empty would send mail to those who want none.
            raise Unavailable(
                f"{self._folder.name}/{SUBSCRIPTIONS_FILE} cannot be understood, so no mail goes out there."
            ) from error


class _Remembered(Generic[_T]):
    """What a file was last parsed to."""

    def __init__(self, path: Path, parse: Callable[[bytes | None], _T]) -> None:
        self._path = path
        self._parse = parse
        self._read: tuple[Signature | None, _T] | None = None

    def load(self) -> _T:
        """What it says now; asking again costs one `stat`."""
        current = signature(self._path)
        if self._read is None or self._read[0] != current:
            try:
                self._read = current, self._parse(read_bytes(self._path))
            except OSError as error:
                where = f"{self._path.parent.name}/{self._path.name}"
                raise Unavailable(f"{where} cannot be read: {error.strerror}.") from error
        return self._read[1]
