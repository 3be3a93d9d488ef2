"""The hub's logic, without sockets: who is connected, what a frame means, and who is told what.

Every call gives what is to be done, deliveries and closings, in this order. Those who listen to a thread stand at
the same cursor most of the time: what is new is looked up, and written, once for all of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Protocol
from urllib.parse import urlsplit

from mozchat.domain.errors import Forbidden, Missing, MozchatError, NotJoined, Unavailable
from mozchat.domain.presence import is_listener
from mozchat.domain.thread_state import Changes
from mozchat.services.hub import Admission
from wshub import live
from wshub.deeds import Closing, Deed, Delivery
from wshub.live import LiveClips, Wish, is_clip, is_count
from wshub.room import Group, Listener, Room

INVALID_DATA = 1007
POLICY = 1008
RESTART = 1012
TRY_AGAIN = 1013
"""Close codes (RFC 6455, section 7.4.1, and the IANA registry of websocket close codes)."""
MOST_OF_PARTICIPANT = 20
"""Connections of a participant to one thread: tabs and devices."""
MOST_OF_ADDRESS = 500
"""Connections of an address: a school or a mobile network may have one for many."""
MOST_FRAMES = 120
FRAMES_WITHIN_MS = 10_000
_ENTERED = attrgetter("entered")
_HEARD = attrgetter("heard")
_NO_HOST = "//"


class View(Protocol):
    """A thread as it stands now."""

    @property
    def people(self) -> object:
        """Equal to that of another view where the same people are inside."""

    def name(self, identity: str) -> str | None:
        """The name of a participant; `None` where they are none any more."""

    def left(self, identity: str) -> int | None:
        """When a participant left (milliseconds), where they have not been back since."""

    def changes(self, identity: str, cursor: str | None) -> Changes:
        """What is new for a participant since a cursor."""

    def news(self, cursor: str) -> Changes | None:
        """The same for everybody at once; `None` where each must be asked for alone."""

    def text(self, changes: Changes, base: str) -> str:
        """Changes as the events endpoint answers them, under the path of the site."""


class Source(live.Source, Protocol):
    """What the hub asks of the site. What it only says is done later, and fails without a word."""

    def now(self) -> int:
        """Milliseconds since 1970."""

    def is_host(self, host: str) -> bool:
        """Whether the site is known to be at this host."""

    def redeem(self, ticket: str) -> Admission:
        """Whom a ticket lets in; raises `Forbidden`."""

    def serves(self, thread: str) -> bool:
        """Whether the hub is for this thread."""

    def view(self, thread: str) -> View:
        """A thread as it stands now; raises what `visit` does."""

    def seen(self, thread: str, identity: str, cursor: str) -> None:
        """Say that a participant has got everything up to a cursor."""

    def here(self, thread: str, signs: Mapping[str, tuple[int, int]]) -> None:
        """Say that participants are here, by identity: when they entered, and when they were heard last
        (milliseconds)."""

    def moved(self, thread: str, identity: str, listener: str) -> None:
        """Say that a participant's listener of this name has a connection now, and does not poll any more."""


class Hub:
    """All connections. Not for use by two OS threads at once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.rooms: dict[str, Room] = {}
        self.live = LiveClips(source)
        self._addresses: Counter[str] = Counter()

    def opened(self, listener: Listener) -> bool:
        """A connection has come; gives whether its address may have one more."""
        if listener.address:
            if self._addresses[listener.address] >= MOST_OF_ADDRESS:
                return False
            self._addresses[listener.address] += 1
        return True

    def forget(self, listener: Listener) -> None:
        """A connection is about to be closed, and is told nothing more."""
        self._forget([listener])

    def closed(self, listener: Listener) -> None:
        """A connection that `opened` let in is gone."""
        self._forget([listener])
        if listener.address:
            self._addresses[listener.address] -= 1
            if not self._addresses[listener.address]:
                del self._addresses[listener.address]

    def received(self, listener: Listener, text: str) -> list[Deed]:
        """A frame has come."""
        if not self._in_time(listener):
            return self._close([listener], POLICY, "too many frames")
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            return self._close([listener], INVALID_DATA, "a JSON object was expected")
        if listener.admission is None:
            return self._hello(listener, frame)
        return self._said(listener, listener.admission, frame)

    def changed(self, name: str) -> list[Deed]:
        """Something may have changed in a thread, or there may be more of a live clip."""
        return self.live.look(name) if is_clip(name) else self._changed(name)

    def _changed(self, thread: str) -> list[Deed]:
        room = self.rooms.get(thread)
        if room is None:
            return []
        try:
            view = self._source.view(thread)
            deeds = self._check(room, view)
            for group in list(room.groups.values()):
                deeds += self._tell(room, group, view)
        except MozchatError as error:
            return self._refuse(room.listeners(), error)
        return deeds

    def refuse(self, name: str, reason: str) -> list[Deed]:
        """Something went wrong with a thread: its listeners are to come back, with the cursors that they have. Or
        with a clip: those who hear it are told."""
        if is_clip(name):
            return self.live.refuse(name, Unavailable(reason))
        room = self.rooms.get(name)
        return self._close(room.listeners(), TRY_AGAIN, reason) if room else []

    def keep_online(self, thread: str) -> None:
        """Say of everybody in a thread that they are here, or were when they were heard last."""
        room = self.rooms.get(thread)
        if room is not None:
            signs = {
                who: (max(map(_ENTERED, listeners)), max(map(_HEARD, listeners)))
                for who, listeners in room.people.items()
            }
            self._source.here(thread, signs)

    # --- frames -------------------------------------------------------------------------------------------------

    def _in_time(self, listener: Listener) -> bool:
        now = self._source.now()
        if not 0 <= now - listener.since < FRAMES_WITHIN_MS:
            listener.since, listener.counted = now, 0
        listener.counted += 1
        return listener.counted <= MOST_FRAMES

    def _hello(self, listener: Listener, frame: dict[str, Any]) -> list[Deed]:
        ticket, cursor = frame.get("ticket"), frame.get("cursor")
        if (
            not isinstance(ticket, str)
            or not ticket.isascii()
            or not (cursor is None or isinstance(cursor, str))
        ):
            return self._close([listener], POLICY, "a ticket and a cursor were expected")
        try:
            admission = self._source.redeem(ticket)
            self._check_admission(listener, admission)
            return [self._enter(listener, admission, cursor)]
        except MozchatError as error:
            return self._refuse([listener], error)

    def _check_admission(self, listener: Listener, admission: Admission) -> None:
        """Raise `Forbidden` for a page of another site (RFC 6455, section 10.2), another hub's thread, and too
        many connections."""
        host = None if listener.origin is None else _host_of(listener.origin)
        if host not in (None, admission.host, listener.host.lower()) and not self._source.is_host(str(host)):
            raise Forbidden("This page is of another site.")
        if not self._source.serves(admission.thread):
            raise Forbidden("This hub does not serve the thread.")
        room = self.rooms.get(admission.thread)
        if room and len(room.people.get(admission.identity, ())) >= MOST_OF_PARTICIPANT:
            raise Forbidden("There are too many connections of one participant.")

    def _enter(self, listener: Listener, admission: Admission, cursor: str | None) -> Delivery:
        thread, identity = admission.thread, admission.identity
        if thread not in self.rooms:
            self._source.follow(thread)
        try:
            view = self._source.view(thread)
            if view.name(identity) is None:
                raise NotJoined
            changes = view.changes(identity, cursor)
            text = view.text(changes, admission.base)
        except BaseException:
            if thread not in self.rooms:
                self._source.unfollow(thread)
            raise
        room = self.rooms.setdefault(thread, Room())
        room.enter(listener, identity, changes.cursor)
        listener.admission = admission
        if cursor is not None:
            self._source.seen(thread, identity, cursor)
        listener.entered = listener.heard = self._source.now()
        self._source.here(thread, {identity: (listener.entered, listener.heard)})
        return Delivery([listener], text)

    def _said(self, listener: Listener, admission: Admission, frame: dict[str, Any]) -> list[Deed]:
        if "seen" in frame:
            if not isinstance(frame["seen"], str):
                return self._close([listener], POLICY, "seen is a cursor")
            self._source.seen(admission.thread, admission.identity, frame["seen"])
        if "listener" in frame:
            if not isinstance(frame["listener"], str) or not is_listener(frame["listener"]):
                return self._close([listener], POLICY, "listener is 1 to 32 letters, digits, - or _")
            self._source.moved(admission.thread, admission.identity, frame["listener"])
        if "unlisten" in frame:
            if not is_count(frame["unlisten"]):
                return self._close([listener], POLICY, "unlisten is a number")
            self.live.unlisten(listener, frame["unlisten"])
        deeds: list[Deed] = []
        if "listen" in frame:
            wish = Wish.of(frame)
            if wish is None:
                return self._close([listener], POLICY, "a number, a clip, and where to begin were expected")
            deeds += self.live.listen(listener, admission.thread, wish)
        if "ping" in frame:
            if not isinstance(frame["ping"], int | float | str):
                return self._close([listener], POLICY, "ping is a number or a text")
            deeds.append(Delivery([listener], json.dumps({"pong": frame["ping"]})))
        return deeds

    # --- news ---------------------------------------------------------------------------------------------------

    def _check(self, room: Room, view: View) -> list[Deed]:
        """Close the connections of those who are not inside any more."""
        if view.people == room.checked:
            return []
        room.checked = view.people
        gone: list[Listener] = []
        for identity, listeners in room.people.items():
            if view.name(identity) is None:
                gone += listeners
            elif (left := view.left(identity)) is not None:
                gone += (listener for listener in listeners if listener.entered < left)
        return self._close(gone, POLICY, "not a participant any more") if gone else []

    def _tell(self, room: Room, group: Group, view: View) -> list[Deed]:
        if not group.listeners:
            return []
        news = view.news(group.cursor)
        if news is None:
            return [self._tell_alone(room, listener, view) for listener in list(group.listeners)]
        if news.cursor == group.cursor and not news:
            return []
        deeds: list[Deed] = []
        for (base, _), (changes, listeners) in _by_audience(news, group.listeners, view).items():
            if changes:
                deeds.append(Delivery(listeners, view.text(changes, base)))
        room.move_all(group, news.cursor)
        return deeds

    def _tell_alone(self, room: Room, listener: Listener, view: View) -> Delivery:
        assert listener.admission
        assert listener.group
        changes = view.changes(listener.admission.identity, listener.group.cursor)
        room.move(listener, changes.cursor)
        return Delivery([listener], view.text(changes, listener.admission.base))

    # --- ends ---------------------------------------------------------------------------------------------------

    def _refuse(self, listeners: list[Listener], error: MozchatError) -> list[Deed]:
        over = isinstance(error, Forbidden | Missing | NotJoined)
        return self._close(listeners, POLICY if over else TRY_AGAIN, error.detail)

    def _close(self, listeners: list[Listener], code: int, reason: str) -> list[Deed]:
        self._forget(listeners)
        return [Closing(listeners, code, reason)]

    def _forget(self, listeners: Iterable[Listener]) -> None:
        for listener in listeners:
            self.live.forget(listener)
            admission, listener.admission = listener.admission, None
            room = self.rooms.get(admission.thread) if admission else None
            if admission and room:
                room.leave(listener, admission.identity)
                if not room.people:
                    del self.rooms[admission.thread]
                    self._source.unfollow(admission.thread)


Audiences = dict[tuple[str, tuple[int, ...]], tuple[Changes, list[Listener]]]


def _by_audience(news: Changes, listeners: Iterable[Listener], view: View) -> Audiences:
    """Those who are told the same: under one path, and with the same messages."""
    told = _teller(news, view)
    found: Audiences = {}
    for listener in listeners:
        if listener.admission:
            changes = told(listener.admission.identity)
            key = listener.admission.base, tuple(message.number for message in changes.messages)
            found.setdefault(key, (changes, []))[1].append(listener)
    return found


def _teller(news: Changes, view: View) -> Callable[[str], Changes]:
    """What an identity is told, looked up once for each."""
    known: dict[str, Changes] = {}

    def told(identity: str) -> Changes:
        changes = known.get(identity)
        if changes is None:
            changes = known[identity] = news.to(view.name(identity))
        return changes

    return told if news.messages else lambda identity: news


def _host_of(origin: str) -> str:
    """The host of an origin; what is none ("null", or anything else) is of no site."""
    try:
        return urlsplit(origin).netloc.lower() or _NO_HOST
    except ValueError:
        return _NO_HOST
