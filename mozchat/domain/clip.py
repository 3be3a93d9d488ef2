"""A clip: one recording, its record in the catalogue, and the row that the PHP mozchat kept of it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mozchat.domain.errors import Invalid

MAX_DESCRIPTION = 200
MAX_PEAKS = 128
MAX_PEAK = 100
MAX_DURATION = 86_400.0
"""Seconds; a hint beyond it is no duration."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_PHP_NAME = re.compile(r"(\d{9,11})(?:\D.*)?", re.DOTALL)
_OWN_STEM = re.compile(r"\d{13}-([0-9a-f]{16})", re.ASCII)
_MIME = re.compile(r'(?:audio|video)/[a-z0-9.+-]{1,40}(?:; ?codecs="?[A-Za-z0-9., _-]{1,100}"?)?', re.ASCII)
UNKNOWN_MIME = "application/octet-stream"
_FILE_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}")


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording. `created` and `expires` in milliseconds since 1970, `duration` in seconds."""

    id: str
    file: str
    author: str
    identity: str
    """Hash of the author's secret; empty where nobody can be recognised (clips of the PHP mozchat)."""
    created: int
    expires: int
    mime: str
    duration: float
    bytes: int
    description: str = ""
    peaks: tuple[int, ...] = ()
    sent: int = 0
    """How many bytes its author sent, where that differs from `bytes`: the file has a header of ours."""
    notified: int = 0
    """How many people are told of it by mail."""
    live: bool = False
    """It is still being recorded: `bytes`, `duration` and `peaks` are what was told of it last."""
    paused: bool = False
    """Of one that is live: nothing comes just now."""

    @property
    def received(self) -> int:
        """How many bytes its author sent."""
        return self.sent or self.bytes

    @property
    def stored_bytes(self) -> int:
        """How much of the media folder it takes; one that is live counts among the uploads."""
        return 0 if self.live else self.bytes

    @property
    def gap(self) -> int:
        """How many bytes a new header has put in front of what its author sent."""
        return self.bytes - self.received

    def grown(self, growth: Growth) -> Clip:
        """The same clip, still live, further on."""
        return replace(
            self,
            mime=growth.mime,
            bytes=growth.bytes,
            duration=growth.duration,
            peaks=growth.peaks,
            paused=growth.paused,
        )

    def record(self) -> dict[str, Any]:
        """The clip as `catalog.json` and the journal keep it."""
        record: dict[str, Any] = {
            "id": self.id,
            "file": self.file,
            "author": self.author,
            "identity": self.identity,
            "created": self.created,
            "expires": self.expires,
            "mime": self.mime,
            "duration": self.duration,
            "bytes": self.bytes,
            "description": self.description,
        }
        if self.peaks:
            record["peaks"] = list(self.peaks)
        if self.sent:
            record["sent"] = self.sent
        if self.notified:
            record["notified"] = self.notified
        if self.live:
            record |= {"live": True, "paused": self.paused}
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Clip:
        """The reverse of `record`; raises `ValueError` where it cannot be a clip."""
        try:
            clip = cls(
                id=str(record["id"]),
                file=str(record["file"]),
                author=str(record["author"]),
                identity=str(record.get("identity", "")),
                created=int(record["created"]),
                expires=int(record["expires"]),
                mime=stored_mime(record["mime"]),
                duration=_seconds(record["duration"]),
                bytes=max(0, int(record["bytes"])),
                description=str(record.get("description", "")),
                peaks=_stored_peaks(record.get("peaks")),
                sent=max(0, int(record.get("sent", 0))),
                notified=max(0, int(record.get("notified", 0))),
                live=record.get("live") is True,
                paused=record.get("paused") is True,
            )
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a clip's record: {error!r}") from error
        if not _ID.fullmatch(clip.id) or not is_file_name(clip.file):
            raise ValueError(f"not a clip's id or file name: {clip.id!r}, {clip.file!r}")
        return clip

    @classmethod
    def from_php_row(cls, row: Sequence[Any]) -> Clip:
        """A row of the PHP mozchat's catalogue:
        `[fileName, author, dateTime, mime, duration, bytes, expire, description]`.

        `dateTime` has no year, so the time is taken from the file name, which begins with it in Unix seconds.
        Raises `ValueError` where the row cannot be one.
        """
        try:
            file, author, _, mime, duration, size, expire = row[:7]
            file = str(file).replace("\\", "/").rsplit("/", 1)[-1]
            expires = int(float(expire)) * 1000
            size = max(0, int(float(size)))
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"not a row of a PHP catalogue: {row!r}") from error
        if not is_file_name(file):
            raise ValueError(f"not a clip's file name: {file!r}")
        description = row[7] if len(row) > 7 and row[7] is not None else ""
        return cls(
            id=id_of_file(file),
            file=file,
            author=str(author),
            identity="",
            created=_time_in_name(file) or max(0, expires),
            expires=expires,
            mime=stored_mime(mime),
            duration=_seconds(duration),
            bytes=size,
            description=clean_description(str(description)),
        )

    def expired(self, now: int) -> bool:
        """Whether its time is over at `now` (milliseconds); not before it is complete."""
        return self.expires <= now and not self.live


@dataclass(frozen=True, slots=True)
class Growth:
    """What is told of a live clip as it goes on; each as in `Clip`."""

    id: str
    mime: str
    bytes: int
    duration: float
    peaks: tuple[int, ...]
    paused: bool

    @classmethod
    def of(cls, clip: Clip, *, paused: bool | None = None) -> Growth:
        """How far a live clip has come."""
        is_paused = clip.paused if paused is None else paused
        return cls(clip.id, clip.mime, clip.bytes, clip.duration, clip.peaks, is_paused)

    def record(self) -> dict[str, Any]:
        """As the journal keeps it."""
        record = {"id": self.id, "mime": self.mime, "bytes": self.bytes, "duration": self.duration}
        peaks = {"peaks": list(self.peaks)} if self.peaks else {}
        return {**record, **peaks, "paused": self.paused}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Growth:
        """The reverse of `record`; raises `ValueError` where it cannot be one."""
        try:
            return cls(
                id=str(record["id"]),
                mime=stored_mime(record["mime"]),
                bytes=max(0, int(record["bytes"])),
                duration=_seconds(record["duration"]),
                peaks=_stored_peaks(record.get("peaks")),
                paused=record.get("paused") is True,
            )
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not what is told of a live clip: {error!r}") from error


def is_file_name(name: str) -> bool:
    """Whether it is a plain name inside the media folder: no path, not hidden."""
    return _FILE_NAME.fullmatch(name) is not None and not name.startswith(".")


def file_name(created: int, clip_id: str, extension: str) -> str:
    """The file of a new clip: its time in milliseconds and its id, which is random or made from a key."""
    return f"{created:013d}-{clip_id}.{extension}"


def id_of_file(file: str) -> str:
    """The id of the clip that a file belongs to: the one in our own names, else the stem, else a hash."""
    stem = file.rsplit(".", 1)[0]
    own = _OWN_STEM.fullmatch(stem)
    if own:
        return own[1]
    return stem if _ID.fullmatch(stem) else hashlib.sha256(file.encode("utf-8", "replace")).hexdigest()[:16]


def stored_mime(value: Any) -> str:
    """A type that is what a client said: sound or picture, else nothing that a browser would open as a page."""
    mime = str(value)
    return mime if _MIME.fullmatch(mime) else UNKNOWN_MIME


def _time_in_name(file: str) -> int:
    match = _PHP_NAME.fullmatch(file)
    return int(match[1]) * 1000 if match else 0


def _seconds(value: Any) -> float:
    """A stored or sent duration, which may be a string: finite, from 0 to a day; else 0."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return round(seconds, 3) if math.isfinite(seconds) and 0 <= seconds <= MAX_DURATION else 0.0


def chosen_duration(measured: float | None, hint: float | str, longest: float) -> float:
    """The duration of a new clip in seconds: what was read in the file wins over the sender's hint; a hint is
    bounded by `longest`."""
    return _seconds(measured) if measured is not None else min(_seconds(hint), longest)


def clean_description(text: str) -> str:
    """One line of at most 200 characters, without control characters."""
    line = "".join(" " if character.isspace() else character for character in text)
    return "".join(c for c in line if c == " " or c.isprintable()).strip()[:MAX_DESCRIPTION].rstrip()


def checked_fields(value: Any) -> dict[str, Any]:
    """What a recorder says of a clip, as far as it does: `duration` (seconds), `description`, `peaks`; whether it
    is to be `live`, whether it is `paused`.

    What else is in it is passed over. Raises `Invalid`.
    """
    if not isinstance(value, dict):
        raise Invalid("What is said of a clip is a JSON object.")
    fields: dict[str, Any] = {}
    if "duration" in value:
        if type(value["duration"]) not in (int, float):
            raise Invalid("duration is a number of seconds.")
        fields["duration"] = _seconds(value["duration"])
    if "description" in value:
        if not isinstance(value["description"], str):
            raise Invalid("description is a text.")
        fields["description"] = clean_description(value["description"])
    if "peaks" in value:
        fields["peaks"] = checked_peaks(value["peaks"])
    for name in ("live", "paused"):
        if name in value:
            if type(value[name]) is not bool:
                raise Invalid(f"{name} is true or false.")
            fields[name] = value[name]
    return fields


def checked_peaks(value: Any) -> tuple[int, ...]:
    """The peaks that a recorder sent; raises `Invalid` unless they are at most 128 whole numbers of 0 to 100."""
    if not isinstance(value, list) or len(value) > MAX_PEAKS:
        raise Invalid(f"peaks is a list of at most {MAX_PEAKS} numbers.")
    if not all(type(peak) is int and 0 <= peak <= MAX_PEAK for peak in value):
        raise Invalid(f"Each of peaks is a whole number from 0 to {MAX_PEAK}.")
    return tuple(value)


def _stored_peaks(value: Any) -> tuple[int, ...]:
    try:
        return checked_peaks(value)
    except Invalid:
        return ()
