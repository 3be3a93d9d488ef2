"""The hub as the site sees it: whom it serves, and the tickets that let a participant's browser in.

A ticket is a signed word of the site: this browser is this identity, in this thread, on a page of this host. The
hub believes nothing else. It says nothing of a password: whether the identity is still inside is looked up in the
thread's own records, at the door as long as the connection lasts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from mozchat.domain.errors import Forbidden, Missing
from mozchat.services import calls, clips, sessions
from mozchat.services.access import Visit, approach_as, insider, reading_goes_on
from mozchat.services.site import Site

TICKET_SECONDS = 60
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


def keep_here(site: Site, thread_name: str, entered: Mapping[str, int]) -> None:
    """What polls do on the side, for those who have connections, by identity, with the time (milliseconds) when
    the last one was made: they are online, unless they have left since; their calls are kept current, and the
    thread tidy."""
    outside = approach_as(site, thread_name, None)
    settings, roster = outside.settings, outside.store.roster()
    people = [insider(settings, roster, identity) for identity in entered]
    here = [person for person in people if person and (person.left or 0) <= entered[person.identity]]
    with reading_goes_on():
        sessions.touch_all(site, outside, here, 0)
    talkers = outside.store.call_log.load().talkers() if settings.should_log_polls else ()
    for person in here if talkers else ():
        if person.name in talkers:
            calls.keep_current(site, replace(outside, identity=person.identity, person=person))
    if settings.remove_expired_from_dir:
        clips.tidy(site, outside)


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
