"""EBML (RFC 8794), the notation of WebM: elements with an id, a size and a body."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import NamedTuple

MAX_ELEMENTS = 128
FIRST_OF_ID = 0x10
"""Ids have up to four bytes: their first one is this or more."""
VOID, CRC_32 = 0xEC, 0xBF


class Vint(NamedTuple):
    """A number of variable length, and that length in bytes."""

    value: int
    length: int


def vint(data: bytes, at: int) -> Vint | None:
    """The number there (section 4): as many bytes as zeros before the first one bit, and one."""
    if at >= len(data) or not data[at]:
        return None
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return None
    return Vint(int.from_bytes(data[at : at + length], "big") & (1 << 7 * length) - 1, length)


def head(data: bytes, at: int) -> tuple[int, int | None, int] | None:
    """An element's id, the size of its body (`None`: unknown) and the length of both (sections 5 and 6)."""
    if at >= len(data) or data[at] < FIRST_OF_ID:
        return None
    size_at = at + 9 - data[at].bit_length()
    id_ = int.from_bytes(data[at:size_at], "big")
    if size_at < len(data) and 0x80 <= data[size_at] < 0xFF:
        return id_, data[size_at] & 0x7F, size_at + 1 - at
    size = vint(data, size_at)
    if size is None:
        return None
    return id_, None if size.value == unknown(size.length) else size.value, size_at + size.length - at


def unknown(length: int) -> int:
    """The number of so many bytes that stands for a size that is not known."""
    return (1 << 7 * length) - 1


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Id and body of the elements that a small body consists of, a bounded number of them."""
    at = 0
    for _ in range(MAX_ELEMENTS):
        found = head(data, at)
        if found is None:
            return
        id_, size, length = found
        at += length
        end = len(data) if size is None else at + size
        yield id_, data[at:end]
        at = end


def children(data: bytes) -> dict[int, bytes]:
    """The first of each kind of element in a small body."""
    found: dict[int, bytes] = {}
    for id_, body in elements(data):
        found.setdefault(id_, body)
    return found


def real(data: bytes) -> float:
    """A number of 4 or 8 bytes; 0 for any other, and for one that is not finite."""
    if len(data) not in (4, 8):
        return 0.0
    (value,) = struct.unpack(">f" if len(data) == 4 else ">d", data)
    return value if math.isfinite(value) else 0.0


def whole(value: int) -> bytes:
    """A number that is not negative, in as few bytes as it takes."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def size_field(value: int, length: int = 0) -> bytes:
    """The size of a body in `length` bytes, or in as few as it takes; raises `OverflowError` where it does not
    go into them."""
    length = length or max(1, -(-(value + 1).bit_length() // 7))
    if value >= unknown(length):
        raise OverflowError(value)
    return (1 << 7 * length | value).to_bytes(length, "big")


def element(id_: int, body: bytes) -> bytes:
    """A whole element."""
    return whole(id_) + size_field(len(body)) + body


def void(length: int) -> bytes:
    """How an element begins that fills `length` bytes, two or more, with nothing."""
    width = min(8, length - 1)
    return bytes([VOID]) + size_field(length - 1 - width, width)
