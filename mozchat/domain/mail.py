"""A mail that waits in the spool: what it is about, when it is tried, and when nobody tries any more."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mozchat.domain.clip import Clip
from mozchat.domain.notify import Recipient

MINUTE = 60_000
HOUR = 60 * MINUTE
LIFETIME = 72 * HOUR
"""How long (milliseconds) a mail is tried; then it is a dead letter."""
FIRST_RETRY = MINUTE
LONGEST_RETRY = HOUR
FURTHEST = 24 * HOUR
"""What is to wait for longer than that (milliseconds) was written by a clock that has been turned back since."""
MOST_AN_HOUR = 10
"""Mails that one address gets in an hour; what comes beyond waits, and goes out in one mail then."""
MOST_CLIPS = 50
"""Clips that one mail names; of more it says how many there are."""


@dataclass(frozen=True)
class Mail:
    """A mail to one recipient. Times in milliseconds since 1970.

    `clips` are what it tells of, `earlier` so many that are not named any more. `subscription` is the id of what a
    "confirm" asks about. `attempts` counts what has failed, `repeats` how often it was tried again without anybody
    knowing whether the last time had succeeded.
    """

    kind: Literal["clips", "confirm"]
    thread: str
    recipient: Recipient
    created: int
    due: int
    clips: tuple[Clip, ...] = ()
    earlier: int = 0
    subscription: str = ""
    attempts: int = 0
    repeats: int = 0
    fault: str = ""
    """What went wrong last, for whoever looks into the dead letters."""

    @property
    def key(self) -> str:
        """Its name in the spool, where there is at most one such mail: later clips join the one that waits."""
        text = f"mail\n{self.kind}\n{self.thread}\n{self.recipient.key}\n{self.subscription}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def id(self) -> str:
        """What it tells, as an id: the same at every try, another when more has joined."""
        content = [self.key, *(clip.id for clip in self.clips)]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()[:32]

    def record(self) -> dict[str, Any]:
        """The mail as the spool keeps it."""
        record = {name: getattr(self, name) for name in _PLAIN}
        return {
            **record,
            "name": self.recipient.name,
            "address": self.recipient.address,
            "clips": [replace(clip, identity="").record() for clip in self.clips],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Mail:
        """The reverse of `record`; raises `ValueError` where it cannot be one."""
        try:
            if record["kind"] not in ("clips", "confirm"):
                raise ValueError(f"not a kind of mail: {record['kind']!r}")
            return cls(
                **{name: kind(record[name]) for name, kind in _PLAIN.items()},
                recipient=Recipient(str(record["name"]), str(record["address"])),
                clips=tuple(map(Clip.from_record, record["clips"])),
            )
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a mail: {error!r}") from error

    def with_clip(self, clip: Clip) -> Mail:
        """The mail with one clip more, unless it tells of it already."""
        if any(known.id == clip.id for known in self.clips):
            return self
        clips = (*self.clips, clip)
        beyond = max(0, len(clips) - MOST_CLIPS)
        return replace(self, clips=clips[beyond:], earlier=self.earlier + beyond)

    def failed(self, now: int, fault: str) -> Mail:
        """The mail after a try that failed: due again after a minute, then two, four… up to an hour."""
        return replace(
            self, attempts=self.attempts + 1, due=now + pause_after(self.attempts + 1), fault=fault
        )

    def is_old(self, now: int) -> bool:
        """Whether it has been tried for long enough."""
        return now - self.created >= LIFETIME


_PLAIN: dict[str, Any] = {
    "kind": str,
    "thread": str,
    "created": int,
    "due": int,
    "earlier": int,
    "subscription": str,
    "attempts": int,
    "repeats": int,
    "fault": str,
}


def pause_after(failures: int) -> int:
    """Milliseconds until the next try after so many that failed."""
    return int(min(FIRST_RETRY * 2 ** min(failures - 1, 20), LONGEST_RETRY))


def is_ahead(time: int, now: int) -> bool:
    """Whether something is to wait until then."""
    return now < time <= now + FURTHEST


def free_at(times: Sequence[int], now: int, most: int, span: int = HOUR) -> int:
    """When (milliseconds) one more is allowed of what may happen `most` times within `span`, after these times."""
    recent = sorted(time for time in times if now - span < time <= now + FURTHEST)
    return now if len(recent) < most else recent[-most] + span
