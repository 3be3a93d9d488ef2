"""`users.json`: presence and name claims of a thread."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

from mozchat.domain.errors import Invalid
from mozchat.domain.names import participant_name
from mozchat.domain.presence import Mark, Person, Roster
from mozchat.storage.files import Signature, read_bytes, signature, write_atomically

VERSION = 1
_log = logging.getLogger(__name__)


class PeopleFile:
    """The roster on disk, remembered by the file's signature. Reading needs no lock; `save` does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = str(path)
        self._read: tuple[Signature | None, Roster] | None = None

    def load(self) -> Roster:
        """The roster as it stands on disk now."""
        current = signature(self._name)
        known = self._read
        if known is None or known[0] != current:
            known = current, Roster(_people(read_bytes(self.path), self.path))
            self._read = known
        return known[1]

    def save(self, roster: Roster, *, durable: bool) -> None:
        """Write the roster, durably where a name was claimed; a presence mark lives for seconds only."""
        content = {"version": VERSION, "people": [person.record() for person in roster.people()]}
        data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        write_atomically(self.path, data, durable=durable)
        self._read = signature(self.path), roster


class Marks:
    """Marks of people that are still to be written: many at once cost as much as one. Safe between OS threads."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._guard = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._marks)

    def add(self, name: str, mark: Mark) -> None:
        """Add a mark to what is known of a name."""
        with self._guard:
            old = self._marks.get(name)
            self._marks[name] = mark.after(old) if old else mark

    def get(self, name: str) -> Mark | None:
        """What is still to be written of a name."""
        return self._marks.get(name)

    def take(self) -> dict[str, Mark]:
        """All of them, which whoever asks now writes."""
        with self._guard:
            taken, self._marks = self._marks, {}
        return taken


def _people(data: bytes | None, path: Path) -> list[Person]:
    if not data:
        return []
    try:
        content = json.loads(data)
        if "online" in content:
            return [_php_person(name, mark) for name, mark in content["online"].items() if _is_name(name)]
        return [Person.from_record(record) for record in content["people"]]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        _log.warning("%s cannot be understood and counts as empty: %r", path, error)
        return []


def _php_person(name: str, mark: Any) -> Person:
    until = int(float(mark[0])) * 1000
    return Person(participant_name(name), "", until, until)


def _is_name(name: str) -> bool:
    try:
        participant_name(name)
    except Invalid:
        return False
    return True
