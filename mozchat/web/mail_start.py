"""Has a process send mail, from its first request on: a server may fork after it has loaded us."""

from __future__ import annotations

import threading
from typing import Any

from mozchat.services.notify_sender import start_sender
from mozchat.services.site import Site
from mozchat.web.bare import Environ, StartResponse, WsgiApp


class MailStart:
    """Hands every request on. Where processes serve one request at a time they come and go as the server likes, so
    there the sending is left to `mozchat send-mail`."""

    def __init__(self, site: Site, app: WsgiApp) -> None:
        self._site = site
        self._app = app
        self._guard = threading.Lock()
        self._started = not site.can_mail

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """WSGI (PEP 3333)."""
        if not self._started and environ.get("wsgi.multithread"):
            self.start()
        return self._app(environ, start_response)

    def start(self) -> None:
        """Begin at once, for a server that knows that its process stays."""
        with self._guard:
            started, self._started = self._started, True
        if not started:
            start_sender(self._site)
