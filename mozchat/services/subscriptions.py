"""Participants who ask for mail themselves, and end it: on the page, or by the links in the mail."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from mozchat.domain.errors import Forbidden, Invalid, Missing, TooMany, Unavailable
from mozchat.domain.mail import HOUR, Mail
from mozchat.domain.mailbox import address_key, is_address
from mozchat.domain.subscription import Subscription
from mozchat.services.access import Visit
from mozchat.services.notify_links import OVER, read_token
from mozchat.services.site import Site

ASKED_A_DAY = 3
"""Mails that ask for a yes, to one address; it may be somebody's who wants nothing of us."""
ASKED_BY_ONE_A_DAY = 10
DAY = 24 * HOUR


@dataclass(frozen=True)
class Wish:
    """What a participant has asked for: the address, and whether it has been confirmed."""

    address: str
    confirmed: bool


def look(site: Site, inside: Visit) -> Wish | None:
    """One's own subscription. Raises `NotJoined`, `Unavailable`."""
    identity = inside.participant().identity
    subscriptions = inside.store.mail_list.subscriptions()
    found = subscriptions.of(identity, site.now())
    if found is None or (found.confirmed and address_key(found.address) in subscriptions.unsubscribed):
        return None
    return Wish(found.address, found.confirmed)


def subscribe(site: Site, inside: Visit, address: str, origin: str) -> Wish:
    """Ask for mail to an address, which is sent one that asks for a yes; until then nothing else goes there.
    `origin` is where the request comes from, to slow down whoever asks for others.

    Raises `NotJoined`, `Forbidden` (not in this thread), `Invalid`, `TooMany`, `Unavailable`, `NoRoom`.
    """
    person = inside.participant()
    if not (inside.settings.allow_subscribe and inside.settings.mails):
        raise Forbidden("Nobody can ask for mail in this thread.")
    if not site.can_mail:
        raise Unavailable("This site sends no mail yet. Its administrator can set it up.", 3600)
    if not is_address(address):
        raise Invalid("This is not a mail address, such as ann@example.org.")
    there = look(site, inside)
    if there == Wish(address, confirmed=True):
        return there
    now = site.now()
    limits = {
        f"ask.{address_key(address)}": ASKED_A_DAY,
        f"by.{address_key(person.identity)}": ASKED_BY_ONE_A_DAY,
        f"from.{address_key(origin)}": ASKED_BY_ONE_A_DAY,
    }
    if not site.store.spool.rates.allowed(limits, now, DAY):
        raise TooMany(
            "Too many mails were asked for. Look for the one that has come, or try again tomorrow.", 3600
        )
    wanted = Subscription(secrets.token_hex(8), person.identity, person.name, address, now)
    inside.store.mail_list.change(lambda subscriptions: subscriptions.added(wanted, now))
    recipient = wanted.recipient
    mail = Mail("confirm", inside.store.name, recipient, created=now, due=now, subscription=wanted.id)
    site.store.spool.put(mail)
    site.mail_waits.set()
    return Wish(address, confirmed=False)


def unsubscribe(inside: Visit) -> None:
    """End one's own subscription, if there is one. Raises `NotJoined`, `Unavailable`, `NoRoom`."""
    identity = inside.participant().identity
    inside.store.mail_list.change(lambda subscriptions: subscriptions.removed(identity))


def check_link(site: Site, purpose: str, thread_name: str, token: str) -> None:
    """Find out whether a link ("unsubscribe", "confirm") is good. Raises `Missing`."""
    site.store.thread(thread_name)
    read_token(site, purpose, thread_name, token)


def confirm_by_link(site: Site, thread_name: str, token: str) -> None:
    """Confirm a subscription. Raises `Missing` where the link is not good any more, `Unavailable`, `NoRoom`."""
    subscription_id = read_token(site, "confirm", thread_name, token)
    now = site.now()
    store = site.store.thread(thread_name)
    if store.mail_list.change(lambda all_: all_.confirmed_by(subscription_id, now)) is None:
        raise Missing(OVER)


def unsubscribe_by_link(site: Site, thread_name: str, token: str) -> None:
    """End all mail about a thread to the address that the link was sent to, whoever named it. Raises
    `Missing` where the link is not good, `Unavailable`, `NoRoom`."""
    key = read_token(site, "unsubscribe", thread_name, token)
    now = site.now()
    site.store.thread(thread_name).mail_list.change(lambda all_: all_.without(key, now))
