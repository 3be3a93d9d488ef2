"""An MP4's new header: durations, and an index of its fragments for each track (ISO/IEC 14496-12, 8.16.3).

As with WebM the recorder's own header stays where it is, inside a box that says nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mozchat.domain.media.info import MediaInfo, Patches, Unfit
from mozchat.domain.media.mp4 import (
    MAX_MOOV,
    Box,
    Movie,
    Part,
    Track,
    box_at,
    info,
    parts,
    read_movie,
    read_mp4,
    top_boxes,
)
from mozchat.domain.media.source import Source

_FREE = b"free"
_STALE = frozenset({b"sidx", b"mfra"})
"""They tell where in the file something is, as the recorder knew it."""
_ANOTHER_FILE = frozenset({b"ftyp", b"moov"})
_MFRO_LENGTH = 16
"""What ends an `mfra`: players find that by it, from the end of the file (8.8.11)."""
_MEHD = struct.Struct(">I4sIQ")
_SIDX = struct.Struct(">I4sIIIQQHH")
_REFERENCE = struct.Struct(">III")
_STARTS_WITH_A_KEY = 0x90000000
_MAX_FTYP = 4 << 10
_MAX_HEADER = 16 << 10
_USUAL_HEADER = 1400
_WINDOW = 256 << 10
_INDEX_SECONDS = 0.5
MAX_GROUPS = 1024
MAX_FRAGMENT_HEAD = 1 << 20
MAX_BOXES = 30_000


def mp4_gap(first: bytes, room: int) -> int:
    """As `gap_for`, with `room` for each track's index. 0 for a file that is not in fragments."""
    beginning = first[:_MAX_HEADER]
    header = beginning.find(b"moof") - 4
    if header < 0:
        if b"mdat" in beginning or len(beginning) == _MAX_HEADER:
            return 0
        header = _USUAL_HEADER
    tracks = max(1, beginning.count(b"trak", 0, header))
    return header + _MEHD.size + 8 + tracks * room


def finish_mp4(source: Source, start: int) -> tuple[MediaInfo, Patches | None]:
    """As `finish`: `source` is the content alone, and `start` the gap in front of it."""
    if start:
        try:
            ftyp, moov = _beginning(source)
            movie = read_movie(source, moov)
            fragments = _follow(source, movie, moov.end, start)
            seconds = max(
                end / track.timescale for track, end in zip(movie.tracks, fragments.ends, strict=True)
            )
            if not seconds:
                raise Unfit
            new = _new_header(ftyp, movie, fragments, seconds, start, source.size)
            return info(movie, seconds, frames=True), (*fragments.patches, (0, new))
        except (Unfit, struct.error):
            pass
    return read_mp4(source.part(0, source.size)), None


def _beginning(source: Source) -> tuple[bytes, Box]:
    """`ftyp`, and where `moov` is, which has to come before what it tells of."""
    ftyp = b""
    for box in top_boxes(source, 0):
        if ftyp and box.type == b"moov" and box.end - box.start <= MAX_MOOV:
            return ftyp, box
        if box.type == b"ftyp" and box.end - box.start <= _MAX_FTYP:
            ftyp = ftyp or source.at(box.start, box.end - box.start)
        elif box.type in (b"mdat", b"moof"):
            break
    raise Unfit


@dataclass(slots=True)
class _Group:
    """Fragments that one entry of the index stands for: where they begin, and when, each track's in ticks
    (`None`: it has none in them)."""

    position: int
    begins: list[int | None]


@dataclass(slots=True)
class _Fragments:
    """`first`: where the first one is; `ends`: each track's, in ticks; `patches` of what stands behind it."""

    first: int
    ends: list[int]
    groups: list[_Group] = field(default_factory=list)
    patches: list[tuple[int, bytes]] = field(default_factory=list)


def _follow(source: Source, movie: Movie, position: int, start: int) -> _Fragments:
    """Go through all fragments once. Raises `Unfit` where there is more than they have, or where something is not
    whole."""
    if movie.has_samples or not all(track.timescale for track in movie.tracks):
        raise Unfit
    found = _Fragments(0, [0] * len(movie.tracks))
    grouping = _Grouping(movie.tracks, found)
    last: tuple[Box, list[Part]] | None = None
    data = False
    for box, moof in _boxes(source, position):
        if box.type == b"moof":
            if last and _reaches_into(last[0], last[1], box):
                found.patches.append((start + last[0].start + 4, _FREE))
            elif last:
                grouping.add(*last)
            last = box, parts(moof, movie.tracks)
            _rebase(box, moof, last[1], start, found.patches)
        elif box.type in _ANOTHER_FILE or (box.type == b"mdat" and not last):
            raise Unfit
        elif box.type in _STALE:
            if box.type == b"mfra" and box.end - box.body >= _MFRO_LENGTH:
                found.patches.append((start + box.end - _MFRO_LENGTH + 4, _FREE))
            found.patches.append((start + box.start + 4, _FREE))
        data |= box.type == b"mdat" and box.end > box.body
    if not last or not data:
        raise Unfit
    grouping.add(*last)
    found.first = found.groups[0].position
    return found


def _reaches_into(moof: Box, its: list[Part], following: Box) -> bool:
    """Whether what a fragment tells as its samples is the head of the next one: GStreamer writes the last
    fragment's head twice, and without its data the first time."""
    return moof.end == following.start and any(
        part.base_at is None and moof.start + part.data_offset < following.end for part in its
    )


def _rebase(box: Box, moof: bytes, its: list[Part], start: int, patches: list[tuple[int, bytes]]) -> None:
    """Absolute offsets move by the gap. One that has been moved is known by what it is: the fragment's place."""
    for part in its:
        if part.base_at is not None:
            base = int.from_bytes(moof[part.base_at : part.base_at + 8], "big")
            if base == box.start:
                patches.append((start + box.start + part.base_at, struct.pack(">Q", base + start)))
            elif base != box.start + start:
                raise Unfit


class _Grouping:
    """Puts fragments together so that each group begins with a key frame and lasts a while."""

    def __init__(self, tracks: list[Track], found: _Fragments) -> None:
        self._places = {track.id: place for place, track in enumerate(tracks)}
        self._lead = tracks[0]
        self._next = 0
        self._ticks = max(1, int(_INDEX_SECONDS * tracks[0].timescale))
        self._found = found

    def add(self, moof: Box, its: list[Part]) -> None:
        """The next fragment."""
        groups = self._found.groups
        lead = next((part for part in its if part.track is self._lead and part.key), None)
        if not groups or (lead and lead.begin >= self._next):
            groups.append(_Group(moof.start, [None] * len(self._places)))
            self._next = (lead.begin if lead else 0) + self._ticks
            if len(groups) > MAX_GROUPS:
                self._found.groups = _merged(groups, 2)
                self._ticks *= 2
        begins = self._found.groups[-1].begins
        for part in its:
            place = self._places[part.track.id]
            if begins[place] is None:
                begins[place] = part.begin
            self._found.ends[place] = max(self._found.ends[place], part.end)


def _merged(groups: list[_Group], count: int) -> list[_Group]:
    """Each `count` groups as one."""
    merged = []
    for at in range(0, len(groups), count):
        together = groups[at : at + count]
        begins = [
            next((begin for begin in column if begin is not None), None)
            for column in zip(*(group.begins for group in together), strict=True)
        ]
        merged.append(_Group(together[0].position, begins))
    return merged


def _boxes(source: Source, position: int) -> Iterator[tuple[Box, bytes]]:
    """The boxes of a file from a position on, and of a `moof` what is in it. Raises `Unfit` where one is not
    whole, and after very many."""
    base, data = position, b""
    for _ in range(MAX_BOXES):
        if position == source.size:
            return
        at = position - base
        if at + 16 > len(data):
            base, at, data = position, 0, source.window(position, _WINDOW)
        box = box_at(data, at, position, 1 << 63)
        if box is None or box.end > source.size:
            raise Unfit
        length = box.end - position if box.type == b"moof" else 0
        if length > MAX_FRAGMENT_HEAD:
            raise Unfit
        if at + length > len(data):
            base, at, data = position, 0, source.window(position, max(_WINDOW, length))
        yield box, data[at : at + length]
        position = box.end
    raise Unfit


def _new_header(
    ftyp: bytes, movie: Movie, fragments: _Fragments, seconds: float, start: int, size: int
) -> bytes:
    """All of a file's beginning, up to where what the recorder wrote is covered. Raises `Unfit` where the gap
    is too small for it."""
    new = ftyp + _moov(movie, seconds)
    room = (start - len(new) - 8) // len(movie.tracks) - _SIDX.size
    most = room // _REFERENCE.size
    if most < 1:
        raise Unfit
    groups = _merged(fragments.groups, -(-len(fragments.groups) // most))
    length = _SIDX.size + _REFERENCE.size * len(groups)
    indexed_at = len(new) + length * len(movie.tracks)
    # The first entry begins with the box that covers the old header: Chromium takes no other for the first.
    positions = [indexed_at, *(start + group.position for group in groups[1:]), start + size]
    for place, track in enumerate(movie.tracks):
        begins = [group.begins[place] for group in groups]
        new += _sidx(track, positions, begins, fragments.ends[place], indexed_at - len(new) - length)
    return new + struct.pack(">I4s", start + fragments.first - len(new), _FREE)


def _sidx(track: Track, positions: list[int], begins: list[int | None], end: int, behind: int) -> bytes:
    """The index of a track; what it is of begins `behind` bytes behind it."""
    times = [end]
    for begin in reversed(begins):
        times.append(times[-1] if begin is None else begin)
    times.reverse()
    length = _SIDX.size + _REFERENCE.size * len(begins)
    head = _SIDX.pack(length, b"sidx", 1 << 24, track.id, track.timescale, times[0], behind, 0, len(begins))
    references = (
        _REFERENCE.pack(next_position - position, next_time - time, _STARTS_WITH_A_KEY)
        for position, next_position, time, next_time in zip(
            positions, positions[1:], times, times[1:], strict=False
        )
    )
    return head + b"".join(references)


def _moov(movie: Movie, seconds: float) -> bytes:
    """`moov` with the duration wherever there is a place for it. Raises `Unfit` where it is not whole."""
    data = bytearray(movie.data)
    mvhd, mvex = movie.mvhd, movie.mvex
    plain = mvex is not None and mvex.body - mvex.start == 8 and data[:4] == struct.pack(">I", len(data))
    if mvhd is None or mvex is None or not movie.timescale or not plain:
        raise Unfit
    whole = round(seconds * movie.timescale)
    _set_duration(data, mvhd.body, 16, whole)
    for track in movie.tracks:
        _set_duration(data, track.tkhd, 20, whole)
        _set_duration(data, track.mdhd, 16, round(seconds * track.timescale))
    if movie.mehd is not None:
        _set_duration(data, movie.mehd.body, 4, whole, wide_at=4)
    else:
        data[mvex.body : mvex.body] = _MEHD.pack(_MEHD.size, b"mehd", 1 << 24, whole)
        struct.pack_into(">I", data, mvex.start, mvex.end - mvex.start + _MEHD.size)
    struct.pack_into(">I", data, 0, len(data))
    return bytes(data)


def _set_duration(data: bytearray, body: int, at: int, value: int, wide_at: int | None = None) -> None:
    """Into a box of which the version says how wide its times are; `at` and `wide_at` count from its body."""
    if data[body : body + 1] == b"\1":
        struct.pack_into(">Q", data, body + (at + 8 if wide_at is None else wide_at), value)
    else:
        struct.pack_into(">I", data, body + at, value)
