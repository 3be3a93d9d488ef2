"""WAV: RIFF chunks (Multimedia Programming Interface and Data Specifications 1.0; codecs as in RFC 2361)."""

from __future__ import annotations

from mozchat.domain.media.info import MediaInfo, UnknownMedia
from mozchat.domain.media.source import Source

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)
MAX_CHUNKS = 64


def read_wav(source: Source) -> MediaInfo:
    """Linear and floating-point PCM."""
    rate = 0
    position = 12
    for _ in range(MAX_CHUNKS):
        head = source.at(position, 8)
        if len(head) < 8:
            break
        name, size = head[:4], int.from_bytes(head[4:], "little")
        position += 8
        if name == b"fmt ":
            rate = _bytes_per_second(source.at(position, min(size, 40)))
        elif name == b"data":
            return _info(rate, size, source.size - position)
        position += size + size % 2
    return _info(rate, 0, 0)


def _info(rate: int, size: int, there: int) -> MediaInfo:
    if not rate:
        raise UnknownMedia("WAV without a format that is known")
    # Who writes to a pipe cannot know the size, and a cut-off file has less than it says.
    data = there if size in _UNKNOWN_SIZES else min(size, there)
    return MediaInfo("wav", "audio", ("pcm",), data / rate, data > 0)


def _bytes_per_second(chunk: bytes) -> int:
    """From the `fmt ` chunk; 0 where it is not PCM."""
    if len(chunk) < 16:
        return 0
    tag, channels, rate = (int.from_bytes(chunk[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8)))
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = int.from_bytes(chunk[24:26], "little")
    bits = int.from_bytes(chunk[14:16], "little")
    return rate * channels * ((bits + 7) // 8) if tag in (_PCM, _FLOAT) else 0
