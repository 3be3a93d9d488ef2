"""Retention: which clips go to make room for a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mozchat.domain.catalogue import Catalogue
from mozchat.domain.clip import Clip
from mozchat.domain.errors import NoRoom, TooLarge


@dataclass(frozen=True)
class Limits:
    """What a thread may hold. `max_count` 0: any number."""

    max_clip_bytes: int
    max_total_bytes: int
    max_count: int

    def check(self, size: int) -> None:
        """Raise `TooLarge` for a clip of `size` bytes that can never be let in; nothing is evicted for it."""
        limit = min(self.max_clip_bytes, self.max_total_bytes)
        if size > limit:
            raise TooLarge(f"This clip has {size:,} bytes. A clip in this thread has at most {limit:,}.")

    def of_files(self) -> Limits:
        """The same for clips' files, which may be larger by a header than what was sent."""
        return replace(self, max_clip_bytes=self.max_total_bytes)


def plan_eviction(
    catalogue: Catalogue, limits: Limits, incoming_bytes: int, now: int, reserved: int = 0
) -> list[Clip]:
    """The clips to evict so that one of `incoming_bytes` fits: first those whose time is over at `now`
    (milliseconds), then the oldest until the count fits, then the oldest until the size does. `reserved`
    bytes of the room are taken by what is not yet a clip, and neither is one that is live: it stays.

    Raises `TooLarge` where it cannot fit at all, `NoRoom` where it cannot beside what is reserved.
    """
    limits.check(incoming_bytes)
    room = limits.max_total_bytes - reserved
    if incoming_bytes > room:
        raise NoRoom("Unfinished recordings take all the room of this thread. Try again later.")
    evicted = catalogue.expired(now)
    gone = {clip.id for clip in evicted}
    count = len(catalogue) - len(catalogue.live) - len(evicted) + 1
    total = catalogue.total_bytes - sum(clip.bytes for clip in evicted) + incoming_bytes
    for clip in catalogue:
        over_count = limits.max_count and count > limits.max_count
        if not over_count and total <= room:
            break
        if clip.id in gone or clip.live:
            continue
        evicted.append(clip)
        count -= 1
        total -= clip.bytes
    return evicted
