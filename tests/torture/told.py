"""What participants tried and what they were told: what the site is held to afterwards."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mozchat.domain.identity import idempotency_digest, identity_of

SAMPLES = Path(__file__).parent.parent / "samples"
MEDIA = ("chromium-audio-live.webm", "chromium-audio-live.mp4", "firefox-audio.ogg")
MARK_BYTES = 16
"""At the end of every recording, in the sound of its last block: no two are the same."""


@dataclass(frozen=True)
class Recording:
    """What somebody sends, of which of the `MEDIA`, the key that it goes under, and the id that its clip will
    have."""

    sample: str
    content: bytes
    key: str
    id: str


class Told:
    """Kept in memory for the checks, and line by line in a file for whoever looks into a failure."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tried: dict[str, Recording] = {}
        self.published: set[str] = set()
        self.unwanted: set[str] = set()
        """Whose author has asked for them to be deleted, whatever came of it."""
        self.deleted: set[str] = set()
        self.messages: dict[str, tuple[str, str]] = {}
        """By their ids: to whom, and the text."""
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._guard = threading.Lock()
        self._file = path.open("a", buffering=1)

    def note(self, who: str, **what: object) -> None:
        """One line of what has happened."""
        with self._guard:
            self._file.write(json.dumps({"t": round(time.time(), 3), "who": who, **what}) + "\n")

    def close(self) -> None:
        """No more lines."""
        self._file.close()

    def count(self, what: str) -> None:
        """One more of these."""
        with self._guard:
            self.counts[what] += 1

    def fault(self, who: str, what: str) -> None:
        """Something that must not be."""
        self.note(who, fault=what)
        self.faults.append(f"{who}: {what}")

    def recording(self, token: str, dice: random.Random) -> Recording:
        """A new recording of the participant with this token, which is about to be sent."""
        sample = dice.choice(("", *MEDIA))
        content = (SAMPLES / sample).read_bytes() if sample else wav(dice)
        key = f"{dice.getrandbits(128):032x}"
        content = content[:-MARK_BYTES] + bytes.fromhex(key)
        made = Recording(sample, content, key, idempotency_digest("clip", identity_of(token), key))
        self.tried[made.id] = made
        self.note(made.id, sample=sample, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        return made


def wav(dice: random.Random) -> bytes:
    """A short recording that is different all over."""
    data = dice.randbytes(2 * dice.randint(1000, 25_000))
    form = struct.pack("<HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body
