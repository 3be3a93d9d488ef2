"""An OS thread of a worker that takes short uploads, one after another, from the connections that send them.

Side by side they would take turns at Python's lock at every look at a file, and a hand-over to the worker's main
loop and back between two of them costs as much as half an upload. So the thread also waits, for a while, for the
next request of such a connection.
"""

from __future__ import annotations

import logging
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

STAYS_SECONDS = 1.0
"""How long a connection may be silent before the main loop has it back."""
_log = logging.getLogger(__name__)


class UploadLoop:
    """`take(connection)` gives the upload that has come whole on a connection, or `None`;
    `store(connection, upload)` answers it, and tells whether the connection goes on. `give_back(connection)` is
    called for one that has sent something else or nothing, `drop(connection)` for one that is over. All four are
    called in the loop's OS thread; connections have a `sock`."""

    def __init__(
        self,
        take: Callable[[Any], Any],
        store: Callable[[Any, Any], bool],
        give_back: Callable[[Any], None],
        drop: Callable[[Any], None],
    ) -> None:
        self._take = take
        self._store = store
        self._give_back = give_back
        self._drop = drop
        self._new: deque[tuple[Any, Any]] = deque()
        self._silent_since: dict[Any, float] = {}
        """The connections that the loop watches; who has been silent longest comes first."""
        self._poller = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._poller.register(self._woken, selectors.EVENT_READ)
        threading.Thread(target=self._run, name="mozchat-uploads", daemon=True).start()

    def add(self, connection: Any, upload: Any) -> None:
        """In any OS thread: have the loop store an upload, and watch its connection afterwards."""
        self._new.append((connection, upload))
        with suppress(BlockingIOError):  # so many wait already that the loop is awake
            os.write(self._wake, b"\0")

    def _run(self) -> None:
        while True:
            for key, _ in self._poller.select(STAYS_SECONDS if self._silent_since else None):
                if key.data is None:
                    self._store_new()
                else:
                    self._on_readable(key.data)
            self._give_back_silent()

    def _store_new(self) -> None:
        os.read(self._woken, 4096)
        while self._new:
            connection, upload = self._new.popleft()
            if self._goes_on(connection, upload):
                self._poller.register(connection.sock, selectors.EVENT_READ, connection)
                self._silent_since[connection] = time.monotonic()
            else:
                self._drop(connection)

    def _on_readable(self, connection: Any) -> None:
        del self._silent_since[connection]
        try:
            upload = self._take(connection)
        except Exception:
            _log.exception("fault in the worker")
            upload = None
        if upload is not None and self._goes_on(connection, upload):
            self._silent_since[connection] = time.monotonic()
            return
        self._poller.unregister(connection.sock)
        (self._give_back if upload is None else self._drop)(connection)

    def _goes_on(self, connection: Any, upload: Any) -> bool:
        """Store an upload. After a fault its connection is over, and all others go on."""
        try:
            return self._store(connection, upload)
        except Exception:
            _log.exception("fault in the worker")
            return False

    def _give_back_silent(self) -> None:
        before = time.monotonic() - STAYS_SECONDS
        while self._silent_since:
            connection, since = next(iter(self._silent_since.items()))
            if since > before:
                return
            del self._silent_since[connection]
            self._poller.unregister(connection.sock)
            self._give_back(connection)
