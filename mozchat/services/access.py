"""Who may see a thread: anyone, or where it has a password those who have given it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mozchat.domain.errors import NoRoom, NotJoined, PasswordNeeded, Unavailable
from mozchat.domain.identity import identity_of, is_token
from mozchat.domain.options import ThreadSettings
from mozchat.domain.presence import Person, Roster
from mozchat.services.site import Site
from mozchat.storage.thread_store import ThreadStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Visit:
    """One request's view of a thread. `person` is `None` for somebody who has not joined."""

    store: ThreadStore
    settings: ThreadSettings
    identity: str | None
    person: Person | None

    @property
    def locked(self) -> bool:
        """Whether the thread has a password."""
        return bool(self.settings.password)

    def participant(self) -> Person:
        """The person; raises `NotJoined`."""
        if self.person is None:
            raise NotJoined
        return self.person


def approach(site: Site, thread_name: str, token: str | None) -> Visit:
    """A visit as far as the door: who asks, and whether that is a participant, but nothing is let out yet.

    Raises `Missing`, `BadSettings`.
    """
    return approach_as(site, thread_name, identity_of(token) if token and is_token(token) else None)


def approach_as(site: Site, thread_name: str, identity: str | None) -> Visit:
    """The same of an identity that is known already."""
    store = site.store.thread(thread_name)
    settings = store.settings()
    return Visit(store, settings, identity, insider(settings, store.roster(), identity))


def insider(settings: ThreadSettings, roster: Roster, identity: str | None) -> Person | None:
    """Who an identity is inside a thread: a participant, who has given the password that it has now."""
    person = roster.by_identity(identity) if identity else None
    if person and settings.password and person.key != password_mark(settings.password):
        return None
    return person


def visit(site: Site, thread_name: str, token: str | None) -> Visit:
    """A visit inside. Raises `PasswordNeeded` where the thread has a password and the visitor has not given
    it, and what `approach` raises."""
    inside = approach(site, thread_name, token)
    if inside.locked and inside.person is None:
        raise PasswordNeeded
    return inside


@contextmanager
def reading_goes_on() -> Iterator[None]:
    """Around what is written on the occasion of a reading: on a full or barred disk it is left for later."""
    try:
        yield
    except (NoRoom, Unavailable) as error:
        _log.warning("not written: %s", error.detail)


def password_mark(password: str) -> str:
    """What a participant's record carries of the password that was right: a new password has another mark."""
    return hashlib.sha256(f"mark\n{password}".encode()).hexdigest()[:16] if password else ""
