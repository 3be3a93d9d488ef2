"""Waiting for events: what is new for a listener, at once or as soon as there is something."""

from __future__ import annotations

import time

from mozchat.domain.thread_state import Changes
from mozchat.services import clips, sessions
from mozchat.services.access import Visit, reading_goes_on, visit
from mozchat.services.site import Site

LONGEST_AHEAD = 60.0
"""Seconds that a poller may announce until its next poll."""


def poll(site: Site, inside: Visit, cursor: str | None, *, ahead: float = 0) -> Changes:
    """What is new since `cursor`, now. Whoever has joined is online by asking, for `ahead` seconds (until the
    next poll) and the thread's `userStatusFadeS` beyond."""
    with reading_goes_on():
        person = sessions.touch(site, inside, min(ahead, LONGEST_AHEAD))
        if person and cursor:
            inside.store.acknowledge(person, cursor, site.now(), inside.settings.message_lifetime_sec * 1000)
    clips.tidy(site, inside)
    return _since(site, inside, cursor)


def wait(site: Site, inside: Visit, token: str | None, cursor: str, seconds: float) -> Changes:
    """What is new since `cursor`, within `seconds`; empty changes when nothing came. Returns early when the
    process is about to end. Raises what `visit` does if the thread was closed to the listener meanwhile."""
    bell = site.store.bell
    name = inside.store.name
    deadline = time.monotonic() + seconds
    with bell.listen(name):
        while True:
            generation = bell.generation(name)
            changes = _since(site, inside, cursor)
            left = deadline - time.monotonic()
            if changes or left <= 0 or bell.stopping:
                return changes
            bell.wait(name, generation, left)
            if not bell.stopping:
                inside = visit(site, name, token)
                clips.tidy(site, inside)


def _since(site: Site, inside: Visit, cursor: str | None) -> Changes:
    hide = bool(inside.settings.hide_expired)
    return inside.store.since(cursor, inside.person, site.now(), hide_expired=hide)
