"""WebM: EBML (RFC 8794) and the part of Matroska (RFC 9559) that WebM is.

What browsers record has no index, no sizes of its large parts and mostly no duration, or one without the
last frame: the time is read from the last blocks, which are found from the end of the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

from mozchat.domain.media import codecs
from mozchat.domain.media.info import MediaInfo, UnknownMedia
from mozchat.domain.media.source import Source

_DOC_TYPE = 0x4282
_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_TIMESTAMP_SCALE, _DURATION = 0x2AD7B1, 0x4489
_TRACK_ENTRY, _TRACK_NUMBER, _TRACK_TYPE, _CODEC_ID, _CODEC_PRIVATE = 0xAE, 0xD7, 0x83, 0x86, 0x63A2
_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
_ENTERED = frozenset({_SEGMENT, _CLUSTER, _BLOCK_GROUP})
"""Elements walked into, as if they were only marks: so their sizes, mostly unknown, need not be known."""

_CLUSTER_BYTES = _CLUSTER.to_bytes(4, "big")
_CODECS = {"A_OPUS": "opus", "A_VORBIS": "vorbis", "V_VP8": "vp8", "V_VP9": "vp9", "V_AV1": "av01"}
_VIDEO, _AUDIO = 1, 2
_FRAME_SECONDS = {_VIDEO: 1 / 30, _AUDIO: 0.02}
MAX_HEADER = 16 << 10
MAX_ELEMENTS = 128
MAX_TOP_ELEMENTS = 32
MAX_LATE_CLUSTERS = 4
_DEFAULT_SCALE = 1_000_000


class _Element(NamedTuple):
    id: int
    start: int
    body: int
    size: int | None
    beginning: bytes
    """The first bytes of the body, at least 12 where it has so many."""


@dataclass
class _Track:
    type: int
    codec: str
    last: int = 0
    step: int = 0
    payload: int = 0
    """Time of the last block and its distance from the one before, in ticks; where its data is, 0: none."""


@dataclass
class _Header:
    scale: int = _DEFAULT_SCALE
    duration: float = 0.0
    tracks: dict[int, _Track] = field(default_factory=dict)
    first_cluster: int | None = None


def read_webm(source: Source) -> MediaInfo:
    """DocType webm only: what Chromium records as Matroska (H.264, PCM) plays in few browsers."""
    ebml = _element(source, 0)
    if ebml is None or ebml.size is None:
        raise UnknownMedia("EBML that does not go on")
    doc_type = _children(source.at(ebml.body, min(ebml.size, MAX_HEADER))).get(_DOC_TYPE, b"")
    if doc_type.rstrip(b"\0") != b"webm":
        raise UnknownMedia("EBML, but not WebM")
    header = _header(source, ebml.body + ebml.size)
    tracks = sorted(header.tracks.values(), key=lambda track: track.type)
    if not tracks:
        raise UnknownMedia("WebM without sound or picture")
    frames = header.first_cluster is not None and _read_blocks(source, header, header.first_cluster)
    return MediaInfo(
        "webm",
        "video" if tracks[0].type == _VIDEO else "audio",
        tuple(dict.fromkeys(track.codec for track in tracks)),
        _seconds(source, header, frames),
        frames,
    )


def _header(source: Source, position: int) -> _Header:
    """Everything before the first cluster."""
    header = _Header()
    for element in islice(_walk(source, position), MAX_TOP_ELEMENTS):
        if element.id == _CLUSTER:
            header.first_cluster = element.start
            break
        if element.id == _INFO and not header.duration:
            info = _children(source.at(element.body, min(element.size or 0, MAX_HEADER)))
            header.scale = int.from_bytes(info.get(_TIMESTAMP_SCALE, b"")[:8], "big") or _DEFAULT_SCALE
            header.duration = _float(info.get(_DURATION, b""))
        elif element.id == _TRACKS and not header.tracks:
            entries = _elements(source.at(element.body, min(element.size or 0, MAX_HEADER)))
            header.tracks = dict(_track(body) for id_, body in entries if id_ == _TRACK_ENTRY)
            header.tracks.pop(0, None)
    return header


def _track(entry: bytes) -> tuple[int, _Track]:
    """Number and track; number 0 for one that is neither sound nor picture."""
    values = _children(entry)
    number, type_ = (int.from_bytes(values.get(id_, b""), "big") for id_ in (_TRACK_NUMBER, _TRACK_TYPE))
    if type_ not in (_VIDEO, _AUDIO):
        return 0, _Track(type_, "")
    name = _CODECS.get(values.get(_CODEC_ID, b"").rstrip(b"\0").decode("ascii", "replace"))
    if name is None:
        raise UnknownMedia("WebM with a codec that is not WebM's")
    return number, _Track(type_, codecs.av1(values.get(_CODEC_PRIVATE, b"")) if name == "av01" else name)


def _read_blocks(source: Source, header: _Header, first: int) -> bool:
    """Note the last blocks of the tracks; whether there is any block. The walk begins at one of the last
    clusters where such can be found in the file's end, else at the first."""
    late = (at for at in source.backwards(_CLUSTER_BYTES, first + 1) if _is_cluster(source, at))
    starts = chain(islice(late, MAX_LATE_CLUSTERS), [first])
    return any(_walk_blocks(source, header.tracks, start) for start in starts)


def _is_cluster(source: Source, position: int) -> bool:
    cluster = _element(source, position)
    timestamp = _element(source, cluster.body) if cluster else None
    return timestamp is not None and timestamp.id == _TIMESTAMP


def _walk_blocks(source: Source, tracks: dict[int, _Track], position: int) -> bool:
    base, found = 0, False
    for element in _walk(source, position):
        if element.size is None or element.body + element.size > source.size:
            continue
        if element.id == _TIMESTAMP:
            base = int.from_bytes(element.beginning[: min(element.size, 8)], "big")
        elif element.id in (_SIMPLE_BLOCK, _BLOCK):
            found |= _note_block(tracks, element, base)
    return found


def _note_block(tracks: dict[int, _Track], block: _Element, base: int) -> bool:
    """A block begins with its track's number and its time from the cluster's (RFC 9559, 10.1)."""
    number = _vint(block.beginning, 0)
    if number is None or block.size is None or block.size <= number.length + 3:
        return False
    track = tracks.get(number.value)
    if track is None:
        return False
    (relative,) = struct.unpack_from(">h", block.beginning, number.length)
    time = max(0, base + relative)
    track.step = time - track.last if track.payload else 0
    track.last, track.payload = time, block.body + number.length + 3
    return True


def _seconds(source: Source, header: _Header, frames: bool) -> float | None:
    """Where the last block ends. The duration that the header tells, which may be that of a file that was
    longer once, only where the blocks could not be read to the end."""
    tick = header.scale / 1e9
    if frames and not source.exhausted:
        return max(
            track.last * tick + _frame_seconds(source, track, tick)
            for track in header.tracks.values()
            if track.payload
        )
    told = header.duration * tick
    return told if 0 < told < math.inf else None


def _frame_seconds(source: Source, track: _Track, tick: float) -> float:
    if track.codec == "opus":
        return codecs.opus_packet_seconds(source.at(track.payload, 2))
    return track.step * tick if track.step > 0 else _FRAME_SECONDS[track.type]


def _walk(source: Source, position: int) -> Iterator[_Element]:
    """Elements of the file one after the other, those of clusters and block groups as if on one level."""
    while element := _element(source, position):
        yield element
        if element.id in _ENTERED:
            position = element.body
        elif element.size is None:
            return
        else:
            position = element.body + element.size


def _element(source: Source, position: int) -> _Element | None:
    data = source.at(position, 24)
    head = _head(data, 0)
    return _Element(head[0], position, position + head[2], head[1], data[head[2] :]) if head else None


def _children(data: bytes) -> dict[int, bytes]:
    """The first of each kind of element in a small body."""
    children: dict[int, bytes] = {}
    for id_, body in _elements(data):
        children.setdefault(id_, body)
    return children


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(MAX_ELEMENTS):
        head = _head(data, at)
        if head is None:
            return
        id_, size, length = head
        at += length
        end = len(data) if size is None else at + size
        yield id_, data[at:end]
        at = end


def _head(data: bytes, at: int) -> tuple[int, int | None, int] | None:
    """An element's id, the size of its body (`None`: unknown) and the length of both (RFC 8794, 5 and 6)."""
    id_ = _vint(data, at)
    size = _vint(data, at + id_.length) if id_ and id_.length <= 4 else None
    if id_ is None or size is None:
        return None
    unknown = size.value == (1 << 7 * size.length) - 1
    marked = id_.value | 1 << 7 * id_.length
    return marked, None if unknown else size.value, id_.length + size.length


class _Vint(NamedTuple):
    value: int
    length: int


def _vint(data: bytes, at: int) -> _Vint | None:
    """A number of variable length (RFC 8794, 4): as many bytes as zeros before the first one bit, and one."""
    if at >= len(data) or not data[at]:
        return None
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return None
    return _Vint(int.from_bytes(data[at : at + length], "big") & (1 << 7 * length) - 1, length)


def _float(data: bytes) -> float:
    """A number of 4 or 8 bytes; 0 for any other, and for one that is not finite."""
    if len(data) not in (4, 8):
        return 0.0
    (value,) = struct.unpack(">f" if len(data) == 4 else ">d", data)
    return value if math.isfinite(value) else 0.0
