"""The bytes of clips as they come, by a bare WSGI callable in front of Flask: streamed, or by long poll."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from mozchat.domain.errors import Invalid, MozchatError
from mozchat.services import live
from mozchat.services.access import Visit, visit
from mozchat.services.live import BACK_SECONDS, Reading, is_live
from mozchat.services.site import Site
from mozchat.web import security
from mozchat.web.bare import Answer, Environ, StartResponse, WsgiApp, answered, respond, status_line
from mozchat.web.events import NO_ROOM, server_threads
from mozchat.web.identity import token_of

SILENT_SECONDS = 60.0
"""A stream in which nothing comes for so long ends; whoever reads it knows from where to go on."""
POLL_BYTES = 1_000_000
CHUNK = 1 << 16
"""How many bytes of a stream are in memory at once."""
PATH = re.compile(r"/api/threads/([A-Za-z0-9_-]{1,64})/clips/([A-Za-z0-9_-]{1,64})/media", re.ASCII)
_AS_IT_COMES = re.compile("(?:^|&)(?:from|back|wait)=")
_OFFSET = re.compile(r"\d{1,15}", re.ASCII)
_FIELDS = [
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
    *security.COMMON,
    ("Content-Security-Policy", security.MEDIA_POLICY),
]

Head = tuple[str, list[tuple[str, str]]]


class Question:
    """What a request asks for. `offset` is `None` for near the newest; `wait` is `None` for a stream. Raises
    `Invalid`."""

    def __init__(self, query: str) -> None:
        fields = dict(parse_qsl(query, keep_blank_values=True))
        begin = fields.get("from", "0")
        if begin != "live" and not _OFFSET.fullmatch(begin):
            raise Invalid("from is live or a number of bytes.")
        self.offset = None if begin == "live" else int(begin)
        self.back = _seconds(fields, "back", BACK_SECONDS)
        self.wait = _seconds(fields, "wait", 0) if "wait" in fields else None

    def shorten(self, longest: float) -> None:
        """A poll waits for no longer than that."""
        if self.wait is not None:
            self.wait = min(self.wait, longest)


class Reader(live.Reader):
    """Somebody who reads a clip over HTTP. Raises what that of the services does."""

    def __init__(self, question: Question, reading: Reading) -> None:
        super().__init__(reading, question.offset, question.back)
        self.streams = question.wait is None

    def head(self, *, begins: bool = False) -> Head:
        """Status line and fields of the answer: where it `begins` a stream, else of a poll that has its bytes."""
        has_bytes = begins or self.position != self.begin
        complete = self.reading.reach.complete if begins else self.is_over
        fields = [
            *_FIELDS,
            ("Clip-Offset", str(self.begin or 0)),
            ("Clip-Complete", "?1" if complete else "?0"),
        ]
        if self.prefix_bytes:
            fields.append(("Clip-Prefix", str(self.prefix_bytes)))
        if not begins:
            fields.append(("Clip-Next", str(self.position or 0)))
        if has_bytes:
            fields.append(("Content-Type", self.reading.reach.mime))
        return status_line(200 if has_bytes else 204), fields

    def take(self, most: int) -> bytes:
        """The next bytes, before the first of them what a decoder needs."""
        return self.take_prefix() + super().take(most)


class LiveApp:
    """Answers `GET …/media` with `from`, `back` or `wait`, and without of clips that are live; hands everything
    else on."""

    def __init__(self, site: Site, app: WsgiApp) -> None:
        self.site = site
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not self.concerns(environ):
            return self._app(environ, start_response)
        with contextlib.ExitStack() as places:
            found = answered(lambda: self._ready(environ, places), "live")
            if not isinstance(found, Reader):
                return respond(environ, start_response, *found)
            is_head = environ["REQUEST_METHOD"] == "HEAD"
            if found.streams and not found.is_over and found.is_ready() and not is_head:
                start_response(*found.head(begins=True))
                return _Stream(self.site, found, places.pop_all())
            data = found.take(POLL_BYTES)
            line, fields = found.head()
            start_response(line, [*fields, ("Content-Length", str(len(data)))] if data else fields)
            return [] if is_head else [data]

    def concerns(self, environ: Mapping[str, Any]) -> bool:
        """Whether a request asks for bytes as they come."""
        match = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if match is None:
            return False
        asks = _AS_IT_COMES.search(environ.get("QUERY_STRING", ""))
        return asks is not None or is_live(self.site, match[1], match[2])

    def question(self, environ: Mapping[str, Any]) -> tuple[Question, Visit, str]:
        """What a request asks for, of which thread, of which clip. Raises `Invalid` and what `visit` does."""
        match = PATH.fullmatch(environ["PATH_INFO"])
        assert match is not None
        question = Question(environ.get("QUERY_STRING", ""))
        inside = visit(self.site, match[1], token_of(environ))
        question.shorten(inside.settings.long_poll_period_s)
        return question, inside, match[2]

    def _ready(self, environ: Environ, places: contextlib.ExitStack) -> Reader | Answer:
        """A reader for whom there is something, or whose time is over; or that there is no room for one."""
        question, inside, clip_id = self.question(environ)
        if environ["REQUEST_METHOD"] == "HEAD":
            question.wait = 0.0
        reading = Reading(inside, clip_id)
        places.callback(reading.close)
        reader = Reader(question, reading)
        waits = not reader.is_ready()
        if question.wait == 0 or (not waits and (not reader.streams or reading.reach.complete)):
            return reader
        if not places.enter_context(self.site.admission.place(server_threads(environ))):
            return NO_ROOM
        places.enter_context(self.site.store.bell.listen((reading.name,)))
        if waits:
            _await(self.site, reader, SILENT_SECONDS if question.wait is None else question.wait)
        return reader


class _Stream:
    """What a WSGI server is given for a stream; it holds an OS thread and a place until it ends."""

    def __init__(self, site: Site, reader: Reader, places: contextlib.ExitStack) -> None:
        self._site = site
        self._reader = reader
        self._places = places

    def __iter__(self) -> Iterator[bytes]:
        reader = self._reader
        while not reader.is_over:
            while data := reader.take(CHUNK):
                yield data
            try:
                if not reader.is_over and not _await(self._site, reader, SILENT_SECONDS):
                    return
            except MozchatError:
                return

    def close(self) -> None:
        """As WSGI has it, also where the client has gone away."""
        self._places.close()


def _await(site: Site, reader: Reader, seconds: float) -> bool:
    """Wait in this OS thread until there is something for a reader, at most so long; gives whether there is.
    Raises `Missing` where the clip is gone."""
    bell, names = site.store.bell, (reader.reading.name,)
    deadline = time.monotonic() + seconds
    while True:
        generation = bell.generation(names)
        reader.reading.look()
        left = deadline - time.monotonic()
        if reader.is_ready() or left <= 0 or bell.stopping:
            return reader.is_ready()
        bell.wait(names, generation, left)


def _seconds(fields: Mapping[str, str], name: str, default: float) -> float:
    try:
        seconds = float(fields.get(name, default))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise Invalid(f"{name} is a number of seconds.")
    return seconds
