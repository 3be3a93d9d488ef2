"""Subscriptions: who asked for mail on the page, who confirmed it, and who wants none any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mozchat.domain.mailbox import address_key
from mozchat.domain.notify import Recipient

PENDING_MS = 72 * 3_600_000
"""How long a link that confirms is good."""
MOST = 5000
"""Subscriptions of a thread that are kept, beyond which those that were never confirmed go first, oldest first."""


@dataclass(frozen=True)
class Subscription:
    """One participant's wish for mail; it counts once it is `confirmed`. `since` in milliseconds since 1970."""

    id: str
    identity: str
    name: str
    address: str
    since: int
    confirmed: bool = False

    @property
    def recipient(self) -> Recipient:
        """To whom mail goes."""
        return Recipient(self.name, self.address)

    def alive(self, now: int) -> bool:
        """Whether it can still be confirmed, or is."""
        return self.confirmed or now - self.since < PENDING_MS


@dataclass(frozen=True)
class Subscriptions:
    """All of a thread: at most one an identity. `unsubscribed` has the keys of addresses that get no mail,
    with the time when that was said."""

    every: tuple[Subscription, ...] = ()
    unsubscribed: Mapping[str, int] = field(default_factory=dict)

    def of(self, identity: str, now: int) -> Subscription | None:
        """What an identity has asked for, confirmed or not."""
        return next((s for s in self.every if s.identity == identity and s.alive(now)), None)

    def confirmed(self) -> list[Subscription]:
        """Those that count."""
        return [s for s in self.every if s.confirmed]

    def added(self, subscription: Subscription, now: int) -> Subscriptions:
        """With this one in the place of any other of its identity, and without those that are over."""
        kept = [s for s in self.every if s.identity != subscription.identity and s.alive(now)]
        kept = sorted(kept, key=lambda s: (s.confirmed, s.since))[-(MOST - 1) :]
        return replace(self, every=(*kept, subscription))

    def confirmed_by(self, subscription_id: str, now: int) -> Subscriptions | None:
        """With this one confirmed, which also takes back that its address had unsubscribed; `None` where
        there is no such one any more."""
        found = next((s for s in self.every if s.id == subscription_id and s.alive(now)), None)
        if found is None:
            return None
        every = tuple(replace(s, confirmed=True) if s is found else s for s in self.every)
        key = address_key(found.address)
        return Subscriptions(every, {k: at for k, at in self.unsubscribed.items() if k != key})

    def removed(self, identity: str) -> Subscriptions:
        """Without what an identity has asked for."""
        return replace(self, every=tuple(s for s in self.every if s.identity != identity))

    def without(self, key: str, now: int) -> Subscriptions:
        """With nothing more for the address of this key, wherever it is named."""
        every = tuple(s for s in self.every if address_key(s.address) != key)
        return Subscriptions(every, {**self.unsubscribed, key: self.unsubscribed.get(key, now)})

    def record(self) -> dict[str, Any]:
        """As `subscriptions.json` keeps them."""
        return {
            "subscriptions": [
                {
                    "id": s.id,
                    "identity": s.identity,
                    "name": s.name,
                    "address": s.address,
                    "since": s.since,
                    "confirmed": s.confirmed,
                }
                for s in self.every
            ],
            "unsubscribed": dict(self.unsubscribed),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Subscriptions:
        """The reverse of `record`; raises `ValueError` where it cannot be one."""
        try:
            every = tuple(
                Subscription(
                    id=str(s["id"]),
                    identity=str(s["identity"]),
                    name=str(s["name"]),
                    address=str(s["address"]),
                    since=int(s["since"]),
                    confirmed=bool(s["confirmed"]),
                )
                for s in record["subscriptions"]
            )
            return cls(every, {str(key): int(at) for key, at in record["unsubscribed"].items()})
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a record of subscriptions: {error!r}") from error
