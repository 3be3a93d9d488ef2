"""The events endpoints, a bare WSGI callable in front of Flask: they are asked more often than everything else
together, and Flask's own path costs several times as much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from werkzeug.exceptions import MethodNotAllowed

from mozchat.services.admission import RETRY_SECONDS
from mozchat.services.site import Site
from mozchat.web import mod_wsgi, problems
from mozchat.web.bare import Answer, Environ, StartResponse, WsgiApp, answered, respond
from mozchat.web.identity import token_of
from mozchat.web.listener import Listener

NOTHING: Answer = (204, None, {})
NO_ROOM: Answer = (204, None, {"Retry-After": str(RETRY_SECONDS)})
"""Nothing new either, but the server has no room for this listener to wait."""
_KEPT = 4096
_ALLOWED = "GET, HEAD, OPTIONS"

Key = TypeVar("Key")


class Kept(Generic[Key]):
    """Listeners that found nothing new, by the request that asks their question: it comes again and again."""

    def __init__(self) -> None:
        self._listeners: dict[Key, Listener] = {}

    def get(self, request: Key) -> Listener | None:
        """The listener that is kept for a request."""
        return self._listeners.get(request)

    def keep(self, request: Key, listener: Listener) -> None:
        """Keep a listener; the one kept for longest goes where there are too many."""
        self._listeners[request] = listener
        if len(self._listeners) > _KEPT:
            self._listeners.pop(next(iter(self._listeners)), None)


class EventsApp:
    """Answers `GET …/events` and hands everything else on."""

    def __init__(self, site: Site, app: WsgiApp) -> None:
        self.site = site
        self._app = app
        self._kept: Kept[tuple[str | None, ...]] = Kept()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        if not Listener.concerns(environ.get("PATH_INFO", "")):
            return self._app(environ, start_response)
        return respond(environ, start_response, *self._answer(environ))

    def _answer(self, environ: Environ) -> Answer:
        method = environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            return answered(lambda: self._events(environ), "events")
        if method == "OPTIONS":
            return 200, None, {"Allow": _ALLOWED, "Content-Length": "0"}
        problems.drain(environ)
        return problems.http_problem(MethodNotAllowed(_ALLOWED.split(", ")))

    def _events(self, environ: Environ) -> Answer:
        request = (
            environ["PATH_INFO"],
            environ.get("QUERY_STRING"),
            environ.get("HTTP_AUTHORIZATION"),
            environ.get("HTTP_COOKIE"),
            environ.get("SCRIPT_NAME"),
        )
        listener = self._kept.get(request) or self.listener(environ)
        if not listener.seconds:
            return self._first(request, listener, waits=False) or NOTHING
        with self.site.admission.place(server_threads(environ)) as admitted:
            answer = self._first(request, listener, waits=admitted)
            if answer is None and admitted and listener.seconds:
                answer = listener.wait()
        return answer or (NOTHING if admitted else NO_ROOM)

    def listener(self, environ: Mapping[str, Any]) -> Listener:
        """The listener that a request describes. Raises `Invalid`."""
        return Listener(
            self.site,
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
            token_of(environ),
            environ.get("SCRIPT_NAME", ""),
            environ.get("HTTP_ACCEPT_ENCODING", ""),
        )

    def _first(self, request: tuple[str | None, ...], listener: Listener, *, waits: bool) -> Answer | None:
        if listener.is_calm():
            return None
        answer = listener.first(waits=waits)
        if answer is None:
            self._kept.keep(request, listener)
        return answer


def server_threads(environ: Mapping[str, Any]) -> int | None:
    """How many requests this process can serve at once; `None` where the server does not say.

    mod_wsgi says so; a server that calls us from one OS thread only can hold nobody.
    """
    if not environ.get("wsgi.multithread"):
        return 1
    return mod_wsgi.threads()
