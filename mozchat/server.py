"""`mozchat run`: the site under gunicorn, with threads for as many listeners as are wanted."""

from __future__ import annotations

import math
import resource
import signal
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker

from mozchat import worker
from mozchat.services.site import Site
from mozchat.settings import SiteSettings
from mozchat.web.app import create_app
from mozchat.web.proxies import Proxies

THREADS = 64
"""Worker threads of a process where listeners need none. They are made when there is work for them."""
SPARE = 4
"""Where a listener holds a worker thread: those beyond the listeners' that a process has at least."""
OTHER_FILES = 256
"""Open files of a process beside its connections."""
LISTENERS = 2000
"""Long polls that a site holds at once where nothing else is said …"""
LISTENERS_WITH_THREADS = 200
"""… and where each of them holds a worker thread."""


class Log(glogging.Logger):  # type: ignore[misc]
    """What gunicorn itself has to say, in the form of all other lines."""

    def setup(self, cfg: Any) -> None:
        """Have the site's own log take it."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with threads, at `bind`: `address:port` or `unix:path`; a socket that systemd hands over goes
    before both. `listeners` is for the whole site and shared out over the `workers`. With a `certificate`, a file
    with its key in it, it speaks https: that the worker of our own cannot, so listeners hold threads."""

    def __init__(
        self,
        settings: SiteSettings,
        *,
        bind: str,
        workers: int,
        listeners: int | None,
        certificate: Path | None = None,
    ) -> None:
        self._site_settings = settings
        most = _most_open_files() - OTHER_FILES
        threaded = certificate is not None or not worker.fits()
        if listeners is None:
            listeners = LISTENERS_WITH_THREADS if threaded else LISTENERS
        each = math.ceil(listeners / workers)
        self._each = min(each, most // 2)
        held_by_threads = max(math.ceil(self._each * 4 / 3), self._each + SPARE) if threaded else 0
        self._connections = min(1000 + THREADS + self._each, most)
        self._options: dict[str, Any] = {
            "bind": bind,
            "certfile": str(certificate) if certificate else None,
            "workers": workers,
            "threads": held_by_threads or THREADS,
            "worker_class": "gthread" if held_by_threads else worker.Worker,
            "worker_connections": self._connections,
            "backlog": 2048,
            "keepalive": 30,
            "graceful_timeout": 5,
            "timeout": 60,
            "control_socket_disable": True,
            # Whom a request comes from by way of proxies is told by mozchat.web.proxies alone.
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "post_worker_init": _release_listeners_at_stop,
            "loglevel": settings.log_level.lower(),
            "logger_class": Log,
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its options; one that this version lacks is left out."""
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made in each worker."""
        _allow_open_files(self._connections + OTHER_FILES)
        site = Site.of(self._site_settings, self._each)
        app = create_app(site, Proxies.of(self._site_settings))
        app.extensions["mozchat-stop"] = site.stop
        app.extensions["mozchat-mail-start"]()
        return app


def _most_open_files() -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard


def _allow_open_files(number: int) -> None:
    """Every connection is an open file, and many systems allow 1024 unless more are asked for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, _most_open_files()), hard))


def _release_listeners_at_stop(process: Worker) -> None:
    """gunicorn waits for requests that are under way when it stops: have the long polls answer at once."""
    stop = process.wsgi.extensions["mozchat-stop"]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
            stop()
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)
