"""Settings of the whole site, from the environment or a `.env` file: `MOZCHAT_…`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

MIN_SECRET_KEY = 32
"""Characters."""
SENDFILE = ("x-sendfile", "x-accel-redirect")
"""The header by which a web server is told to send a file: Apache's mod_xsendfile, nginx."""
UNIX = "unix"
"""Among the trusted proxies: whoever comes by a unix socket."""
MAIL_SERVERS = ("smtp", "smtps", "starttls")
"""Schemes: as it is, with TLS from the first byte, with TLS by STARTTLS."""


class SettingsError(Exception):
    """A setting of the site is not what it must be; says which and what was expected."""


@dataclass(frozen=True)
class SiteSettings:
    """`listeners` is how many long polls one process may hold; `None`: found out from the server in front.
    `min_free_bytes` is what clips leave free of the disk; 0: they may fill it. `public_url` is where participants
    find the site, without a slash at its end; "": not known. `secret_key` signs what the site hands out; "": a
    secret that the site makes for itself and keeps. `sendfile` is how the web server in front is told to send a
    file itself, one of `SENDFILE`; "": it cannot. `trusted_proxies` are those whose `X-Forwarded-…` is believed,
    `trusted_hosts` the names beside the public one under which the site may be asked for; with neither, any.
    `hub_ini` is the file of the hub's settings; `None`: `wshub/ws.ini` beside the folder of the threads.
    `mail_url` is where mail is handed in; "": none is sent."""

    threads_folder: Path
    listeners: int | None = None
    log_level: str = "INFO"
    min_free_bytes: int = 64_000_000
    public_url: str = ""
    secret_key: str = field(default="", repr=False)
    sendfile: str = ""
    trusted_proxies: tuple[IPv4Network | IPv6Network | str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    hub_ini: Path | None = None
    mail_url: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> SiteSettings:
        """Read the variables `MOZCHAT_…`; the environment goes before `.env` in the folder `MOZCHAT_HOME`, which
        is the working folder where nothing says it. Raises `SettingsError`."""
        if environment is None:
            file = dotenv_values(env_file())
            environment = {key: value for key, value in file.items() if value is not None} | os.environ
        home = Path(environment.get("MOZCHAT_HOME", ""))
        return cls(
            threads_folder=home / (environment.get("MOZCHAT_THREADS") or "threads"),
            listeners=_whole(environment, "MOZCHAT_LISTENERS", "0 for short polls only"),
            log_level=_log_level(environment.get("MOZCHAT_LOG_LEVEL", "")),
            min_free_bytes=_min_free_bytes(environment),
            public_url=checked_public_url(environment.get("MOZCHAT_PUBLIC_URL", "")),
            secret_key=_secret_key(environment.get("MOZCHAT_SECRET_KEY", "")),
            sendfile=_sendfile(environment.get("MOZCHAT_SENDFILE", "")),
            trusted_proxies=tuple(map(_proxy, _listed(environment, "MOZCHAT_TRUSTED_PROXIES"))),
            trusted_hosts=tuple(map(_host, _listed(environment, "MOZCHAT_TRUSTED_HOSTS"))),
            hub_ini=home / environment["MOZCHAT_HUB_INI"] if environment.get("MOZCHAT_HUB_INI") else None,
            mail_url=_mail_url(environment.get("MOZCHAT_SMTP_URL", "")),
        )


def _min_free_bytes(environment: Mapping[str, str]) -> int:
    found = _whole(environment, "MOZCHAT_MIN_FREE_BYTES", "0 for no such limit")
    return SiteSettings.min_free_bytes if found is None else found


def _whole(environment: Mapping[str, str], name: str, zero: str) -> int | None:
    text = environment.get(name, "")
    if not text.strip():
        return None
    if not text.strip().isdigit():
        raise SettingsError(f"{name}={text!r}: a whole number was expected, {zero}.")
    return int(text)


def checked_public_url(text: str) -> str:
    """The public URL without a slash at its end. Raises `SettingsError`."""
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        right = (
            parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        right = False
    if url and (not right or parts.query or parts.fragment or "@" in parts.netloc or not url.isascii()):
        raise SettingsError(
            f"MOZCHAT_PUBLIC_URL={text!r}: an address like https://example.org/forum was expected."
        )
    return url


def _secret_key(text: str) -> str:
    key = text.strip()
    if key and len(key) < MIN_SECRET_KEY:
        raise SettingsError(
            f"MOZCHAT_SECRET_KEY: at least {MIN_SECRET_KEY} random characters were expected, or none at all."
        )
    return key


def _listed(environment: Mapping[str, str], name: str) -> list[str]:
    return environment.get(name, "").replace(",", " ").split()


def _proxy(text: str) -> IPv4Network | IPv6Network | str:
    if text == UNIX:
        return UNIX
    try:
        return ip_network(text)
    except ValueError as error:
        raise SettingsError(
            f"MOZCHAT_TRUSTED_PROXIES={text!r}: addresses like 127.0.0.1, networks like 10.0.0.0/8 and the word"
            " unix were expected."
        ) from error


def _host(text: str) -> str:
    try:
        right = urlsplit(f"//{text}").hostname == text.lower().strip("[]")
    except ValueError:
        right = False
    if not right:
        raise SettingsError(
            f"MOZCHAT_TRUSTED_HOSTS={text!r}: names like forum.example.org, without scheme and port, were"
            " expected."
        )
    return text.lower().strip("[]")


def _mail_url(text: str) -> str:
    """The value is not repeated where it is wrong: it has a password."""
    url = text.strip()
    scheme, colon, rest = url.partition(":")
    try:
        parts = urlsplit(url)
        server = scheme in MAIL_SERVERS and bool(parts.hostname) and parts.port != 0
        server = server and parts.path in ("", "/") and not parts.query and not parts.fragment
        server = server and (parts.username is None) == (parts.password is None)
    except ValueError:
        server = False
    path = (scheme == "sendmail" and not rest) or (scheme in ("sendmail", "file") and rest.startswith("/"))
    if url and not server and not (colon and path):
        raise SettingsError(
            "MOZCHAT_SMTP_URL: an address like starttls://user:password@mail.example.org was expected (or smtp, "
            "smtps; what is special in user and password written as %XX), or sendmail: or file:/a/folder."
        )
    return url


def _log_level(text: str) -> str:
    level = text.strip().upper() or "INFO"
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if level not in levels:
        raise SettingsError(f"MOZCHAT_LOG_LEVEL={text!r}: one of {', '.join(levels)} was expected.")
    return level


def _sendfile(text: str) -> str:
    header = text.strip().lower()
    if header and header not in SENDFILE:
        raise SettingsError(f"MOZCHAT_SENDFILE={text!r}: one of {', '.join(SENDFILE)} was expected.")
    return header


def env_file() -> Path:
    """Where `.env` is looked for: in `MOZCHAT_HOME`, or the working folder where nothing says that."""
    return Path(os.environ.get("MOZCHAT_HOME", ""), ".env").absolute()
