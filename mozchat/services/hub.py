"""The hub as the site sees it: whom it serves, and the tickets that let a participant's browser in.

A ticket is a signed word of the site: this browser is this identity, in this thread, on a page of this host. The
hub believes nothing else. It says nothing of a password: whether the identity is still inside is looked up in the
thread's own records, at the door as long as the connection lasts.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from mozchat.domain.errors import Forbidden, Missing
from mozchat.domain.presence import Announcement, Mark
from mozchat.services import calls, clips
from mozchat.services.access import Visit, approach_as, insider, reading_goes_on
from mozchat.services.site import Site

TICKET_SECONDS = 60
SHORTEST_PING = 1.5
LONGEST_PING = 20.0
"""Seconds between two of the hub's pings: proxies count them as life too, and nginx ends what is silent for 60."""
PINGS_A_SECOND = 1000
"""Beyond that each connection is asked less often: with the answers, these take some 5 % of a core."""
PATH = "/hub"
"""Where the hub is below the site, if nothing else is said."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom a ticket lets in: an identity, in a thread, on a page of the site at `host`, which is mounted under the
    path `base`."""

    thread: str
    identity: str
    host: str
    base: str


class Sign(NamedTuple):
    """A sign of life of somebody who is connected: when the last connection was made, and until when they are
    online by what was heard of them (milliseconds since 1970)."""

    entered: int
    until: int


@dataclass(frozen=True)
class Ticket:
    """A ticket, the hub's URL, and until when it is good (milliseconds since 1970)."""

    url: str
    text: str
    expires: int


def is_served(site: Site, thread_name: str) -> bool:
    """Whether there is a hub for a thread's listeners."""
    return site.hub_file.load().serves(thread_name)


def url_of(site: Site, *, host: str, base: str, secure: bool) -> str:
    """The hub's URL for a page that was asked for at `host`, under the path `base`, over https where `secure`: as
    wsServerUri says, else below the site."""
    uri = site.hub_file.load().server_uri
    if uri:
        return uri
    if site.public_url:
        public = urlsplit(site.public_url)
        host, base, secure = public.netloc, public.path, public.scheme == "https"
    return f"{'wss' if secure else 'ws'}://{host}{base}{PATH}"


def ticket(site: Site, inside: Visit, *, host: str, base: str, secure: bool) -> Ticket:
    """A ticket for a participant. Raises `Missing` where no hub serves the thread, `NotJoined`, `Unavailable`."""
    if not is_served(site, inside.store.name):
        raise Missing("There is no hub for this thread.")
    admission = Admission(inside.store.name, inside.participant().identity, host.lower(), base)
    expires = site.now() + TICKET_SECONDS * 1000
    text = _serializer(site).dumps({**asdict(admission), "expires": expires})
    return Ticket(url_of(site, host=host, base=base, secure=secure), str(text), expires)


def redeem(site: Site, text: str) -> Admission:
    """Whom a ticket lets in. Raises `Forbidden` where it is not one of ours, or over."""
    try:
        fields: dict[str, Any] = _serializer(site).loads(text)
    except BadData as error:
        raise Forbidden("This ticket is not good.") from error
    if fields.pop("expires") <= site.now():
        raise Forbidden("This ticket is over.")
    return Admission(**fields)


def ping_seconds(fade: int, connections: int) -> float:
    """How often (seconds) each of so many connections is asked for a sign of life, where `fade` is
    userStatusFadeS."""
    enough = max(fade / 3, SHORTEST_PING, math.ceil(connections / PINGS_A_SECOND))
    return min(enough, LONGEST_PING)


def reach_seconds(fade: int, connections: int = 0) -> float:
    """For how long (seconds) a connection's sign of life counts: as any other, and for three pings at least."""
    return max(float(fade), 3 * ping_seconds(fade, connections))


def keep_here(site: Site, thread_name: str, signs: Mapping[str, Sign]) -> None:
    """What polls do on the side, for those who have connections, by identity: they are online, unless they have
    left since; their calls are kept current, and the thread tidy."""
    outside = approach_as(site, thread_name, None)
    settings, roster = outside.settings, outside.store.roster()
    people = [insider(settings, roster, identity) for identity in signs]
    here = [person for person in people if person and (person.left or 0) <= signs[person.identity].entered]
    now = site.now()
    enough = now + int(reach_seconds(settings.user_status_fade_s) * 500)
    due = ((person, signs[person.identity].until) for person in here if person.awake_until < enough)
    marks = [(person, Mark(now, until)) for person, until in due if until > person.awake_until]
    with reading_goes_on():
        outside.store.touch(marks, now)
    talkers = outside.store.call_log.load().talkers() if settings.should_log_polls else ()
    for person in here if talkers else ():
        if person.name in talkers:
            calls.keep_current(site, replace(outside, identity=person.identity, person=person))
    if settings.remove_expired_from_dir:
        clips.tidy(site, outside)


def move_here(site: Site, thread_name: str, identity: str, listener: str) -> None:
    """A listener does not poll any more but is connected: what it has announced is taken back."""
    inside = approach_as(site, thread_name, identity)
    person = inside.person
    if person is None or person.left is not None:
        return
    now = site.now()
    with reading_goes_on():
        until = now + inside.settings.user_status_fade_s * 1000
        mark = Mark(now, until, announced={listener: Announcement(now, now)})
        inside.store.touch([(person, mark)], now)


def seen(site: Site, thread_name: str, identity: str, cursor: str) -> None:
    """A participant has got everything up to a cursor."""
    inside = approach_as(site, thread_name, identity)
    if inside.person:
        with reading_goes_on():
            lifetime = inside.settings.message_lifetime_sec * 1000
            inside.store.acknowledge(inside.person, cursor, site.now(), lifetime)


def _serializer(site: Site) -> URLSafeSerializer:
    # The time is in what is signed: itsdangerous' own timestamps know no clock but the machine's.
    return URLSafeSerializer(
        site.secret,
        salt="hub ticket",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
