"""Sending a recording in pieces, while it is being made, and going on where a connection broke."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mozchat.domain.clip import Clip
from mozchat.domain.errors import (
    Forbidden,
    Invalid,
    Missing,
    UnsupportedMedia,
    UploadOver,
    WrongLength,
    WrongOffset,
)
from mozchat.domain.media.finish import gap_for
from mozchat.domain.retention import Limits
from mozchat.services import clips, live
from mozchat.services.access import Visit
from mozchat.services.site import Site
from mozchat.storage.uploads import Part, Upload

CHUNK = 1 << 16
"""How many bytes of a piece are read before they are written: no more is lost when a connection breaks."""


@dataclass(frozen=True)
class Progress:
    """How far an upload has come: `offset` bytes of `length`, where that is known. `expires` in milliseconds
    since 1970; `live`: others hear it meanwhile."""

    id: str
    offset: int
    length: int | None
    expires: int
    live: bool


def begin(
    site: Site, inside: Visit, piece: clips.Upload, length: int | None, mime: str = ""
) -> Progress | Clip:
    """Begin an upload with its first bytes, or none; of a repeat nothing is stored, and where its upload is
    complete, its clip is given. `length` is what the whole will have, where that is known; `mime` what its
    recorder says that it is. Where the thread has live clips and it is to be one, listeners are told.

    Raises `NotJoined`, `TooLarge`, `WrongLength`, `TooMany`, `NoRoom`, `Malformed`, `Unavailable`.
    """
    author = inside.participant()
    settings = inside.settings
    live.finish_expired(site, inside)
    upload_id = clips.clip_id_of(author, piece.key)
    if piece.key:
        with suppress(Missing):
            return look(site, inside, upload_id)
    _check_length(inside, 0, piece, length)
    clips.check_disk(site, piece.length or 0)
    now = site.now()
    wanted = Upload(
        id=upload_id,
        identity=author.identity,
        created=now,
        expires=now + settings.upload_lifetime_sec * 1000,
        length=length,
        fields=_kept(piece),
        live=settings.live and piece.fields.get("live", False),
    )
    opened = inside.store.open_upload(wanted, settings.max_open_uploads, now)
    with inside.store.upload(upload_id, author.identity, now) as part:
        if opened is wanted:
            if wanted.live:
                live.announce(site, inside, wanted, mime)
            _receive(site, inside, part, 0, piece)
        return _progress(part)


def append(
    site: Site, inside: Visit, upload_id: str, offset: int, piece: clips.Upload, length: int | None
) -> Progress:
    """Add the bytes that follow the first `offset`. What arrives before something goes wrong stays.

    Raises `NotJoined`, `Missing`, `WrongOffset`, `UploadOver`, `WrongLength`, `TooLarge`, `NoRoom`,
    `Malformed`, `Unavailable`.
    """
    with _open(site, inside, upload_id) as part:
        _learn(inside, part, offset, piece, length)
        end = _receive(site, inside, part, offset, piece)
        if part.upload.live and end == offset:
            live.went_on(site, inside, part)  # without bytes, it may say that it is paused
        return _progress(part)


def complete(
    site: Site, inside: Visit, upload_id: str, offset: int, piece: clips.Upload, length: int | None
) -> Clip:
    """Add the last bytes, and make it all a clip. A repeat gives the clip again.

    Raises what `append` and `clips.publish` do. An upload that can never be a clip ends here; one that only
    finds no room stays.
    """
    try:
        part = _open(site, inside, upload_id)
    except UploadOver:
        clip = inside.store.clip_answer(upload_id, inside.participant().identity)
        if clip is None or piece.length not in (None, clip.received - offset):
            raise
        return clip
    with part:
        _learn(inside, part, offset, piece, length)
        end = _receive(site, inside, part, offset, piece)
        with part.held():
            if part.size != end:
                raise WrongOffset(part.size, end)
            if part.upload.length not in (None, end):
                raise WrongLength(f"Of {part.upload.length:,} bytes only {end:,} have come.")
            try:
                if piece.digest is not None and clips.digest_of(part) != piece.digest:
                    raise Invalid(clips.WRONG_DIGEST)
                begun = part.upload.created if part.upload.live else None
                clip = clips.record(site, inside, part, upload_id, part.upload.fields, begun)
            except (Invalid, UnsupportedMedia, Forbidden):
                live.end(site, inside, upload_id)
                raise
            inside.store.uploads.remove(upload_id)
            return clip


def look(site: Site, inside: Visit, upload_id: str) -> Progress | Clip:
    """How far an upload has come; its clip where it is complete. Raises `NotJoined`, `Missing`."""
    try:
        with _open(site, inside, upload_id) as part:
            return _progress(part)
    except UploadOver:
        clip = inside.store.clip_answer(upload_id, inside.participant().identity)
        if clip is None:
            raise Missing("This clip is gone.") from None
        return clip


def discard(site: Site, inside: Visit, upload_id: str) -> None:
    """End an upload and forget what has come of it. Raises `NotJoined`, `Missing`, `UploadOver`."""
    with _open(site, inside, upload_id) as part, part.held():
        live.end(site, inside, upload_id)


def _open(site: Site, inside: Visit, upload_id: str) -> Part:
    """An upload of the visitor's own. Raises `UploadOver` where it is a clip, `Missing` where there is none."""
    identity = inside.participant().identity
    try:
        return inside.store.upload(upload_id, identity, site.now())
    except Missing as error:
        if inside.store.clip_answer(upload_id, identity):
            raise UploadOver from error
        raise


def _learn(inside: Visit, part: Part, offset: int, piece: clips.Upload, length: int | None) -> None:
    """Check what a request says before its body is read, and keep what it says of the whole."""
    if part.size != offset:
        raise WrongOffset(part.size, offset)
    known = part.upload.length
    if length is not None and known is not None and length != known:
        raise WrongLength(f"This recording was to have {known:,} bytes, not {length:,}.")
    _check_length(inside, offset, piece, length if known is None else known)
    if piece.fields or (length is not None and known is None):
        with part.held():
            fields = {**part.upload.fields, **_kept(piece)}
            part.change(fields=fields, length=length if known is None else known)


def _kept(piece: clips.Upload) -> dict[str, Any]:
    """What a request says of the clip, as it is kept: whether it is live is known from its first one."""
    return {name: value for name, value in piece.fields.items() if name != "live"}


def _check_length(inside: Visit, offset: int, piece: clips.Upload, length: int | None) -> None:
    end = offset + (piece.length or 0)
    clips.limits_of(inside.settings).check(max(length or 0, end))
    if length is not None and end > length:
        raise WrongLength(f"This recording was to have {length:,} bytes, and these are more.")


def _receive(site: Site, inside: Visit, part: Part, at: int, piece: clips.Upload) -> int:
    """Write a piece behind the first `at` bytes as it comes; returns where it ends."""
    limits = clips.limits_of(inside.settings)
    for chunk in piece.chunks(CHUNK):
        end = at + len(chunk)
        limits.check(end)
        if part.upload.length is not None and end > part.upload.length:
            raise WrongLength(f"This recording was to have {part.upload.length:,} bytes, and these are more.")
        clips.check_disk(site, len(chunk))
        gap = _gap(chunk, limits) if part.upload.gap is None else 0
        inside.store.make_room(gap + len(chunk), limits, site.now())
        part.append(at, chunk, gap)
        at = end
        if part.upload.live:
            live.went_on(site, inside, part)
    return at


def _gap(beginning: bytes, limits: Limits) -> int:
    """What to leave free in front of a recording, if there is room for that whatever it becomes."""
    gap = gap_for(beginning, limits.max_clip_bytes)
    return gap if limits.max_clip_bytes + gap <= limits.max_total_bytes else 0


def _progress(part: Part) -> Progress:
    upload = part.upload
    return Progress(upload.id, part.size, upload.length, upload.expires, upload.live)
