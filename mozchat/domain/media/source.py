"""A seekable file from which only so much is ever read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

MAX_BYTES = 4 << 20
MAX_READS = 8_000
MAX_CANDIDATES = 64
_WINDOWS = (64 << 10, 2 << 20)
"""How much of the file's end is searched: first little, then as much as a few seconds of video take."""


class Source:
    """`at` gives nothing more when the budget is used up: to a parser a hostile file looks cut off there."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._bytes_left = MAX_BYTES
        self._reads_left = MAX_READS

    @property
    def exhausted(self) -> bool:
        """Whether something was not read for want of budget."""
        return self._reads_left < 0 or self._bytes_left < 0

    def at(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer at the end of the file."""
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        self._reads_left -= 1
        self._bytes_left -= length
        if self.exhausted:
            return b""
        self._file.seek(offset)
        return self._file.read(length)

    def backwards(self, magic: bytes, after: int) -> Iterator[int]:
        """Where `magic` stands in the last part of the file, the last first, a bounded number of times."""
        left, end = MAX_CANDIDATES, self.size
        for window in _WINDOWS:
            begin = max(after, self.size - window)
            data = self.at(begin, end - begin + len(magic) - 1)
            found = data.rfind(magic)
            while found >= 0 and left > 0:
                yield begin + found
                left -= 1
                found = data.rfind(magic, 0, found)
            end = begin
