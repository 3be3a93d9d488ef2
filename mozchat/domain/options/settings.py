"""A thread's settings: read from its `.ini`, and what of them the page may know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mozchat.domain.ini import Entry, IniDocument, IniError, Section, decode, parse_ini
from mozchat.domain.options.kinds import IceServer
from mozchat.domain.options.table import OPTIONS, Option

SECTIONS = ("common", "client", "auth")
HASH_PREFIX = "scrypt:"
"""How a hashed password begins; any other is taken as it is written."""

MAX_SHOWN = 80
"""Characters of a faulty value that a problem repeats."""

_BY_KEY = {option.key: option for option in OPTIONS}


@dataclass(frozen=True)
class ThreadSettings:
    """All options of a thread, in the order of the table. Times in seconds unless `poll_factor`."""

    title: str
    description: str
    public: bool
    lang: Literal["en", "ru"]
    media_folder: str
    max_blob_bytes: int
    max_media_folder_bytes: int
    clip_lifetime_sec: int
    max_clip_count: int
    max_open_uploads: int
    upload_lifetime_sec: int
    durability: Literal["fsync", "os"]
    hide_expired: bool
    remove_expired_from_dir: bool
    max_clip_size_sec: int
    allow_video: bool
    video_on: bool
    allow_stream: bool
    on_recorded: Literal["upload", "stop"]
    live: bool
    play_new: bool
    skip_mine: bool
    poll_factor: Literal["l", "off"] | int
    long_poll_period_s: int
    user_status_fade_s: int
    name_hold_sec: int
    message_lifetime_sec: int
    notify_users: bool
    notify_online: bool
    allow_subscribe: bool
    mail_from: str
    mail_reply_to: str
    time_shift_hrs: float
    ice_addr: str
    ice_string: tuple[IceServer, ...]
    turn_secret: str
    turn_ttl_sec: int
    relay_only: bool
    call_log_limit: int
    should_log_polls: bool
    log_addresses: bool
    show_more: bool
    report_errors: bool
    password: str

    @property
    def mails(self) -> bool:
        """Whether mail goes out about new clips."""
        return self.notify_users and not self.allow_stream

    def __repr__(self) -> str:
        """Without the values: some are secret, and a repr ends in logs."""
        return f"<{type(self).__name__} {self.title!r}>"


@dataclass(frozen=True)
class Problem:
    """Something wrong in an `.ini`; `value` is `None` where it has none or must not be shown."""

    level: Literal["error", "warning"]
    source: str
    line: int
    key: str
    value: str | None
    message: str

    def __str__(self) -> str:
        what = [self.key] if self.key else []
        if self.value is not None:
            what = [f'{self.key} = "{self.value}"']
        return ": ".join([f"{self.source} line {self.line}", *what, self.message])


def parse_settings(text: str | bytes, source: str) -> tuple[ThreadSettings, list[Problem]]:
    """The settings that a text gives, and all that is wrong with it, in the order of its lines.

    A key with an error has its default; it is for the caller to refuse a thread that has one. `source` is
    how the file is called in the problems. Bytes are decoded first.
    """
    try:
        document = parse_ini(decode(text) if isinstance(text, bytes) else text)
    except IniError as error:
        return DEFAULTS, [Problem("error", source, error.line, "", None, error.message)]
    values: dict[str, Any] = {}
    problems = list(_misplaced(document, source))
    for option, entries in _gathered(document).items():
        problems += (_overridden(entry, entries[-1], source) for entry in entries[:-1])
        value, problem = _value(option, entries[-1], source)
        if value is not None:
            values[option.field] = value
        problems += [problem] if problem else []
    settings = _settings(values)
    problems += _contradictions(settings, document, source)
    return settings, sorted(problems, key=lambda problem: problem.line)


def page_view(settings: ThreadSettings) -> dict[str, object]:
    """What the client may see, by `.ini` key; a switch is 0 or 1 there, as in the file."""
    view = {option.key: getattr(settings, option.field) for option in OPTIONS if option.page}
    return {key: int(value) if isinstance(value, bool) else value for key, value in view.items()}


def _settings(values: dict[str, Any]) -> ThreadSettings:
    whole = {option.field: values.get(option.field, option.default_value) for option in OPTIONS}
    for option in OPTIONS:
        if option.default_among and option.field not in values:
            whole[option.field] = option.default_among(whole)
    return ThreadSettings(**whole)


DEFAULTS = _settings({})
"""The settings of an empty `.ini`."""


def _gathered(document: IniDocument) -> dict[Option, list[Entry]]:
    """The entries of each option, in the order in which one overrides the other: [client] comes last."""
    gathered: dict[Option, list[Entry]] = {}
    for name in SECTIONS:
        section = document.section(name)
        for entry in section.entries if section else ():
            option = _BY_KEY.get(entry.key)
            if option and name in option.sections:
                gathered.setdefault(option, []).append(entry)
    return gathered


def _value(option: Option, entry: Entry, source: str) -> tuple[Any, Problem | None]:
    """The value of an entry, or `None` for the default and what is wrong. An empty value means the default: the
    PHP mozchat's folders have `mailFrom=` and the like."""
    text = entry.value.strip()
    try:
        if entry.is_list:
            raise ValueError
        return (option.kind.read(text) if text else None), None
    except ValueError:
        shown = None if option.secret else entry.value[:MAX_SHOWN]
        message = f"{option.kind.expected} was expected"
        return None, Problem("error", source, entry.line, entry.key, shown, message)


def _overridden(entry: Entry, winner: Entry, source: str) -> Problem:
    message = f"does not count, because line {winner.line} sets it too"
    return Problem("warning", source, entry.line, entry.key, None, message)


def _misplaced(document: IniDocument, source: str) -> Iterator[Problem]:
    """Entries and sections that mean nothing. Values are not shown: a mistyped key may hold a password."""
    for section in document.sections:
        if section.name is not None and section.name not in SECTIONS:
            message = f"unknown section; there are {', '.join(f'[{name}]' for name in SECTIONS)}"
            yield Problem("warning", source, section.line, f"[{section.name}]", None, message)
        elif section.name is not None and section is not document.section(section.name):
            message = "does not count, because a section of this name comes again"
            yield Problem(_gravity(section.name), source, section.line, f"[{section.name}]", None, message)
        for entry in section.entries:
            yield from _misplaced_entry(section, entry, source)


def _misplaced_entry(section: Section, entry: Entry, source: str) -> Iterator[Problem]:
    option = _BY_KEY.get(entry.key)
    if option is None:
        close = difflib.get_close_matches(entry.key, _BY_KEY, n=1, cutoff=0.8)
        message = f"unknown key; is {close[0]} meant?" if close else "unknown key"
        yield Problem("warning", source, entry.line, entry.key, None, message)
    elif section.name not in option.sections:
        where = " or ".join(f"[{name}]" for name in option.sections)
        message = f"does not count here; it belongs in {where}"
        yield Problem(_gravity(option.sections[0]), source, entry.line, entry.key, None, message)


def _gravity(section: str) -> Literal["error", "warning"]:
    """A password that does not count would leave open what its owner believes closed."""
    return "error" if section == "auth" else "warning"


def _contradictions(settings: ThreadSettings, document: IniDocument, source: str) -> Iterator[Problem]:
    """Warnings about settings that do not go together."""
    lines = {option.key: entries[-1].line for option, entries in _gathered(document).items()}

    def warning(key: str, message: str) -> Problem:
        return Problem("warning", source, lines.get(key, 1), key, None, message)

    if settings.max_blob_bytes > settings.max_media_folder_bytes:
        yield warning(
            "maxBlobBytes", "is more than maxMediaFolderBytes, and no clip can be bigger than the folder"
        )
    if settings.video_on and not settings.allow_video:
        yield warning("videoOn", "does not count where allowVideo=0")
    if settings.notify_users and settings.allow_stream:
        yield warning("notifyUsers", "no mail is sent where allowStream=1")
    if settings.allow_subscribe and not settings.mails:
        yield warning("allowSubscribe", "does not count where notifyUsers=0 or allowStream=1")
    relays = [server for server in settings.ice_string if server.relays]
    usual = not settings.ice_string and settings.ice_addr != "google"
    if settings.turn_secret and not relays and not usual:
        yield warning("turnSecret", "is of no use, because neither iceString nor iceAddr names a TURN server")
    if not settings.turn_secret:
        if not all(server.has_password for server in relays):
            yield warning(
                "iceString", "a TURN server without username and credential needs a turnSecret to count"
            )
        if settings.relay_only and not any(server.has_password for server in relays):
            yield warning("relayOnly", "nobody can call, because there is no TURN server with a password")
    elif settings.relay_only and not relays and not usual:
        yield warning("relayOnly", "nobody can call, because there is no TURN server")
    if settings.password and not settings.password.startswith(HASH_PREFIX):
        yield warning("password", "is readable in the file; `mozchat passwd` stores a hash in its place")
