"""A thread's state over its journal and checkpoints: read under a guard, changed under the lock.

The journal is the truth; `catalog.json` and `messages.json` are checkpoints of it that follow. What this
process remembers of them is checked by `stat` at every use, so any number of processes may serve one thread.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mozchat.domain.clip import Clip
from mozchat.domain.cursor import Cursor
from mozchat.domain.errors import Missing, Unavailable
from mozchat.domain.message import Message
from mozchat.domain.thread_state import Delta, Event, ThreadState, delta_of
from mozchat.storage import checkpoint, journal
from mozchat.storage.files import Signature, faults_named, signature
from mozchat.storage.journal import make_durable
from mozchat.storage.lock import ThreadLock
from mozchat.storage.media import MediaFolder
from mozchat.storage.reader import NeedsRebuild, NeedsRepair, StateReader
from mozchat.storage.rebuild import put_aside, rebuilt_state, repair
from mozchat.storage.settings_file import SettingsFile
from mozchat.storage.uploads import Uploads

CHECKPOINT_BYTES = 64_000
"""A checkpoint is due when the journal has grown by this since the last, or by half of what the last was
long: so its cost stays in proportion to what was written, however many clips there are."""

_REMEMBERED_DELTAS = 64
_log = logging.getLogger(__name__)


class Change:
    """One read-modify-write: `state` as it stands, and `append` to change it."""

    def __init__(self, store: StateStore, state: ThreadState) -> None:
        self._store = store
        self.state = state
        self.appended = False
        self.open_journals: list[int] = []

    def append(self, event: Event, *, durable: bool = True) -> None:
        """Write an event and take it into the state. It is durable when the change is over, unless it need not
        be."""
        handle = self._store.append(self.state, event)
        self.appended = True
        if durable:
            self.open_journals.append(handle)
        else:
            os.close(handle)


class StateStore:
    """One thread's state. `changed` is called after every change that listeners must learn of."""

    def __init__(
        self, path: Path, lock: ThreadLock, settings: SettingsFile, changed: Callable[[], None]
    ) -> None:
        self._path = path
        self._ini = f"{path}/.ini"
        self._lock = lock
        self._settings = settings
        self._changed = changed
        self._guard = threading.RLock()
        """Over what this process remembers; held for microseconds by readers, inside the lock by writers."""
        self._reader = StateReader(path, self._media)
        self._deltas: OrderedDict[tuple[str, int, int], Delta] = OrderedDict()

    @contextmanager
    def reading(self, *, behind: Cursor | None = None) -> Iterator[ThreadState]:
        """The state as it stands on disk. With `behind`, what is remembered is good enough where it is not
        behind that cursor."""
        with self._guard:
            remembered = self._reader.remembered
            if (
                behind
                and remembered
                and remembered.epoch == behind.epoch
                and remembered.position >= behind.offset
            ):
                yield remembered
            else:
                yield self._current()

    @contextmanager
    def writing(self, *, tell: bool = True) -> Iterator[Change]:
        """Hold the lock over a read, a change and a write. What was appended is made durable, where the thread
        wants it, after the lock is let go and before this is over; with `tell`, listeners are told."""
        change: Change | None = None
        durable = self._settings.remembered().durability == "fsync"
        try:
            with self._faults(), self._lock.held(), self._guard:
                self.check_there()
                change = Change(self, self._current_locked())
                yield change
        finally:
            if change and change.appended:
                self._changed()
                for handle in change.open_journals:
                    make_durable(handle) if durable else os.close(handle)
            elif change and tell:
                self._changed()

    def append(self, state: ThreadState, event: Event) -> int:
        """Write an event under the lock, take it in, and make a checkpoint where one is due. Returns the open
        journal, which is still to be made durable."""
        header = self._reader.header or self.begin(state)
        position, handle = self._reader.journal.append(header, state.position, event)
        state.apply(event, position)
        self._reader.written(state, header)
        saved = self._reader.checkpointed()
        if saved is None or position - saved[1] > max(CHECKPOINT_BYTES, self._reader.catalogue_bytes() // 2):
            try:
                self._checkpoint(state)
            except OSError as error:
                _log.warning("%s: no checkpoint now: %s", self._path.name, error)
        return handle

    def begin(self, state: ThreadState) -> journal.Header:
        """Under the lock, give a state without a journal its own: a new epoch, in which it is the beginning.

        The checkpoint goes first: with it alone the thread is whole, an empty journal alone would be a loss.
        """
        if self._reader.header is not None and self._reader.remembered is state:
            return self._reader.header
        state.epoch, state.position = secrets.token_hex(4), 0
        for message in list(state.mailbox):
            state.mailbox.add(Message.from_record(message.record(), 0))
        checkpoint.save(self._reader.catalogue_path, self._reader.messages_path, state)
        header = self._reader.journal.begin(state.epoch)
        self._reader.written(state, header)
        return header

    def checkpoint(self) -> None:
        """Bring `catalog.json` and `messages.json` up to the journal, where they are behind."""
        with self.reading() as state:
            saved = checkpoint.epoch_and_position(self._reader.catalogue_path)
            if self._reader.header is None or saved == (state.epoch, state.position):
                return
        with self.writing(tell=False) as change:
            self._checkpoint(change.state)

    def delta(self, cursor: Cursor, state: ThreadState) -> Delta | None:
        """What happened between a cursor and `state`, inside `reading`; `None` where that is not known."""
        if cursor.epoch != state.epoch or cursor.offset > state.position:
            return None
        if cursor.offset == state.position:
            return Delta()
        span = (cursor.epoch, cursor.offset, state.position)
        if span not in self._deltas:
            events = self._events_since(cursor.offset)
            if events is None:
                return None
            self._deltas[span] = delta_of((e, at) for e, at in events if at <= state.position)
            if len(self._deltas) > _REMEMBERED_DELTAS:
                self._deltas.popitem(last=False)
        return self._deltas[span]

    def remembered_live(self) -> tuple[Clip, ...]:
        """The live clips as of the last look, which costs nothing."""
        with self._guard:
            remembered = self._reader.remembered
            return remembered.catalogue.live if remembered else ()

    def signature(self) -> tuple[Signature | None, Signature | None]:
        """Differs whenever the state may: the signatures of journal and catalogue."""
        return self._reader.journal.signature(), signature(self._reader.catalogue_path)

    def check_there(self) -> None:
        """Raise `Missing` where somebody has removed the thread: nothing is to be written into what is left."""
        if signature(self._ini) is None:
            raise self.gone()

    def gone(self) -> Missing | Unavailable:
        """What to raise when a file is not where it was."""
        if signature(self._ini) is None:
            return Missing(f"There is no thread called {self._path.name}.")
        return Unavailable("The thread's folder was changed in the meantime. Try again.", 1)

    def _events_since(self, offset: int) -> list[tuple[Event, int]] | None:
        """What the journal has from a position on; `None` where it does not go back so far."""
        for _ in range(2):  # it may be cut while it is read, and most listeners are not that far behind
            with suppress(journal.Broken, FileNotFoundError):
                return self._reader.journal.read(self._reader.journal.header(), offset)
        return None

    def _current(self) -> ThreadState:
        """The state as it stands on disk, rebuilt or repaired where it must be. The guard is held, once."""
        try:
            return self._reader.current()
        except (NeedsRebuild, NeedsRepair, checkpoint.Broken):
            pass
        self._guard.release()
        try:
            with self._lock.held(), self._guard:
                return self._current_locked()
        finally:
            self._guard.acquire()

    def _current_locked(self) -> ThreadState:
        """The same under the lock, where nobody else can be rebuilding it."""
        try:
            return self._reader.current()
        except NeedsRepair as found:
            with self._faults():
                return self._repaired(found)
        except (NeedsRebuild, checkpoint.Broken):
            with self._faults():
                return self._rebuilt()

    def _rebuilt(self) -> ThreadState:
        self.check_there()
        reader = self._reader
        state = rebuilt_state(reader.journal, self._media(), self._lifetime())
        put_aside(reader.catalogue_path, _milliseconds(signature(reader.catalogue_path)))
        self.begin(state)
        return state

    def _repaired(self, found: NeedsRepair) -> ThreadState:
        """A copy goes its own way from here on, so no cursor of the original is good for it, and recordings that
        were under way begin anew: of each, two files were copied, maybe at two moments."""
        self.check_there()
        repair(found.state, self._media(), self._lifetime(), found.adopt_after)
        if found.is_copy:
            uploads = Uploads(self._path)
            uploads.remove_files(uploads.sizes())
            _log.info("%s is a copy, and goes on by itself", self._path)
        self.begin(found.state)
        return found.state

    def _lifetime(self) -> int:
        return self._settings.load().clip_lifetime_sec * 1000

    def _checkpoint(self, state: ThreadState) -> None:
        checkpoint.save(self._reader.catalogue_path, self._reader.messages_path, state)
        self._reader.journal.cut(self._reader.journal.header(), state.position)
        self._reader.written(state, self._reader.journal.header())

    def _media(self) -> MediaFolder:
        return MediaFolder(self._path, self._settings.remembered().media_folder)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            with faults_named(f"the folder {self._path.name}"):
                yield
        except FileNotFoundError as error:
            raise self.gone() from error


def _milliseconds(found: Signature | None) -> int:
    return found[2] // 1_000_000 if found else 0
