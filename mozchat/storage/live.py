"""Live clips of a thread: what listeners are told of them, and the bytes of one as far as it has come."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mozchat.domain.clip import Clip, Growth
from mozchat.domain.errors import Missing
from mozchat.domain.media.join import LONGEST_CLUSTER_HEAD, read_on
from mozchat.storage.files import Signature, signature
from mozchat.storage.media import MediaFolder
from mozchat.storage.state_store import StateStore
from mozchat.storage.uploads import Uploads

SILENT_MS = 30_000
"""When nothing has come for so long, a live clip counts as paused."""
GONE = "This clip is gone."


class LiveClips:
    """One thread's. `ring` is called with a clip's id when there is more of it, or it is complete or gone; `media`
    gives the thread's media folder."""

    def __init__(
        self,
        states: StateStore,
        uploads: Uploads,
        media: Callable[[], MediaFolder],
        ring: Callable[[str], None],
    ) -> None:
        self._states = states
        self._uploads = uploads
        self._media = media
        self.ring = ring

    def known(self, clip_id: str) -> tuple[Clip | None, int]:
        """A live clip as listeners know it, and when (milliseconds) they were told of it last."""
        with self._states.reading() as state:
            clip = state.catalogue.get(clip_id)
            return (clip if clip and clip.live else None), state.told.get(clip_id, 0)

    def tell(self, clip: Clip, now: int) -> None:
        """Tell listeners that there is this live clip, or how far it has come. Not where its upload has ended."""
        with self._states.writing(tell=False) as change:
            known = change.state.catalogue.get(clip.id)
            if self._uploads.get(clip.id) is None or (known and not known.live):
                return
            event: dict[str, object] = {"t": now}
            if known:
                event["grown"] = Growth.of(clip).record()
            else:
                event["add"] = clip.record()
            change.append(event, durable=False)
        self.ring(clip.id)

    def take_back(self, clip_id: str, now: int) -> None:
        """Tell listeners that a live clip is gone, if they know it. Its upload has ended."""
        if self.known(clip_id)[0] is not None:
            with self._states.writing(tell=False) as change:
                known = change.state.catalogue.get(clip_id)
                if known and known.live:
                    change.append({"t": now, "removed": [clip_id]})
        self.ring(clip_id)

    def remembered(self) -> tuple[Clip, ...]:
        """The live clips that this process knows, as of its last look."""
        return self._states.remembered_live()

    def upkeep(self, now: int) -> None:
        """Tell of those of which nothing comes any more: they are paused, or gone where a crash came before that
        was told. Looks only at what this process knows."""
        for clip in self.remembered():
            status = _status(self._uploads.part_path(clip.id))
            if status is None:
                if self._uploads.get(clip.id) is None:
                    self.take_back(clip.id, now)
            elif not clip.paused and now - status.st_mtime_ns // 1_000_000 > SILENT_MS:
                known = self.known(clip.id)[0]
                if known and not known.paused:
                    self.tell(known.grown(Growth.of(known, paused=True)), now)

    def fingerprint(self, clip_id: str) -> Signature | None:
        """Differs whenever there is more of a live clip, or it is complete or gone."""
        return signature(self._uploads.part_path(clip_id))

    def growing(self, clip_id: str) -> Growing:
        """The bytes of a clip; to be closed."""
        return Growing(clip_id, self._clip, self._uploads, self._media)

    def _clip(self, clip_id: str) -> Clip:
        with self._states.reading() as state:
            clip = state.catalogue.get(clip_id)
        if clip is None:
            raise Missing(GONE)
        return clip


@dataclass(frozen=True)
class Reach:
    """How many bytes of a clip there are (`None`: that cannot be told at the moment), and whether that is all.
    `mime` is what they are."""

    size: int | None
    complete: bool
    mime: str


class Growing:
    """What the author of a clip has sent, while it comes and afterwards: an offset is that of the same byte in
    both, though the finished file has another header."""

    def __init__(
        self,
        clip_id: str,
        clip: Callable[[str], Clip],
        uploads: Uploads,
        media: Callable[[], MediaFolder],
    ) -> None:
        self._id = clip_id
        self._clip = clip
        self._uploads = uploads
        self._media = media
        self._handle: int | None = None
        self._start = 0
        self.opened = 0
        """How many files it has been read from: one after the other, where it was begun anew."""
        self._complete: Reach | None = None

    def look(self) -> Reach:
        """How far it has come. Raises `Missing` where the clip is gone."""
        if self._complete:
            return self._complete
        clip = self._clip(self._id)
        if clip.live:
            return self._look_at_part()
        path = self._media().find(clip.file)
        if path is None:
            raise Missing("The file of this clip is gone.")
        self._open(path, clip.gap)
        self._complete = Reach(clip.received, True, clip.mime)
        return self._complete

    def read(self, at: int, most: int) -> bytes:
        """So many bytes from an offset on, fewer at the end."""
        if self._handle is None:
            return b""
        before = min(at, LONGEST_CLUSTER_HEAD) if self._complete else 0
        return read_on(os.pread(self._handle, before + most, self._start + at - before), before)

    def close(self) -> None:
        """Put the file away."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _look_at_part(self) -> Reach:
        if self._handle is not None and not os.fstat(self._handle).st_nlink:
            self.close()
        upload = self._uploads.get(self._id)
        mime = upload.mime if upload else ""
        if self._handle is None and upload and upload.gap is not None and mime:
            with suppress(Missing):
                self._open(self._uploads.part_path(self._id), upload.gap)
        if self._handle is not None:
            return Reach(max(0, os.fstat(self._handle).st_size - self._start), False, mime)
        # Of what is not yet known to be a recording nothing is let out; or it is just being completed.
        return Reach(0 if upload and not mime else None, False, mime)

    def _open(self, path: Path, start: int) -> None:
        self.close()
        try:
            self._handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError as error:
            raise Missing(GONE) from error
        self._start = start
        self.opened += 1


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
