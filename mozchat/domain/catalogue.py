"""The catalogue: the ordered list of a thread's clips."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from mozchat.domain.clip import Clip


class Catalogue:
    """Clips in the order in which they were added, with the sums that retention needs kept up to date.

    Adding, finding and removing cost the same with 10 clips as with 10,000.
    """

    def __init__(self, clips: Iterable[Clip] = ()) -> None:
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        self._live: dict[str, Clip] = {}
        self.total_bytes = 0
        self._expiries: list[tuple[int, str]] = []
        """A heap of the times at which clips expire, with their ids; some of those are gone already."""
        for clip in clips:
            self.add(clip)

    def __len__(self) -> int:
        return len(self._clips)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self._clips.values())

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._clips

    def get(self, clip_id: str) -> Clip | None:
        """The clip of this id, if it is there."""
        return self._clips.get(clip_id)

    def newest(self, visible_at: int | None = None) -> Clip | None:
        """The clip that was added last; with `visible_at` (milliseconds) the last whose time is not over then."""
        backwards = reversed(self._clips.values())
        return next((c for c in backwards if visible_at is None or not c.expired(visible_at)), None)

    @property
    def live(self) -> tuple[Clip, ...]:
        """The clips that are still being recorded."""
        return tuple(self._live.values())

    def add(self, clip: Clip) -> None:
        """Append a clip; one of the same id is replaced where it stands."""
        before = self._clips.get(clip.id)
        self._clips[clip.id] = clip
        self.total_bytes += clip.stored_bytes - (before.stored_bytes if before else 0)
        if clip.live:
            self._live[clip.id] = clip
        else:
            self._live.pop(clip.id, None)
            heapq.heappush(self._expiries, (clip.expires, clip.id))

    def remove(self, clip_id: str) -> Clip | None:
        """Take a clip out and return it; `None` where it is not there."""
        clip = self._clips.pop(clip_id, None)
        if clip is not None:
            self.total_bytes -= clip.stored_bytes
            self._live.pop(clip_id, None)
        return clip

    def expired(self, now: int) -> list[Clip]:
        """The clips whose time is over at `now` (milliseconds). Looks at them all only when one may be."""
        heap = self._expiries
        while heap and not self._stands(*heap[0]):
            heapq.heappop(heap)
        if not heap or heap[0][0] > now:
            return []
        return [clip for clip in self if clip.expired(now)]

    def _stands(self, expires: int, clip_id: str) -> bool:
        clip = self._clips.get(clip_id)
        return clip is not None and clip.expires == expires
