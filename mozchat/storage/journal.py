"""The journal of a thread: its events, one JSON object a line, appended under the thread's lock.

The first line is a header, `{"journal": 1, "epoch": …, "start": …, "folder": …}`. Positions count bytes from the
first event of the epoch on; `start` is the position of the first event that this file still has. When old events
are cut off, `start` grows and positions stay what they were, so that cursors stay good. `folder` is the inode of
the thread's folder: in a copy of it that is another.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mozchat.domain.thread_state import Event
from mozchat.storage.files import Signature, read_bytes, signature, write_atomically

MAX_BYTES = 1_000_000
"""Beyond this size the journal is cut at the next checkpoint …"""
KEPT_BYTES = 250_000
"""… to about its last events of this size, for listeners that are behind."""


class Broken(Exception):
    """There is no usable journal."""


@dataclass(frozen=True)
class Header:
    """Who the file is: its epoch, the position of its first event, the length of the header in bytes, and the
    inode of the folder that it was written in (`None`: not said)."""

    epoch: str
    start: int
    length: int
    folder: int | None = None


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(value: Any) -> bytes:
    """One line of JSON."""
    return _encoder.encode(value).encode("utf-8", "replace") + b"\n"


class Journal:
    """One thread's journal file. Reading needs no lock; `append`, `begin` and `cut` do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = str(path)
        self._known: tuple[int, Header] | None = None

    def signature(self) -> Signature | None:
        """Changes with every event."""
        return signature(self._name)

    def header(self, epoch: str = "") -> Header:
        """The header, remembered by the file's inode, unless it is of another than the `epoch` that is expected:
        a thread that was removed and made again may have its old inodes. Raises `Broken`."""
        current = self.signature()
        if current is None:
            raise Broken
        if self._known is None or self._known[0] != current[0] or epoch not in ("", self._known[1].epoch):
            with self.path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                self._known = inode, _parse_header(file.readline(4096))
        return self._known[1]

    def read(self, header: Header, position: int) -> list[tuple[Event, int]]:
        """The events from `position` on, each with the position where it ends. A torn last line counts for
        nothing. Raises `Broken` where the file has no such position or is not the one of `header` any more."""
        try:
            content = self._content(header, position)
        except Broken:
            self._known = None  # the inode of a file that was replaced may have been given to a later one
            raise
        events: list[tuple[Event, int]] = []
        lines = content.split(b"\n")
        for line in lines[:-1]:
            position += len(line) + 1
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append((event, position))
        return events

    def begin(self, epoch: str) -> Header:
        """Start anew: an empty journal in place of whatever is there."""
        return self._write(Header(epoch, 0, 0), b"")

    def append(self, header: Header, position: int, event: Event) -> tuple[int, int]:
        """Write one event at `position`, where the last whole line ends, and cut off a torn one behind it.

        Returns the position behind it and an open file that is still to be made durable (`make_durable`).
        A line that cannot be written whole is taken back.
        """
        line = encode(event)
        at = header.length + position - header.start
        handle = os.open(self._name, os.O_WRONLY)
        try:
            if os.fstat(handle).st_size != at:
                os.ftruncate(handle, at)
            try:
                written = os.pwrite(handle, line, at)
                while written < len(line):
                    written += os.pwrite(handle, line[written:], at + written)
            except OSError:
                os.ftruncate(handle, at)
                raise
        except BaseException:
            os.close(handle)
            raise
        return position + len(line), handle

    def cut(self, header: Header, position: int) -> None:
        """Drop old events when the file has grown beyond `MAX_BYTES`; whoever calls has them saved elsewhere."""
        content = read_bytes(self.path) or b""
        if len(content) <= MAX_BYTES:
            return
        end = header.length + position - header.start
        first = content.index(b"\n", end - KEPT_BYTES) + 1
        self._write(Header(header.epoch, header.start + first - header.length, 0), content[first:end])

    def _content(self, header: Header, position: int) -> bytes:
        if position < header.start:
            raise Broken
        with open(self.path, "rb", buffering=0) as file:  # noqa: PTH123 - read on the way of every event
            if _parse_header(file.read(header.length)) != header:
                raise Broken
            before = header.length + position - header.start - 1
            file.seek(before)
            content = file.read()
        if content[:1] != b"\n":
            raise Broken
        return content[1:]

    def _write(self, header: Header, events: bytes) -> Header:
        folder = self.folder()
        line = encode({"journal": 1, "epoch": header.epoch, "start": header.start, "folder": folder})
        write_atomically(self.path, line + events)
        self._known = None
        return Header(header.epoch, header.start, len(line), folder)

    def folder(self) -> int:
        """The inode of the folder that the journal is in."""
        return self.path.parent.stat().st_ino


def make_durable(handle: int) -> None:
    """Bring what was appended to the disk, and close the file."""
    try:
        os.fdatasync(handle)
    finally:
        os.close(handle)


@lru_cache(64)
def _parse_header(line: bytes) -> Header:
    try:
        header = json.loads(line)
        if line[-1:] != b"\n" or header["journal"] != 1:
            raise Broken
        folder = header.get("folder")
        return Header(str(header["epoch"]), int(header["start"]), len(line), folder and int(folder))
    except (ValueError, KeyError, TypeError) as error:
        raise Broken from error
