"""Where a listener can join a recording that is still growing, without what came before.

A decoder needs the file's beginning, up to the first sound or picture, and then may go on at some places: in a
WebM at any block of sound and at key frames, behind a new head of their cluster; in an MP4 at a fragment that
begins with a key frame. An index is fed the bytes as they come and remembers those places of the last seconds.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass

from mozchat.domain.media import ebml, read_source
from mozchat.domain.media.info import MediaInfo, UnknownMedia
from mozchat.domain.media.mp4 import MAX_MOOV, box_at, parts, read_movie
from mozchat.domain.media.mp4 import Track as Mp4Track
from mozchat.domain.media.mp4_finish import MAX_FRAGMENT_HEAD
from mozchat.domain.media.source import Source
from mozchat.domain.media.webm import (
    CLUSTER,
    MAX_HEADER,
    SEGMENT,
    SIMPLE_BLOCK,
    TIMESTAMP,
    VIDEO,
    read_header,
)

MAX_BACK = 10.0
"""So many seconds before the newest a listener can begin."""
MAX_PLACES = 5000
MAX_BEGINNING = 4 * MAX_HEADER
BEGINNING = 64 << 10
"""By so many bytes at the latest it must be known what a recording is."""
LONGEST_CLUSTER_HEAD = 12
_MAGIC_LENGTH = 12
_LONGEST_HEAD = 12
"""An element's id has up to 4 bytes, its size up to 8."""
_BLOCK_HEAD = 8 + 3
_KEY_FRAME = 0x80
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_EBML = 0x1A45DFA3
_CLUSTER_MARK = ebml.whole(CLUSTER) + _UNKNOWN_SIZE[:1]


def recognised(beginning: bytes) -> MediaInfo | None:
    """What a recording is that begins so, without a duration that counts; `None` where that cannot be told."""
    index = JoinIndex()
    index.feed(beginning)
    if index.info is None and index.is_other:
        try:
            return read_source(Source(io.BytesIO(beginning), len(beginning)))
        except UnknownMedia:
            return None
    return index.info


def read_on(data: bytes, before: int) -> bytes:
    """Finished `data` without its first `before` bytes, for somebody who has them from before. Where they end amid
    the size of a WebM's cluster, that was unknown then, and is made so again: half of either would be wrong."""
    for mark in range(max(0, before - LONGEST_CLUSTER_HEAD + 1), before - 4):
        end = mark + LONGEST_CLUSTER_HEAD
        if data.startswith(_CLUSTER_MARK, mark):
            return b"\xff" * (min(end, len(data)) - before) + data[end:]
    return data[before:]


@dataclass(frozen=True, slots=True)
class Join:
    """Send `prefix`, and then the recording from `offset` on."""

    prefix: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class _Place:
    """When what comes there is played, in seconds, and the prefix's end that belongs to it."""

    time: float
    offset: int
    head: bytes


class JoinIndex:
    """The index of one recording. `info` is what it is, as soon as its beginning is there; `taken` is how many
    bytes were fed."""

    def __init__(self) -> None:
        self.taken = 0
        self._magic = b""
        self._container: _Container | None = None

    @property
    def info(self) -> MediaInfo | None:
        """What the recording is; without a duration that counts. `None` while that is not known."""
        return self._container.info if self._container else None

    @property
    def is_other(self) -> bool:
        """Whether it is neither WebM nor MP4."""
        return isinstance(self._container, _Other)

    def feed(self, data: bytes) -> None:
        """Take in the next bytes."""
        self.taken += len(data)
        if self._container is None:
            data = self._magic = self._magic + data
            if len(data) < _MAGIC_LENGTH:
                return
            self._magic = b""
            self._container = _container_of(data)
        self._container.feed(data)

    def join(self, back: float) -> Join | None:
        """Where to begin so that `back` seconds before the newest are heard, or as many as there are. `None`
        while there is no such place; the very beginning where there will be none."""
        return self._container.join(back) if self._container else None


def _container_of(first: bytes) -> _Container:
    if first.startswith(b"\x1a\x45\xdf\xa3"):
        return _Webm()
    return _Mp4() if first[4:8] == b"ftyp" else _Other()


class _Container(ABC):
    """One kind of file. `_rest` is what was fed and is not taken in yet, `_at` where that begins."""

    def __init__(self) -> None:
        self.info: MediaInfo | None = None
        self._beginning = b""
        self._places: deque[_Place] = deque(maxlen=MAX_PLACES)
        self._newest = 0.0
        self._rest = b""
        self._at = 0
        self._skip = 0
        self._lost = False
        """Something is there that is not understood; what comes behind it cannot be told apart."""

    def feed(self, data: bytes) -> None:
        """Take in the next bytes, as far as they are whole parts."""
        if self._lost:
            return
        skipped = min(self._skip, len(data)) if not self._rest else 0
        self._skip -= skipped
        self._at += skipped
        self._rest += data[skipped:]
        at = 0
        while not self._lost and at < len(self._rest):
            step = self._step(self._rest, at)
            if not step:
                break
            at += step
            skipped = min(self._skip, len(self._rest) - at)
            at += skipped
            self._skip -= skipped
        self._rest = self._rest[at:]
        self._at += at

    @abstractmethod
    def _step(self, data: bytes, at: int) -> int:
        """Take in the part that begins at `at` as far as it must be looked at; the rest of it goes to `_skip`.
        Returns how many bytes that were, 0 where they are not all there."""

    def join(self, back: float) -> Join | None:
        """See `JoinIndex.join`."""
        until = self._newest - min(back, MAX_BACK)
        place = next((place for place in reversed(self._places) if place.time <= until), None)
        if place is None and self._places:
            place = self._places[0]
        if place is None:
            return Join(b"", 0) if self._lost else None
        return Join(self._beginning + place.head, place.offset)

    def _add(self, place: _Place) -> None:
        places, oldest = self._places, self._newest - MAX_BACK
        places.append(place)
        while len(places) > 1 and places[1].time <= oldest:
            places.popleft()

    def _begins(self, beginning: bytes) -> None:
        """The file's beginning is whole. Raises `UnknownMedia`."""
        self.info = read_source(Source(io.BytesIO(beginning), len(beginning)))
        self._beginning = beginning


class _Webm(_Container):
    def __init__(self) -> None:
        super().__init__()
        self._header = b""
        self._tick = 0.0
        self._lead = 0
        """The track at whose blocks one can join: pictures before sound."""
        self._is_video = False
        self._cluster_ticks: int | None = None

    def _step(self, data: bytes, at: int) -> int:
        head = ebml.head(data, at)
        if head is None:
            self._lost = len(data) - at >= _LONGEST_HEAD
            return 0
        id_, size, length = head
        if id_ == CLUSTER:
            if not self._beginning and not self._open():
                return 0
            self._cluster_ticks = None
        elif id_ == SEGMENT and not self._beginning:
            pass
        elif size is None or (id_ in (SEGMENT, _EBML) and self._at + at):
            self._lost = True
            return 0
        elif not self._beginning:
            if len(self._header) + length + size > MAX_BEGINNING:
                self._lost = True
                return 0
            if at + length + size > len(data):
                return 0
            length += size
        elif id_ == TIMESTAMP:
            if at + length + size > len(data):
                return 0
            self._cluster_ticks = int.from_bytes(data[at + length : at + length + min(size, 8)], "big")
            length += size
        elif id_ == SIMPLE_BLOCK:
            if at + length + min(size, _BLOCK_HEAD) > len(data):
                return 0
            self._note(data, at, at + length, size)
            self._skip = size
        else:
            self._skip = size
        if not self._beginning:
            self._header += data[at : at + length]
        return length

    def _open(self) -> bool:
        """The first cluster begins."""
        try:
            header = read_header(Source(io.BytesIO(self._header), len(self._header)))
            self._begins(self._header)
        except UnknownMedia:
            self._lost = True
            return False
        self._lead = min(header.tracks, key=lambda number: (header.tracks[number].type, number))
        self._is_video = header.tracks[self._lead].type == VIDEO
        self._tick = header.scale / 1e9
        return True

    def _note(self, data: bytes, start: int, body: int, size: int) -> None:
        number = ebml.vint(data, body)
        if number is None or self._cluster_ticks is None or size < number.length + 3:
            return
        behind = body + number.length
        relative = int.from_bytes(data[behind : behind + 2], "big", signed=True)
        time = (self._cluster_ticks + relative) * self._tick
        self._newest = max(self._newest, time)
        if number.value == self._lead and (not self._is_video or data[behind + 2] & _KEY_FRAME):
            timestamp = ebml.element(TIMESTAMP, ebml.whole(self._cluster_ticks))
            self._add(_Place(time, self._at + start, ebml.whole(CLUSTER) + _UNKNOWN_SIZE + timestamp))


class _Mp4(_Container):
    def __init__(self) -> None:
        super().__init__()
        self._ftyp = b""
        self._tracks: list[Mp4Track] = []

    def _step(self, data: bytes, at: int) -> int:
        if len(data) - at < 8 or (data[at : at + 4] == b"\0\0\0\1" and len(data) - at < 16):
            return 0
        box = box_at(data, at, at, 1 << 62)
        length = box.end - at if box else 0
        if box is None or length == (1 << 62) - at:
            self._lost = True
            return 0
        if box.type == b"mdat" and not self._beginning:
            self._lost = True
            return 0
        if box.type not in (b"ftyp", b"moov", b"moof"):
            self._skip = length - 8
            return 8
        if length > (MAX_FRAGMENT_HEAD if box.type == b"moof" else MAX_MOOV):
            self._lost = True
            return 0
        if at + length > len(data):
            return 0
        whole = data[at : box.end]
        if box.type == b"moof":
            self._note(whole, at)
        elif box.type == b"ftyp":
            self._ftyp = self._ftyp or whole
        else:
            self._open(whole)
        return 0 if self._lost else length

    def _open(self, moov: bytes) -> None:
        if self._beginning:
            self._lost = True
            return
        try:
            source = Source(io.BytesIO(moov), len(moov))
            self._tracks = read_movie(source, box_at(moov, 0, 0, len(moov))).tracks
            self._begins(self._ftyp + moov)
        except UnknownMedia:
            self._lost = True

    def _note(self, moof: bytes, at: int) -> None:
        if not self._beginning:
            self._lost = True
            return
        its = parts(moof, self._tracks)
        self._newest = max([self._newest, *(part.end / part.track.timescale for part in its)])
        lead = next((part for part in its if part.track is self._tracks[0] and part.key), None)
        if lead is not None:
            self._add(_Place(lead.begin / lead.track.timescale, self._at + at, b""))


class _Other(_Container):
    """What cannot be joined in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self._lost = True

    def _step(self, data: bytes, at: int) -> int:
        return 0
