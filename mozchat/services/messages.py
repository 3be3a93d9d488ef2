"""Sending messages."""

from __future__ import annotations

from typing import Any

from mozchat.domain.errors import Invalid
from mozchat.domain.identity import idempotency_digest
from mozchat.domain.message import Message, checked_body
from mozchat.domain.names import EVERYONE, fold
from mozchat.services.access import Visit
from mozchat.services.site import Site


def post(
    site: Site, inside: Visit, *, to: str, kind: str, body: Any, key: str | None
) -> tuple[Message, bool]:
    """Send a message to one participant or to everyone (`*`). Gives the message, and whether somebody who
    will get it is here now. Raises `NotJoined`, `Invalid`."""
    sender = inside.participant()
    kept = checked_body(kind, body)
    now = site.now()
    roster = inside.store.roster()
    if to != EVERYONE:
        addressee = roster.get(to)
        if addressee is None:
            raise Invalid(f"Nobody called {to[:30]} has been here.")
        to = addressee.name
    message = Message(
        number=0,
        sender=sender.name,
        to=to,
        type=kind,
        body=kept,
        sent=now,
        until=now + inside.settings.message_lifetime_sec * 1000,
    )
    digest = idempotency_digest("message", sender.identity, key) if key else None
    posted = inside.store.post_message(message, digest, now)
    online = {fold(name) for name in roster.online(now)} - {fold(sender.name)}
    return posted, bool(online) if to == EVERYONE else fold(to) in online
