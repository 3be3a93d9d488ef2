"""Presence and names: who is online, and whose a name is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mozchat.domain.errors import NameTaken
from mozchat.domain.names import fold

MAX_PEOPLE = 5000
"""Name claims kept in a thread; beyond it the one that has been silent longest goes."""
MOST_LISTENERS = 20
"""Announcements kept of a person; beyond it the oldest goes."""
KEPT_MS = 10_000
"""How long an announcement that is over is kept, against an older one that another process writes late."""

_LISTENER = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


def is_listener(text: str) -> bool:
    """Whether this can be a name that a listener gives itself."""
    return _LISTENER.fullmatch(text) is not None


class Announcement(NamedTuple):
    """What a listener has said of the time to come: made then, it asks again or waits until then (milliseconds
    since 1970)."""

    made: int
    until: int


Announcements = Mapping[str, Announcement]
"""By listener: the latest of each counts, and takes the place of those before."""


@dataclass(frozen=True, slots=True)
class Person:
    """A name in a thread. `awake_until` and `last_seen` in milliseconds since 1970.

    `identity` is empty for a name that nobody has claimed (taken over from the PHP mozchat). `seen` is the
    number of the last message that was delivered. `key` marks the thread's password at the time of joining.
    `announced` is what is said by listeners that have a name of their own.
    """

    name: str
    identity: str
    awake_until: int
    last_seen: int
    seen: int = 0
    key: str = ""
    announced: Announcements = field(default_factory=dict)

    @property
    def online_until(self) -> int:
        """Until when they are online: by any sign of life, and by what any listener has announced."""
        return max((self.awake_until, *(each.until for each in self.announced.values())))

    def online_until_by(self, listener: str) -> int:
        """The same, not counting what other listeners have announced."""
        mine = self.announced.get(listener)
        return max(self.awake_until, mine.until) if mine else self.awake_until

    @property
    def left(self) -> int | None:
        """When they left, where they have not been back since: to leave is to be online no longer than seen."""
        return self.last_seen if self.online_until <= self.last_seen else None

    def record(self) -> dict[str, Any]:
        """The person as `users.json` keeps it."""
        record: dict[str, Any] = {
            "name": self.name,
            "identity": self.identity,
            "onlineUntil": self.awake_until,
            "lastSeen": self.last_seen,
            "seen": self.seen,
            "key": self.key,
        }
        if self.announced:
            record["announced"] = self.announced
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Person:
        """The reverse of `record`; raises `ValueError` where it cannot be one."""
        try:
            return cls(
                name=str(record["name"]),
                identity=str(record["identity"]),
                awake_until=int(record["onlineUntil"]),
                last_seen=int(record["lastSeen"]),
                seen=int(record.get("seen", 0)),
                key=str(record.get("key", "")),
                announced={
                    str(listener): Announcement(int(made), int(until))
                    for listener, (made, until) in record.get("announced", {}).items()
                },
            )
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a person's record: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign of life of somebody, made at `now`: online until `until`, and what listeners have `announced`
    beyond; messages up to number `seen` have arrived. Times in milliseconds since 1970."""

    now: int
    until: int = 0
    seen: int = 0
    announced: Announcements = field(default_factory=dict)

    def after(self, old: Mark) -> Mark:
        """This one and an older one as one."""
        return Mark(
            self.now,
            max(self.until, old.until),
            max(self.seen, old.seen),
            _latest(old.announced, self.announced),
        )


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
        seen, announced = (holder.seen, holder.announced) if holder and mine else (0, {})
        others = (
            replace(person, awake_until=min(now, person.online_until), announced={})
            if person.identity == identity
            else person
            for person in self._people.values()
        )
        return Roster(others)._with(Person(name, identity, until, now, seen, key, announced))

    def marked(self, marks: Mapping[str, Mark]) -> Roster:
        """With these marks, by name. What reaches further already stays, and so does one who has left since."""
        people = dict(self._people)
        for name, mark in marks.items():
            person = people.get(fold(name))
            if person is None:
                continue
            left = person.left
            person = replace(person, seen=max(mark.seen, person.seen))
            if mark.now >= person.last_seen:
                until = max(mark.until, person.awake_until)
                person = replace(person, awake_until=until, last_seen=mark.now)
            if mark.announced or person.announced:
                news = {
                    who: each for who, each in mark.announced.items() if left is None or each.made >= left
                }
                person = replace(person, announced=_kept(_latest(person.announced, news), person.last_seen))
            people[fold(name)] = person
        return Roster(people.values())

    def release(self, name: str, *, now: int) -> Roster:
        """Offline at once; the name stays held."""
        return self._with(replace(self._people[fold(name)], awake_until=now, last_seen=now, announced={}))

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


def _latest(*announced: Announcements) -> Announcements:
    """Of each listener what it announced last."""
    latest: dict[str, Announcement] = {}
    for each in announced:
        for listener, announcement in each.items():
            latest[listener] = max(announcement, latest.get(listener, announcement), key=_made)
    return latest


def _kept(announced: Announcements, now: int) -> Announcements:
    """What still says something at `now`."""
    kept = [(who, each) for who, each in announced.items() if each.until + KEPT_MS > now]
    return dict(sorted(kept, key=lambda item: item[1].made)[-MOST_LISTENERS:])


def _made(announcement: Announcement) -> int:
    return announcement.made
