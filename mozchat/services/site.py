"""A running site: its store, its clock, and how many listeners this process may hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from mozchat.services.admission import Admission
from mozchat.storage.site_store import SiteStore


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Site:
    """What every use case is handed. `now()` is in milliseconds since 1970; `min_free_bytes` is what clips
    leave free of the disk."""

    def __init__(
        self,
        threads_folder: Path,
        listeners: int | None = None,
        now: Callable[[], int] = _milliseconds,
        min_free_bytes: int = 0,
    ) -> None:
        self.store = SiteStore(threads_folder)
        self.admission = Admission(listeners)
        self.now = now
        self.min_free_bytes = min_free_bytes

    def stop(self) -> None:
        """Release the listeners: the process is about to end. Safe in a signal handler."""
        self.store.bell.stop()

    def close(self) -> None:
        """Put everything away, listeners included."""
        self.store.close()
