"""A seekable file from which only so much is ever read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

MAX_BYTES = 4 << 20
MAX_READS = 8_000
MAX_CANDIDATES = 64
_BEGINNING = 64 << 10
"""Read at once: all of most clips, and the headers of every one."""
_WINDOWS = (64 << 10, 2 << 20)
"""How much of the file's end is searched: first little, then as much as a few seconds of video take."""


class Source:
    """The `size` bytes of a file from `start` on; all offsets are from there.

    `at` gives nothing more when the budget is used up: to a parser a hostile file looks cut off there.
    """

    def __init__(self, file: BinaryIO, size: int, start: int = 0) -> None:
        self.size = size
        self._file = file
        self._start = start
        self._bytes_left = MAX_BYTES
        self._reads_left = MAX_READS
        self._beginning: bytes | None = None

    @property
    def exhausted(self) -> bool:
        """Whether something was not read for want of budget."""
        return self._reads_left < 0 or self._bytes_left < 0

    def part(self, start: int, size: int) -> Source:
        """The bytes at [start, start + size) as a source of its own, with a budget of its own."""
        return Source(self._file, size, self._start + start)

    def at(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer at the end of the file."""
        if self._beginning is None:
            self._beginning = self._read(0, min(_BEGINNING, self.size))
        if offset + length <= len(self._beginning):
            return self._beginning[offset : offset + length]
        length = min(length, self.size - offset)
        return self._read(offset, length) if length > 0 else b""

    def _read(self, offset: int, length: int) -> bytes:
        self._reads_left -= 1
        self._bytes_left -= length
        return b"" if self.exhausted else self.window(offset, length)

    def window(self, offset: int, length: int) -> bytes:
        """As `at`, beside the budget: for who goes through a file once, from its beginning to its end."""
        if self._beginning is not None and offset + length <= len(self._beginning):
            return self._beginning[offset : offset + length]
        self._file.seek(self._start + offset)
        return self._file.read(max(0, min(length, self.size - offset)))

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
