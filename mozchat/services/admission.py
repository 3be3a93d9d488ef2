"""Admission: a listener holds a worker thread, so only so many are let in that others are still served."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

RETRY_SECONDS = 5
"""When a listener that was not let in should ask for a long poll again; short polls in between."""


class Admission:
    """Counts the listeners of this process. `configured` overrides what the server's own threads allow."""

    def __init__(self, configured: int | None) -> None:
        self._configured = configured
        self._guard = threading.Lock()
        self.held = 0

    def room(self, server_threads: int | None) -> int:
        """How many may be held: as configured, else the server's threads less a quarter, none where it serves
        one request at a time or does not say."""
        if self._configured is not None:
            return self._configured
        return server_threads * 3 // 4 if server_threads and server_threads > 1 else 0

    def enter(self, server_threads: int | None) -> bool:
        """Take a place; gives whether there was one."""
        with self._guard:
            admitted = self.held < self.room(server_threads)
            self.held += admitted
        return admitted

    def leave(self) -> None:
        """Give a place back."""
        with self._guard:
            self.held -= 1

    @contextmanager
    def place(self, server_threads: int | None) -> Iterator[bool]:
        """Take a place for as long as the context lasts; gives whether there was one."""
        admitted = self.enter(server_threads)
        try:
            yield admitted
        finally:
            if admitted:
                self.leave()
