"""Live clips over the hub, without sockets: who hears which, from where on, and what is to be sent next.

The clip's file is the buffer: of a listener who reads slowly, only the place is remembered. Most who hear a clip
are at the same place: a piece is read, and made a frame, once for all of them.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Protocol

from mozchat.domain.errors import MozchatError, TooMany, Unavailable
from mozchat.services.live import BACK_SECONDS, Reader, Reading, bell_name
from mozchat.web.problems import problem_of
from wshub.deeds import Deed, Delivery
from wshub.room import Listener

MOST_OF_LISTENER = 4
"""Clips that one connection may hear at once; a page plays one."""
MOST_CLIPS = 200
"""Clips that are heard at once, each an open file."""
PIECE_BYTES = 1 << 14
"""At most so many bytes of a clip are in one frame."""
RETRY_SECONDS = 30.0
_CLIP_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Source(Protocol):
    """What is asked of the site."""

    def follow(self, name: str) -> None:
        """From now on the hub is told when there is more of a clip."""

    def unfollow(self, name: str) -> None:
        """No more."""

    def reading(self, thread: str, clip_id: str) -> Reading:
        """The bytes of a clip as they come. Raises `Missing`."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to hear: `number` is its own for this, `offset` as `Reader` has it."""

    number: int
    clip: str
    offset: int | None
    back: float

    @classmethod
    def of(cls, frame: dict[str, Any]) -> Wish | None:
        """That of a frame; `None` where it is none."""
        number, clip = frame["listen"], frame.get("clip")
        begin, back = frame.get("from", "live"), frame.get("back", BACK_SECONDS)
        fits = (
            is_count(number)
            and isinstance(clip, str)
            and _CLIP_ID.fullmatch(clip)
            and (begin == "live" or is_count(begin))
            and isinstance(back, int | float)
            and back >= 0
        )
        return cls(number, str(clip), None if begin == "live" else begin, back) if fits else None


class Hearing:
    """One clip on one connection."""

    __slots__ = ("begun", "number", "reader")

    def __init__(self, number: int, reader: Reader) -> None:
        self.number = number
        self.reader = reader
        self.begun = False


class _Clip:
    """A clip, and those who hear it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.hearings: dict[Listener, Hearing] = {}


class LiveClips:
    """All of the hub. `due` are the names of clips that are to be looked at soon: there may be more to send."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._clips: dict[str, _Clip] = {}
        self.due: set[str] = set()

    def listen(self, listener: Listener, thread: str, wish: Wish) -> list[Deed]:
        """A listener wants to hear a clip; one that it hears already, from elsewhere."""
        name = bell_name(thread, wish.clip)
        self._stop(listener, name)
        try:
            if len(listener.hears) >= MOST_OF_LISTENER:
                raise TooMany("So many clips cannot be heard at once.", RETRY_SECONDS)
            clip = self._open(name, thread, wish.clip)
            hearing = Hearing(wish.number, Reader(clip.reading, wish.offset, wish.back))
        except MozchatError as error:
            self._close_if_unheard(name)
            return [_problem(listener, wish.number, error)]
        clip.hearings[listener] = hearing
        listener.hears = listener.hears | {name}
        self.due.add(name)
        return []

    def unlisten(self, listener: Listener, number: int) -> None:
        """A listener wants to hear one of its clips no more."""
        for name in listener.hears:
            if self._clips[name].hearings[listener].number == number:
                self._stop(listener, name)

    def forget(self, listener: Listener) -> None:
        """A listener is gone."""
        for name in listener.hears:
            self._stop(listener, name)

    def drained(self, listener: Listener) -> None:
        """A listener that was behind has room again."""
        self.due |= listener.hears

    def look(self, name: str) -> list[Deed]:
        """There may be more of a clip: the next piece of it for each who hears it and is not behind."""
        self.due.discard(name)
        clip = self._clips.get(name)
        if clip is None:
            return []
        try:
            clip.reading.look()
        except MozchatError as error:
            return self.refuse(name, error)
        deeds: list[Deed] = []
        at: defaultdict[int, list[Listener]] = defaultdict(list)
        for listener, hearing in clip.hearings.items():
            reader = hearing.reader
            if listener.behind or not reader.is_ready():
                continue
            if not hearing.begun and not reader.is_over:
                deeds.append(_beginning(listener, hearing))
            if reader.position is not None and reader.left:
                at[reader.position].append(listener)
        for position, listeners in at.items():
            deeds += self._piece(clip, name, position, listeners)
        return deeds + self._end_those_over(clip, name)

    def refuse(self, name: str, error: MozchatError) -> list[Deed]:
        """A clip is gone, or cannot be read: whoever hears it is told."""
        clip = self._clips.get(name)
        if clip is None:
            return []
        deeds: list[Deed] = []
        for listener, hearing in list(clip.hearings.items()):
            self._stop(listener, name)
            deeds.append(_problem(listener, hearing.number, error))
        return deeds

    # --- one clip -----------------------------------------------------------------------------------------------

    def _open(self, name: str, thread: str, clip_id: str) -> _Clip:
        clip = self._clips.get(name)
        if clip is not None:
            clip.reading.look()
            return clip
        if len(self._clips) >= MOST_CLIPS:
            raise Unavailable("Too many clips are heard over the hub just now.", RETRY_SECONDS)
        self._source.follow(name)
        try:
            reading = self._source.reading(thread, clip_id)
        except BaseException:
            self._source.unfollow(name)
            raise
        clip = self._clips[name] = _Clip(reading)
        return clip

    def _stop(self, listener: Listener, name: str) -> None:
        if name in listener.hears:
            listener.hears = listener.hears - {name}
            del self._clips[name].hearings[listener]
            self._close_if_unheard(name)

    def _close_if_unheard(self, name: str) -> None:
        clip = self._clips.get(name)
        if clip is not None and not clip.hearings:
            del self._clips[name]
            self._source.unfollow(name)
            clip.reading.close()

    def _piece(self, clip: _Clip, name: str, position: int, listeners: list[Listener]) -> list[Deed]:
        """The next bytes for those who are all at the same place: `reading` remembers what it has read last."""
        data, left = b"", 0
        for listener in listeners:
            reader = clip.hearings[listener].reader
            data, left = reader.take(PIECE_BYTES), reader.left
        if not data:
            return []
        if left:
            self.due.add(name)
        return [Delivery(listeners, head(name.rpartition("/")[2], position) + data)]

    def _end_those_over(self, clip: _Clip, name: str) -> list[Deed]:
        over = [(each, hearing) for each, hearing in clip.hearings.items() if hearing.reader.is_over]
        for listener, _ in over:
            self._stop(listener, name)
        return [_text(listener, {"listen": hearing.number, "complete": True}) for listener, hearing in over]


def head(clip_id: str, offset: int) -> bytes:
    """What stands before the bytes of a clip in their frame: how long its id is (8 bits), the id, and the offset
    of the first byte (64 bits, big-endian)."""
    ascii_id = clip_id.encode("ascii")
    return bytes([len(ascii_id)]) + ascii_id + offset.to_bytes(8, "big")


def _beginning(listener: Listener, hearing: Hearing) -> Delivery:
    reader = hearing.reader
    hearing.begun = True
    prefix = b64encode(reader.take_prefix()).decode()
    begins = {"listen": hearing.number, "mime": reader.reading.reach.mime}
    return _text(listener, {**begins, "offset": reader.position, "prefix": prefix})


def _problem(listener: Listener, number: int, error: MozchatError) -> Delivery:
    return _text(listener, {"listen": number, "problem": problem_of(error)[1]})


def _text(listener: Listener, frame: dict[str, Any]) -> Delivery:
    return Delivery([listener], json.dumps(frame))


def is_clip(name: str) -> bool:
    """Whether the bell has rung for a clip, and not for a thread."""
    return "/" in name


def is_count(value: object) -> bool:
    """Whether something is a whole number that JavaScript can have."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53
