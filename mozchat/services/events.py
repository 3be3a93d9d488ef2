"""What is new for a listener: asked for at first with a sign of life, then looked for whenever the bell rings."""

from __future__ import annotations

from dataclasses import dataclass

from mozchat.domain.errors import MozchatError
from mozchat.domain.thread_state import Changes
from mozchat.services import calls, clips, live, sessions
from mozchat.services.access import Visit, reading_goes_on, visit
from mozchat.services.site import Site
from mozchat.storage.thread_store import Stamp, ThreadStore

LONGEST_AHEAD = 60.0
"""Seconds that a poller may announce until its next poll."""


@dataclass(frozen=True)
class Calm:
    """A question about a thread had no answer, and will have none and leave nothing to be written from `since`
    to `until` (milliseconds since 1970), as long as the thread's stamp is this."""

    store: ThreadStore
    stamp: Stamp
    since: int
    until: int

    def holds(self, now: int) -> bool:
        """Whether that is so now."""
        try:
            return self.since <= now < self.until and self.store.stamp() == self.stamp
        except MozchatError:
            return False


def poll(site: Site, inside: Visit, cursor: str | None, *, ahead: float = 0, listener: str = "") -> Changes:
    """What is new since `cursor`, now. Whoever has joined is online by asking, for `ahead` seconds (until the
    next poll) and the thread's `userStatusFadeS` beyond; `listener` is who announces that."""
    with reading_goes_on():
        person = sessions.touch(site, inside, min(ahead, LONGEST_AHEAD), listener)
        if person and cursor:
            inside.store.acknowledge(person, cursor, site.now(), inside.settings.message_lifetime_sec * 1000)
    calls.keep_current(site, inside)
    with reading_goes_on():
        live.finish_overdue(site, inside)
    clips.tidy(site, inside)
    return since(site, inside, cursor)


def look(site: Site, thread: str, token: str | None, cursor: str | None) -> tuple[Visit, Changes]:
    """What is new since `cursor`, now, for somebody who is waiting; the upkeep looks for lost files. Raises what
    `visit` does if the thread was closed to the listener meanwhile."""
    inside = visit(site, thread, token)
    if inside.settings.remove_expired_from_dir:
        clips.tidy(site, inside)
    return inside, since(site, inside, cursor)


def calm_after(site: Site, inside: Visit, stamp: Stamp, ahead: float, listener: str) -> Calm:
    """What a `poll` without an answer says about the same question of the same `listener` later on; `stamp` is the
    thread's before it, `ahead` the longest that will be."""
    now = until = site.now()
    if not inside.settings.remove_expired_from_dir:
        until = min(inside.store.roster().unchanged_until(now), inside.store.audit_due(stamp, now))
        if inside.person:
            due = sessions.touch_due(inside.person, inside.settings, min(ahead, LONGEST_AHEAD), listener)
            until = min(until, due, calls.current_until(inside, now))
    return Calm(inside.store, stamp, now, until)


def since(site: Site, inside: Visit, cursor: str | None) -> Changes:
    """What is new since `cursor`, and no more than that."""
    hide = bool(inside.settings.hide_expired)
    return inside.store.since(cursor, inside.person, site.now(), hide_expired=hide)
