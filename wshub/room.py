"""Listeners, gathered by thread, by participant, and by how far they have been told."""

from __future__ import annotations

from collections import defaultdict

from mozchat.services.hub import Admission


class Listener:
    """A connection, as the logic knows it. `address` is where it comes from, "" where that says nothing; `host`
    the one that it was made to, and `origin` the page that made it, if a browser says so; `heard` when anything
    came from it last (milliseconds since 1970). `hears` are the names of the live clips that go to it; `behind`:
    it has not taken yet what was sent, and those wait."""

    __slots__ = (
        "address",
        "admission",
        "behind",
        "counted",
        "entered",
        "group",
        "heard",
        "hears",
        "host",
        "origin",
        "since",
    )

    def __init__(self, address: str = "", host: str = "", origin: str | None = None) -> None:
        self.address = address
        self.host = host
        self.origin = origin
        self.admission: Admission | None = None
        self.group: Group | None = None
        self.hears: frozenset[str] = frozenset()
        self.behind = False
        self.entered = 0
        self.heard = 0
        self.since = 0
        self.counted = 0


class Group:
    """Listeners of a thread that have been told everything up to the same cursor."""

    __slots__ = ("cursor", "listeners")

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        self.listeners: set[Listener] = set()


class Room:
    """A thread with listeners: by identity, and by how far they have been told."""

    def __init__(self) -> None:
        self.people: defaultdict[str, set[Listener]] = defaultdict(set)
        self.groups: dict[str, Group] = {}
        self.checked: object = None
        """What the people were last checked against."""

    def enter(self, listener: Listener, identity: str, cursor: str) -> None:
        """One listener more, told up to a cursor."""
        self.people[identity].add(listener)
        self._place(listener, cursor)

    def leave(self, listener: Listener, identity: str) -> None:
        """One less."""
        self.people[identity].discard(listener)
        if not self.people[identity]:
            del self.people[identity]
        self._unplace(listener)

    def move(self, listener: Listener, cursor: str) -> None:
        """A listener has been told up to another cursor."""
        self._unplace(listener)
        self._place(listener, cursor)

    def move_all(self, group: Group, cursor: str) -> None:
        """A whole group has; where there is a group at that cursor, one of the two is empty afterwards."""
        del self.groups[group.cursor]
        there = self.groups.get(cursor)
        if there is None:
            group.cursor = cursor
            self.groups[cursor] = group
            return
        smaller, larger = sorted((group, there), key=lambda each: len(each.listeners))
        for listener in smaller.listeners:
            listener.group = larger
        larger.listeners |= smaller.listeners
        smaller.listeners = set()
        larger.cursor = cursor
        self.groups[cursor] = larger

    def listeners(self) -> list[Listener]:
        """All of them."""
        return [listener for listeners in self.people.values() for listener in listeners]

    def _place(self, listener: Listener, cursor: str) -> None:
        group = self.groups.get(cursor)
        if group is None:
            group = self.groups[cursor] = Group(cursor)
        group.listeners.add(listener)
        listener.group = group

    def _unplace(self, listener: Listener) -> None:
        group = listener.group
        if group is not None:
            group.listeners.discard(listener)
            if not group.listeners:
                del self.groups[group.cursor]
            listener.group = None
