"""ICE servers: where the two browsers of a call find a way to each other, as a browser is told of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, replace

from mozchat.domain.options import IceServer, ThreadSettings

GOOGLE = "stun.l.google.com"
GOOGLE_PORT = 19302
PORT = 3478
"""Where STUN and TURN are to be had on a host that says nothing else (RFC 8656)."""

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_PLACE = "@ip@"


@dataclass(frozen=True)
class IceConfiguration:
    """What a participant's browser calls with. `expires` is when its credentials are over, in seconds since
    1970; `None` where there are none that do."""

    servers: tuple[IceServer, ...]
    relay_only: bool
    expires: int | None


def host_of(authority: str) -> str | None:
    """The host of an HTTP request's `Host`, without its port; `None` for what is none."""
    match = _AUTHORITY.fullmatch(authority)
    return match[1] if match else None


def ice_configuration(settings: ThreadSettings, host: str, who: str, now: int) -> IceConfiguration:
    """What the participant `who` calls with at `now` (seconds since 1970), on a site that is reached by `host`.

    A TURN server without a password of its own is given credentials of turnSecret; without that it is left
    out, since a browser that was told of it would make no call at all.
    """
    expires = now + settings.turn_ttl_sec
    place = {"google": GOOGLE, "this": host}.get(settings.ice_addr, settings.ice_addr)
    name, credential = "", ""
    if settings.turn_secret:
        name, credential = minted_credentials(settings.turn_secret, who, expires)
    servers: list[IceServer] = []
    for server in settings.ice_string or _usual_servers(settings):
        urls = tuple(url.replace(_PLACE, place) for url in server.urls)
        if not server.relays or server.has_password:
            servers.append(replace(server, urls=urls))
        elif name:
            servers.append(IceServer(urls, name, credential))
        elif without := tuple(url for url in urls if not IceServer((url,)).relays):
            servers.append(IceServer(without))
    minted = any(name and server.username == name for server in servers)
    return IceConfiguration(tuple(servers), settings.relay_only, expires if minted else None)


def minted_credentials(secret: str, who: str, expires: int) -> tuple[str, str]:
    """User name and password that a TURN server which knows the same secret takes until `expires`: coturn's
    `use-auth-secret` (draft-uberti-behave-turn-rest)."""
    name = f"{expires}:{who}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode()


def _usual_servers(settings: ThreadSettings) -> tuple[IceServer, ...]:
    """Where iceString names none: STUN, and with a turnSecret TURN, on the host that iceAddr names."""
    if settings.ice_addr == "google":
        return (IceServer((f"stun:{_PLACE}:{GOOGLE_PORT}",)),)
    stun = IceServer((f"stun:{_PLACE}:{PORT}",))
    turn = IceServer((f"turn:{_PLACE}:{PORT}?transport=udp", f"turn:{_PLACE}:{PORT}?transport=tcp"))
    return (stun, turn) if settings.turn_secret else (stun,)
