"""Who gets mail about a new clip, and when: the names in `notify.ini`, who subscribed, the limit per hour."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mozchat.domain.errors import Invalid
from mozchat.domain.ini import Entry, IniError, decode, parse_ini
from mozchat.domain.mailbox import address_key, is_address
from mozchat.domain.names import fold, participant_name
from mozchat.domain.options import Problem

NOTIFY_FILE = "notify.ini"
EXPECTED = 'name="address" was expected, such as Ann="ann@example.org"'
MAX_SHOWN = 80


@dataclass(frozen=True)
class Recipient:
    """Somebody who gets mail, under a participant's name."""

    name: str
    address: str

    @property
    def key(self) -> str:
        """The same for all that have this address."""
        return address_key(self.address)


@dataclass(frozen=True)
class Notice:
    """Those who are to be told of a clip; `created` in milliseconds since 1970."""

    thread: str
    clip_id: str
    created: int
    told: tuple[Recipient, ...]

    def record(self) -> dict[str, Any]:
        """The notice as the spool keeps it."""
        told = [{"name": each.name, "address": each.address} for each in self.told]
        return {"thread": self.thread, "clip": self.clip_id, "created": self.created, "told": told}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Notice:
        """The reverse of `record`; raises `ValueError` where it cannot be one."""
        try:
            told = tuple(Recipient(str(each["name"]), str(each["address"])) for each in record["told"])
            return cls(str(record["thread"]), str(record["clip"]), int(record["created"]), told)
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a notice: {error!r}") from error


def parse_notify(data: bytes, source: str) -> tuple[list[Recipient], list[Problem]]:
    """Those whom a `notify.ini` names, and everything that is wrong in it. Sections mean nothing.

    Each line is read for itself, so that a bad one costs nobody else the mail. `source` is how the file is
    called in the problems.
    """
    try:
        lines = decode(data).removeprefix("\ufeff").splitlines()
    except IniError as error:
        return [], [Problem("error", source, error.line, "", None, error.message)]
    found: dict[str, tuple[Recipient, int]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        try:
            for entry in _entries(line):
                recipient = Recipient(_name_of(entry), entry.value.strip())
                before = found.pop(fold(recipient.name), None)
                if before:
                    problems.append(_overridden(before, number, source))
                found[fold(recipient.name)] = recipient, number
        except ValueError as error:
            message = str(error) or EXPECTED
            problems.append(Problem("error", source, number, "", line.strip()[:MAX_SHOWN], message))
    return [recipient for recipient, _ in found.values()], problems


def _entries(line: str) -> Iterator[Entry]:
    """What a line says: an entry, or nothing where it is a comment or a section. Raises `ValueError`."""
    text = line.strip()
    if not text or text.startswith(";"):
        return
    try:
        document = parse_ini(text)
    except IniError:
        raise ValueError from None
    entries = [entry for section in document.sections for entry in section.entries]
    if not entries and len(document.sections) == 1:
        raise ValueError
    yield from entries


def _name_of(entry: Entry) -> str:
    if entry.is_list:
        raise ValueError
    try:
        name = participant_name(entry.key)
    except Invalid as error:
        raise ValueError(f"{error.detail[:-1]}; {EXPECTED}") from None
    if not is_address(entry.value.strip()):
        raise ValueError(f"this is not a mail address; {EXPECTED}")
    return name


def _overridden(before: tuple[Recipient, int], winner: int, source: str) -> Problem:
    message = f"does not count, because line {winner} names the same person"
    return Problem("warning", source, before[1], before[0].name, None, message)


def to_be_told(
    named: Iterable[Recipient],
    author: str,
    online: Collection[str],
    unsubscribed: Collection[str],
) -> tuple[Recipient, ...]:
    """Who of those named gets mail about a clip by `author`: not its author, nobody `online` (names), no address
    twice, and none that has unsubscribed (keys of addresses)."""
    here = {fold(author), *map(fold, online)}
    barred = {each.key for each in named if fold(each.name) in here} | set(unsubscribed)
    told: dict[str, Recipient] = {}
    for each in named:
        if each.key not in barred:
            told.setdefault(each.key, each)
    return tuple(told.values())
