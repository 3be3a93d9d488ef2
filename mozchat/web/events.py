"""The events endpoint, a bare WSGI callable in front of Flask: it is asked more often than everything else
together, and Flask's own path costs twice as much."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import MethodNotAllowed

from mozchat.domain.errors import Invalid, MozchatError
from mozchat.services import events
from mozchat.services.access import visit
from mozchat.services.admission import RETRY_SECONDS
from mozchat.services.site import Site
from mozchat.web import problems, security
from mozchat.web.identity import token_of
from mozchat.web.views import changes_view

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_ALLOWED = "GET, HEAD, OPTIONS"
_PATH = re.compile(r"/api/threads/([A-Za-z0-9_-]{1,64})/events", re.ASCII)
_HEADERS = [("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"), *security.COMMON]
_PLAIN = ("Content-Security-Policy", security.PLAIN_POLICY)


class EventsApp:
    """Answers `GET …/events` and hands everything else on."""

    def __init__(self, site: Site, app: WsgiApp) -> None:
        self._site = site
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        match = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if match is None:
            return self._app(environ, start_response)
        try:
            status, body, headers = self._answer(match[1], environ)
        except MozchatError as error:
            status, body, headers = problems.problem_of(error)
        except Exception as error:
            status, body, headers = problems.fault(error, "events")
        return _respond(environ, start_response, status, body, headers)

    def _answer(self, name: str, environ: Environ) -> tuple[int, dict[str, Any] | None, dict[str, str]]:
        method = environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            return self._events(name, environ)
        if method == "OPTIONS":
            return 200, None, {"Allow": _ALLOWED, "Content-Length": "0"}
        problems.drain(environ)
        return problems.http_problem(MethodNotAllowed(_ALLOWED.split(", ")))

    def _events(self, name: str, environ: Environ) -> tuple[int, dict[str, Any] | None, dict[str, str]]:
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        token = token_of(environ)
        inside = visit(self._site, name, token)
        longest = inside.settings.long_poll_period_s
        seconds = min(_seconds(query, "wait"), longest)
        until_next = _seconds(query, "next")
        cursor = query.get("cursor")
        with contextlib.ExitStack() as stack:
            place = (
                self._site.admission.place(server_threads(environ))
                if seconds
                else contextlib.nullcontext(True)
            )
            admitted = stack.enter_context(place)
            ahead = seconds if admitted and seconds else until_next
            changes = events.poll(self._site, inside, cursor, ahead=ahead)
            if not changes and cursor and seconds and admitted:
                changes = events.wait(self._site, inside, token, cursor, seconds)
        if changes:
            return 200, changes_view(changes, inside, environ.get("SCRIPT_NAME", "")), {}
        return 204, None, {} if admitted else {"Retry-After": str(RETRY_SECONDS)}


def server_threads(environ: Mapping[str, Any]) -> int | None:
    """How many requests this process can serve at once; `None` where the server does not say.

    mod_wsgi says so; a server that calls us from one OS thread only can hold nobody.
    """
    if not environ.get("wsgi.multithread"):
        return 1
    threads = str(environ.get("mod_wsgi.threads_per_process", ""))
    return int(threads) if threads.isdigit() else None


def _seconds(query: Mapping[str, str], key: str) -> float:
    text = query.get(key, "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise Invalid(f"{key} is a number of seconds.")
    return seconds


def _respond(
    environ: Environ,
    start_response: StartResponse,
    status: int,
    body: dict[str, Any] | None,
    extra: dict[str, str],
) -> list[bytes]:
    payload = b"" if body is None else problems.encode(body)
    headers = [*_HEADERS, _PLAIN, *extra.items()]
    if body is not None:
        kind = "application/json" if status == 200 else problems.MEDIA_TYPE
        headers += [("Content-Type", kind), ("Content-Length", str(len(payload)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [payload]
