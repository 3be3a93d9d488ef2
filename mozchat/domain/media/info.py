"""What is learnt from a media file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Container = Literal["webm", "ogg", "mp4", "wav"]
Kind = Literal["audio", "video"]


Patches = tuple[tuple[int, bytes], ...]
"""Bytes to write into a file, each with its offset."""


class UnknownMedia(Exception):
    """Not a kind of file that is accepted; says why, for the log."""


class Unfit(Exception):
    """A file for which no new header can be made safely."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """`codecs` as RFC 6381 writes them, pictures first; `duration` in seconds, `None` where it could not be
    found; `frames`: whether there is any sound or picture behind the headers."""

    container: Container
    kind: Kind
    codecs: tuple[str, ...]
    duration: float | None
    frames: bool

    @property
    def mime(self) -> str:
        """The Content-Type. Of WAV without codecs: browsers know PCM in it by no name that all share."""
        base = f"{self.kind}/{self.container}"
        if self.container == "wav" or not self.codecs:
            return base
        listed = ",".join(self.codecs)
        # A comma is no character of a MIME token (RFC 9110, 5.6.2).
        return f'{base};codecs="{listed}"' if len(self.codecs) > 1 else f"{base};codecs={listed}"

    @property
    def extension(self) -> str:
        """The file name's extension, without the dot."""
        return self.container
