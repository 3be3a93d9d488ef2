"""A running site: its store, its clock, and how many listeners this process may hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from mozchat.services.admission import Admission
from mozchat.settings import SiteSettings
from mozchat.storage.secret import kept_secret
from mozchat.storage.site_store import SiteStore

SECRET_FILE = ".secret"
"""In the folder of the threads: a copy of that is a copy of everything."""


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Site:
    """What every use case is handed. `now()` is in milliseconds since 1970; `min_free_bytes` is what clips
    leave free of the disk; `public_url` is where participants find the site, "" where that is not known;
    `sendfile` how the web server in front is told to send a file, "" where it cannot."""

    def __init__(
        self,
        threads_folder: Path,
        listeners: int | None = None,
        now: Callable[[], int] = _milliseconds,
        min_free_bytes: int = 0,
        public_url: str = "",
        secret_key: str = "",
        sendfile: str = "",
    ) -> None:
        self.store = SiteStore(threads_folder)
        self.admission = Admission(listeners)
        self.now = now
        self.min_free_bytes = min_free_bytes
        self.public_url = public_url
        self.sendfile = sendfile
        self._secret = secret_key

    @classmethod
    def of(cls, settings: SiteSettings, listeners: int | None = None) -> Site:
        """The site of these settings; `listeners`: how many long polls this process may hold."""
        return cls(
            settings.threads_folder,
            settings.listeners if listeners is None else listeners,
            min_free_bytes=settings.min_free_bytes,
            public_url=settings.public_url,
            secret_key=settings.secret_key,
            sendfile=settings.sendfile,
        )

    @property
    def secret(self) -> str:
        """What the site signs with. It is made and kept at first use where no setting says it; raises
        `Unavailable`, `NoRoom`."""
        if not self._secret:
            self._secret = kept_secret(self.store.folder / SECRET_FILE)
        return self._secret

    def stop(self) -> None:
        """Release the listeners: the process is about to end. Safe in a signal handler."""
        self.store.bell.stop()

    def close(self) -> None:
        """Put everything away, listeners included."""
        self.store.close()
