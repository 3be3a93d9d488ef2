"""What this process remembers of a thread's state, followed along the journal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from mozchat.domain.thread_state import ThreadState
from mozchat.storage import checkpoint, journal
from mozchat.storage.files import Signature, signature
from mozchat.storage.journal import Header, Journal
from mozchat.storage.media import MediaFolder

Stamp = tuple[Signature | None, Signature | None]
_TOGETHER_NS = 2_000_000_000
"""A clip's file is written at most this long before its event."""
_TRIES = 20
"""Files may be replaced while they are read; a new attempt finds the new ones."""


class NeedsRebuild(Exception):
    """The catalogue is lost or garbage, and there are clips or events that should be in it."""


class NeedsRepair(Exception):
    """`state` is what catalogue and journal say, but they do not belong together as they should.

    Events may be missing of which only files are left: those of clips written after `adopt_after` (nanoseconds
    since 1970; `None`: no event is missing). With `is_copy` the thread was copied, maybe in use, each file at a
    moment of its own.
    """

    def __init__(self, state: ThreadState, adopt_after: int | None, *, is_copy: bool) -> None:
        super().__init__()
        self.state = state
        self.adopt_after = adopt_after
        self.is_copy = is_copy


class StateReader:
    """Reads a thread's state without a lock. Not for use by two OS threads at once.

    `media` gives the clips' files: where there are any, a catalogue that is not there is a loss.
    """

    def __init__(self, folder: Path, media: Callable[[], MediaFolder]) -> None:
        self.journal = Journal(folder / "journal.jsonl")
        self.catalogue_path = folder / "catalog.json"
        self._catalogue = str(self.catalogue_path)
        self.messages_path = folder / "messages.json"
        self.header: Header | None = None
        """The journal's header; `None` where the state stands without a journal (a new or a PHP folder)."""
        self._media = media
        self._state: ThreadState | None = None
        self._stamp: Stamp | None = None
        self._head: tuple[Signature | None, tuple[str, int] | None] = (None, None)

    def current(self) -> ThreadState:
        """The state as it stands on disk now. Raises `NeedsRebuild`, `NeedsRepair`, and `checkpoint.Broken`."""
        for _ in range(_TRIES):
            stamp = self._signatures()
            if self._state is not None and stamp == self._stamp:
                return self._state
            try:
                if not self._follow(stamp[1]):
                    self._load(stamp)
            except (journal.Broken, FileNotFoundError):
                self._state = None
                continue
            self._stamp = stamp
        if self._state is None:
            raise NeedsRebuild
        return self._state

    @property
    def remembered(self) -> ThreadState | None:
        """The state as of the last look, for what can bear that it is behind."""
        return self._state

    def checkpointed(self) -> tuple[str, int] | None:
        """The epoch of the catalogue on disk and the position up to which it goes, as of the last look."""
        found = self._stamp[1] if self._stamp else signature(self.catalogue_path)
        return self._head_of(found)

    def catalogue_bytes(self) -> int:
        """The size of the catalogue on disk, as of the last look."""
        found = self._stamp[1] if self._stamp else None
        return found[1] if found else 0

    def _head_of(self, found: Signature | None) -> tuple[str, int] | None:
        if found is None or self._head[0] != found:
            self._head = found, checkpoint.epoch_and_position(self.catalogue_path)
        return self._head[1]

    def written(self, state: ThreadState, header: Header) -> None:
        """The caller, who holds the lock, has brought the files to this state."""
        self._state = state
        self.header = header
        self._stamp = self._signatures()

    def _signatures(self) -> Stamp:
        return self.journal.signature(), signature(self._catalogue)

    def _follow(self, catalogue: Signature | None) -> bool:
        """Take in what the journal has beyond the remembered state, if both still belong together, and to the
        catalogue that has this signature."""
        state = self._state
        if state is None or self.header is None:
            return False
        header = self.journal.header()
        head = self._head_of(catalogue)
        if header.epoch != state.epoch or head is None or head[0] != state.epoch:
            return False
        for event, position in self.journal.read(header, state.position):
            state.apply(event, position)
        self.header = header
        return True

    def _load(self, stamp: Stamp) -> None:
        """Read everything anew, of which `stamp` has the signatures. Raises `journal.Broken` where checkpoint and
        journal do not meet because somebody has replaced them meanwhile."""
        saved = checkpoint.load(self.catalogue_path, self.messages_path)
        state = ThreadState("", 0, saved.catalogue, saved.mailbox, saved.answers)
        header = self._own_header(saved.epoch) if saved.epoch else None
        self.header = self._replay(state, saved, header) if header else None
        meets = self.header is not None and self.header.start <= saved.catalogue_position
        if not meets and self._signatures() != stamp:
            raise journal.Broken
        if saved.epoch:
            self._check_together(state, saved, header)
        if self.header is None:
            if signature(self.catalogue_path) is None and (self.journal.signature() or self._media().names()):
                raise NeedsRebuild
            state.epoch = "0" + hashlib.sha256(repr(signature(self.catalogue_path)).encode()).hexdigest()[:8]
        self._state = state

    def _own_header(self, epoch: str) -> Header | None:
        """The journal's header; `None` where there is none."""
        try:
            return self.journal.header(epoch)
        except (journal.Broken, FileNotFoundError):
            return None

    def _check_together(
        self, state: ThreadState, saved: checkpoint.Checkpoint, header: Header | None
    ) -> None:
        """Raise `NeedsRepair` where what was loaded is not all that there was: the journal is gone, or begins
        after the catalogue ends, or both were copied, at moments of their own."""
        adopt_after = None
        if header is None:
            catalogue = signature(self.catalogue_path)
            after = catalogue[2] - _TOGETHER_NS if catalogue else 0
            if any(status.st_mtime_ns > after for status in self._media().list().values()):
                adopt_after = after
        elif self.header and header.start > saved.catalogue_position:
            adopt_after = 0
        is_copy = header is not None and header.folder not in (None, self.journal.folder())
        if is_copy or adopt_after is not None:
            raise NeedsRepair(state, adopt_after, is_copy=is_copy)

    def _replay(self, state: ThreadState, saved: checkpoint.Checkpoint, header: Header) -> Header | None:
        """Bring a checkpoint up to date from its journal; `None` where the two do not belong together.

        Where a crash came between the two files of the checkpoint, messages that the mailbox has are taken in
        again: the answers to their keys are in the catalogue, which is older. A message is kept by its number.
        """
        if header.epoch != saved.epoch:
            return None
        first = min(saved.catalogue_position, saved.mailbox_position)
        try:
            events = self.journal.read(header, max(first, header.start))
        except (journal.Broken, FileNotFoundError):
            return None
        for event, position in events:
            if "message" in event or position > saved.catalogue_position:
                state.apply(event, position)
        state.epoch = header.epoch
        state.position = events[-1][1] if events else max(first, header.start)
        return header
