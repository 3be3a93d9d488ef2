"""One thread on disk: every operation that reads or changes it, each atomic and durable when it returns.

The journal is the truth; `catalog.json` and `messages.json` are checkpoints of it that follow. What this
process remembers of them is checked by `stat` at every use, so any number of processes may serve one thread.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mozchat.domain.clip import Clip
from mozchat.domain.cursor import Cursor
from mozchat.domain.errors import Missing, Unavailable
from mozchat.domain.message import DELIVERED, Message
from mozchat.domain.options import ThreadSettings
from mozchat.domain.presence import Person, Roster
from mozchat.domain.retention import Limits, plan_eviction
from mozchat.domain.thread_state import Changes, Delta, Event, ThreadState, delta_of
from mozchat.storage import checkpoint, journal
from mozchat.storage.files import faults_named, signature
from mozchat.storage.journal import make_durable
from mozchat.storage.lock import ThreadLock
from mozchat.storage.media import MediaFolder
from mozchat.storage.people import PeopleFile
from mozchat.storage.reader import NeedsRebuild, StateReader
from mozchat.storage.rebuild import put_aside, rebuilt_state
from mozchat.storage.settings_file import SettingsFile

CHECKPOINT_BYTES = 64_000
"""A checkpoint is due when the journal has grown by this since the last, or by half of what the last was
long: so its cost stays in proportion to what was written, however many clips there are."""

AUDIT_MS = 900
"""The shortest time between two comparisons of files and catalogue: listing many names takes a while."""

_REMEMBERED_DELTAS = 64
_log = logging.getLogger(__name__)


class ThreadStore:
    """One thread's folder. `ring` is called with its name after every change that listeners must learn of."""

    def __init__(self, path: Path, lock_path: Path, ring: Callable[[str], None]) -> None:
        self.path = path
        self.name = path.name
        self._ring = ring
        self.lock = ThreadLock(lock_path)
        self._guard = threading.RLock()
        """Over what this process remembers; held for microseconds by readers, inside the lock by writers."""
        self.settings_file = SettingsFile(path / ".ini")
        self._reader = StateReader(path, lambda: bool(self.media().names()))
        self._people = PeopleFile(path / "users.json")
        self._deltas: OrderedDict[tuple[str, int, int], Delta] = OrderedDict()
        self._audited: tuple[int, int | None] = (-AUDIT_MS, -1)
        """When files and catalogue were last compared, and the media folder's time of change then."""

    # --- settings and media -------------------------------------------------------------------------------

    def settings(self) -> ThreadSettings:
        """The settings as the `.ini` has them now. Raises `Missing`, `BadSettings`."""
        return self.settings_file.load()

    def media(self) -> MediaFolder:
        """The folder of the clips' files."""
        return MediaFolder(self.path, self.settings().media_folder)

    # --- reading --------------------------------------------------------------------------------------------

    def clips(self, *, visible_at: int | None = None) -> list[Clip]:
        """The clips in order; with `visible_at` (milliseconds) only those whose time is not over then."""
        with self._guard:
            return [c for c in self._state().catalogue if visible_at is None or not c.expired(visible_at)]

    def clip(self, clip_id: str) -> Clip:
        """One clip; raises `Missing`."""
        with self._guard:
            clip = self._state().catalogue.get(clip_id)
        if clip is None:
            raise Missing("This clip is gone.")
        return clip

    def clip_answer(self, digest: str) -> Clip | None:
        """What was answered to the idempotency key of this digest."""
        with self._guard:
            return self._state().clip_answer(digest)

    def total_bytes(self) -> int:
        """The size of all clips."""
        with self._guard:
            return self._state().catalogue.total_bytes

    def roster(self) -> Roster:
        """The people, as they stand now."""
        with self._guard:
            return self._people.load()

    def cursor(self, now: int) -> Cursor:
        """Where a listener stands who knows everything at `now` (milliseconds)."""
        with self._guard:
            state = self._state()
            return Cursor(state.epoch, state.position, self._people.load().fingerprint(now))

    def since(self, text: str | None, person: Person | None, now: int, *, hide_expired: bool) -> Changes:
        """What is new for `person` (`None`: somebody who has not joined) since a cursor.

        An unknown cursor is a reset: everything there is.
        """
        cursor = Cursor.parse(text) if text else None
        with self._guard:
            state = self._state()
            roster = self._people.load()
            here = Cursor(state.epoch, state.position, roster.fingerprint(now))
            delta = self._delta(cursor, state) if cursor else None
            if cursor is None or delta is None:
                added = tuple(c for c in state.catalogue if not (hide_expired and c.expired(now)))
                waiting = state.mailbox.waiting(person.name, person.seen, now) if person else []
                total = state.catalogue.total_bytes
                return Changes(str(here), True, added, (), total, roster.online(now), tuple(waiting))
            messages = tuple(
                m for m in delta.messages if person and m.until > now and m.concerns(person.name)
            )
            return Changes(
                cursor=str(here),
                added=delta.added,
                removed=delta.removed,
                total_bytes=state.catalogue.total_bytes if delta.added or delta.removed else None,
                online=roster.online(now) if cursor.roster != here.roster else None,
                messages=messages,
            )

    def fingerprint(self, now: int) -> object:
        """Something that differs whenever a listener may have to be told, for the price of a few `stat`s."""
        with self._guard:
            online = self._people.load().fingerprint(now)
        return self._reader.journal.signature(), online, signature(self.path / ".ini"), self._media_time()

    # --- clips ----------------------------------------------------------------------------------------------

    def add_clip(self, clip: Clip, content: BinaryIO, limits: Limits, now: int) -> tuple[Clip, list[str]]:
        """Store a clip and its bytes; evict what must make room, in one step. Returns the clip (the first
        one, where its id is known already) and the ids of those evicted."""
        limits.check(clip.bytes)
        media = self.media()
        try:
            media.put(clip.file, content)
        except (FileNotFoundError, FileExistsError) as error:
            raise self._gone() from error
        evicted: list[Clip] = []
        stored = False
        try:
            with self._writing() as (state, handles):
                first = state.clip_answer(clip.id)
                if first is not None:
                    return first, []
                evicted = plan_eviction(state.catalogue, limits, clip.bytes, now)
                event: dict[str, object] = {"t": now, "add": clip.record()}
                if evicted:
                    event["removed"] = [old.id for old in evicted]
                handles.append(self._append(state, event))
                stored = True
        finally:
            if not stored:
                media.remove([clip.file])
        media.remove(old.file for old in evicted)
        return clip, [old.id for old in evicted]

    def remove_clips(self, clip_ids: Sequence[str], now: int) -> list[Clip]:
        """Remove clips and their files; returns those that were there."""
        with self._writing() as (state, handles):
            found = [clip for clip in map(state.catalogue.get, clip_ids) if clip]
            if found:
                handles.append(self._append(state, {"t": now, "removed": [clip.id for clip in found]}))
        self.media().remove(clip.file for clip in found)
        return found

    def expired(self, now: int) -> list[str]:
        """The ids of the clips whose time is over."""
        with self._guard:
            return [clip.id for clip in self._state().catalogue.expired(now)]

    def missing_files(self) -> list[Clip]:
        """The clips whose file is gone. The names are listed before the catalogue is read, so that a clip
        that is just being added is not among them; one being evicted may be."""
        names = self.media().names()
        return [clip for clip in self.clips() if clip.file not in names]

    def drop_lost(self, now: int) -> list[Clip]:
        """Take out of the catalogue the clips whose file somebody has removed, with a line in the log each.
        Does nothing while the media folder is as it was at the last look, or that look was just now.
        """
        changed = self._media_time()
        if changed == self._audited[1] or abs(now - self._audited[0]) < AUDIT_MS:
            return []
        lost = self.missing_files()
        self._audited = now, changed
        if not lost:
            return []
        media = self.media()
        with self._writing() as (state, handles):
            gone = [c for c in lost if c.id in state.catalogue and media.find(c.file) is None]
            if gone:
                handles.append(self._append(state, {"t": now, "removed": [clip.id for clip in gone]}))
        for clip in gone:
            _log.warning("%s: the file %s is gone; its clip is dropped", self.name, clip.file)
        return gone

    # --- messages -------------------------------------------------------------------------------------------

    def post_message(self, message: Message, key: str | None, now: int) -> Message:
        """Keep a message and tell its listeners; its number and position are given here. A repeat of `key`
        gives the first one again."""
        with self._writing() as (state, handles):
            first = state.message_answer(key) if key else None
            if first is not None:
                return first
            state.mailbox.forget(now)
            message = Message.from_record({**message.record(), "number": state.mailbox.next_number(now)}, 0)
            event: dict[str, object] = {"t": now, "message": message.record()}
            if key:
                event["key"] = key
            handles.append(self._append(state, event))
            return Message.from_record(message.record(), state.position)

    def acknowledge(self, person: Person, text: str, now: int, lifetime: int) -> None:
        """A request of `person` carries this cursor: what lies before it has arrived, and the authors of what
        was written to that person alone are told so, by a message that lives `lifetime` milliseconds."""
        cursor = Cursor.parse(text)
        if cursor is None:
            return
        with self._guard:
            state = self._reader.remembered
            if state is None or state.epoch != cursor.epoch or state.position < cursor.offset:
                state = self._state()
            if cursor.epoch != state.epoch or cursor.offset > state.position:
                return
            arrived = state.mailbox.acknowledged(person.name, person.seen, cursor.offset)
        if not arrived:
            return
        with self._writing() as (state, handles):
            current = self._people.load().get(person.name)
            if current is None or current.seen >= arrived[-1].number:
                return
            for message in arrived:
                if message.number > current.seen and message.wants_receipt(person.name):
                    receipt = Message(
                        number=state.mailbox.next_number(now),
                        sender=current.name,
                        to=message.sender,
                        type=DELIVERED,
                        body={"id": str(message.number)},
                        sent=now,
                        until=now + lifetime,
                    )
                    handles.append(self._append(state, {"t": now, "message": receipt.record()}))
            self._people.save(self._people.load().acknowledge(person.name, arrived[-1].number), durable=False)

    # --- people ---------------------------------------------------------------------------------------------

    def claim(self, name: str, identity: str, *, now: int, until: int, hold: int, key: str) -> Person:
        """Give a name to an identity, online until `until`; raises `NameTaken`. Times in milliseconds.

        A thread has its journal from the first participant on, so that no cursor of theirs is ever too old.
        """
        with self._writing() as (state, _):
            if self._reader.header is None:
                self._begin(state)
            roster = self._people.load().forget(now, hold)
            roster = roster.claim(name, identity, now=now, until=until, hold=hold, key=key)
            self._people.save(roster, durable=True)
            return roster.by_identity(identity) or Person(name, identity, until, now)

    def touch(self, person: Person, *, now: int, until: int) -> None:
        """Keep a person online until `until`. Written only when the mark is half over, or was over."""
        if person.online_until - now > (until - now) / 2:
            return
        with self._writing(tell=person.online_until <= now):
            roster = self._people.load()
            if roster.get(person.name) is not None:
                self._people.save(roster.mark(person.name, now=now, until=until), durable=False)

    def release(self, person: Person, *, now: int) -> None:
        """Offline at once; the name stays held."""
        with self._writing():
            roster = self._people.load()
            if roster.get(person.name) is not None:
                self._people.save(roster.release(person.name, now=now), durable=False)

    # --- upkeep ---------------------------------------------------------------------------------------------

    def checkpoint(self) -> None:
        """Bring `catalog.json` and `messages.json` up to the journal, where they are behind."""
        with self._guard:
            state = self._state()
            header = self._reader.header
        if header is None or checkpoint.epoch_and_position(self._reader.catalogue_path) == (
            state.epoch,
            state.position,
        ):
            return
        with self._writing(tell=False) as (state, _):
            self._checkpoint(state)

    def _state(self) -> ThreadState:
        """The state as it stands on disk, rebuilt where it is broken. The guard is held."""
        try:
            return self._reader.current()
        except (NeedsRebuild, checkpoint.Broken):
            pass
        self._guard.release()
        try:
            with self.lock.held(), self._guard:
                return self._rebuild()
        finally:
            self._guard.acquire()

    def _rebuild(self) -> ThreadState:
        """Under lock and guard: what a broken catalogue is replaced by, unless another process was first."""
        reader = self._reader
        try:
            return reader.current()
        except (NeedsRebuild, checkpoint.Broken):
            pass
        with self._faults():
            settings = self.settings()
            state = rebuilt_state(reader.journal, self.media(), settings.clip_lifetime_sec * 1000)
            put_aside(reader.catalogue_path, _file_time(reader.catalogue_path))
            self._begin(state)
        return state

    @contextmanager
    def _writing(self, *, tell: bool = True) -> Iterator[tuple[ThreadState, list[int]]]:
        """Hold the lock over a read, a change and a write. What was appended is made durable after the lock
        is let go, before the caller's operation returns; listeners are told in any case."""
        handles: list[int] = []
        try:
            with self._faults(), self.lock.held(), self._guard:
                if signature(self.path / ".ini") is None:
                    raise self._gone()
                yield self._state_locked(), handles
        finally:
            if handles and tell:
                self._ring(self.name)
            for handle in handles:
                make_durable(handle)
        if tell and not handles:
            self._ring(self.name)

    def _state_locked(self) -> ThreadState:
        try:
            return self._reader.current()
        except (NeedsRebuild, checkpoint.Broken):
            return self._rebuild()

    def _append(self, state: ThreadState, event: Event) -> int:
        """Write an event, take it in, and make a checkpoint where one is due. Returns the open journal."""
        header = self._reader.header or self._begin(state)
        position, handle = self._reader.journal.append(header, state.position, event)
        state.apply(event, position)
        self._reader.written(state, header)
        saved = checkpoint.epoch_and_position(self._reader.catalogue_path)
        size = signature(self._reader.catalogue_path) or (0, 0, 0)
        if saved is None or position - saved[1] > max(CHECKPOINT_BYTES, size[1] // 2):
            self._checkpoint(state)
        return handle

    def _begin(self, state: ThreadState) -> journal.Header:
        """Give a state without a journal its own: a new epoch, in which it is the beginning.

        The checkpoint goes first: with it alone the thread is whole, an empty journal alone would be a loss.
        """
        state.epoch, state.position = secrets.token_hex(4), 0
        for message in list(state.mailbox):
            state.mailbox.add(Message.from_record(message.record(), 0))
        checkpoint.save(self._reader.catalogue_path, self._reader.messages_path, state)
        header = self._reader.journal.begin(state.epoch)
        self._reader.written(state, header)
        return header

    def _checkpoint(self, state: ThreadState) -> None:
        checkpoint.save(self._reader.catalogue_path, self._reader.messages_path, state)
        self._reader.journal.cut(self._reader.journal.header(), state.position)
        self._reader.written(state, self._reader.journal.header())

    def _delta(self, cursor: Cursor, state: ThreadState) -> Delta | None:
        """What happened between a cursor and now; `None` where that is not known any more."""
        if cursor.epoch != state.epoch or cursor.offset > state.position:
            return None
        if cursor.offset == state.position:
            return Delta()
        span = (cursor.epoch, cursor.offset, state.position)
        if span not in self._deltas:
            try:
                header = self._reader.journal.header()
                events = self._reader.journal.read(header, cursor.offset)
            except (journal.Broken, FileNotFoundError):
                return None
            self._deltas[span] = delta_of((e, at) for e, at in events if at <= state.position)
            if len(self._deltas) > _REMEMBERED_DELTAS:
                self._deltas.popitem(last=False)
        return self._deltas[span]

    def _media_time(self) -> int | None:
        found = signature(self.path / self.settings_file.remembered().media_folder)
        return found[2] if found else None

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            with faults_named(f"the folder {self.name}"):
                yield
        except FileNotFoundError as error:
            raise self._gone() from error

    def _gone(self) -> Missing | Unavailable:
        if signature(self.path / ".ini") is None:
            return Missing(f"There is no thread called {self.name}.")
        return Unavailable("The thread's folder was changed in the meantime. Try again.", 1)


def _file_time(path: Path) -> int:
    found = signature(path)
    return found[2] // 1_000_000 if found else 0
