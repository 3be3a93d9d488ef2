"""Joining and leaving a thread."""

from __future__ import annotations

import hmac
import secrets
import threading

from werkzeug.security import check_password_hash

from mozchat.domain.errors import Forbidden, Invalid, PasswordNeeded
from mozchat.domain.identity import MIN_SECRET_KEY, TOKEN_BYTES, identity_of, is_token, token_from
from mozchat.domain.names import participant_name
from mozchat.domain.options import HASH_PREFIX, ThreadSettings
from mozchat.domain.presence import Announcement, Mark, Person
from mozchat.services.access import Visit, approach, password_mark
from mozchat.services.site import Site
from mozchat.storage.attempts import Attempts

_hashing = threading.BoundedSemaphore(2)
"""scrypt takes 16 MiB and tens of milliseconds: two at a time in a process, the others wait."""


def join(
    site: Site,
    thread_name: str,
    token: str | None,
    *,
    name: str,
    password: str | None,
    key: str | None,
    address: str,
) -> tuple[Visit, str]:
    """Enter a thread under a name: gives the visit and the secret to come back with, a new one for somebody
    who has none, the same for a repeat with the same `key`. `address` is where the request comes from, to slow
    down the guessing of passwords.

    Raises `Invalid` (not a name, or a key that can be guessed), `NameTaken`, `PasswordNeeded`, `Forbidden` (wrong
    password), `TooMany`.
    """
    if key is not None and len(key) < MIN_SECRET_KEY:
        raise Invalid(
            f"To join, an Idempotency-Key is a secret: at least {MIN_SECRET_KEY} random characters."
        )
    if not token or not is_token(token):
        token = token_from(key) if key else secrets.token_urlsafe(TOKEN_BYTES)
    door = approach(site, thread_name, token)
    shown = participant_name(name)
    if door.locked and door.person is None:
        _check_password(site, door, password, address)
    identity = identity_of(token)
    now = site.now()
    settings = door.settings
    person = door.store.claim(
        shown,
        identity,
        now=now,
        until=now + settings.user_status_fade_s * 1000,
        hold=settings.name_hold_sec * 1000,
        key=password_mark(settings.password),
    )
    return Visit(door.store, settings, identity, person), token


def leave(site: Site, inside: Visit) -> None:
    """Offline at once; the name stays held. Leaving without having joined is no error."""
    if inside.person:
        inside.store.release(inside.person, now=site.now())


def touch(site: Site, inside: Visit, ahead: float, listener: str = "") -> Person | None:
    """A sign of life: online for the thread's `userStatusFadeS`, and for `ahead` seconds beyond. What a listener
    with a name announces is kept apart from what others do, so that it can be taken back."""
    person = inside.person
    if person is None:
        return None
    now = site.now()
    if touch_due(person, inside.settings, ahead, listener) < now:
        fade = inside.settings.user_status_fade_s * 1000
        until = now + int(ahead * 1000) + fade
        if listener and ahead:
            mark = Mark(now, now + fade, announced={listener: Announcement(now, until)})
        else:
            mark = Mark(now, until)
        inside.store.touch([(person, mark)], now)
    return person


def touch_due(person: Person, settings: ThreadSettings, ahead: float, listener: str) -> int:
    """The time (milliseconds since 1970) from which on a sign of life for `ahead` seconds is written again."""
    reaches = person.online_until_by(listener) if ahead else person.online_until
    return reaches - _enough(settings, ahead)


def _enough(settings: ThreadSettings, ahead: float) -> int:
    """For how long (milliseconds) whoever will ask again in `ahead` seconds must be online at least: some time
    beyond that, since requests are late at times, and else half of what a mark is long."""
    fade = settings.user_status_fade_s * 1000
    return max(int(ahead * 1000) + fade // 5, (int(ahead * 1000) + fade) // 2)


def _check_password(site: Site, door: Visit, password: str | None, address: str) -> None:
    if not password:
        raise PasswordNeeded
    attempts = Attempts(site.store.run_folder / f"{door.store.name}.attempts.json", door.store.lock)
    attempts.check(address, site.now())
    if not is_right(door.settings.password, password):
        attempts.failed(address, site.now())
        raise Forbidden("This is not the password of the thread.")


def is_right(setting: str, password: str) -> bool:
    """Whether a password is the one of the `.ini`, which has a hash of it or, with a warning, itself."""
    given = password.encode("utf-8", "replace")
    if setting.startswith(HASH_PREFIX):
        with _hashing:
            return check_password_hash(setting, given.decode())
    return hmac.compare_digest(setting.encode(), given)
