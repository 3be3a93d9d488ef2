"""Publishing, listing and deleting clips."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mozchat.domain.clip import Clip, checked_peaks, chosen_duration, clean_description, file_name
from mozchat.domain.errors import Forbidden, Invalid, Missing, UnsupportedMedia
from mozchat.domain.identity import idempotency_digest
from mozchat.domain.media import MediaInfo, UnknownMedia, read_media
from mozchat.domain.options import ThreadSettings
from mozchat.domain.retention import Limits
from mozchat.services.access import Visit, reading_goes_on
from mozchat.services.site import Site

ACCEPTED = "WebM, Ogg, MP4 and WAV"


@dataclass(frozen=True)
class Upload:
    """What a recorder sends: the bytes and their number, and what it says about them (hints)."""

    content: BinaryIO
    size: int
    duration: str = ""
    description: str = ""
    peaks: str = ""
    key: str | None = None


def limits_of(settings: ThreadSettings) -> Limits:
    """What a thread may hold."""
    return Limits(settings.max_blob_bytes, settings.max_media_folder_bytes, settings.max_clip_count)


def publish(site: Site, inside: Visit, upload: Upload) -> Clip:
    """Store a clip and tell the listeners. A repeat of the same key gives the first clip again.

    Raises `NotJoined`, `TooLarge`, `UnsupportedMedia`, `Invalid`, `Forbidden` (a picture where none is
    allowed), `NoRoom`, `Unavailable`.
    """
    author = inside.participant()
    clip_id = idempotency_digest("clip", author.identity, upload.key) if upload.key else secrets.token_hex(8)
    first = inside.store.clip_answer(clip_id) if upload.key else None
    if first is not None:
        return first
    limits = limits_of(inside.settings)
    limits.check(upload.size)
    info = _examined(upload, inside.settings)
    now = site.now()
    clip = Clip(
        id=clip_id,
        file=file_name(now, clip_id, info.extension),
        author=author.name,
        identity=author.identity,
        created=now,
        expires=now + inside.settings.clip_lifetime_sec * 1000,
        mime=info.mime,
        duration=chosen_duration(info.duration, upload.duration, inside.settings.max_clip_size_sec),
        bytes=upload.size,
        description=clean_description(upload.description),
        peaks=_peaks(upload.peaks),
    )
    upload.content.seek(0)
    stored, _ = inside.store.add_clip(clip, upload.content, limits, now)
    return stored


def visible(site: Site, inside: Visit) -> list[Clip]:
    """The clips that are listed, oldest first."""
    tidy(site, inside)
    return inside.store.clips(visible_at=listed_from(site, inside.settings))


def listed_from(site: Site, settings: ThreadSettings) -> int | None:
    """The time (milliseconds) at which a clip must not be over to be listed; `None` where any is."""
    return site.now() if settings.hide_expired else None


def free_bytes(settings: ThreadSettings, total_bytes: int) -> int:
    """What is left of the media folder's limit."""
    return max(0, settings.max_media_folder_bytes - total_bytes)


def delete(site: Site, inside: Visit, clip_id: str) -> None:
    """Delete one's own clip. Raises `NotJoined`, `Missing`, `Forbidden`."""
    author = inside.participant()
    clip = inside.store.clip(clip_id)
    if not clip.identity or clip.identity != author.identity:
        raise Forbidden(f"Only {clip.author} can delete this clip.")
    if not inside.store.remove_clips([clip_id], site.now()):
        raise Missing("This clip is gone.")


def media_file(site: Site, inside: Visit, clip_id: str) -> tuple[Clip, Path]:
    """A clip and where its bytes are; raises `Missing`."""
    clip = inside.store.clip(clip_id)
    path = inside.store.media().find(clip.file)
    if path is None:
        inside.store.drop_lost(site.now())
        raise Missing("The file of this clip is gone.")
    return clip, path


def tidy(site: Site, inside: Visit) -> None:
    """Bring the catalogue in line with the folder, and where the thread says so remove expired clips.

    Whoever only reads is not told of a fault of the disk: what there is to read is still good.
    """
    now = site.now()
    with reading_goes_on():
        inside.store.drop_lost(now)
        if inside.settings.remove_expired_from_dir:
            expired = inside.store.expired(now)
            if expired:
                inside.store.remove_clips(expired, now)


def _examined(upload: Upload, settings: ThreadSettings) -> MediaInfo:
    if upload.size == 0:
        raise Invalid("This clip is empty. Record it again.")
    try:
        info = read_media(upload.content, upload.size)
    except UnknownMedia as error:
        raise UnsupportedMedia(
            f"This file is not a recording that can be stored here: {ACCEPTED} are."
        ) from error
    if not info.frames:
        raise Invalid("There is nothing in this recording. Record it again.")
    if info.kind == "video" and not settings.allow_video:
        raise Forbidden("This thread is for sound only.")
    longest = settings.max_clip_size_sec
    if info.duration is not None and info.duration > longest * 1.1 + 2:
        raise Invalid(
            f"This clip is {info.duration:.0f} s long. A clip in this thread has at most {longest} s."
        )
    return info


def _peaks(text: str) -> tuple[int, ...]:
    if not text:
        return ()
    try:
        return checked_peaks(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Invalid("peaks is a JSON array.") from error
