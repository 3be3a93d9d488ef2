"""A new header for what recorders leave behind: with the duration and an index, so that every browser seeks.

A recorder writes as it goes and never comes back to the beginning, where players look for the length and
for the places to jump to. So a clip is stored with a gap in front of it, and at the end the new header is
written into the gap; nothing is copied.
"""

from __future__ import annotations

from dataclasses import dataclass

from mozchat.domain.media import read_source
from mozchat.domain.media.info import MediaInfo, Patches
from mozchat.domain.media.mp4_finish import finish_mp4, mp4_gap
from mozchat.domain.media.source import Source
from mozchat.domain.media.webm_finish import finish_webm, webm_gap

__all__ = ["Finished", "Patches", "finish", "gap_for"]

MIN_INDEX, MAX_INDEX = 128, 4096
_LIMIT_PER_INDEX_BYTE = 4096
_WEBM, _MP4 = b"\x1a\x45\xdf\xa3", b"ftyp"


@dataclass(frozen=True, slots=True)
class Finished:
    """`info` is what `read_media` says of the content. `patches`, with absolute offsets, make one whole
    seekable file of gap and content, from byte 0 on; `None`: the content stays as it is, without a gap."""

    info: MediaInfo
    patches: Patches | None


def gap_for(first: bytes, limit: int) -> int:
    """Bytes to leave free in front of a content that begins with `first` and has at most `limit` bytes."""
    room = min(max(MIN_INDEX, limit // _LIMIT_PER_INDEX_BYTE), MAX_INDEX)
    # What is sent while it is recorded may begin with a single byte.
    if first and first[:4] == _WEBM[: len(first)]:
        return webm_gap(first, room)
    return mp4_gap(first, room) if first[:1] == b"\0" and first[4:8] == _MP4[: len(first[4:8])] else 0


def finish(source: Source, start: int, size: int) -> Finished:
    """What to write so that the content at [start, start + size) of `source`, behind a gap, can be seeked in.

    The patches may be applied in part, and again: what `finish` says of a file where that happened is the same.
    Raises `UnknownMedia` as `read_media` does.
    """
    content = source.part(start, size)
    magic = content.at(0, 12)
    if magic.startswith(_WEBM):
        return Finished(*finish_webm(content, start))
    if magic[4:8] == _MP4:
        return Finished(*finish_mp4(content, start))
    return Finished(read_source(content), None)
