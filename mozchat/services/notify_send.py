"""Sending what waits in the spool. One process does it at a time; a kill at any instant loses no mail and has none
sent more than once more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from jinja2 import TemplateError

from mozchat.domain.errors import Missing, MozchatError
from mozchat.domain.mail import MOST_AN_HOUR, Mail, is_ahead
from mozchat.domain.notify import Notice
from mozchat.outside.mail import Deferred, Refused, Transport, Unreached
from mozchat.outside.transport import transport_of
from mozchat.services.notify_message import compose
from mozchat.services.site import Site
from mozchat.storage.spool import Spool

NOTICE_MS = 600_000
"""How long a notice waits for its clip, which is being stored just then, or never was."""
_log = logging.getLogger(__name__)


@dataclass
class Drained:
    """What came of one round: mails sent, mails that still wait, dead letters made, and why nothing could be
    sent."""

    sent: int = 0
    waiting: int = 0
    dead: int = 0
    fault: str = ""


def drain(site: Site, going_on: Callable[[], bool] = lambda: True) -> Drained | None:
    """Send everything that is due, as long as `going_on`. `None`: another process is doing it."""
    spool = site.store.spool
    with spool.draining() as mine:
        if not mine:
            return None
        spool.recover(site.now())
        for path, notice in spool.notices():
            if _spread(site, notice):
                path.unlink(missing_ok=True)
        drained = Drained()
        if not spool.is_paused(site.now()):
            transport = transport_of(site.mail_url)
            try:
                _Round(site, spool, transport, drained).send_all(going_on)
            finally:
                transport.close()
        drained.waiting = len(spool.waiting())
        return drained


def _spread(site: Site, notice: Notice) -> bool:
    """Make a notice mails, one a recipient; where one waits already, the clip joins it. Gives whether the
    notice has done its duty: repeated after a kill in the middle of it, it makes the same mails."""
    spool = site.store.spool
    now = site.now()
    try:
        clip = site.store.thread(notice.thread).clip(notice.clip_id)
    except Missing:
        return now - notice.created > NOTICE_MS
    except (MozchatError, OSError) as error:
        _log.warning("mail about %s waits: %s", notice.thread, error)
        return False
    for recipient in notice.told:
        fresh = Mail("clips", notice.thread, recipient, created=now, due=now, clips=(clip,))
        waiting = spool.get(fresh.key)
        if waiting is None:
            fresh = replace(fresh, due=spool.rates.take(recipient.key, now, MOST_AN_HOUR))
        spool.put(waiting.with_clip(clip) if waiting else fresh)
    return True


class _Round:
    """One round of sending, by whoever holds the spool."""

    def __init__(self, site: Site, spool: Spool, transport: Transport, drained: Drained) -> None:
        self._site = site
        self._spool = spool
        self._transport = transport
        self._drained = drained

    def send_all(self, going_on: Callable[[], bool]) -> None:
        """Until nothing more is due, or the server cannot be reached."""
        for mail in self._spool.waiting():
            if not going_on():
                return
            if is_ahead(mail.due, self._site.now()):
                continue
            try:
                self._send(mail)
            except Unreached as error:
                self._rest(str(error))
                return

    def _send(self, mail: Mail) -> None:
        now = self._site.now()
        try:
            store = self._site.store.thread(mail.thread)
            settings = store.settings()
            if mail.recipient.key in store.mail_list.subscriptions().unsubscribed and mail.kind == "clips":
                self._spool.drop(mail)
                return
            message = compose(self._site, settings, mail)
        except Missing:
            self._spool.drop(mail)  # with its thread
            return
        except (MozchatError, TemplateError, ValueError) as error:
            _log.error("mail about %s cannot be written: %s", mail.thread, error)
            self._later(mail, str(error))
            return
        self._spool.begin(mail)
        try:
            self._transport.send(message, [mail.recipient.address])
        except Refused as error:
            self._spool.bury(replace(mail, fault=str(error)), now)
            self._drained.dead += 1
        except Deferred as error:
            _log.warning("mail about %s waits: %s", mail.thread, error)
            self._later(mail, str(error))
        except Unreached as error:
            # Its turn comes after the others': it may be what the server takes offence at.
            self._spool.put_back(mail.failed(now, str(error)))
            raise
        else:
            self._spool.remove(mail)
            self._spool.go_on()
            self._drained.sent += 1

    def _later(self, mail: Mail, fault: str) -> None:
        now = self._site.now()
        failed = mail.failed(now, fault)
        if failed.is_old(now):
            self._spool.bury(failed, now)
            self._drained.dead += 1
        else:
            self._spool.put_back(failed)

    def _rest(self, fault: str) -> None:
        """The server cannot be reached: nothing is tried for a while, and what has waited too long is given up."""
        now = self._site.now()
        until = self._spool.pause(now)
        _log.warning("no mail goes out for %d seconds: %s", (until - now) // 1000, fault)
        self._drained.fault = fault
        for mail in self._spool.waiting():
            if mail.is_old(now):
                self._spool.bury(replace(mail, fault=fault), now)
                self._drained.dead += 1
