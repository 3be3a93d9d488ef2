"""Calling the hub on another machine: a signed datagram that says which thread has changed.

A hub on this machine needs no call: it has a bell in the run folder, as every process of the site has. A datagram
waits for nobody, so a hub that is dead or slow costs whoever writes nothing; one that is lost is made up for by
the hub's own look, once a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import socket

from mozchat.domain.hub_settings import Address

FRESH_MS = 30_000
"""How far the clocks of site and hub may be apart, and how long a datagram could be sent again by somebody else:
that makes the hub look at a thread, nothing more."""
_COMMAND = re.compile(rb"(([A-Za-z0-9_-]{1,64}) ([0-9]{1,15})) ([0-9a-f]{64})")


def command(secret: str, thread: str, now: int) -> bytes:
    """The datagram that says that a thread has changed, at `now` (milliseconds since 1970)."""
    text = f"{thread} {now}".encode()
    return b"%s %s" % (text, _signature(secret, text))


def thread_of(secret: str, datagram: bytes, now: int) -> str | None:
    """The thread that a datagram is about; `None` where it is not of the site, or not of now."""
    match = _COMMAND.fullmatch(datagram)
    if match is None or not hmac.compare_digest(match[4], _signature(secret, match[1])):
        return None
    return match[2].decode() if abs(int(match[3]) - now) <= FRESH_MS else None


class HubCaller:
    """One process's end. Safe between OS threads."""

    def __init__(self) -> None:
        self._sockets: dict[bool, socket.socket] = {}

    def call(self, address: Address, secret: str, thread: str, now: int) -> None:
        """Tell the hub at an address that a thread has changed. Never waits, and never fails."""
        with contextlib.suppress(OSError):
            self._socket(":" in address[0]).sendto(command(secret, thread, now), address)

    def close(self) -> None:
        """Put the sockets away."""
        while self._sockets:
            self._sockets.popitem()[1].close()

    def _socket(self, version_6: bool) -> socket.socket:
        made = self._sockets.get(version_6)
        if made is None:
            made = socket.socket(socket.AF_INET6 if version_6 else socket.AF_INET, socket.SOCK_DGRAM)
            made.setblocking(False)
            if self._sockets.setdefault(version_6, made) is not made:
                made.close()
        return self._sockets[version_6]


def _signature(secret: str, text: bytes) -> bytes:
    return hmac.new(f"hub command\n{secret}".encode(), text, hashlib.sha256).hexdigest().encode()
