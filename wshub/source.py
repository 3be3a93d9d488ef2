"""What the hub asks of the site: reads at once, and writes later, in an OS thread of their own.

A read is a few `stat`s and the end of a journal. A write may wait for a thread's lock, and no connection is to
wait with it; nor does any need to know what came of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial

from mozchat.domain.errors import MozchatError, Unavailable
from mozchat.domain.thread_state import Changes
from mozchat.services import events, hub
from mozchat.services.access import Visit, approach_as, insider
from mozchat.services.hub import Admission, Sign
from mozchat.services.live import Reading
from mozchat.services.site import Site
from mozchat.web import problems
from mozchat.web.views import changes_view

_log = logging.getLogger(__name__)


Written = dict[str, tuple[Changes, str, str]]
"""What the last one was told in a thread: changes, under which path, and as what text."""


class SiteView:
    """A thread as it stands now (`wshub.hub.View`)."""

    def __init__(self, site: Site, thread: str, written: Written) -> None:
        self._site = site
        self._outside = approach_as(site, thread, None)
        self._roster = self._outside.store.roster()
        self._written = written
        self.people = self._roster, self._outside.settings

    def name(self, identity: str) -> str | None:
        """The name of a participant; `None` where they are none any more."""
        person = insider(self._outside.settings, self._roster, identity)
        return person.name if person else None

    def left(self, identity: str) -> int | None:
        """When a participant left (milliseconds), where they have not been back since."""
        person = self._roster.by_identity(identity)
        return person.left if person else None

    def changes(self, identity: str, cursor: str | None) -> Changes:
        """What is new for a participant since a cursor."""
        person = insider(self._outside.settings, self._roster, identity)
        inside = Visit(self._outside.store, self._outside.settings, identity, person)
        return events.since(self._site, inside, cursor)

    def news(self, cursor: str) -> Changes | None:
        """The same for everybody at once; `None` where each must be asked for alone."""
        return self._outside.store.news(cursor, self._site.now())

    def text(self, changes: Changes, base: str) -> str:
        """Changes as the events endpoint answers them, under the path of the site. After a restart many come back
        one after the other from the same cursor: what the last one was told is written once."""
        name = self._outside.store.name
        if self._written.get(name, ())[:2] != (changes, base):
            text = problems.encode(changes_view(changes, self._outside, base)).decode()
            self._written[name] = changes, base, text
        return self._written[name][2]


class SiteSource:
    """A site as the hub needs it (`wshub.hub.Source`)."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._settings = site.hub_file.load()
        self._writer = Writer(site)
        self._written: Written = {}
        self.connections = 0
        """How many there are: each of many is asked for a sign of life less often."""

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._site.now()

    def is_host(self, host: str) -> bool:
        """Whether the site is known to be at this host."""
        return self._site.public_url.lower().partition("://")[2].partition("/")[0] == host

    def redeem(self, ticket: str) -> Admission:
        """Whom a ticket lets in; raises `Forbidden`."""
        return hub.redeem(self._site, ticket)

    def serves(self, thread: str) -> bool:
        """Whether the hub is for this thread."""
        return self._settings.serves(thread)

    def follow(self, name: str) -> None:
        """From now on the bell is heard for a thread, or a live clip."""
        self._site.store.bell.follow([name])

    def unfollow(self, name: str) -> None:
        """No more."""
        self._site.store.bell.unfollow([name])
        self._written.pop(name, None)

    def close(self) -> None:
        """Write nothing more."""
        self._writer.close()

    def here_every(self, thread: str) -> float:
        """How often (seconds) it is to be said who is here: often enough that nobody seems to go."""
        return hub.reach_seconds(self._fade(thread)) / 6

    def ping_every(self, thread: str) -> float:
        """How often (seconds) a connection is to be asked for a sign of life."""
        return hub.ping_seconds(self._fade(thread), self.connections)

    def view(self, thread: str) -> SiteView:
        """A thread as it stands now; raises what `approach` does."""
        return SiteView(self._site, thread, self._written)

    def reading(self, thread: str, clip_id: str) -> Reading:
        """The bytes of a clip as they come. Raises `Missing`, `Unavailable`."""
        try:
            return Reading(approach_as(self._site, thread, None), clip_id)
        except OSError as error:
            raise Unavailable("This clip cannot be read just now.") from error

    def seen(self, thread: str, identity: str, cursor: str) -> None:
        """Write later that a participant has got everything up to a cursor."""
        self._writer.seen(thread, identity, cursor)

    def here(self, thread: str, signs: Mapping[str, tuple[int, int]]) -> None:
        """Write later that participants are here, who entered and were heard last at these times."""
        reach = int(hub.reach_seconds(self._fade(thread), self.connections) * 1000)
        self._writer.here(
            thread, {who: Sign(entered, heard + reach) for who, (entered, heard) in signs.items()}
        )

    def moved(self, thread: str, identity: str, listener: str) -> None:
        """Write later that a participant's listener does not poll any more."""
        self._writer.moved(thread, identity, listener)

    def _fade(self, thread: str) -> int:
        """After how many seconds those of a thread fade who are silent."""
        try:
            return self._site.store.thread(thread).settings_file.remembered().user_status_fade_s
        except MozchatError:
            return 1


class Writer:
    """Writes, in an OS thread of its own, what has gathered while it wrote: many cost little more than one."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._changed = threading.Condition()
        self._closed = False
        self._here: dict[str, dict[str, Sign]] = {}
        self._moved: dict[tuple[str, str, str], None] = {}
        self._seen: dict[tuple[str, str, str], None] = {}
        self._thread = threading.Thread(target=self._run, name="wshub-writer", daemon=True)
        self._thread.start()

    def here(self, thread: str, signs: Mapping[str, Sign]) -> None:
        """Participants are here."""
        with self._changed:
            self._here.setdefault(thread, {}).update(signs)
            self._changed.notify()

    def moved(self, thread: str, identity: str, listener: str) -> None:
        """A participant's listener does not poll any more."""
        with self._changed:
            self._moved[thread, identity, listener] = None
            self._changed.notify()

    def seen(self, thread: str, identity: str, cursor: str) -> None:
        """A participant has got everything up to a cursor."""
        with self._changed:
            self._seen[thread, identity, cursor] = None
            self._changed.notify()

    def close(self) -> None:
        """Write nothing more; returns when what is being written is."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._here or self._moved or self._seen or self._closed)
                here, self._here = self._here, {}
                moved, self._moved = self._moved, {}
                seen, self._seen = self._seen, {}
            for thread, signs in here.items():
                _try(thread, partial(hub.keep_here, self._site, thread, signs))
            for thread, identity, listener in moved:
                _try(thread, partial(hub.move_here, self._site, thread, identity, listener))
            for thread, identity, cursor in seen:
                _try(thread, partial(hub.seen, self._site, thread, identity, cursor))


def _try(thread: str, write: Callable[[], None]) -> None:
    try:
        write()
    except MozchatError as error:
        _log.debug("%s: not written: %s", thread, error.detail)
    except Exception:
        _log.exception("%s: not written", thread)
