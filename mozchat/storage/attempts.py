"""Wrong passwords, counted by address over all processes, so that guessing is slow."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mozchat.domain.errors import TooMany
from mozchat.storage.files import faults_named, read_bytes, write_atomically
from mozchat.storage.lock import ThreadLock

FREE = 5
"""Wrong tries that cost nothing; each further one doubles the time until the next, from a second on."""
LONGEST_MS = 15 * 60 * 1000
FORGET_MS = 60 * 60 * 1000
MOST = 2000


class Attempts:
    """The wrong tries at one thread's password. An address is kept as a hash, for an hour."""

    def __init__(self, path: Path, lock: ThreadLock) -> None:
        self._path = path
        self._lock = lock

    def check(self, address: str, now: int) -> None:
        """Raise `TooMany` while the address has to wait. `now` in milliseconds."""
        count, last = self._load().get(_hidden(address), (0, 0))
        if count >= FREE and abs(now - last) < FORGET_MS:
            wait = min(1000 * 2 ** (count - FREE), LONGEST_MS) - (now - last)
            if wait > 0:
                raise TooMany("Too many wrong passwords. Wait a little before the next try.", wait / 1000)

    def failed(self, address: str, now: int) -> None:
        """Count a wrong try."""
        with self._lock.held(), faults_named("the folder of the running site"):
            tries = {k: v for k, v in self._load().items() if abs(now - v[1]) < FORGET_MS}
            count = tries.pop(_hidden(address), (0, 0))[0]
            kept = dict(list(tries.items())[-MOST:])
            kept[_hidden(address)] = (min(count + 1, 60), now)
            write_atomically(self._path, json.dumps(kept).encode(), durable=False)

    def _load(self) -> dict[str, tuple[int, int]]:
        try:
            content = json.loads(read_bytes(self._path) or b"{}")
            return {str(key): (int(count), int(last)) for key, (count, last) in content.items()}
        except (ValueError, TypeError, AttributeError):
            return {}


def _hidden(address: str) -> str:
    return hashlib.sha256(f"address\n{address}".encode()).hexdigest()[:16]
