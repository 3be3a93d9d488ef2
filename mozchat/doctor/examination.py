"""All checks, in the order in which they are made, each within its time."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

from mozchat.doctor import calls, hub, locks, machine, mail, rights, served, threads
from mozchat.doctor.client import Unreachable
from mozchat.doctor.finding import Finding, LeftOut, error, left_out
from mozchat.doctor.front import Front
from mozchat.doctor.passing import BODY_SECONDS, GRACE_SECONDS, Passing
from mozchat.domain.errors import MozchatError
from mozchat.domain.options import ThreadSettings
from mozchat.services.site import Site
from mozchat.settings import SiteSettings

SECONDS = 60.0
"""How long a check may take where nothing else is said: as long as several servers that do not answer."""


@dataclass(frozen=True)
class Check:
    """Something to look into; `about` is for the page where the check itself comes to no end."""

    group: str
    about: str
    look: Callable[[], Iterable[Finding]]
    seconds: float = SECONDS


@dataclass(frozen=True)
class _Unmade:
    """A check that could not be made, and why."""

    about: str
    reason: str
    remedy: str


def examine(settings: SiteSettings, test_mail_to: str = "") -> Generator[tuple[str, Finding], None, None]:
    """The findings as they come, each with its group. What was made for the examination is removed at its end,
    also when it is broken off by `close`. A test mail goes to `test_mail_to` where that is not empty."""
    with closing(Site.of(settings)) as site, closing(Front(site, _settings_of_all(site))) as front:
        yield from _together(
            (check.group, found)
            for check in _checks(site, settings, front, test_mail_to)
            for found in _within(check)
        )


def _checks(site: Site, settings: SiteSettings, front: Front, test_mail_to: str) -> list[Check]:
    folder = site.store.folder
    passing = Passing(front)
    polling = (front.hold or 0) + 2 * GRACE_SECONDS
    here, site_folder, web = "This machine", "The site's folder", "Through the public URL"
    test_mail = Check("Mail", "Test mail", lambda: mail.trial_mail(site, front.settings, test_mail_to))
    return [
        Check(here, "Packages", machine.versions),
        Check(site_folder, "Threads folder", lambda: rights.folder(site)),
        Check(site_folder, "Disk", lambda: machine.disk(site)),
        Check(site_folder, "Clock", lambda: machine.clock(folder)),
        Check(site_folder, "Locks", lambda: locks.locks(folder)),
        Check(site_folder, "Wake-up sockets", lambda: rights.bell(site)),
        Check(site_folder, "Secret key", lambda: rights.secret_key(site, bool(settings.secret_key))),
        Check(site_folder, "Secrets in .ini", lambda: rights.readable_secrets(site)),
        Check(site_folder, "Threads", lambda: threads.threads(site)),
        Check("Calls", "STUN and TURN", lambda: calls.calls(site)),
        Check("Mail", "Mail server", lambda: mail.mail_server(site)),
        *([test_mail] if test_mail_to else []),
        Check(web, "https", front.https),
        Check(web, "Reached", front.reached),
        Check(web, "Clock", front.clock),
        Check(web, "Entering", front.entered),
        Check(web, "Programs", front.programs),
        Check(web, "News", passing.news, polling),
        Check(web, "Range", passing.ranges),
        Check(web, "Pieces of clips", passing.pieces),
        Check(web, "Big clips", passing.bodies, BODY_SECONDS),
        Check(web, "Files", lambda: served.served(front)),
        Check(web, "Websocket", lambda: hub.hub(front)),
        Check(web, "Long polls", passing.held, polling),
        Check(web, "Leaving", front.left),
    ]


def _within(check: Check) -> Iterator[Finding | _Unmade]:
    """What a check finds, as it finds it, until its time is over. A fault of its own is a finding too.

    It runs in an OS thread of its own, since nothing else ends a wait for a disk that does not answer.
    """
    found: queue.SimpleQueue[Finding | _Unmade | None] = queue.SimpleQueue()

    def look() -> None:
        try:
            for finding in check.look():
                found.put(finding)
        except LeftOut as reason:
            found.put(_Unmade(check.about, reason.text, reason.remedy))
        except Unreachable as fault:
            found.put(
                error(check.about, f"The site did not answer: {fault.text}.", "See the logs of the servers.")
            )
        except MozchatError as fault:
            found.put(error(check.about, fault.detail, "See the log of the site."))
        except Exception as fault:
            text = f"This could not be looked into ({type(fault).__name__}: {fault})."
            found.put(error(check.about, text, "Tell the makers of mozchat of it."))
        finally:
            found.put(None)

    threading.Thread(target=look, name="mozchat-doctor", daemon=True).start()
    deadline = time.monotonic() + check.seconds
    with suppress(queue.Empty):
        while (finding := found.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
            yield finding
        return
    yield error(
        check.about, f"This took longer than {check.seconds:.0f} s.", "See what is slow: disk or network?"
    )


def _together(found: Iterable[tuple[str, Finding | _Unmade]]) -> Iterator[tuple[str, Finding]]:
    """The findings; checks that could not be made one after the other for the same reason are one of them."""
    for (group, reason, remedy), items in itertools.groupby(found, _reason):
        if reason is None:
            yield from ((group, item) for _, item in items if isinstance(item, Finding))
        else:
            abouts = [item.about for _, item in items]
            about = abouts[0] if len(abouts) == 1 else "Left out"
            what = "Left out" if len(abouts) == 1 else ", ".join(abouts)
            yield group, left_out(about, f"{what}: {reason}.", remedy)


def _reason(found: tuple[str, Finding | _Unmade]) -> tuple[str, str | None, str]:
    group, item = found
    return (group, item.reason, item.remedy) if isinstance(item, _Unmade) else (group, None, "")


def _settings_of_all(site: Site) -> list[ThreadSettings]:
    """Of the threads whose `.ini` is right."""
    found = []
    for name in site.store.names():
        with suppress(MozchatError, OSError):
            found.append(site.store.thread(name).settings())
    return found
