"""The thread that sends mail, in every process that lives as long as the site does; one of them works at a
time."""

from __future__ import annotations

import atexit
import logging
import threading

from mozchat.services.notify_send import drain
from mozchat.services.site import Site

LOOK_SECONDS = 5.0
"""How often it looks for what another process has left, or what has become due."""
BUSY_SECONDS = 1.0
"""How soon it looks again where another process is sending."""
STOP_SECONDS = 5.0
"""How long the process waits for the mail that is being handed in when it ends."""
_log = logging.getLogger(__name__)


class Sender:
    """Sends a site's mail from `start` on, until `stop` or the end of the process."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="mozchat-mail", daemon=True)

    def start(self) -> None:
        """Begin. Call it in the process that serves, not in one that forks it."""
        atexit.register(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """End after the mail that is being handed in, if that does not take too long."""
        self._stopping = True
        self._site.mail_waits.set()
        self._thread.join(STOP_SECONDS)
        atexit.unregister(self.stop)

    def _run(self) -> None:
        fault = ""
        while not self._stopping:
            self._site.mail_waits.clear()
            pause = LOOK_SECONDS
            try:
                if drain(self._site, lambda: not self._stopping) is None:
                    pause = BUSY_SECONDS
                fault = ""
            except Exception as error:
                if repr(error) != fault:  # once, however long it lasts
                    _log.error("mail waits: %s", error, exc_info=error)
                fault = repr(error)
            self._site.mail_waits.wait(pause)


def start_sender(site: Site) -> Sender | None:
    """Have this process send the site's mail; `None` where it has none to send."""
    if not site.can_mail:
        return None
    sender = Sender(site)
    sender.start()
    return sender
