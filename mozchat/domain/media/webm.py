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

from mozchat.domain.media import codecs, ebml
from mozchat.domain.media.info import MediaInfo, UnknownMedia
from mozchat.domain.media.source import Source

_DOC_TYPE = 0x4282
SEGMENT, INFO, TRACKS, CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_TIMESTAMP_SCALE, DURATION = 0x2AD7B1, 0x4489
_TRACK_ENTRY, _TRACK_NUMBER, _TRACK_TYPE, _CODEC_ID, _CODEC_PRIVATE = 0xAE, 0xD7, 0x83, 0x86, 0x63A2
TIMESTAMP, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
_ENTERED = frozenset({SEGMENT, CLUSTER, BLOCK_GROUP})
"""Elements walked into, as if they were only marks: so their sizes, mostly unknown, need not be known."""

_CLUSTER_BYTES = CLUSTER.to_bytes(4, "big")
_CODECS = {"A_OPUS": "opus", "A_VORBIS": "vorbis", "V_VP8": "vp8", "V_VP9": "vp9", "V_AV1": "av01"}
VIDEO, AUDIO = 1, 2
_FRAME_SECONDS = {VIDEO: 1 / 30, AUDIO: 0.02}
MAX_HEADER = 16 << 10
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


@dataclass(slots=True)
class Track:
    """Its last block: its time and its distance from the one before, in ticks; where its data is, 0: none."""

    type: int
    codec: str
    last: int = 0
    step: int = 0
    payload: int = 0


@dataclass(slots=True)
class Header:
    """What stands before the first cluster: `ebml`, the EBML header as it is; the bodies of Info and Tracks
    as they are; and what was read from them."""

    ebml: bytes
    info_body: bytes = b""
    tracks_body: bytes = b""
    scale: int = _DEFAULT_SCALE
    duration: float = 0.0
    tracks: dict[int, Track] = field(default_factory=dict)
    first_cluster: int | None = None


def read_webm(source: Source) -> MediaInfo:
    """DocType webm only: what Chromium records as Matroska (H.264, PCM) plays in few browsers."""
    header = read_header(source)
    frames = header.first_cluster is not None and _read_blocks(source, header, header.first_cluster)
    return info(source, header, frames)


def info(source: Source, header: Header, frames: bool) -> MediaInfo:
    """What is told of a file of which the last blocks are noted."""
    tracks = sorted(header.tracks.values(), key=lambda track: track.type)
    return MediaInfo(
        "webm",
        "video" if tracks[0].type == VIDEO else "audio",
        tuple(dict.fromkeys(track.codec for track in tracks)),
        _seconds(source, header, frames),
        frames,
    )


def read_header(source: Source) -> Header:
    """Everything before the first cluster; raises `UnknownMedia` where it is not WebM's."""
    first = _element(source, 0)
    if first is None or first.size is None:
        raise UnknownMedia("EBML that does not go on")
    ebml_end = first.body + min(first.size, MAX_HEADER)
    header = Header(source.at(0, ebml_end))
    doc_type = ebml.children(header.ebml[first.body :]).get(_DOC_TYPE, b"")
    if doc_type.rstrip(b"\0") != b"webm":
        raise UnknownMedia("EBML, but not WebM")
    for element in islice(_walk(source, first.body + first.size), MAX_TOP_ELEMENTS):
        if element.id == CLUSTER:
            header.first_cluster = element.start
            break
        if element.id == INFO and not header.info_body:
            _read_info(header, source.at(element.body, min(element.size or 0, MAX_HEADER)))
        elif element.id == TRACKS and not header.tracks_body:
            _read_tracks(header, source.at(element.body, min(element.size or 0, MAX_HEADER)))
    if not header.tracks:
        raise UnknownMedia("WebM without sound or picture")
    return header


def _read_info(header: Header, body: bytes) -> None:
    values = ebml.children(body)
    header.info_body = body
    header.scale = int.from_bytes(values.get(_TIMESTAMP_SCALE, b"")[:8], "big") or _DEFAULT_SCALE
    header.duration = ebml.real(values.get(DURATION, b""))


def _read_tracks(header: Header, body: bytes) -> None:
    header.tracks_body = body
    header.tracks = dict(_track(entry) for id_, entry in ebml.elements(body) if id_ == _TRACK_ENTRY)
    header.tracks.pop(0, None)


def _track(entry: bytes) -> tuple[int, Track]:
    """Number and track; number 0 for one that is neither sound nor picture."""
    values = ebml.children(entry)
    number, type_ = (int.from_bytes(values.get(id_, b""), "big") for id_ in (_TRACK_NUMBER, _TRACK_TYPE))
    if type_ not in (VIDEO, AUDIO):
        return 0, Track(type_, "")
    name = _CODECS.get(values.get(_CODEC_ID, b"").rstrip(b"\0").decode("ascii", "replace"))
    if name is None:
        raise UnknownMedia("WebM with a codec that is not WebM's")
    return number, Track(type_, codecs.av1(values.get(_CODEC_PRIVATE, b"")) if name == "av01" else name)


def _read_blocks(source: Source, header: Header, first: int) -> bool:
    """Note the last blocks of the tracks; whether there is any block. The walk begins at one of the last
    clusters where such can be found in the file's end, else at the first."""
    late = (at for at in source.backwards(_CLUSTER_BYTES, first + 1) if _is_cluster(source, at))
    starts = chain(islice(late, MAX_LATE_CLUSTERS), [first])
    return any(_walk_blocks(source, header.tracks, start) for start in starts)


def _is_cluster(source: Source, position: int) -> bool:
    cluster = _element(source, position)
    timestamp = _element(source, cluster.body) if cluster else None
    return timestamp is not None and timestamp.id == TIMESTAMP


def _walk_blocks(source: Source, tracks: dict[int, Track], position: int) -> bool:
    base, found = 0, False
    for element in _walk(source, position):
        if element.size is None or element.body + element.size > source.size:
            continue
        if element.id == TIMESTAMP:
            base = int.from_bytes(element.beginning[: min(element.size, 8)], "big")
        elif element.id in (SIMPLE_BLOCK, BLOCK):
            found |= _note_block(tracks, element, base)
    return found


def _note_block(tracks: dict[int, Track], block: _Element, base: int) -> bool:
    """A block begins with its track's number and its time from the cluster's (RFC 9559, 10.1)."""
    number = ebml.vint(block.beginning, 0)
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


def _seconds(source: Source, header: Header, frames: bool) -> float | None:
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


def _frame_seconds(source: Source, track: Track, tick: float) -> float:
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
    head = ebml.head(data, 0)
    return _Element(head[0], position, position + head[2], head[1], data[head[2] :]) if head else None
