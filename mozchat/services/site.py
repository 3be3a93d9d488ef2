"""A running site: its store, its clock, and how many listeners this process may hold."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mozchat.domain.errors import MozchatError
from mozchat.outside.hub import HubCaller
from mozchat.services.admission import Admission
from mozchat.settings import SiteSettings
from mozchat.storage.hub_file import HubFile
from mozchat.storage.secret import kept_secret
from mozchat.storage.site_store import SiteStore

SECRET_FILE = ".secret"
"""In the folder of the threads: a copy of that is a copy of everything."""
HUB_INI = Path("wshub", "ws.ini")
"""Beside the folder of the threads."""
_log = logging.getLogger(__name__)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Site:
    """What every use case is handed. `now()` is in milliseconds since 1970; `min_free_bytes` is what clips
    leave free of the disk; `public_url` is where participants find the site, "" where that is not known;
    `sendfile` how the web server in front is told to send a file, "" where it cannot; `hub_ini` is the file of the
    hub's settings; `mail_url` where mail is handed in, "" for no mail. `mail_waits` is set when there is something
    to send."""

    def __init__(
        self,
        threads_folder: Path,
        listeners: int | None = None,
        now: Callable[[], int] = _milliseconds,
        min_free_bytes: int = 0,
        public_url: str = "",
        secret_key: str = "",
        sendfile: str = "",
        hub_ini: Path | None = None,
        mail_url: str = "",
    ) -> None:
        self.store = SiteStore(threads_folder, self._call_hub)
        self.hub_file = HubFile(hub_ini or self.store.folder.parent / HUB_INI)
        self._hub_caller = HubCaller()
        self.admission = Admission(listeners)
        self.now = now
        self.min_free_bytes = min_free_bytes
        self.public_url = public_url
        self.sendfile = sendfile
        self.mail_url = mail_url
        self.mail_waits = threading.Event()
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
            hub_ini=settings.hub_ini,
            mail_url=settings.mail_url,
        )

    @property
    def can_mail(self) -> bool:
        """Whether mail can go out: there is a server for it, and an address to which it can point."""
        return bool(self.mail_url and self.public_url)

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
        self._hub_caller.close()

    def _call_hub(self, thread_name: str) -> None:
        """A thread has changed: tell a hub that the bell does not reach."""
        hub = self.hub_file.load()
        if hub.command_address and hub.serves(thread_name):
            try:
                self._hub_caller.call(hub.command_address, self.secret, thread_name, self.now())
            except MozchatError as error:
                _log.warning("the hub is not told: %s", error.detail)
