"""The call log: what becomes of calls, learnt from the signals that pass and from the polls of those who talk."""

from __future__ import annotations

from mozchat.domain.call_log import LOGGED
from mozchat.domain.message import Message
from mozchat.services.access import Visit, reading_goes_on
from mozchat.services.site import Site

_NEVER = 1 << 62


def note(inside: Visit, signal: Message, address: str) -> None:
    """Log what a signal, which has been sent, means for its call. `address` is where it comes from."""
    limit = inside.settings.call_log_limit
    if signal.type not in LOGGED or not limit:
        return
    logged = address if inside.settings.log_addresses else ""
    with reading_goes_on():
        inside.store.call_log.change(lambda log: log.note(signal, logged).trimmed(limit), durable=True)


def keep_current(site: Site, inside: Visit) -> None:
    """On the occasion of a poll: the length of the call in which the visitor talks, if they do."""
    now = site.now()
    if inside.person and current_until(inside, now) <= now:
        name = inside.person.name
        with reading_goes_on():
            inside.store.call_log.change(lambda log: log.kept_current(name, now // 1000), durable=False)


def current_until(inside: Visit, now: int) -> int:
    """Until when (milliseconds) `keep_current` has nothing to do, as long as the visitor sends and gets no
    signal."""
    settings = inside.settings
    if inside.person is None or not settings.should_log_polls or not settings.call_log_limit:
        return _NEVER
    until = inside.store.call_log.load().current_until(inside.person.name, now // 1000)
    return _NEVER if until is None else until * 1000
