"""A form with a file as browsers send it, multipart/form-data (RFC 7578), taken apart while it comes: the file is
nowhere but where its reader puts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.http import parse_options_header

from mozchat.domain.errors import Invalid

MAX_BESIDE = 64_000
"""Bytes that a form may have beside its files."""
MAX_PARTS = 20
CHUNK = 1 << 18
_CHARSETS = frozenset({"us-ascii", "ascii", "utf-8", "iso-8859-1"})
_BROKEN = "This form cannot be read: it is cut off or no proper one."


class Part:
    """One field of a form, to be read before the next one is asked for. `name` is empty where it has none;
    `is_file` says whether it has the name of a file."""

    def __init__(self, form: Form, head: bytes) -> None:
        self.name, self.is_file, self._charset = _described(head)
        self._form = form

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces as they come. Raises `Invalid` where its end is missing."""
        return self._form.chunks()

    def text(self) -> str:
        """The content of a field that is no file. Raises what `chunks` does, and `RequestEntityTooLarge`."""
        return self._form.rest().decode(self._charset, "replace")


class Form:
    """A form of this `Content-Type`; `read` gives so many bytes of the body, or fewer only at its end. Raises
    `UnsupportedMediaType` for what is no form."""

    def __init__(self, content_type: str, read: Callable[[int], bytes]) -> None:
        kind, options = parse_options_header(content_type)
        if kind != "multipart/form-data":
            raise UnsupportedMediaType
        if not options.get("boundary"):
            raise Invalid(_BROKEN)
        self._mark = b"\r\n--" + options["boundary"].encode("latin-1", "replace")
        self._read = read
        self._buffer = b"\r\n"  # the first mark is where the body begins
        self._beside = 0
        self._in_part = True

    def parts(self) -> Iterator[Part]:
        """The fields. Raises `Invalid` for what is no proper form, `RequestEntityTooLarge`."""
        self.rest()
        for _ in range(MAX_PARTS + 1):
            self._need(2)
            if self._buffer.startswith(b"--"):
                return
            yield Part(self, self._head())
            self.rest()
        raise RequestEntityTooLarge

    def chunks(self) -> Iterator[bytes]:
        """What is left of the current part, in pieces."""
        while self._in_part:
            end = self._buffer.find(self._mark)
            if end >= 0:
                chunk, self._buffer = self._buffer[:end], self._buffer[end + len(self._mark) :]
                self._in_part = False
            else:
                safe = max(0, len(self._buffer) - len(self._mark) + 1)
                chunk, self._buffer = self._buffer[:safe], self._buffer[safe:]
            if chunk:
                yield chunk
            elif end < 0:
                self._more()

    def rest(self) -> bytes:
        """What is left of the current part, which is no file."""
        pieces = []
        for chunk in self.chunks():
            self._count(len(chunk))
            pieces.append(chunk)
        return b"".join(pieces)

    def _head(self) -> bytes:
        """What stands between a mark and its part's content."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_BESIDE:
                raise RequestEntityTooLarge
            self._more()
        self._count(end)
        head, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        self._need(len(self._mark))
        if not self._buffer.startswith(self._mark):  # some leave out the empty line before an empty content
            self._buffer = self._buffer[2:]
        self._in_part = True
        if head.partition(b"\r\n")[0].strip():
            raise Invalid(_BROKEN)
        return head

    def _need(self, count: int) -> None:
        while len(self._buffer) < count:
            self._more()

    def _more(self) -> None:
        data = self._read(CHUNK)
        if not data:
            raise Invalid(_BROKEN)
        self._buffer += data

    def _count(self, count: int) -> None:
        self._beside += count
        if self._beside > MAX_BESIDE:
            raise RequestEntityTooLarge


@lru_cache(64)
def _described(head: bytes) -> tuple[str, bool, str]:
    """Name, whether it is a file, and charset of a part with these header fields."""
    fields = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    _, options = parse_options_header(fields.get("content-disposition"))
    charset = parse_options_header(fields.get("content-type"))[1].get("charset", "").lower()
    return options.get("name", ""), "filename" in options, charset if charset in _CHARSETS else "utf-8"
