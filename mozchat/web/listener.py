"""One question for events: what it asks, and how it is answered, at once or as soon as there is news."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mozchat.domain.errors import Invalid, MozchatError
from mozchat.domain.presence import is_listener
from mozchat.domain.thread_state import Changes
from mozchat.services import events
from mozchat.services.access import Visit, visit
from mozchat.services.site import Site
from mozchat.web import problems
from mozchat.web.bare import Answer
from mozchat.web.views import changes_view

MOST_THREADS = 20
"""Threads that one request may ask after."""
_SOME = "/api/events"
_ONE = re.compile(r"/api/threads/([A-Za-z0-9_-]{1,64})/events", re.ASCII)
_AT = re.compile(r"([A-Za-z0-9_-]{1,64}):(.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Ask:
    """A thread, and up to where the listener knows it (`None`: not at all)."""

    thread: str
    cursor: str | None


class Listener:
    """A question, as the request puts it. The same request makes the same question again, so one may be kept;
    it then knows for how long there was nothing new.

    `token` is the asker's secret; `base` the path under which the site is mounted, `accepted` the encodings
    that are taken. Raises `Invalid`.
    """

    def __init__(
        self, site: Site, path: str, query: str, token: str | None, base: str = "", accepted: str = ""
    ) -> None:
        self._site = site
        self._token = token
        self._base = base
        self.accepted = accepted
        fields = parse_qsl(query, keep_blank_values=True)
        single = dict(fields)
        one = _ONE.fullmatch(path)
        self._asks = (Ask(one[1], single.get("cursor")),) if one else _asks(v for k, v in fields if k == "at")
        self._together = one is None
        self._next = _number(single, "next")
        self._name = _name(single)
        self.names = tuple(ask.thread for ask in self._asks)
        self._wait = _number(single, "wait")
        self.seconds = self._wait
        """How long it waits for news: as asked for, and from the first look on at most as its threads allow."""
        self._calm: tuple[events.Calm, ...] = ()

    @staticmethod
    def concerns(path: str) -> bool:
        """Whether a path is one of those at which events are asked for."""
        return path.endswith("/events") and (path == _SOME or _ONE.fullmatch(path) is not None)

    def is_calm(self) -> bool:
        """Whether `first` has found nothing and would find nothing again."""
        if not self._calm:
            return False
        now = self._site.now()
        return all(calm.holds(now) for calm in self._calm)

    def first(self, *, waits: bool) -> Answer | None:
        """The first look, a sign of life as well, for as long as it `waits` or until the announced next poll.

        `None` where nothing is new. Raises what `visit` does where one thread is asked after; of several, the
        answer says it.
        """
        seconds = [self._wait]
        calm = []

        def poll(ask: Ask) -> tuple[Visit, Changes]:
            stamp = self._site.store.thread(ask.thread).stamp()
            inside = visit(self._site, ask.thread, self._token)
            longest = min(self._wait, inside.settings.long_poll_period_s)
            seconds.append(longest)
            ahead = longest if waits and longest else self._next
            changes = events.poll(self._site, inside, ask.cursor, ahead=ahead, listener=self._name)
            if not changes:
                ahead = max(longest, self._next)
                calm.append(events.calm_after(self._site, inside, stamp, ahead, self._name))
            return inside, changes

        answer = self._told(poll)
        self.seconds = min(seconds)
        self._calm = () if answer else tuple(calm)
        return answer

    def look(self) -> Answer | None:
        """Another look while it waits. `None` where nothing is new."""
        return self._told(lambda ask: events.look(self._site, ask.thread, self._token, ask.cursor))

    def wait(self) -> Answer | None:
        """Wait in this OS thread. `None` where nothing has come in time; returns early when the process is
        about to end."""
        bell = self._site.store.bell
        deadline = time.monotonic() + self.seconds
        with bell.listen(self.names):
            while True:
                generation = bell.generation(self.names)
                answer = self.look()
                left = deadline - time.monotonic()
                if answer or left <= 0 or bell.stopping:
                    return answer
                bell.wait(self.names, generation, left)
                if bell.stopping:
                    return None

    def _told(self, look: Callable[[Ask], tuple[Visit, Changes]]) -> Answer | None:
        told: dict[str, Any] = {}
        for ask in self._asks:
            try:
                inside, changes = look(ask)
            except MozchatError as error:
                if not self._together:
                    raise
                told[ask.thread] = {"problem": problems.problem_of(error)[1]}
                continue
            if changes:
                told[ask.thread] = changes_view(changes, inside, self._base)
        if not told:
            return None
        return 200, {"threads": told} if self._together else told[self._asks[0].thread], {}


def _asks(texts: Iterable[str]) -> tuple[Ask, ...]:
    matches = [_AT.fullmatch(text) for text in texts]
    asks = tuple(Ask(match[1], match[2] or None) for match in matches if match)
    if not asks or len(asks) < len(matches):
        raise Invalid("at is the name of a thread and a cursor, with a colon between them.")
    if len(asks) > MOST_THREADS:
        raise Invalid(f"At most {MOST_THREADS} threads can be asked after at once.")
    return tuple({ask.thread: ask for ask in asks}.values())


def _number(query: dict[str, str], key: str) -> float:
    try:
        seconds = float(query.get(key, "0"))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise Invalid(f"{key} is a number of seconds.")
    return seconds


def _name(query: dict[str, str]) -> str:
    """What a listener calls itself; "" where it has no name."""
    name = query.get("listener")
    if name is None:
        return ""
    if not is_listener(name):
        raise Invalid("listener is 1 to 32 letters, digits, - or _.")
    return name
