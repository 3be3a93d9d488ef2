"""What a media file is, told from its bytes: container, codecs, sound or picture, duration."""

from __future__ import annotations

from typing import BinaryIO

from mozchat.domain.media.info import MediaInfo, UnknownMedia
from mozchat.domain.media.mp4 import read_mp4
from mozchat.domain.media.ogg import read_ogg
from mozchat.domain.media.source import Source
from mozchat.domain.media.wav import read_wav
from mozchat.domain.media.webm import read_webm

__all__ = ["MediaInfo", "UnknownMedia", "read_media", "read_source"]


def read_media(file: BinaryIO, size: int) -> MediaInfo:
    """Read the headers of a seekable file of `size` bytes; a file that is cut off is read as far as it goes.

    Raises `UnknownMedia` where it is none of the kinds that are accepted. What is read of a file is bounded
    in bytes and in pieces (`Source`), whatever is in it.
    """
    return read_source(Source(file, size))


def read_source(source: Source) -> MediaInfo:
    """`read_media` of a source."""
    magic = source.at(0, 12)
    if magic.startswith(b"\x1a\x45\xdf\xa3"):
        return read_webm(source)
    if magic.startswith(b"OggS"):
        return read_ogg(source)
    if magic[4:8] == b"ftyp":
        return read_mp4(source)
    if magic.startswith(b"RIFF") and magic[8:12] == b"WAVE":
        return read_wav(source)
    raise UnknownMedia("neither WebM, Ogg, MP4 nor WAV")
