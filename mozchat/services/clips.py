"""Publishing, listing and deleting clips."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mozchat.domain.clip import Clip, chosen_duration, file_name
from mozchat.domain.errors import (
    Forbidden,
    Invalid,
    Malformed,
    Missing,
    MozchatError,
    NoRoom,
    UnsupportedMedia,
    WrongLength,
)
from mozchat.domain.identity import idempotency_digest
from mozchat.domain.media import MediaInfo, UnknownMedia
from mozchat.domain.media.finish import Finished, gap_for
from mozchat.domain.options import ThreadSettings
from mozchat.domain.presence import Person
from mozchat.domain.retention import Limits
from mozchat.services.access import Visit, reading_goes_on
from mozchat.services.notify import announce
from mozchat.services.site import Site
from mozchat.storage.media import CHUNK, Content, Draft

ACCEPTED = "WebM, Ogg, MP4 and WAV"
WRONG_DIGEST = "This is not what was recorded: something was changed on the way. Send it again."


@dataclass(frozen=True)
class Upload:
    """What a recorder sends: its bytes as `read` gives so many of them, `length` in all where that is known,
    and what it says about them (`domain.clip.checked_fields`). `declared` bytes and the SHA-256 `digest` they
    must have, where that is said."""

    read: Callable[[int], bytes]
    length: int | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    digest: bytes | None = None
    declared: int | None = None

    def check_declared(self, size: int) -> None:
        """Raise `WrongLength` for so many bytes where it was to have others."""
        if self.declared not in (None, size):
            raise WrongLength(f"This recording was to have {self.declared:,} bytes, not {size:,}.")

    def chunks(self, most: int) -> Iterator[bytes]:
        """The bytes in pieces of at most so many. Raises `Malformed` where the end is missing."""
        left = self.length
        while left is None or left > 0:
            chunk = self.read(most if left is None else min(most, left))
            if not chunk:
                break
            left = None if left is None else left - len(chunk)
            yield chunk
        if left:
            raise Malformed("This request was cut off.")


def limits_of(settings: ThreadSettings) -> Limits:
    """What a thread may hold."""
    return Limits(settings.max_blob_bytes, settings.max_media_folder_bytes, settings.max_clip_count)


def clip_id_of(author: Person, key: str | None) -> str:
    """The id of a clip that is being sent: its key's digest, so that a repeat has the same; else random."""
    return idempotency_digest("clip", author.identity, key) if key else secrets.token_hex(8)


def publish(site: Site, inside: Visit, upload: Upload) -> Clip:
    """Store a clip that comes in one go and tell the listeners. A repeat of the same key gives the first clip
    again.

    Raises `NotJoined`, `TooLarge`, `UnsupportedMedia`, `Invalid`, `Malformed`, `Forbidden` (a picture where
    none is allowed), `NoRoom`, `Unavailable`.
    """
    author = inside.participant()
    clip_id = clip_id_of(author, upload.key)
    first = inside.store.clip_answer(clip_id, author.identity) if upload.key else None
    if first is not None:
        return first
    limits = limits_of(inside.settings)
    if upload.length is not None:
        limits.check(upload.length)
        upload.check_declared(upload.length)
    chunks = upload.chunks(CHUNK)
    beginning = next(chunks, b"")
    gap = gap_for(beginning, limits.max_clip_bytes)
    with Draft(inside.store.media().path, beginning, gap) as draft:
        check_disk(site, draft.size)
        for chunk in chunks:
            limits.check(draft.size + len(chunk))
            check_disk(site, len(chunk))
            draft.append(chunk)
        limits.check(draft.size)
        upload.check_declared(draft.size)
        if upload.digest is not None and digest_of(draft) != upload.digest:
            raise Invalid(WRONG_DIGEST)
        clip = record(site, inside, draft, clip_id, upload.fields)
    if upload.key and inside.store.uploads.get(clip_id):
        inside.store.uploads.remove(clip_id)
    return clip


def record(
    site: Site,
    inside: Visit,
    content: Content,
    clip_id: str,
    fields: Mapping[str, Any],
    begun: int | None = None,
) -> Clip:
    """Make a content that is complete a clip; `begun` is when (milliseconds) listeners were told of it first, if
    they were."""
    author = inside.participant()
    settings = inside.settings
    sent = content.size
    finished = _examined(content, settings)
    info = finished.info
    fits = content.start + sent <= settings.max_media_folder_bytes
    size = content.patch(finished.patches if fits else None)
    now = site.now()
    clip = Clip(
        id=clip_id,
        file=file_name(now, clip_id, info.extension),
        author=author.name,
        identity=author.identity,
        created=now if begun is None else begun,
        expires=now + settings.clip_lifetime_sec * 1000,
        mime=info.mime,
        duration=chosen_duration(info.duration, fields.get("duration", 0), settings.max_clip_size_sec),
        bytes=size,
        description=fields.get("description", ""),
        peaks=tuple(fields.get("peaks", ())),
        sent=0 if size == sent else sent,
    )
    clip = announce(site, inside, clip)
    stored, _ = inside.store.add_clip(clip, content, limits_of(settings), now)
    if stored.notified:
        site.mail_waits.set()
    return stored


def check_kind(info: MediaInfo, settings: ThreadSettings) -> None:
    """Raise `Forbidden` for a picture where none is allowed."""
    if info.kind == "video" and not settings.allow_video:
        raise Forbidden("This thread is for sound only.")


def digest_of(content: Content) -> bytes:
    """The SHA-256 of what was sent."""
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    return digest.digest()


def check_disk(site: Site, incoming: int) -> None:
    """Raise `NoRoom` where so many bytes more would leave too little on the disk for everything else."""
    if site.min_free_bytes and site.store.disk_free() - incoming < site.min_free_bytes:
        raise NoRoom


def waits_for_disk(site: Site, thread_name: str) -> bool:
    """Whether publishing in a thread takes as long as the disk does; of one that cannot be had this is so."""
    try:
        return site.store.thread(thread_name).settings_file.remembered().durability == "fsync"
    except MozchatError:
        return True


def visible(site: Site, inside: Visit) -> list[Clip]:
    """The clips that are listed, oldest first."""
    tidy(site, inside)
    return inside.store.clips(visible_at=listed_from(site, inside.settings))


def listed_from(site: Site, settings: ThreadSettings) -> int | None:
    """The time (milliseconds) at which a clip must not be over to be listed; `None` where any is."""
    return site.now() if settings.hide_expired else None


def free_bytes(inside: Visit, total_bytes: int) -> int:
    """What clips of so many bytes, and what is still being sent, leave of the media folder's limit."""
    taken = total_bytes + inside.store.uploads.bytes()
    return max(0, inside.settings.max_media_folder_bytes - taken)


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


def _examined(content: Content, settings: ThreadSettings) -> Finished:
    if content.size == 0:
        raise Invalid("This clip is empty. Record it again.")
    try:
        finished = content.examine()
    except UnknownMedia as error:
        raise UnsupportedMedia(
            f"This file is not a recording that can be stored here: {ACCEPTED} are."
        ) from error
    info = finished.info
    if not info.frames:
        raise Invalid("There is nothing in this recording. Record it again.")
    check_kind(info, settings)
    longest = settings.max_clip_size_sec
    if info.duration is not None and info.duration > longest * 1.1 + 2:
        raise Invalid(
            f"This clip is {info.duration:.0f} s long. A clip in this thread has at most {longest} s."
        )
    return finished
