"""What `mozchat check` has to say of mail."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mozchat.domain.errors import MozchatError
from mozchat.domain.options import ThreadSettings
from mozchat.services.notify import named_people
from mozchat.services.site import Site
from mozchat.storage.thread_store import ThreadStore


def faults(site: Site, store: ThreadStore, settings: ThreadSettings) -> Iterator[tuple[str, str]]:
    """What is wrong with a thread's mail, each with its level, "error" or "warning"."""
    try:
        yield from ((problem.level, str(problem)) for problem in store.mail_list.named()[1])
        somebody = bool(named_people(store)) or settings.allow_subscribe
    except MozchatError as error:
        yield "error", f"{store.name}: {error.detail}"
        return
    if not (settings.mails and somebody):
        return
    for name, value in (("MOZCHAT_SMTP_URL", site.mail_url), ("MOZCHAT_PUBLIC_URL", site.public_url)):
        if not value:
            yield "warning", f"{store.name}: no mail can be sent, because {name} is not set"


def spool_faults(site: Site) -> Iterator[tuple[str, str]]:
    """What is wrong with the mail of the whole site."""
    spool = site.store.spool
    barred = [str(place) for place in spool.places() if not os.access(place, os.R_OK | os.W_OK)]
    if barred:
        yield "error", f"mail cannot go out, because {barred[0]} belongs to another user"
        return
    dead = len(spool.dead())
    if dead:
        yield "warning", f"{dead} mails could not be sent; they are in {spool.folder / 'dead'}"
    late = sum(mail.attempts > 0 for mail in spool.waiting())
    if late:
        yield "warning", f"{late} mails wait, because the mail server has not taken them; the log says why"
