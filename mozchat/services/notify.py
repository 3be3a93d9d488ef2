"""Telling people of a new clip by mail: deciding who, at the moment of publishing. Sending comes later, and
elsewhere (`services.notify_send`)."""

from __future__ import annotations

import logging
from dataclasses import replace

from mozchat.domain.clip import Clip
from mozchat.domain.errors import MozchatError
from mozchat.domain.notify import Notice, Recipient, to_be_told
from mozchat.services.access import Visit
from mozchat.services.site import Site
from mozchat.storage.thread_store import ThreadStore

_log = logging.getLogger(__name__)


def announce(site: Site, inside: Visit, clip: Clip) -> Clip:
    """Note down who is to be told of a clip that is about to be stored, and give it with their number.

    The notice comes before the clip: if the process dies between the two, nobody is told of a clip that there
    is not (the notice is dropped then), and nobody misses one that there is. A clip is never refused for want
    of mail.
    """
    if not (inside.settings.mails and site.can_mail):
        return clip
    try:
        told = _to_be_told(site, inside, clip)
        if told:
            notice = Notice(inside.store.name, clip.id, clip.created, told)
            site.store.spool.put_notice(notice, durable=inside.settings.durability == "fsync")
    except (MozchatError, OSError) as error:
        _log.error("nobody is told of the clip %s in %s: %s", clip.id, inside.store.name, error)
        return clip
    return replace(clip, notified=len(told))


def named_people(store: ThreadStore) -> list[Recipient]:
    """Everyone who may get mail about a thread, each under the name that is theirs now. Raises `Unavailable`."""
    roster = store.roster()
    found, _ = store.mail_list.named()
    named = list(found)
    for subscription in store.mail_list.subscriptions().confirmed():
        person = roster.by_identity(subscription.identity)
        named.append(Recipient(person.name if person else subscription.name, subscription.address))
    return named


def _to_be_told(site: Site, inside: Visit, clip: Clip) -> tuple[Recipient, ...]:
    named = named_people(inside.store)
    if not named:
        return ()
    online = () if inside.settings.notify_online else inside.store.roster().online(site.now())
    unsubscribed = inside.store.mail_list.subscriptions().unsubscribed
    return to_be_told(named, clip.author, online, unsubscribed.keys())
