"""Kinds of values that an option can have: what is expected, in words, and how it is read."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mozchat.domain.mailbox import mailbox

_TRUE = frozenset({"1", "on", "true", "yes"})
_FALSE = frozenset({"0", "off", "false", "no"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,6})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FOLDER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_ICE_URL = re.compile(r"(?:stun|stuns|turn|turns):[^\s]{1,255}")

MAX_ICE_SERVERS = 8  # browsers slow down and warn from five on


@dataclass(frozen=True)
class Kind:
    """`read` gives the value of a text without blanks round it, or raises `ValueError`."""

    expected: str
    read: Callable[[str], Any]


@dataclass(frozen=True)
class IceServer:
    """One RTCIceServer (https://w3c.github.io/webrtc-pc/#rtciceserver-dictionary); `@ip@` is still in it."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""

    @property
    def relays(self) -> bool:
        """Whether it is a TURN server, which takes nobody without a password."""
        return any(url.startswith(("turn:", "turns:")) for url in self.urls)

    @property
    def has_password(self) -> bool:
        """Whether it has one of its own."""
        return bool(self.username and self.credential)


def integer(low: int, high: int, unit: str = "") -> Kind:
    """A whole number in bounds."""

    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return Kind(f"a whole number{f' of {unit}' if unit else ''} from {low} to {high}", read)


def flag() -> Kind:
    """A switch: a bool in Python."""

    def read(text: str) -> bool:
        word = text.lower()
        if word not in _TRUE | _FALSE:
            raise ValueError
        return word in _TRUE

    return Kind("1 (on) or 0 (off)", read)


def text(longest: int) -> Kind:
    """A line for people."""

    def read(text: str) -> str:
        if len(text) > longest or _CONTROL.search(text):
            raise ValueError
        return text

    return Kind(f"a text of at most {longest} characters, without control characters", read)


def choice(*words: str) -> Kind:
    """One of some words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Kind(" or ".join(words), read)


def poll_factor() -> Kind:
    """How often a page asks for news: `"l"`, `"off"`, or an int of tenths of a second, up to an hour."""
    tenths = integer(1, 36_000)

    def read(text: str) -> str | int:
        return text if text in ("l", "off") else int(tenths.read(text))

    return Kind("l (long poll), off, or a whole number of tenths of a second from 1 to 36000", read)


def hours() -> Kind:
    """A shift of the clock: UTC-12 to UTC+14, in quarters, as the world's time zones have it."""

    def read(text: str) -> float:
        if not _DECIMAL.fullmatch(text) or not -12 <= float(text) <= 14 or float(text) * 4 % 1:
            raise ValueError
        return float(text)

    return Kind("a number of hours from -12 to 14, in steps of 0.25", read)


def media_folder() -> Kind:
    """A folder inside the thread's; its name always begins with "media", as the disk layout has it."""

    def read(text: str) -> str:
        if not _FOLDER.fullmatch(text):
            raise ValueError
        return text if text.startswith("media") else f"media{text}"

    return Kind("a folder's name of at most 64 letters A-Z a-z, digits, _ and -", read)


def mail_address() -> Kind:
    """`name@host`, with or without a person's name; fit for a header, so no line ends in it."""

    def read(text: str) -> str:
        if len(text) > 320 or _CONTROL.search(text):
            raise ValueError
        if text:
            mailbox(text)
        return text

    return Kind("a mail address, such as robot@example.org or Mail Robot <robot@example.org>", read)


def ice_address() -> Kind:
    """What is put for `@ip@`: `google`, `this`, or a host; an IPv6 address is given the brackets of a URL."""

    def read(text: str) -> str:
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        if ":" in bare:
            return f"[{ipaddress.IPv6Address(bare)}]"
        if len(text) > 253 or not _HOST.fullmatch(text):
            raise ValueError
        return text

    return Kind("google, this, or the name or IP address of a host", read)


def ice_servers() -> Kind:
    """A JSON list of RTCIceServer: a tuple of `IceServer`."""

    def read(text: str) -> tuple[IceServer, ...]:
        try:
            servers = json.loads(text) if text else []
        except RecursionError:
            raise ValueError from None
        if not isinstance(servers, list) or len(servers) > MAX_ICE_SERVERS:
            raise ValueError
        return tuple(_ice_server(server) for server in servers)

    return Kind(
        f"a JSON list of at most {MAX_ICE_SERVERS} servers, such as "
        '[{"urls": "turn:@ip@:3478", "username": "u", "credential": "c"}]',
        read,
    )


def _ice_server(server: Any) -> IceServer:
    if not isinstance(server, dict):
        raise ValueError
    urls = server.get("urls")
    listed = [urls] if isinstance(urls, str) else urls
    named = server.get("username", ""), server.get("credential", "")
    if (
        not isinstance(listed, list)
        or not 1 <= len(listed) <= 8
        or not all(isinstance(n, str) for n in named)
    ):
        raise ValueError
    if not all(isinstance(url, str) and _ICE_URL.fullmatch(url) for url in listed):
        raise ValueError
    return IceServer(tuple(listed), *named)
