"""What `ws.ini` says of the hub: where it is, whom it serves, and how the site reaches it.

The keys are those of the PHP mozchat, in the dialect of the threads' `.ini`.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mozchat.domain.ini import Entry, IniDocument, IniError, Section, decode, parse_ini
from mozchat.domain.names import is_thread_name
from mozchat.domain.options import Problem
from mozchat.domain.options.kinds import Kind, text

Address = tuple[str, int]
"""An IP address and a port."""
DEFAULT_PORT = 8080
_REALMS = "realms"
_ON = re.compile(r"[0-9]{1,9}")
_SERVER_URI = re.compile(
    r"wss?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)


@dataclass(frozen=True)
class HubSettings:
    """`server_uri`: where browsers find the hub, "" for `/hub` below the site. `command_address`: where the site
    tells it of changes, beside the bell; `commands_at`: the IP address at which it listens for that, "" nowhere.
    `listen`: where it listens for browsers. `cert` and `key`: files of its own certificate, "" none. `realms`: the
    threads that it serves, empty for all."""

    on: bool = False
    command_address: Address | None = None
    server_uri: str = ""
    listen: Address = ("127.0.0.1", DEFAULT_PORT)
    commands_at: str = ""
    cert: str = ""
    key: str = ""
    realms: frozenset[str] = frozenset()

    def serves(self, thread: str) -> bool:
        """Whether a thread's listeners may use the hub."""
        return self.on and (not self.realms or thread in self.realms)


OFF = HubSettings()


def parse_hub_settings(data: bytes, source: str) -> tuple[HubSettings, list[Problem]]:
    """The settings that a file gives, and all that is wrong with it, in the order of its lines. A key with an
    error has its default; it is for the caller to do without a hub then."""
    try:
        document = parse_ini(decode(data))
    except IniError as error:
        return OFF, [Problem("error", source, error.line, "", None, error.message)]
    problems = list(_misplaced(document, source))
    values: dict[str, Any] = {}
    for key, (section_name, kind) in _KEYS.items():
        section = document.section(section_name)
        entries = [entry for entry in section.entries if entry.key == key] if section else []
        value, problem = _value(kind, entries[-1], source) if entries else (kind.read(""), None)
        values[key] = value
        problems += [problem] if problem else []
    realms, wrong = _realms(document.section(_REALMS), source)
    settings = _settings(values, realms)
    problems += [*wrong, *_contradictions(settings, values, source)]
    return settings, sorted(problems, key=lambda problem: problem.line)


def _settings(values: dict[str, Any], realms: frozenset[str]) -> HubSettings:
    return HubSettings(
        on=values["wsOn"],
        command_address=values["wsCommandUri"],
        server_uri=values["wsServerUri"],
        listen=_listen(values),
        commands_at=values["listenForCommands"],
        cert=values["wssCert"],
        key=values["wssKey"],
        realms=realms,
    )


def _listen(values: dict[str, Any]) -> Address:
    """As wsLocalPort says; else at the port of wsServerUri, as the PHP hub did. To other machines than this one
    only with a certificate, or where wsLocalPort names the address."""
    host, port = values["wsLocalPort"]
    uri = values["wsServerUri"]
    usual = "0.0.0.0" if values["wssCert"] else "127.0.0.1"
    return host or usual, port or (urlsplit(uri).port if uri else None) or DEFAULT_PORT


def _value(kind: Kind, entry: Entry, source: str) -> tuple[Any, Problem | None]:
    try:
        if entry.is_list:
            raise ValueError
        return kind.read(entry.value.strip()), None
    except ValueError:
        problem = Problem(
            "error", source, entry.line, entry.key, entry.value[:80], f"{kind.expected} was expected"
        )
        return kind.read(""), problem


def _realms(section: Section | None, source: str) -> tuple[frozenset[str], list[Problem]]:
    entries = section.entries if section else ()
    wrong = [
        Problem("error", source, entry.line, entry.key, None, "the name of a thread was expected, `name=`")
        for entry in entries
        if not is_thread_name(entry.key)
    ]
    return frozenset(entry.key for entry in entries), wrong


def _misplaced(document: IniDocument, source: str) -> Iterator[Problem]:
    known = [*dict.fromkeys(section for section, _ in _KEYS.values()), _REALMS]
    for section in document.sections:
        if section.name is not None and section.name not in known:
            message = f"unknown section; there are {', '.join(f'[{name}]' for name in known)}"
            yield Problem("warning", source, section.line, f"[{section.name}]", None, message)
        for entry in section.entries if section.name != _REALMS else ():
            message = _why_not(entry.key, section.name)
            if message:
                yield Problem("warning", source, entry.line, entry.key, None, message)


def _why_not(key: str, section: str | None) -> str:
    """Why an entry means nothing; "" where it means something."""
    if key == "composerPath":
        return "is of no use here: it was for PHP"
    if key not in _KEYS:
        close = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.8)
        return f"unknown key; is {close[0]} meant?" if close else "unknown key"
    return "" if section == _KEYS[key][0] else f"does not count here; it belongs in [{_KEYS[key][0]}]"


def _contradictions(settings: HubSettings, values: dict[str, Any], source: str) -> Iterator[Problem]:
    if bool(settings.cert) != bool(settings.key):
        missing = "wssKey" if settings.cert else "wssCert"
        yield Problem("error", source, 1, missing, None, "wssCert and wssKey go together")
    if settings.commands_at and settings.command_address is None:
        message = "does not count, because no wsCommandUri says the port"
        yield Problem("warning", source, 1, "listenForCommands", None, message)


# --- kinds of values ------------------------------------------------------------------------------------


def _read_on(value: str) -> bool:
    """The PHP mozchat has numbers other than 1 there."""
    if value and not _ON.fullmatch(value):
        raise ValueError
    return bool(int(value or 0))


def _read_ip(value: str) -> str:
    value = "127.0.0.1" if value == "localhost" else value
    return str(ipaddress.ip_address(value)) if value else ""


def _read_port(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    if value and (not port.isdigit() or not 0 < int(port) < 65536 or (colon and not host)):
        raise ValueError
    return _read_ip(host.strip("[]")), int(port or 0)


def _read_command_uri(value: str) -> Address | None:
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("udp", "http") or not parts.hostname or not parts.port:
        raise ValueError
    return _read_ip(parts.hostname), parts.port


def _read_server_uri(value: str) -> str:
    """It goes into pages' Content-Security-Policy, so its characters are few."""
    if value and (not _SERVER_URI.fullmatch(value) or urlsplit(value).port == 0):
        raise ValueError
    return value


_KEYS: dict[str, tuple[str, Kind]] = {
    "wsOn": ("common", Kind("1 (on) or 0 (off)", _read_on)),
    "wsCommandUri": (
        "common",
        Kind("an address like udp://10.0.0.7:8081, with an IP address or localhost,", _read_command_uri),
    ),
    "wsServerUri": ("common", Kind("an address like wss://example.org/hub", _read_server_uri)),
    "wsLocalPort": ("server", Kind("a port, or an IP address with a port, like 0.0.0.0:8080,", _read_port)),
    "listenForCommands": ("server", Kind("an IP address", _read_ip)),
    "wssCert": ("server", text(1000)),
    "wssKey": ("server", text(1000)),
}
"""Each key with its section and its kind, which reads "" as the default."""
