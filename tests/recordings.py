"""What browsers recorded, made longer, and finished as the server does it."""

from __future__ import annotations

import io
import itertools
import math
import struct
from pathlib import Path

from mozchat.domain.media import read_media
from mozchat.domain.media.finish import Finished, finish, gap_for
from mozchat.domain.media.source import Source

SAMPLES = Path(__file__).parent / "samples"
CLUSTER = b"\x1f\x43\xb6\x75"
LARGE = 30_000_000
_TFDT = b"tfdt\1\0\0\0"


def sample(name: str) -> bytes:
    """One of the recordings."""
    return (SAMPLES / name).read_bytes()


def behind_gap(data: bytes, limit: int = LARGE) -> tuple[bytearray, int]:
    """A content as it is stored while it grows, and the gap in front of it."""
    gap = gap_for(data[:65536], limit)
    return bytearray(gap) + data, gap


def finish_stored(stored: bytes, gap: int) -> Finished:
    """`finish` of such a file."""
    return finish(Source(io.BytesIO(stored), len(stored)), gap, len(stored) - gap)


def patched(stored: bytes, patches: tuple[tuple[int, bytes], ...]) -> bytes:
    """That file with patches applied; none may make it longer."""
    whole = bytearray(stored)
    for offset, data in patches:
        assert 0 <= offset <= len(stored) - len(data)
        whole[offset : offset + len(data)] = data
    return bytes(whole)


def finished(data: bytes, limit: int = LARGE) -> bytes:
    """The seekable file that the server makes of a recording."""
    stored, gap = behind_gap(data, limit)
    result = finish_stored(stored, gap)
    assert result.patches is not None
    return patched(stored, result.patches)


def long_webm(data: bytes, seconds: float) -> bytes:
    """A recording of which the clusters are repeated, each time later by its own length."""
    first = data.index(CLUSTER + b"\x01")
    clusters = data[first:].split(CLUSTER)[1:]
    told = read_media(io.BytesIO(data), len(data)).duration or 0.0
    length = 20 * math.ceil(told * 50 - 0.001)
    parts, base = [data[:first]], 0
    while base < seconds * 1000:
        for cluster in clusters:
            at = 9  # behind eight bytes of size comes the time: its mark, its size, itself
            size = cluster[at] & 0x7F
            time = base + int.from_bytes(cluster[at + 1 : at + 1 + size], "big")
            parts += [CLUSTER, cluster[:at], b"\x84", struct.pack(">I", time), cluster[at + 1 + size :]]
        base += length
    return b"".join(parts)


def long_mp4(data: bytes, seconds: float) -> bytes:
    """A recording in fragments by Chromium, repeated likewise, each time 1.5 s later."""
    scales = {1: 20_000, 2: 48_000} if b"vmhd" in data else {1: 48_000}
    first, mfra = data.index(b"moof") - 4, data.rfind(b"mfra") - 4
    fragments = data[first : mfra if mfra > 0 else None].split(_TFDT)
    parts, base = [data[:first]], 0.0
    while base < seconds:
        parts.append(fragments[0])
        for before, fragment in itertools.pairwise(fragments):
            (track,) = struct.unpack(">I", before[-12:-8])
            time = int(base * scales[track]) + int.from_bytes(fragment[:8], "big")
            parts += [_TFDT, struct.pack(">Q", time), fragment[8:]]
        base += 1.5
    return b"".join(parts)
