"""Presence and names: who is online, and whose a name is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mozchat.domain.errors import NameTaken
from mozchat.domain.names import fold

MAX_PEOPLE = 5000
"""Name claims kept in a thread; beyond it the one that has been silent longest goes."""


@dataclass(frozen=True, slots=True)
class Person:
    """A name in a thread. `online_until` and `last_seen` in milliseconds since 1970.

    `identity` is empty for a name that nobody has claimed (taken over from the PHP mozchat). `seen` is the
    number of the last message that was delivered. `key` marks the thread's password at the time of joining.
    """

    name: str
    identity: str
    online_until: int
    last_seen: int
    seen: int = 0
    key: str = ""

    @property
    def left(self) -> int | None:
        """When they left, where they have not been back since: to leave is to be online no longer than seen."""
        return self.last_seen if self.online_until <= self.last_seen else None

    def record(self) -> dict[str, Any]:
        """The person as `users.json` keeps it."""
        return {
            "name": self.name,
            "identity": self.identity,
            "onlineUntil": self.online_until,
            "lastSeen": self.last_seen,
            "seen": self.seen,
            "key": self.key,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Person:
        """The reverse of `record`; raises `ValueError` where it cannot be one."""
        try:
            return cls(
                name=str(record["name"]),
                identity=str(record["identity"]),
                online_until=int(record["onlineUntil"]),
                last_seen=int(record["lastSeen"]),
                seen=int(record.get("seen", 0)),
                key=str(record.get("key", "")),
            )
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a person's record: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign of life of somebody, made at `now`: online until `until`, and messages up to number `seen` have
    arrived. Times in milliseconds since 1970."""

    now: int
    until: int = 0
    seen: int = 0


class Roster:
    """The people of a thread, immutable: a change gives a new roster."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._people = {fold(person.name): person for person in people}
        self._by_identity: dict[str, Person] = {}
        for person in sorted(self._people.values(), key=lambda p: p.last_seen):
            if person.identity:
                self._by_identity[person.identity] = person
        self._marks = sorted((p.online_until, p.name) for p in self._people.values())
        self._counted: tuple[int, int, tuple[str, ...], str] | None = None

    def people(self) -> list[Person]:
        """Everyone who is known here."""
        return list(self._people.values())

    def get(self, name: str) -> Person | None:
        """The person of this name."""
        return self._people.get(fold(name))

    def by_identity(self, identity: str) -> Person | None:
        """Who an identity is here: the name that it used last."""
        return self._by_identity.get(identity)

    def online(self, now: int) -> tuple[str, ...]:
        """The names of those who are online at `now` (milliseconds), sorted."""
        return self._at(now)[2]

    def fingerprint(self, now: int) -> str:
        """A short hash of who is online at `now`."""
        return self._at(now)[3]

    def unchanged_until(self, now: int) -> int:
        """Until when those who are online at `now` are, unless somebody comes, goes or stays."""
        return self._at(now)[1]

    def _at(self, now: int) -> tuple[int, int, tuple[str, ...], str]:
        """Who is online, remembered from one mark's end to the next: asking costs nothing with many people."""
        counted = self._counted
        if counted is None or not counted[0] <= now < counted[1]:
            over = [until for until, _ in self._marks if until <= now]
            ahead = self._marks[len(over) :]
            names = tuple(sorted((name for _, name in ahead), key=fold))
            digest = hashlib.sha256("\n".join(names).encode("utf-8", "replace")).hexdigest()[:8]
            counted = (over[-1] if over else 0, ahead[0][0] if ahead else 1 << 62, names, digest)
            self._counted = counted
        return counted

    def claim(self, name: str, identity: str, *, now: int, until: int, hold: int, key: str = "") -> Roster:
        """Give the name to the identity and mark it online; under another name that it has it is online no
        more. `hold` is how long (milliseconds) a silent identity keeps its name. Raises `NameTaken`."""
        holder = self.get(name)
        if holder and holder.identity not in ("", identity) and holder.last_seen + hold > now:
            raise NameTaken(holder.name)
        mine = holder is not None and holder.identity == identity
        seen = holder.seen if holder and mine else 0
        others = (
            replace(person, online_until=min(now, person.online_until))
            if person.identity == identity
            else person
            for person in self._people.values()
        )
        return Roster(others)._with(Person(name, identity, until, now, seen, key))

    def marked(self, marks: Mapping[str, Mark]) -> Roster:
        """With these marks, by name. What reaches further already stays, and so does one who has left since."""
        people = dict(self._people)
        for name, mark in marks.items():
            person = people.get(fold(name))
            if person is None:
                continue
            seen = max(mark.seen, person.seen)
            if mark.now >= person.last_seen:
                until = max(mark.until, person.online_until)
                person = replace(person, online_until=until, last_seen=mark.now)
            people[fold(name)] = replace(person, seen=seen)
        return Roster(people.values())

    def release(self, name: str, *, now: int) -> Roster:
        """Offline at once; the name stays held."""
        return self._with(replace(self._people[fold(name)], online_until=now, last_seen=now))

    def forget(self, now: int, hold: int) -> Roster:
        """Without the names that nobody holds any more, and without those beyond `MAX_PEOPLE`."""
        kept = [
            p
            for p in self._people.values()
            if p.online_until > now or (p.identity and p.last_seen + hold > now)
        ]
        if len(kept) > MAX_PEOPLE:
            kept = sorted(kept, key=lambda p: p.last_seen)[-MAX_PEOPLE:]
        return self if len(kept) == len(self._people) else Roster(kept)

    def _with(self, person: Person) -> Roster:
        return Roster({**self._people, fold(person.name): person}.values())
