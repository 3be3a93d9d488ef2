"""Clips that are heard while they are being recorded: what listeners are told of them, and how they end."""

from __future__ import annotations

import logging

from mozchat.domain.clip import Clip, stored_mime
from mozchat.domain.errors import Forbidden, Invalid, Missing, MozchatError, UnsupportedMedia
from mozchat.domain.media.join import BEGINNING, MAX_BACK, Join, JoinIndex, recognised
from mozchat.domain.presence import Person
from mozchat.services import clips
from mozchat.services.access import Visit
from mozchat.services.site import Site
from mozchat.storage.live import Reach
from mozchat.storage.site_store import name_of_clip
from mozchat.storage.uploads import Part, Upload

TOLD_MS = 1000
"""How often listeners are told how far a live clip has come."""
CHUNK = 1 << 16
"""How many bytes are read at once to find out where to join."""
BACK_SECONDS = 1.0
"""How long before the newest one joins, unless told."""
_log = logging.getLogger(__name__)


def announce(site: Site, inside: Visit, upload: Upload, hint: str) -> None:
    """Tell listeners of a live upload that has begun; `hint` is of which type its recorder says that it is."""
    inside.store.live.tell(_clip(inside, inside.participant().name, upload, 0, hint), site.now())


def went_on(site: Site, inside: Visit, part: Part) -> None:
    """A live upload has got another piece. Listeners are told from time to time; whoever reads it, at once.

    Raises `Forbidden`, `UnsupportedMedia` where it turns out that it must not be heard; it is ended then.
    """
    if not part.upload.mime:
        _recognise(site, inside, part)
    upload, live = part.upload, inside.store.live
    live.ring(upload.id)
    now = site.now()
    known, told = live.known(upload.id)
    if known and now - told < TOLD_MS:
        is_paused = upload.fields.get("paused", False)
        if known.paused == is_paused and known.mime == (upload.mime or known.mime):
            return
    live.tell(_clip(inside, inside.participant().name, upload, part.size, known.mime if known else ""), now)


def finish_expired(site: Site, inside: Visit) -> list[str]:
    """Make clips of live uploads whose authors have not come back in time, as if they were complete; returns their
    ids. One that cannot be a clip goes."""
    finished = []
    for upload in inside.store.uploads.expired(site.now(), live=True):
        try:
            _finish(site, inside, upload)
        except (Invalid, UnsupportedMedia, Forbidden, Missing):
            end(site, inside, upload.id)
        except MozchatError as error:
            _log.warning("%s: the live clip %s is finished later: %s", inside.store.name, upload.id, error)
            continue
        finished.append(upload.id)
    return finished


def finish_overdue(site: Site, inside: Visit) -> None:
    """The same, if this process knows of one."""
    for clip in inside.store.live.remembered():
        upload = inside.store.uploads.get(clip.id)
        if upload and upload.expires <= site.now():
            finish_expired(site, inside)
            return


def end(site: Site, inside: Visit, upload_id: str) -> None:
    """End an upload without a clip, and tell listeners where it was live."""
    upload = inside.store.uploads.get(upload_id)
    inside.store.uploads.remove(upload_id)
    if upload and upload.live:
        inside.store.live.take_back(upload_id, site.now())


def _finish(site: Site, inside: Visit, upload: Upload) -> None:
    with inside.store.part(upload) as part, part.held():
        if part.upload.expires > site.now():
            return
        known, _ = inside.store.live.known(upload.id)
        person = inside.store.roster().by_identity(upload.identity)
        name = known.author if known else person.name if person else ""
        if not name:
            raise Missing("Nobody knows whose this was.")
        author = Person(name, upload.identity, 0, 0)
        whose = Visit(inside.store, inside.settings, upload.identity, author)
        clips.record(site, whose, part, upload.id, part.upload.fields, upload.created)
        inside.store.uploads.remove(upload.id)


def _recognise(site: Site, inside: Visit, part: Part) -> None:
    """Find out what a live upload is, as soon as its beginning is there."""
    beginning = part.beginning(BEGINNING)
    info = recognised(beginning)
    try:
        if info is None and len(beginning) == BEGINNING:
            raise UnsupportedMedia(f"This is not a recording that can be heard: {clips.ACCEPTED} are.")
        if info is not None:
            clips.check_kind(info, inside.settings)
            with part.held():
                part.change(mime=info.mime)
    except (UnsupportedMedia, Forbidden):
        with part.held():
            end(site, inside, part.upload.id)
        raise


def _clip(inside: Visit, author: str, upload: Upload, size: int, hint: str) -> Clip:
    fields = upload.fields
    return Clip(
        id=upload.id,
        file=f"{upload.id}.part",
        author=author,
        identity=upload.identity,
        created=upload.created,
        expires=upload.created + inside.settings.clip_lifetime_sec * 1000,
        mime=upload.mime or stored_mime(hint),
        duration=fields.get("duration", 0.0),
        bytes=size,
        description=fields.get("description", ""),
        peaks=tuple(fields.get("peaks", ())),
        live=True,
        paused=fields.get("paused", False),
    )


def is_live(site: Site, thread_name: str, clip_id: str) -> bool:
    """Whether there is such a clip, and it is still being recorded."""
    try:
        return site.store.thread(thread_name).live.known(clip_id)[0] is not None
    except MozchatError:
        return False


def bell_name(thread_name: str, clip_id: str) -> str:
    """What the bell rings for when there is more of a clip."""
    return name_of_clip(thread_name, clip_id)


class Reading:
    """The bytes of a clip as they come, for anybody who reads them, and where to join. Not for use by two OS
    threads at once; to be closed."""

    def __init__(self, inside: Visit, clip_id: str) -> None:
        self.name = bell_name(inside.store.name, clip_id)
        """What the bell rings for when there is more."""
        self._growing = inside.store.live.growing(clip_id)
        self._index = JoinIndex()
        self._read: tuple[int, int, bytes] = (0, 0, b"")
        """What was read last, and where: many who read are at the same place."""
        self.reach = self._growing.look()

    def look(self) -> Reach:
        """How far it has come. Raises `Missing` where the clip is gone."""
        opened = self._growing.opened
        self.reach = self._growing.look()
        if self._growing.opened != opened:
            self._index, self._read = JoinIndex(), (0, 0, b"")
        return self.reach

    def read(self, at: int, most: int) -> bytes:
        """So many bytes from an offset on, no more than there were at the last look."""
        length = min(most, (self.reach.size or 0) - at)
        if self._read[:2] != (at, length):
            self._read = at, length, self._growing.read(at, length) if length > 0 else b""
        return self._read[2]

    def join(self, back: float) -> Join | None:
        """Where to begin `back` seconds before the newest; `None` where that cannot be told yet."""
        while chunk := self.read(self._index.taken, CHUNK):
            self._index.feed(chunk)
        found = self._index.join(back)
        return Join(b"", 0) if found is None and self.reach.complete else found

    def close(self) -> None:
        """Put the file away."""
        self._growing.close()


class Reader:
    """Somebody who reads a clip, from the byte at `offset` on, or with `None` from `back` seconds before the
    newest. `reading` may be shared with others who read the same.

    Raises `Invalid` where the offset is more than there is, or `back` more than can be asked for.
    """

    def __init__(self, reading: Reading, offset: int | None, back: float) -> None:
        if back > MAX_BACK:
            raise Invalid(f"back is at most {MAX_BACK:g} seconds.")
        self.reading = reading
        self.begin = self.position = offset
        """The offsets of the first byte, and of the next; `None` while it is not known where to join."""
        self.prefix_bytes = 0
        """How many bytes a decoder needs before the first."""
        self._prefix = b""
        self._back = back
        self.check()

    def check(self) -> None:
        """Raise `Invalid` where the offset is more than there is."""
        size = self.reading.reach.size
        if self.position is not None and size is not None and self.position > size:
            raise Invalid(f"from is at most {size}: no more has come of this clip.")

    def is_ready(self) -> bool:
        """Whether there is something to send, or nothing more will come, as of the last look of `reading`."""
        reach = self.reading.reach
        if self.position is None and reach.size:
            join = self.reading.join(self._back)
            if join is not None:
                self.begin = self.position = join.offset
                self._prefix, self.prefix_bytes = join.prefix, len(join.prefix)
        return reach.complete or bool(self._prefix) or self.left > 0

    @property
    def left(self) -> int:
        """How many bytes there are that it has not got."""
        size = self.reading.reach.size
        return 0 if size is None or self.position is None else size - self.position

    @property
    def is_over(self) -> bool:
        """Whether it has got everything that there will ever be."""
        return self.reading.reach.complete and not self.left and not self._prefix

    def take_prefix(self) -> bytes:
        """What a decoder needs before the first byte, once."""
        prefix, self._prefix = self._prefix, b""
        return prefix

    def take(self, most: int) -> bytes:
        """The next bytes."""
        if self.position is None:
            return b""
        data = self.reading.read(self.position, most)
        self.position += len(data)
        return data
