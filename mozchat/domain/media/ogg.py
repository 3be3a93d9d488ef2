"""Ogg (RFC 3533) with Opus (RFC 7845), Vorbis or Theora."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mozchat.domain.media.info import MediaInfo, UnknownMedia
from mozchat.domain.media.source import Source

MAX_STREAMS = 8
_FIRST_PAGE = 0x02
_NO_PACKET_ENDS_HERE = -1


class _Page(NamedTuple):
    first: bool
    granule: int
    serial: int
    body: int
    end: int


@dataclass(frozen=True)
class _Stream:
    """`rate` granules a second after the first `skip`; a Theora granule is two numbers, split at `shift`."""

    codec: str
    rate: float
    skip: int = 0
    shift: int = 0

    def seconds(self, granule: int) -> float:
        if self.shift:
            granule = (granule >> self.shift) + (granule & ((1 << self.shift) - 1))
        return max(0, granule - self.skip) / self.rate


def read_ogg(source: Source) -> MediaInfo:
    """The time is that of the last whole page of each stream."""
    streams = _streams(source)
    if not streams:
        raise UnknownMedia("Ogg without Opus, Vorbis or Theora")
    granules = _last_granules(source, set(streams))
    times = [streams[serial].seconds(granule) for serial, granule in granules.items()]
    codecs = [
        stream.codec for stream in sorted(streams.values(), key=lambda stream: stream.codec != "theora")
    ]
    return MediaInfo(
        "ogg",
        "video" if "theora" in codecs else "audio",
        tuple(dict.fromkeys(codecs)),
        max(times, default=None),
        any(granule > 0 for granule in granules.values()),
    )


def _streams(source: Source) -> dict[int, _Stream]:
    """All streams begin before any goes on (RFC 3533, 4)."""
    streams: dict[int, _Stream] = {}
    position = 0
    for _ in range(MAX_STREAMS):
        page = _page(source, position)
        if page is None or not page.first:
            break
        stream = _stream(source.at(page.body, min(page.end - page.body, 64)))
        if stream:
            streams[page.serial] = stream
        position = page.end
    return streams


def _stream(header: bytes) -> _Stream | None:
    if header.startswith(b"OpusHead") and len(header) >= 12:
        return _Stream("opus", 48_000, skip=int.from_bytes(header[10:12], "little"))
    if header.startswith(b"\x01vorbis") and len(header) >= 16:
        rate = int.from_bytes(header[12:16], "little")
        return _Stream("vorbis", rate) if rate else None
    if header.startswith(b"\x80theora") and len(header) >= 42:
        frames, seconds = int.from_bytes(header[22:26], "big"), int.from_bytes(header[26:30], "big")
        shift = (header[40] & 0x03) << 3 | header[41] >> 5
        return _Stream("theora", frames / seconds, shift=shift) if frames and seconds else None
    return None


def _last_granules(source: Source, serials: set[int]) -> dict[int, int]:
    granules: dict[int, int] = {}
    for position in source.backwards(b"OggS", 0):
        page = _page(source, position)
        if page and page.serial in serials and page.granule != _NO_PACKET_ENDS_HERE:
            granules.setdefault(page.serial, page.granule)
        if len(granules) == len(serials):
            break
    return granules


def _page(source: Source, position: int) -> _Page | None:
    """The page there, if it is whole."""
    head = source.at(position, 27 + 255)
    if len(head) < 27 or not head.startswith(b"OggS\0") or len(head) < 27 + head[26]:
        return None
    body = position + 27 + head[26]
    end = body + sum(head[27 : 27 + head[26]])
    if end > source.size:
        return None
    granule = int.from_bytes(head[6:14], "little", signed=True)
    return _Page(bool(head[5] & _FIRST_PAGE), granule, int.from_bytes(head[14:18], "little"), body, end)
