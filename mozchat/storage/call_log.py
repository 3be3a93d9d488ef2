"""`calls.csv`: the call log of a thread."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable
from pathlib import Path

from mozchat.domain.call_log import FIELDS, CallLog, Row
from mozchat.domain.errors import Missing, Unavailable
from mozchat.storage.files import Signature, faults_named, read_bytes, signature, write_atomically
from mozchat.storage.lock import ThreadLock

_log = logging.getLogger(__name__)


class CallLogFile:
    """The log on disk, remembered by the file's signature: to look at it again costs one `stat`."""

    def __init__(self, path: Path, lock: ThreadLock) -> None:
        self.path = path
        self._lock = lock
        self._read: tuple[Signature | None, CallLog] = (None, CallLog())

    def load(self) -> CallLog:
        """The log as it stands on disk now; empty where there is none, or none that can be read."""
        current = signature(self.path)
        if self._read[0] != current:
            try:
                self._read = current, self._content()
            except OSError as error:
                _log.warning("%s cannot be read: %s", self.path, error)
                self._read = current, CallLog()
        return self._read[1]

    def change(self, change: Callable[[CallLog], CallLog], *, durable: bool) -> None:
        """Read, change and write the log under the thread's lock. Raises `Missing` where somebody has removed
        the thread, `NoRoom` and `Unavailable`."""
        try:
            with faults_named(f"the folder {self.path.parent.name}"), self._lock.held():
                if signature(self.path.parent / ".ini") is None:
                    raise Missing(f"There is no thread called {self.path.parent.name}.")
                before = self._content()
                after = change(before)
                if after is not before:
                    write_atomically(self.path, _data(after), durable=durable)
                    self._read = signature(self.path), after
        except OSError as error:
            raise Unavailable(f"Calls cannot be logged at the moment ({error.strerror}).") from error

    def _content(self) -> CallLog:
        return CallLog(_rows(read_bytes(self.path) or b"", self.path))


def _rows(data: bytes, path: Path) -> list[Row]:
    """The lines below the header, each in our order of the fields: the PHP mozchat once had none for video."""
    text = data.decode("utf-8-sig", "replace")
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=";"):
            if row:
                rows.append(tuple(row))
    except csv.Error as error:
        _log.warning("%s cannot be read to its end: %s", path, error)
    if not rows or rows[0][0] != FIELDS[0]:
        return rows
    header = rows.pop(0)
    if header == FIELDS or not set(header) <= set(FIELDS):
        return rows
    return [_reordered(row, header) if len(row) == len(header) else row for row in rows]


def _reordered(row: Row, header: Row) -> Row:
    cells = dict(zip(header, row, strict=True))
    return tuple(cells.get(field, "") for field in FIELDS)


def _data(log: CallLog) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\n").writerows((FIELDS, *log.rows))
    return text.getvalue().encode("utf-8", "replace")
