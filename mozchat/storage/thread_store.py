"""One thread on disk: every operation that reads or changes it, each atomic and durable when it returns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from mozchat.domain.clip import Clip
from mozchat.domain.cursor import Cursor
from mozchat.domain.errors import Missing
from mozchat.domain.message import DELIVERED, Message
from mozchat.domain.options import ThreadSettings
from mozchat.domain.presence import Person, Roster
from mozchat.domain.retention import Limits, plan_eviction
from mozchat.domain.thread_state import Changes
from mozchat.storage.files import signature
from mozchat.storage.lock import ThreadLock
from mozchat.storage.media import MediaFolder
from mozchat.storage.people import PeopleFile
from mozchat.storage.settings_file import SettingsFile
from mozchat.storage.state_store import StateStore

AUDIT_MS = 900
"""The shortest time between two comparisons of files and catalogue: listing many names takes a while."""

_log = logging.getLogger(__name__)


class ThreadStore:
    """One thread's folder. `ring` is called with its name after every change that listeners must learn of."""

    def __init__(self, path: Path, lock_path: Path, ring: Callable[[str], None]) -> None:
        self.path = path
        self.name = path.name
        self.lock = ThreadLock(lock_path)
        self.settings_file = SettingsFile(path / ".ini")
        self._people = PeopleFile(path / "users.json")
        self._states = StateStore(path, self.lock, self.settings_file, lambda: ring(path.name))
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
        with self._states.reading() as state:
            return [c for c in state.catalogue if visible_at is None or not c.expired(visible_at)]

    def newest(self, *, visible_at: int | None = None) -> Clip | None:
        """The last of `clips`, without going through them."""
        with self._states.reading() as state:
            return state.catalogue.newest(visible_at)

    def clip(self, clip_id: str) -> Clip:
        """One clip; raises `Missing`."""
        with self._states.reading() as state:
            clip = state.catalogue.get(clip_id)
        if clip is None:
            raise Missing("This clip is gone.")
        return clip

    def clip_answer(self, digest: str) -> Clip | None:
        """What was answered to the idempotency key of this digest."""
        with self._states.reading() as state:
            return state.clip_answer(digest)

    def total_bytes(self) -> int:
        """The size of all clips."""
        with self._states.reading() as state:
            return state.catalogue.total_bytes

    def roster(self) -> Roster:
        """The people, as they stand now."""
        return self._people.load()

    def cursor(self, now: int) -> Cursor:
        """Where a listener stands who knows everything at `now` (milliseconds)."""
        with self._states.reading() as state:
            return Cursor(state.epoch, state.position, self._people.load().fingerprint(now))

    def since(self, text: str | None, person: Person | None, now: int, *, hide_expired: bool) -> Changes:
        """What is new for `person` (`None`: somebody who has not joined) since a cursor.

        An unknown cursor is a reset: everything there is.
        """
        cursor = Cursor.parse(text) if text else None
        with self._states.reading() as state:
            roster = self._people.load()
            here = Cursor(state.epoch, state.position, roster.fingerprint(now))
            delta = self._states.delta(cursor, state) if cursor else None
            if cursor is None or delta is None:
                self._states.check_there()
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

    # --- clips ----------------------------------------------------------------------------------------------

    def add_clip(self, clip: Clip, content: BinaryIO, limits: Limits, now: int) -> tuple[Clip, list[str]]:
        """Store a clip and its bytes; evict what must make room, in one step. Returns the clip (the first
        one, where its id is known already) and the ids of those evicted."""
        limits.check(clip.bytes)
        media = self.media()
        try:
            media.put(clip.file, content)
        except (FileNotFoundError, FileExistsError) as error:
            raise self._states.gone() from error
        evicted: list[Clip] = []
        stored = False
        try:
            with self._states.writing() as change:
                first = change.state.clip_answer(clip.id)
                # With our own file it is no repeat: a rebuild has found it before its event was written.
                if first is not None and first.file != clip.file:
                    return first, []
                evicted = plan_eviction(change.state.catalogue, limits, clip.bytes, now)
                evicted = [old for old in evicted if old.id != clip.id]
                event: dict[str, object] = {"t": now, "add": clip.record()}
                if evicted:
                    event["removed"] = [old.id for old in evicted]
                change.append(event)
                stored = True
        finally:
            if not stored:
                media.remove([clip.file])
        media.remove(old.file for old in evicted)
        return clip, [old.id for old in evicted]

    def remove_clips(self, clip_ids: Sequence[str], now: int) -> list[Clip]:
        """Remove clips and their files; returns those that were there."""
        with self._states.writing() as change:
            state = change.state
            found = [clip for clip in map(state.catalogue.get, clip_ids) if clip]
            if found:
                change.append({"t": now, "removed": [clip.id for clip in found]})
        self.media().remove(clip.file for clip in found)
        return found

    def expired(self, now: int) -> list[str]:
        """The ids of the clips whose time is over."""
        with self._states.reading() as state:
            return [clip.id for clip in state.catalogue.expired(now)]

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
        with self._states.writing() as change:
            state = change.state
            gone = [c for c in lost if c.id in state.catalogue and media.find(c.file) is None]
            if gone:
                change.append({"t": now, "removed": [clip.id for clip in gone]})
        for clip in gone:
            _log.warning("%s: the file %s is gone; its clip is dropped", self.name, clip.file)
        return gone

    # --- messages -------------------------------------------------------------------------------------------

    def post_message(self, message: Message, key: str | None, now: int) -> Message:
        """Keep a message and tell its listeners; its number and position are given here. A repeat of `key`
        gives the first one again."""
        with self._states.writing() as change:
            state = change.state
            first = state.message_answer(key) if key else None
            if first is not None:
                return first
            state.mailbox.forget(now)
            message = Message.from_record({**message.record(), "number": state.mailbox.next_number(now)}, 0)
            event: dict[str, object] = {"t": now, "message": message.record()}
            if key:
                event["key"] = key
            change.append(event)
            return Message.from_record(message.record(), state.position)

    def acknowledge(self, person: Person, text: str, now: int, lifetime: int) -> None:
        """A request of `person` carries this cursor: what lies before it has arrived, and the authors of what
        was written to that person alone are told so, by a message that lives `lifetime` milliseconds."""
        cursor = Cursor.parse(text)
        if cursor is None:
            return
        with self._states.reading(behind=cursor) as state:
            if cursor.epoch != state.epoch or cursor.offset > state.position:
                return
            arrived = state.mailbox.acknowledged(person.name, person.seen, cursor.offset)
        if not arrived:
            return
        with self._states.writing() as change:
            state = change.state
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
                    change.append({"t": now, "message": receipt.record()})
            self._people.save(self._people.load().acknowledge(person.name, arrived[-1].number), durable=False)

    # --- people ---------------------------------------------------------------------------------------------

    def claim(self, name: str, identity: str, *, now: int, until: int, hold: int, key: str) -> Person:
        """Give a name to an identity, online until `until`; raises `NameTaken`. Times in milliseconds.

        A thread has its journal from the first participant on, so that no cursor of theirs is ever too old.
        """
        with self._states.writing() as change:
            self._states.begin(change.state)
            roster = self._people.load().forget(now, hold)
            roster = roster.claim(name, identity, now=now, until=until, hold=hold, key=key)
            self._people.save(roster, durable=True)
            return roster.by_identity(identity) or Person(name, identity, until, now)

    def touch(self, person: Person, *, now: int, until: int) -> None:
        """Keep a person online until `until`. Written only when the mark is half over, or was over."""
        if person.online_until - now > (until - now) / 2:
            return
        with self._states.writing(tell=person.online_until <= now):
            roster = self._people.load()
            if roster.get(person.name) is not None:
                self._people.save(roster.mark(person.name, now=now, until=until), durable=False)

    def release(self, person: Person, *, now: int) -> None:
        """Offline at once; the name stays held."""
        with self._states.writing():
            roster = self._people.load()
            if roster.get(person.name) is not None:
                self._people.save(roster.release(person.name, now=now), durable=False)

    # --- upkeep ---------------------------------------------------------------------------------------------

    def checkpoint(self) -> None:
        """Bring the files on disk up to date where they are behind the journal."""
        self._states.checkpoint()

    def fingerprint(self, now: int) -> object:
        """Something that differs whenever a listener may have to be told, for the price of a few `stat`s."""
        journal, _ = self._states.signature()
        return (
            journal,
            self._people.load().fingerprint(now),
            signature(self.path / ".ini"),
            self._media_time(),
        )

    def _media_time(self) -> int | None:
        found = signature(self.path / self.settings_file.remembered().media_folder)
        return found[2] if found else None
