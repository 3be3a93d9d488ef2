"""The table of everything that a thread's `.ini` can say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mozchat.domain.options.kinds import (
    Kind,
    choice,
    flag,
    hours,
    ice_address,
    ice_servers,
    integer,
    mail_address,
    media_folder,
    poll_factor,
    text,
)

EITHER = ("common", "client")
AUTH = ("auth",)


@dataclass(frozen=True)
class Option:
    """One key. `default` is written as in an `.ini`; `page`: the client may see it; `secret`: its value is
    shown nowhere, not even where it is wrong; `default_among` gives the default where that depends on the other
    fields."""

    key: str
    kind: Kind
    default: str
    help: str
    sections: tuple[str, ...] = EITHER
    page: bool = False
    secret: bool = False
    default_among: Callable[[Mapping[str, Any]], Any] | None = None

    @cached_property
    def field(self) -> str:
        """Its name in `ThreadSettings`."""
        return re.sub(r"(?=[A-Z])", "_", self.key).lower()

    @cached_property
    def default_value(self) -> Any:
        """The default as `ThreadSettings` has it."""
        return self.kind.read(self.default)


SHORT_SECONDS = 5
"""A stream whose clips are at most so long is a row of them, one after another, as before clips could be live."""


def _is_live(fields: Mapping[str, Any]) -> bool:
    is_row = fields["allow_stream"] and fields["max_clip_size_sec"] <= SHORT_SECONDS
    return fields["on_recorded"] == "upload" and not is_row


_YEAR = 366 * 24 * 3600
_CENTURY = 100 * _YEAR
_TERABYTE = 10**12

# Upper bounds keep a slip of the finger from becoming a date past the year 9999, a wait that every proxy
# cuts off, or a list that no browser shows. Lower ones keep a thread from refusing everything.
OPTIONS: tuple[Option, ...] = (
    Option("title", text(100), "Audio chat", "The page's title.", page=True),
    Option("description", text(300), "", "A line about the thread for the front page.", page=True),
    Option(
        "public", flag(), "1", "1: the front page lists the thread; 0: only who knows its address finds it."
    ),
    Option("lang", choice("en", "ru"), "en", "The page's language.", page=True),
    # Storage
    Option(
        "mediaFolder",
        media_folder(),
        "media",
        'The folder of the clips\' files; "media" is put in front of its name where it is missing.',
    ),
    Option(
        "maxBlobBytes",
        integer(1, _TERABYTE, "bytes"),
        "50000",
        "The biggest clip that is accepted.",
        page=True,
    ),
    Option(
        "maxMediaFolderBytes",
        integer(1, _TERABYTE, "bytes"),
        "400000",
        "The size of all clips together; the oldest go to make room for a new one.",
        page=True,
    ),
    Option(
        "clipLifetimeSec",
        integer(1, _CENTURY, "seconds"),
        "300",
        "How long a clip is kept; expired ones are removed when a new one is added.",
        page=True,
    ),
    # The catalogue is fast up to 10,000 clips; ten times that is still usable.
    Option(
        "maxClipCount",
        integer(0, 100_000),
        "20",
        "How many clips are kept; 0: as many as the folder holds.",
        page=True,
    ),
    # What is being sent and not yet a clip.
    Option(
        "maxOpenUploads",
        integer(1, 1000),
        "8",
        "How many recordings a participant may have begun to send and not finished.",
    ),
    Option(
        "uploadLifetimeSec",
        integer(60, _YEAR, "seconds"),
        "86400",
        "How long a recording that is not finished waits for the rest of it.",
    ),
    Option(
        "durability",
        choice("fsync", "os"),
        "fsync",
        "fsync: a clip that was accepted survives a power cut; os: only a crash of the site, but it is quicker.",
    ),
    Option("hideExpired", flag(), "1", "1: expired clips that are still stored are not listed.", page=True),
    Option("removeExpiredFromDir", flag(), "0", "1: expired clips are removed at every poll too."),
    # Recording
    Option(
        "maxClipSizeSec",
        integer(1, 86_400, "seconds"),
        "2",
        "The longest recording.",
        page=True,
    ),
    Option("allowVideo", flag(), "0", "1: clips may have a picture.", page=True),
    Option(
        "videoOn", flag(), "0", "1: the recorder is set to video at first, where allowVideo=1.", page=True
    ),
    Option(
        "allowStream", flag(), "0", "1: recordings may go out one after the other by themselves.", page=True
    ),
    Option(
        "onRecorded",
        choice("upload", "stop"),
        "stop",
        "upload: a recording is sent at once (and in a stream the next begins); stop: preview first.",
        page=True,
    ),
    Option(
        "live",
        flag(),
        "0",
        "1: a clip is heard while it is being recorded; without this line so it is where onRecorded=upload, "
        "but not in a stream of clips of up to 5 seconds.",
        page=True,
        default_among=_is_live,
    ),
    # Playing
    Option("playNew", flag(), "1", "1: new clips are played as they come.", page=True),
    Option("skipMine", flag(), "1", "1: of the new clips, one's own are not played.", page=True),
    # Polling and presence
    Option(
        "pollFactor",
        poll_factor(),
        "30",
        "Tenths of a second between two polls; l: long polls, which bring news at once; off: no polls.",
        page=True,
    ),
    # Servers and proxies cut an idle request after 60 to 300 seconds.
    Option(
        "longPollPeriodS",
        integer(1, 300, "seconds"),
        "15",
        "The longest wait of a long poll.",
        page=True,
    ),
    Option(
        "userStatusFadeS",
        integer(1, 86_400, "seconds"),
        "5",
        "After this time without a sign a participant is offline.",
        page=True,
    ),
    Option(
        "nameHoldSec",
        integer(1, 10 * _YEAR, "seconds"),
        "2592000",
        "How long a name stays with the browser that used it last; nobody else can take it meanwhile.",
    ),
    Option(
        "messageLifetimeSec",
        integer(1, _YEAR, "seconds"),
        "300",
        "How long a message waits for somebody who is away.",
        page=True,
    ),
    # Mail
    Option(
        "notifyUsers", flag(), "0", "1: those in notify.ini get mail about new clips, where allowStream=0."
    ),
    Option("notifyOnline", flag(), "0", "1: mail goes to those too who are online in the thread just then."),
    Option(
        "allowSubscribe",
        flag(),
        "0",
        "1: participants may ask for that mail on the page, and confirm it by a mail.",
        page=True,
    ),
    Option(
        "mailFrom",
        mail_address(),
        "",
        "The sender of that mail; where it is empty, mozchat at the host of MOZCHAT_PUBLIC_URL.",
        secret=True,
    ),
    Option("mailReplyTo", mail_address(), "", "Where an answer to that mail goes.", secret=True),
    Option("timeShiftHrs", hours(), "0", "Hours from UTC to the clock of the times in mail."),
    # Calls
    Option(
        "iceAddr",
        ice_address(),
        "google",
        "google: Google's STUN server; this: this host; or a host of yours.",
    ),
    Option(
        "iceString",
        ice_servers(),
        "",
        "The STUN and TURN servers of calls, as JSON; @ip@ in it stands for iceAddr.",
        secret=True,
    ),
    Option(
        "turnSecret",
        text(300),
        "",
        "The secret shared with a TURN server (coturn's static-auth-secret): each gets a password for a while.",
        secret=True,
    ),
    # A call that is longer than its password lasts may lose its relay.
    Option(
        "turnTtlSec",
        integer(60, 7 * 86_400, "seconds"),
        "14400",
        "How long such a password is good.",
    ),
    Option("relayOnly", flag(), "0", "1: calls go through a TURN server only, which hides addresses."),
    Option("callLogLimit", integer(0, 100_000, "lines"), "20", "How many calls calls.csv keeps."),
    Option("shouldLogPolls", flag(), "1", "1: a call's length in calls.csv is kept current while it lasts."),
    Option("logAddresses", flag(), "0", "1: calls.csv has the callers' IP addresses."),
    # The page
    Option("showMore", flag(), "0", "1: the controls are unfolded at first.", page=True),
    Option("reportErrors", flag(), "0", "1: errors in browsers are sent to the site's log.", page=True),
    Option(
        "password",
        text(1000),
        "",
        "Without it nobody enters; `mozchat passwd` writes it, as a hash.",
        sections=AUTH,
        secret=True,
    ),
)
