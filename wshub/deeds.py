"""What the hub's logic wants done, in order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wshub.room import Listener


@dataclass(frozen=True, slots=True)
class Delivery:
    """A text, or the bytes of a clip, for some listeners."""

    to: Collection[Listener]
    content: str | bytes


@dataclass(frozen=True, slots=True)
class Closing:
    """Listeners whose connection is to be closed; the hub knows them no more."""

    of: Collection[Listener]
    code: int
    reason: str


Deed = Delivery | Closing
