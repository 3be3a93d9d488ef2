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
MAX_BOXES = 4096
"""How many are looked at on one level of `moov` and `moof`."""
MAX_STSD = 16 << 10
MAX_MOOV = 2 << 20
MAX_MOOF = 256 << 10
MAX_LATE_FRAGMENTS = 8
"""How many of the last fragments are read: one may hold a single track."""
_BOX_HEAD = struct.Struct(">I4s")
_NOT_A_KEY = 0x10000


class Box(NamedTuple):
    """A box in a file; in what was read of a file, `start` and the others are places in that."""

    type: bytes
    start: int
    body: int
    end: int


@dataclass(slots=True)
class Track:
    """`duration` in seconds as the headers tell it; `default_sample` in ticks, of samples in fragments; where
    in `moov` the bodies of its `tkhd` and `mdhd` are."""

    id: int
    kind: str
    codec: str
    timescale: int
    duration: float
    tkhd: int
    mdhd: int
    default_sample: int = 0
    default_flags: int = 0


@dataclass(slots=True)
class Movie:
    """`data` is the `moov` box as it is. `tracks` are those of sound and picture, pictures first. `has_samples`:
    not all that sounds is in fragments. `duration` in seconds as the headers tell it."""

    data: bytes
    tracks: list[Track]
    mvhd: Box | None
    mvex: Box | None
    mehd: Box | None
    timescale: int
    duration: float
    has_samples: bool


class Part(NamedTuple):
    """What a fragment has of a track: from when to when, in ticks; whether it begins with a key frame; how far
    from the fragment's beginning its data is; where in what was read the absolute offset is, if it has one."""

    track: Track
    begin: int
    end: int
    key: bool
    data_offset: int
    base_at: int | None


def read_mp4(source: Source) -> MediaInfo:
    """The tracks of `moov`; the time of the last fragments where there are any, else of the headers."""
    box, frames = _top(source)
    movie = read_movie(source, box)
    return info(movie, _seconds(source, box.end if box else 0, movie), frames)


def info(movie: Movie, duration: float | None, frames: bool) -> MediaInfo:
    """What is told of a file with that `moov`."""
    return MediaInfo(
        "mp4",
        "video" if movie.tracks[0].kind == "video" else "audio",
        tuple(dict.fromkeys(track.codec for track in movie.tracks)),
        duration,
        frames,
    )


def _top(source: Source) -> tuple[Box | None, bool]:
    """`moov`, which may come last, and whether any media data is there."""
    moov, frames = None, False
    for box in top_boxes(source, 0):
        if box.type == b"moov":
            moov = moov or box
        elif box.type == b"mdat":
            frames |= box.end > box.body
        if moov and frames:
            break
    return moov, frames


def read_movie(source: Source, box: Box | None) -> Movie:
    """What `moov` tells. Raises `UnknownMedia`."""
    data = source.at(box.start, min(MAX_MOOV, box.end - box.start)) if box else b""
    top = _children(data, box.body - box.start, len(data)) if box else {}
    tracks = [track for trak in top.get(b"trak", ())[:MAX_TRACKS] if (track := _track(data, trak))]
    if not tracks:
        raise UnknownMedia("MP4 without sound or picture")
    tracks.sort(key=lambda track: track.kind != "video")
    mvhd, mvex = (top.get(type_, [None])[0] for type_ in (b"mvhd", b"mvex"))
    timescale, duration = _time(data, mvhd)
    mehd = _descend(data, mvex, b"mehd") if mvex else None
    if mvex:
        _note_defaults(data, mvex, tracks)
    if mehd and timescale:
        wide = data[mehd.body : mehd.body + 1] == b"\1"
        duration = _integer(data, mehd.body + 4, 8 if wide else 4) / timescale or duration
    samples = mvex is None or any(_has_samples(data, trak) for trak in top[b"trak"][:MAX_TRACKS])
    return Movie(data, tracks, mvhd, mvex, mehd, timescale, duration, samples)


def _track(data: bytes, trak: Box) -> Track | None:
    mdia = _descend(data, trak, b"mdia")
    boxes = _children(data, mdia.body, mdia.end) if mdia else {}
    hdlr, mdhd = (boxes.get(type_, [None])[0] for type_ in (b"hdlr", b"mdhd"))
    kind = _HANDLERS.get(data[hdlr.body + 8 : hdlr.body + 12]) if hdlr else None
    if kind is None:
        return None
    tkhd = _descend(data, trak, b"tkhd")
    at = tkhd.body if tkhd else len(data)
    track_id = _integer(data, at + (20 if data[at : at + 1] == b"\1" else 12), 4)
    stsd = _descend(data, trak, b"mdia", b"minf", b"stbl", b"stsd")
    entry = data[stsd.body + 8 : min(stsd.end, stsd.body + MAX_STSD)] if stsd else b""
    return Track(track_id, kind, _codec(entry), *_time(data, mdhd), at, mdhd.body if mdhd else len(data))


def _has_samples(data: bytes, trak: Box) -> bool:
    stsz = _descend(data, trak, b"mdia", b"minf", b"stbl", b"stsz")
    return stsz is None or _integer(data, stsz.body + 8, 4) > 0


def _note_defaults(data: bytes, mvex: Box, tracks: list[Track]) -> None:
    for box in _boxes(data, mvex.body, mvex.end, b"trex"):
        for track in tracks:
            if track.id == _integer(data, box.body + 4, 4):
                track.default_sample = _integer(data, box.body + 12, 4)
                track.default_flags = _integer(data, box.body + 20, 4)


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


def _seconds(source: Source, after: int, movie: Movie) -> float | None:
    ends = []
    if movie.mvex:
        for box in _late_fragments(source, after):
            moof = source.at(box.start, min(MAX_MOOF, box.end - box.start))
            ends += [part.end / part.track.timescale for part in parts(moof, movie.tracks)]
    longest = max(track.duration for track in movie.tracks)
    return None if source.exhausted else (max(ends, default=0.0) or movie.duration or longest or None)


def _late_fragments(source: Source, after: int) -> list[Box]:
    """The last `moof` boxes: looked for in the file's end, else by going through all boxes."""
    found = (_top_box(source, at - 4) for at in source.backwards(b"moof", after))
    late = [box for box in islice(found, 2 * MAX_LATE_FRAGMENTS) if box and _is_fragment(source, box)]
    if late:
        return late[:MAX_LATE_FRAGMENTS]
    every = [box for box in top_boxes(source, after) if box.type == b"moof"]
    return every[-MAX_LATE_FRAGMENTS:]


def _is_fragment(source: Source, moof: Box) -> bool:
    return source.at(moof.body + 4, 4) == b"mfhd"


def parts(moof: bytes, tracks: list[Track]) -> list[Part]:
    """What a `moof` box has of each track (8.8.7, 8.8.8, 8.8.12)."""
    found = []
    for type_, at, end in _inside(moof, 8, len(moof)):
        if type_ == b"traf":
            part = _part(moof, list(_inside(moof, at, end)), tracks)
            if part:
                found.append(part)
    return found


def _inside(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, body and end of the boxes there: `_boxes` for what an upload has thousands of."""
    for _ in range(MAX_BOXES):
        if at + 8 > end:
            return
        size, type_ = _BOX_HEAD.unpack_from(data, at)
        if size < 8:
            return
        yield type_, at + 8, min(at + size, end)
        at += size


def _part(moof: bytes, traf: list[tuple[bytes, int, int]], tracks: list[Track]) -> Part | None:
    boxes = {type_: at for type_, at, _ in reversed(traf)}
    at, tfdt = boxes.get(b"tfhd"), boxes.get(b"tfdt")
    if at is None or tfdt is None:
        return None
    flags, track_id = _integer(moof, at + 1, 3), _integer(moof, at + 4, 4)
    track = next((track for track in tracks if track.id == track_id and track.timescale), None)
    if track is None:
        return None
    begin = end = _integer(moof, tfdt + 4, 8 if moof[tfdt : tfdt + 1] == b"\1" else 4)
    base_at = at + 8 if flags & 1 else None
    at += 8 + 8 * (flags & 1) + 4 * (flags >> 1 & 1)
    duration = _integer(moof, at, 4) if flags & 8 else track.default_sample
    at += 4 * (flags >> 3 & 1) + 4 * (flags >> 4 & 1)
    sample = _integer(moof, at, 4) if flags & 0x20 else track.default_flags
    for type_, body, box_end in traf:
        if type_ == b"trun":
            end += _run(moof[body:box_end], duration)
    first = boxes.get(b"trun", len(moof))
    flags = _integer(moof, first + 1, 3)
    offset = _integer(moof, first + 8, 4) if flags & 1 else 0
    if flags & 4:
        sample = _integer(moof, first + 8 + 4 * (flags & 1), 4)
    elif flags & 0x400:
        sample = _integer(moof, first + 8 + 4 * (flags & 1) + 4 * (flags >> 8 & 3).bit_count(), 4)
    return Part(track, begin, end, not sample & _NOT_A_KEY, offset, base_at)


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


def _time(data: bytes, box: Box | None) -> tuple[int, float]:
    """Timescale and seconds of an `mvhd` or `mdhd`; 0 seconds where they are not known (8.2.2, 8.4.2)."""
    if box is None:
        return 0, 0.0
    at, width = (box.body + 20, 8) if data[box.body : box.body + 1] == b"\1" else (box.body + 12, 4)
    timescale, duration = _integer(data, at, 4), _integer(data, at + 4, width)
    if not timescale or duration == (1 << 8 * width) - 1:
        return timescale, 0.0
    return timescale, duration / timescale


def top_boxes(source: Source, position: int) -> Iterator[Box]:
    """The boxes of a file from a position on."""
    while box := _top_box(source, position):
        yield box
        position = box.end


def _top_box(source: Source, position: int) -> Box | None:
    return box_at(source.at(position, 16), 0, position, source.size)


def box_at(data: bytes, at: int, position: int, end: int) -> Box | None:
    """The box (4.2) that stands at `at` in `data` and at `position` in what ends at `end`; one that goes on
    beyond that ends with it."""
    if len(data) < at + 8:
        return None
    size, body = _integer(data, at, 4), position + 8
    if size == 1:
        size, body = _integer(data, at + 8, 8), position + 16
    elif size == 0:
        size = end - position
    if position + size < body:
        return None
    return Box(data[at + 4 : at + 8], position, min(body, end), min(position + size, end))


def _boxes(data: bytes, at: int, end: int, type_: bytes | None = None) -> Iterator[Box]:
    """The boxes in a part of what was read, or those of a type."""
    for _ in range(MAX_BOXES):
        box = box_at(data, at, at, end)
        if box is None or at >= end:
            return
        if type_ is None or box.type == type_:
            yield box
        at = box.end


def _children(data: bytes, at: int, end: int) -> dict[bytes, list[Box]]:
    """The boxes in a part of what was read, by their types."""
    found: dict[bytes, list[Box]] = {}
    for box in _boxes(data, at, end):
        found.setdefault(box.type, []).append(box)
    return found


def _descend(data: bytes, box: Box, *types: bytes) -> Box | None:
    """The first box of a type in the first box of a type … in a box."""
    for type_ in types:
        found = next(_boxes(data, box.body, box.end, type_), None)
        if found is None:
            return None
        box = found
    return box


def _integer(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "big")
