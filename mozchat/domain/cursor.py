"""Cursors: up to where a listener has been told, as an opaque string."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CURSOR = re.compile(r"([0-9a-z]{1,32})\.(\d{1,15})\.([0-9a-z]{1,32})", re.ASCII)


@dataclass(frozen=True)
class Cursor:
    """`epoch` names the journal, `offset` is a position in it (bytes, never reused within an epoch), `roster`
    is the fingerprint of who was online."""

    epoch: str
    offset: int
    roster: str

    def __str__(self) -> str:
        return f"{self.epoch}.{self.offset}.{self.roster}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The cursor that a client sent back; `None` for anything that is not one of ours."""
        match = _CURSOR.fullmatch(text)
        return cls(match[1], int(match[2]), match[3]) if match else None
