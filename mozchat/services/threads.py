"""What is shown of threads: on the front page, and to a client that enters one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from mozchat.domain.clip import Clip
from mozchat.domain.errors import MozchatError
from mozchat.domain.options import ThreadSettings
from mozchat.services import clips
from mozchat.services.access import Visit, approach
from mozchat.services.site import Site

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ThreadSummary:
    """A thread on the front page; of one with a password only its name, title and description."""

    name: str
    title: str
    description: str
    locked: bool
    online: Sequence[str] = ()
    newest: Clip | None = None


def public_threads(site: Site, token: str | None) -> list[ThreadSummary]:
    """The threads that the front page lists. One whose `.ini` has an error is left out: it cannot be entered."""
    summaries = []
    for name in site.store.names():
        try:
            door = approach(site, name, token)
            if door.settings.public:
                summaries.append(summary(site, door))
        except (MozchatError, OSError) as error:
            _log.debug("%s is not listed: %s", name, error)
    return summaries


def summary(site: Site, door: Visit) -> ThreadSummary:
    """What may be seen of a thread from outside."""
    settings = door.settings
    title = shown_title(settings, door.store.name)
    if door.locked and door.person is None:
        return ThreadSummary(door.store.name, title, settings.description, True)
    clips.tidy(site, door)
    online = door.store.roster().online(site.now())
    newest = door.store.newest(visible_at=clips.listed_from(site, settings))
    return ThreadSummary(door.store.name, title, settings.description, door.locked, online, newest)


def shown_title(settings: ThreadSettings, name: str) -> str:
    """The title, or the thread's name where it has none."""
    return settings.title or name
