"""Sending messages: chat, and the signals of calls."""

from __future__ import annotations

from typing import Any

from mozchat.domain.errors import Invalid, TooMany
from mozchat.domain.identity import idempotency_digest
from mozchat.domain.message import Message, checked_body
from mozchat.domain.names import EVERYONE, fold
from mozchat.domain.presence import Person
from mozchat.domain.signal import SIGNALS, signal_seconds
from mozchat.services import calls
from mozchat.services.access import Visit
from mozchat.services.site import Site

MOST_SIGNALS = 60
"""What a participant may signal within `SIGNALS_WITHIN_MS`. To set up a call takes 10 to 40 signals."""
SIGNALS_WITHIN_MS = 10_000


def post(
    site: Site, inside: Visit, *, to: str, kind: str, body: Any, key: str | None, address: str
) -> tuple[Message, bool]:
    """Send a message to one participant or to everyone (`*`); a call's signal to one other only. `address` is
    where the request comes from. Gives the message, and whether somebody who will get it is here now. Raises
    `NotJoined`, `Invalid`, `TooMany`."""
    sender = inside.participant()
    kept = checked_body(kind, body)
    now = site.now()
    roster = inside.store.roster()
    seconds = inside.settings.message_lifetime_sec
    if to != EVERYONE:
        addressee = roster.get(to)
        if addressee is None:
            raise Invalid(f"Nobody called {to[:30]} has been here.")
        to = addressee.name
    if kind in SIGNALS:
        if to == EVERYONE or fold(to) == fold(sender.name):
            raise Invalid("A call is between two participants.")
        _check_rate(inside, sender, now)
        seconds = signal_seconds(kind, seconds)
    message = Message(
        number=0, sender=sender.name, to=to, type=kind, body=kept, sent=now, until=now + seconds * 1000
    )
    digest = idempotency_digest("message", sender.identity, key) if key else None
    posted = inside.store.post_message(message, digest, now)
    if posted.type in SIGNALS:
        calls.note(inside, posted, address)
    online = {fold(name) for name in roster.online(now)} - {fold(sender.name)}
    return posted, bool(online) if to == EVERYONE else fold(to) in online


def _check_rate(inside: Visit, sender: Person, now: int) -> None:
    recent = inside.store.signals_since(sender.name, now - SIGNALS_WITHIN_MS)
    if len(recent) >= MOST_SIGNALS:
        wait = recent[MOST_SIGNALS - 1].sent + SIGNALS_WITHIN_MS - now
        raise TooMany("Too many call signals at once. Wait a moment before the next call.", wait / 1000)
