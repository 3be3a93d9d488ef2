"""`mozchat run`: the site under gunicorn, with threads for as many listeners as are wanted."""

from __future__ import annotations

import math
import signal
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker

from mozchat.services.site import Site
from mozchat.settings import SiteSettings
from mozchat.web.app import create_app

SPARE = 4
"""Worker threads beyond the listeners' that a process has at least."""


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with threads. `listeners` is for the whole site and shared out over the `workers`."""

    def __init__(self, settings: SiteSettings, *, host: str, port: int, workers: int, listeners: int) -> None:
        self._site_settings = settings
        self._each = math.ceil(listeners / workers)
        threads = max(math.ceil(self._each * 4 / 3), self._each + SPARE)
        self._options: dict[str, Any] = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "worker_connections": 1000 + threads,
            "backlog": 2048,
            "keepalive": 30,
            "graceful_timeout": 5,
            "timeout": 60,
            "control_socket_disable": True,
            "post_worker_init": _release_listeners_at_stop,
            "loglevel": settings.log_level.lower(),
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its options; one that this version lacks is left out."""
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made in each worker."""
        site = Site(self._site_settings.threads_folder, self._each)
        app = create_app(site)
        app.extensions["mozchat-stop"] = site.stop
        return app


def _release_listeners_at_stop(worker: Worker) -> None:
    """gunicorn waits for requests that are under way when it stops: have the long polls answer at once."""
    stop = worker.wsgi.extensions["mozchat-stop"]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
            stop()
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)
