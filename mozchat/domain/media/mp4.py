"""MP4: the ISO base media file format (ISO/IEC 14496-12), whole or in fragments as recorders write it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mozchat.domain.media import codecs
from mozchat.domain.media.info import MediaInfo, UnknownMedia
from mozchat.domain.media.source import Source

_SAMPLE_ENTRIES = {
    b"Opus": "opus",
    b"fLaC": "flac",
    b"alac": "alac",
    b"mp4a": "mp4a",
    b"ipcm": "ipcm",
    b"fpcm": "fpcm",
    b"avc1": "avc1",
    b"avc3": "avc3",
    b"hvc1": "hvc1",
    b"hev1": "hev1",
    b"vp08": "vp08",
    b"vp09": "vp09",
    b"av01": "av01",
}
_CONFIGS = {"avc": b"avcC", "hvc": b"hvcC", "hev": b"hvcC", "vp0": b"vpcC", "av0": b"av1C", "mp4": b"esds"}
_HANDLERS = {b"vide": "video", b"soun": "audio"}
MAX_TRACKS = 16
MAX_STSD = 16 << 10
MAX_TRUN = 256 << 10
MAX_LATE_FRAGMENTS = 8
"""How many of the last fragments are read: one may hold a single track."""


class _Box(NamedTuple):
    type: bytes
    start: int
    body: int
    end: int


@dataclass
class _Track:
    id: int
    kind: str
    codec: str
    timescale: int
    duration: float
    default_sample: int = 0


def read_mp4(source: Source) -> MediaInfo:
    """The tracks of `moov`; the time of the last fragments where there are any, else of the headers."""
    moov, frames = _top(source)
    tracks = list(islice(_tracks(source, moov), MAX_TRACKS)) if moov else []
    tracks.sort(key=lambda track: track.kind != "video")
    if moov is None or not tracks:
        raise UnknownMedia("MP4 without sound or picture")
    return MediaInfo(
        "mp4",
        "video" if tracks[0].kind == "video" else "audio",
        tuple(dict.fromkeys(track.codec for track in tracks)),
        _seconds(source, moov, tracks),
        frames,
    )


def _top(source: Source) -> tuple[_Box | None, bool]:
    """`moov`, which may come last, and whether any media data is there."""
    moov, frames = None, False
    for box in _boxes(source, 0, source.size):
        if box.type == b"moov":
            moov = moov or box
        elif box.type == b"mdat":
            frames |= box.end > box.body
        if moov and frames:
            break
    return moov, frames


def _tracks(source: Source, moov: _Box) -> Iterator[_Track]:
    for trak in _children(source, moov, b"trak"):
        mdia = _child(source, trak, b"mdia")
        kind = _HANDLERS.get(_body(source, _child(source, mdia, b"hdlr"), 12)[8:12])
        if kind is None:
            continue
        header = _body(source, _child(source, trak, b"tkhd"), 32)
        track_id = _integer(header, 20 if header[:1] == b"\1" else 12, 4)
        timescale, duration = _time(_body(source, _child(source, mdia, b"mdhd"), 36))
        stsd = _child(source, _child(source, _child(source, mdia, b"minf"), b"stbl"), b"stsd")
        codec = _codec(_body(source, stsd, MAX_STSD)[8:])
        yield _Track(track_id, kind, codec, timescale, duration)


def _codec(entry: bytes) -> str:
    """From the first sample entry; its configuration is a box somewhere inside it (8.5.2)."""
    codec = _SAMPLE_ENTRIES.get(entry[4:8])
    if codec is None:
        raise UnknownMedia("MP4 with a codec that is not known")
    box = _CONFIGS.get(codec[:3])
    at = entry.find(box) if box else -1
    config = entry[at + 4 :] if at >= 0 else b""
    match box:
        case b"avcC":
            return codecs.avc(codec, config)
        case b"hvcC":
            return codecs.hevc(codec, config)
        case b"vpcC":
            return codecs.vp(codec, config)
        case b"av1C":
            return codecs.av1(config)
        case b"esds":
            return codecs.mp4a(config)
        case _:
            return codec


def _seconds(source: Source, moov: _Box, tracks: list[_Track]) -> float | None:
    mvhd = _body(source, _child(source, moov, b"mvhd"), 36)
    timescale, whole = _time(mvhd)
    mvex = _child(source, moov, b"mvex")
    if mvex:
        _note_defaults(source, mvex, tracks)
        ends = [end for moof in _late_fragments(source, moov) for end in _ends(source, moof, tracks)]
        mehd = _body(source, _child(source, mvex, b"mehd"), 12)
        said = _integer(mehd, 4, 8 if mehd[:1] == b"\1" else 4)
        whole = max(ends, default=0.0) or (said / timescale if timescale else 0.0) or whole
    longest = max(track.duration for track in tracks)
    return None if source.exhausted else (whole or longest or None)


def _note_defaults(source: Source, mvex: _Box, tracks: list[_Track]) -> None:
    for box in _children(source, mvex, b"trex"):
        trex = _body(source, box, 16)
        for track in tracks:
            if track.id == _integer(trex, 4, 4):
                track.default_sample = _integer(trex, 12, 4)


def _late_fragments(source: Source, moov: _Box) -> list[_Box]:
    """The last `moof` boxes: looked for in the file's end, else by going through all boxes."""
    found = (_box(source, at - 4, source.size) for at in source.backwards(b"moof", moov.end))
    late = [box for box in islice(found, 2 * MAX_LATE_FRAGMENTS) if box and _child(source, box, b"mfhd")]
    if late:
        return late[:MAX_LATE_FRAGMENTS]
    every = [box for box in _boxes(source, moov.end, source.size) if box.type == b"moof"]
    return every[-MAX_LATE_FRAGMENTS:]


def _ends(source: Source, moof: _Box, tracks: list[_Track]) -> Iterator[float]:
    """Where each track's part of a fragment ends, in seconds (8.8.7, 8.8.8, 8.8.12)."""
    for traf in _children(source, moof, b"traf"):
        tfhd = _body(source, _child(source, traf, b"tfhd"), 32)
        track = next((track for track in tracks if track.id == _integer(tfhd, 4, 4)), None)
        tfdt = _body(source, _child(source, traf, b"tfdt"), 12)
        if track is None or not track.timescale or not tfdt:
            continue
        flags = _integer(tfhd, 1, 3)
        at = 8 + 8 * (flags & 1) + 4 * (flags >> 1 & 1)
        default = _integer(tfhd, at, 4) if flags & 8 else track.default_sample
        ticks = _integer(tfdt, 4, 8 if tfdt[0] == 1 else 4)
        for trun in _children(source, traf, b"trun"):
            ticks += _run(_body(source, trun, MAX_TRUN), default)
        yield ticks / track.timescale


def _run(trun: bytes, default: int) -> int:
    """The time of a run of samples: theirs, where it has them, else the default. Of a run longer than is
    read, the rest is taken to be like what was."""
    flags, count = _integer(trun, 1, 3), _integer(trun, 4, 4)
    if not flags & 0x100:
        return count * default
    # The duration comes first of up to four numbers a sample.
    start = 8 + 4 * (flags & 1) + 4 * (flags >> 2 & 1)
    width = (flags >> 8 & 0xF).bit_count()
    there = min(count, max(0, len(trun) - start) // (4 * width))
    total = sum(struct.unpack_from(f">{there * width}I", trun, start)[::width]) if there else 0
    return total if there == count else total * count // (there or 1)


def _time(header: bytes) -> tuple[int, float]:
    """Timescale and seconds of an `mvhd` or `mdhd`; 0 seconds where they are not known (8.2.2, 8.4.2)."""
    at, width = (20, 8) if header[:1] == b"\1" else (12, 4)
    timescale, duration = _integer(header, at, 4), _integer(header, at + 4, width)
    if not timescale or duration == (1 << 8 * width) - 1:
        return timescale, 0.0
    return timescale, duration / timescale


def _children(source: Source, parent: _Box, type_: bytes) -> Iterator[_Box]:
    return (box for box in _boxes(source, parent.body, parent.end) if box.type == type_)


def _child(source: Source, parent: _Box | None, type_: bytes) -> _Box | None:
    return next(_children(source, parent, type_), None) if parent else None


def _body(source: Source, box: _Box | None, most: int) -> bytes:
    return source.at(box.body, min(most, box.end - box.body)) if box else b""


def _boxes(source: Source, position: int, end: int) -> Iterator[_Box]:
    while box := _box(source, position, end):
        yield box
        position = box.end


def _box(source: Source, position: int, end: int) -> _Box | None:
    """The box there (4.2); one that goes on beyond what it is in ends with it."""
    head = source.at(position, min(16, end - position))
    if len(head) < 8:
        return None
    size, body = _integer(head, 0, 4), position + 8
    if size == 1:
        size, body = _integer(head, 8, 8), position + 16
    elif size == 0:
        size = end - position
    if position + size < body:
        return None
    return _Box(head[4:8], position, min(body, end), min(position + size, end))


def _integer(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "big")
