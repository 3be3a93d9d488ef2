"""A WebM's new header: its duration, and cues to its clusters (RFC 9559, 5.1.5 and 22).

The recorder's own header stays where it is, inside an element that says nothing, and no block is touched,
only sizes and marks in between. So what was done in part when a machine stopped is done again, and comes to
the same.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mozchat.domain.media import ebml
from mozchat.domain.media.info import MediaInfo, Patches, Unfit
from mozchat.domain.media.source import Source
from mozchat.domain.media.webm import (
    BLOCK,
    BLOCK_GROUP,
    CLUSTER,
    DURATION,
    INFO,
    MAX_HEADER,
    SEGMENT,
    SIMPLE_BLOCK,
    TIMESTAMP,
    TRACKS,
    VIDEO,
    Header,
    info,
    read_header,
    read_webm,
)

_SEEKS = b"\x53\xab\x84"
"""Before an id of four bytes: it stands for a place in a table of contents."""
_SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_CUES, _CUE_POINT, _CUE_TIME, _CUE_TRACK_POSITIONS = 0x1C53BB6B, 0xBB, 0xB3, 0xB7
_CUE_TRACK, _CUE_CLUSTER_POSITION = 0xF7, 0xF1
_EBML, _REFERENCE_BLOCK = 0x1A45DFA3, 0xFB
_TOP_LEVEL = 0x10000000
"""From here on ids are those of elements outside of clusters."""
_STALE = frozenset({_CUES, _SEEK_HEAD})
"""They tell where in the file something is, as the recorder knew it."""
_ANOTHER_FILE = frozenset({_EBML, SEGMENT})
_NOT_KEPT = frozenset({DURATION, ebml.VOID, ebml.CRC_32})

_USUAL_HEADER = 320
_ADDED = 80
"""Bytes that the new header has more than a recorder's, without the cues."""
_SEGMENT_ID_LENGTH, _SEGMENT_SIZE_LENGTH = 4, 8
_CLUSTER_ID_LENGTH = 4
_SEEK_HEAD_LENGTH, _SEEK_LENGTH, _SEEK_POSITION_LENGTH = 5, 15, 2
_CUES_HEAD = 4 + 3
_VOID_HEAD = 9

_WINDOW = 256 << 10
_MARGIN = bytes(32)
"""Behind what was read: so an element's first bytes can be looked at wherever it begins."""
_UNKNOWN = -1
_BLOCKS = frozenset({SIMPLE_BLOCK, BLOCK})
_ENTERED = frozenset({CLUSTER, BLOCK_GROUP})
_RELATIVE_TIME = struct.Struct(">h")
_KEY_FRAME = 0x80
_CUE_SECONDS = 0.5
MAX_TRACK_NUMBER = 0x7E
MAX_CUES = 1024
MAX_ELEMENTS = 250_000
MAX_STALE = 64
MAX_SIZES = 20_000
"""Clusters whose size is filled in: with 60 ms in each, those of the first 20 minutes."""


def webm_gap(first: bytes, room: int) -> int:
    """As `gap_for`, with `room` for cues."""
    mark = ebml.whole(CLUSTER)
    header = first.find(mark)
    while header > 0 and first[:header].endswith(_SEEKS):
        header = first.find(mark, header + 1)
    if header > MAX_HEADER:
        return 0
    return (header if header > 0 else _USUAL_HEADER) + _ADDED + room


def finish_webm(source: Source, start: int) -> tuple[MediaInfo, Patches | None]:
    """As `finish`: `source` is the content alone, and `start` the gap in front of it."""
    header = read_header(source)
    if not start or header.first_cluster is None:
        return read_webm(source), None
    try:
        body = _follow(source, header, header.first_cluster)
        told = info(source, header, body.frames)
        beginning = _new_header(header, body, told.duration or 0.0, start)
    except Unfit:
        return read_webm(source), None
    return told, (*((start + at, data) for at, data in body.patches), (0, beginning))


@dataclass(slots=True)
class _Body:
    """What is found from the first cluster on, all positions in the content. `cues`: times, in ticks, and
    clusters; `end`: the segment's end."""

    first: int
    end: int = 0
    frames: bool = False
    cues: list[tuple[int, int]] = field(default_factory=list)
    patches: list[tuple[int, bytes]] = field(default_factory=list)


def _cue_track(header: Header) -> int:
    """The number of the track that cues are for: pictures before sound."""
    return min(header.tracks, key=lambda number: (header.tracks[number].type, number))


def _follow(source: Source, header: Header, first: int) -> _Body:
    """Go through all blocks once and note the last one of each track in the header. Raises `Unfit`."""
    if max(header.tracks) > MAX_TRACK_NUMBER:
        raise Unfit
    tracks = {0x80 | number: track for number, track in header.tracks.items()}
    cue_track = header.tracks[_cue_track(header)]
    video = cue_track.type == VIDEO
    spacing, next_cue = max(1, int(_CUE_SECONDS * 1e9 / header.scale)), 0
    body, clusters, elements = _Body(first), _ClusterSizes(), _Elements(source, first)
    cluster = cluster_time = time = 0
    cluster_begins = False
    for id_, start, at, size, data, data_at in elements:
        if id_ in _BLOCKS:
            track = tracks.get(data[data_at])
            if track is None or size <= 4:
                continue
            time = max(0, cluster_time + _RELATIVE_TIME.unpack_from(data, data_at + 1)[0])
            if track.payload:
                track.step = time - track.last
            track.last, track.payload = time, at + 4
            if track is not cue_track or time < next_cue:
                continue
            if (id_ == BLOCK or data[data_at + 3] & _KEY_FRAME) if video else cluster_begins:
                cluster_begins = False
                body.cues.append((time, cluster))
                next_cue = time + spacing
                if len(body.cues) > MAX_CUES:
                    del body.cues[1::2]
                    spacing *= 2
        elif id_ == TIMESTAMP:
            cluster_time = int.from_bytes(data[data_at : data_at + min(size, 8)], "big")
        elif id_ == CLUSTER:
            clusters.close(start)
            clusters.begin(start, at, size)
            cluster, cluster_begins = start, True
        elif id_ == _REFERENCE_BLOCK and body.cues and body.cues[-1] == (time, cluster):
            body.cues.pop()
            next_cue = time
        elif id_ >= _TOP_LEVEL or (id_ == ebml.VOID and start == clusters.end):
            clusters.close(start)
            if len(body.patches) > MAX_STALE or id_ in _ANOTHER_FILE:
                raise Unfit
            if id_ in _STALE:
                body.patches.append((start, ebml.void(at + size - start)))
    clusters.close(elements.end)
    body.patches.extend(clusters.patches)
    body.frames = any(track.payload for track in header.tracks.values())
    body.end = _end(body, elements.end, source.size)
    return body


def _end(body: _Body, whole: int, size: int) -> int:
    """Where the segment ends. What is left of an element that was cut off becomes one that says nothing; for
    that a single byte is too little, which then stays outside."""
    if size - whole < 2:
        return whole
    body.patches.append((whole, ebml.void(size - whole)))
    return size


class _Elements:
    """The elements from a position on, those of clusters and block groups as if on one level, each as its id,
    start, body's position and size (of a cluster that does not know its own: -1), and where in the data that
    was read the body begins, of which at least 8 bytes are there or zeros.

    `end` is then where the last whole one ends. Raises `Unfit` where something is that is no element.
    """

    def __init__(self, source: Source, position: int) -> None:
        self.end = position
        self._source = source

    def __iter__(self) -> Iterator[tuple[int, int, int, int, bytes, int]]:
        total, base, at, safe, data = self._source.size, self.end, 0, 0, b""
        for _ in range(MAX_ELEMENTS):
            if at >= safe:
                self.end = base = base + at
                if base >= total:
                    return
                at, data = 0, self._source.window(base, _WINDOW)
                safe = len(data) - (len(_MARGIN) if base + len(data) < total else 0)
                if safe <= 0:
                    raise Unfit
                data += _MARGIN
            first = data[at]
            if first >= 0x80:
                id_, body = first, at + 1
            else:
                body = at + 9 - first.bit_length()
                id_ = int.from_bytes(data[at:body], "big")
            width = data[body]
            if 0x80 <= width < 0xFF:
                size, body = width & 0x7F, body + 1
            elif 0x40 <= width < 0x7F:
                size, body = (width & 0x3F) << 8 | data[body + 1], body + 2
            else:
                size, body = _size(data, body)
            if (0 if id_ == CLUSTER or size == _UNKNOWN else size) > total - base - body:
                self.end = base + at
                return
            if first < ebml.FIRST_OF_ID or not width or (size == _UNKNOWN and id_ != CLUSTER):
                raise Unfit
            yield id_, base + at, base + body, size, data, body
            at = body if id_ in _ENTERED else body + size
        raise Unfit


def _size(data: bytes, at: int) -> tuple[int, int]:
    """A size of any length, and where it ends."""
    size = ebml.vint(data, at)
    if size is None or size.value == ebml.unknown(size.length):
        return _UNKNOWN, at + (size.length if size else 1)
    return size.value, at + size.length


class _ClusterSizes:
    """Fills in the sizes that a recorder cannot know when it begins a cluster, and mends those that are wrong."""

    def __init__(self) -> None:
        self.patches: list[tuple[int, bytes]] = []
        self.end = 0
        """Where the open cluster ends as it says itself."""
        self._body = self._size_at = 0

    def begin(self, start: int, body: int, size: int) -> None:
        """A cluster begins."""
        self._size_at, self._body = start + _CLUSTER_ID_LENGTH, body
        self.end = body + size

    def close(self, end: int) -> None:
        """What was begun, if anything was, ends there. Raises `Unfit` where that cannot be said."""
        if self._body and self.end != end and len(self.patches) < MAX_SIZES:
            try:
                size = ebml.size_field(end - self._body, self._body - self._size_at)
            except OverflowError as error:
                raise Unfit from error
            self.patches.append((self._size_at, size))
        self._body = 0


def _new_header(header: Header, body: _Body, seconds: float, start: int) -> bytes:
    """All of a file's beginning, up to where what the recorder wrote is covered. Raises `Unfit` where the gap
    is too small for it."""
    if not body.frames or max(map(len, (header.ebml, header.info_body, header.tracks_body))) >= MAX_HEADER:
        raise Unfit
    data_at = len(header.ebml) + _SEGMENT_ID_LENGTH + _SEGMENT_SIZE_LENGTH
    size = ebml.size_field(start + body.end - data_at, _SEGMENT_SIZE_LENGTH)
    parts = {
        INFO: _info(header, seconds),
        TRACKS: ebml.element(TRACKS, header.tracks_body),
    }
    taken = data_at + _SEEK_HEAD_LENGTH + 3 * _SEEK_LENGTH + sum(map(len, parts.values())) + _VOID_HEAD
    if body.cues:
        parts[_CUES] = _cues(_cue_track(header), body.cues, start - data_at, start - taken)
    elif start < taken:
        raise Unfit
    segment = _seek_head(parts) + b"".join(parts.values())
    new = header.ebml + ebml.whole(SEGMENT) + size + segment
    return new + ebml.void(start + body.first - len(new))


def _info(header: Header, seconds: float) -> bytes:
    kept = (ebml.element(id_, body) for id_, body in ebml.elements(header.info_body) if id_ not in _NOT_KEPT)
    duration = struct.pack(">d", seconds * 1e9 / header.scale)
    return ebml.element(INFO, b"".join(kept) + ebml.element(DURATION, duration))


def _seek_head(parts: dict[int, bytes]) -> bytes:
    """Where each part is (RFC 9559, 5.1.1); the first one comes right after this."""
    position, seeks = _SEEK_HEAD_LENGTH + _SEEK_LENGTH * len(parts), b""
    for id_, part in parts.items():
        place = ebml.element(_SEEK_POSITION, position.to_bytes(_SEEK_POSITION_LENGTH, "big"))
        seeks += ebml.element(_SEEK, ebml.element(_SEEK_ID, ebml.whole(id_)) + place)
        position += len(part)
    return ebml.element(_SEEK_HEAD, seeks)


def _cues(track: int, cues: list[tuple[int, int]], offset: int, room: int) -> bytes:
    """As many of the cues as there is room for, evenly apart; a cluster's position is counted from the
    segment's data on, which begins `offset` bytes before the content. Raises `Unfit` where there is no room."""
    longest = len(_cue(track, max(time for time, _ in cues), cues[-1][1] + offset))
    most = (room - _CUES_HEAD) // longest
    if most < 1:
        raise Unfit
    chosen = cues[:: -(-len(cues) // most)]
    return ebml.element(_CUES, b"".join([_cue(track, time, cluster + offset) for time, cluster in chosen]))


def _cue(track: int, time: int, position: int) -> bytes:
    when, where = ebml.whole(time), ebml.whole(position)
    place = bytes([_CUE_TRACK, 0x81, track, _CUE_CLUSTER_POSITION, 0x80 | len(where)]) + where
    point = (
        bytes([_CUE_TIME, 0x80 | len(when)]) + when + bytes([_CUE_TRACK_POSITIONS, 0x80 | len(place)]) + place
    )
    return bytes([_CUE_POINT, 0x80 | len(point)]) + point
