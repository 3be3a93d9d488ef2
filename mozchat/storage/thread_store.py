"""One thread on disk: every operation that reads or changes it, each atomic and durable when it returns."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mozchat.domain.clip import Clip, id_of_file, is_file_name
from mozchat.domain.cursor import Cursor
from mozchat.domain.errors import Missing, TooMany
from mozchat.domain.message import DELIVERED, Message
from mozchat.domain.options import ThreadSettings
from mozchat.domain.presence import Mark, Person, Roster
from mozchat.domain.retention import Limits, plan_eviction
from mozchat.domain.thread_state import Changes, ThreadState
from mozchat.storage.call_log import CallLogFile
from mozchat.storage.files import COARSE_NS, Signature, faults_named, signature
from mozchat.storage.live import LiveClips
from mozchat.storage.lock import ThreadLock
from mozchat.storage.mail_list import MailList
from mozchat.storage.media import Content, MediaFolder, move
from mozchat.storage.people import Marks, PeopleFile
from mozchat.storage.settings_file import SettingsFile
from mozchat.storage.state_store import StateStore
from mozchat.storage.uploads import GONE, Part, Upload, Uploads, locked

AUDIT_MS = 900
"""The shortest time between two comparisons of files and catalogue: listing many names takes a while."""
NEVER = 1 << 62
RETRY_SECONDS = 10.0
"""Seconds after which a participant with too many uploads may have finished one."""

SOON_MS = 1500
"""Whose mark is over within this time has the new one written at once; that of others waits for the upkeep, which
comes every second."""

Stamp = tuple[Signature | None, ...]
_log = logging.getLogger(__name__)


class ThreadStore:
    """One thread's folder. `ring` is called with its name after every change that listeners must learn of,
    `ring_clip` with a live clip's id when there is more of it, `start_upkeep` when something is left to be written
    by the upkeep."""

    def __init__(
        self,
        path: Path,
        lock_path: Path,
        ring: Callable[[str], None],
        ring_clip: Callable[[str], None],
        start_upkeep: Callable[[], None],
    ) -> None:
        self.path = path
        self.name = path.name
        self.lock = ThreadLock(lock_path)
        self.settings_file = SettingsFile(path / ".ini")
        self.call_log = CallLogFile(path / "calls.csv", self.lock)
        self.mail_list = MailList(path, self.lock)
        self.uploads = Uploads(path)
        self._people = PeopleFile(path / "users.json")
        self._states = StateStore(path, self.lock, self.settings_file, lambda: ring(path.name))
        self.live = LiveClips(self._states, self.uploads, self.media, ring_clip)
        self._marks = Marks()
        self._start_upkeep = start_upkeep
        self._prefix = f"{path}/"
        self._files = tuple(
            self._prefix + file for file in (".ini", "users.json", "journal.jsonl", "catalog.json")
        )
        self._audited: tuple[int, Signature | None, bool] = (-AUDIT_MS, (0, 0, 0), False)
        """When files and catalogue were last compared, the media folder's signature then, and whether it had
        been so for long enough that the next change will change it."""

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

    def clip_answer(self, digest: str, identity: str) -> Clip | None:
        """What was answered to the idempotency key of this digest, which only its own identity is told."""
        with self._states.reading() as state:
            clip = state.clip_answer(digest)
        return clip if clip and clip.identity == identity else None

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
        with self._states.reading() as state:
            changes = self._news(text, state, now) if text else None
            if changes is not None:
                return changes.to(person.name if person else None)
            self._states.check_there()
            roster = self._people.load()
            added = tuple(c for c in state.catalogue if not (hide_expired and c.expired(now)))
            waiting = state.mailbox.waiting(person.name, person.seen, now) if person else []
            total = state.catalogue.total_bytes
            here = Cursor(state.epoch, state.position, roster.fingerprint(now))
            return Changes(
                cursor=str(here),
                reset=True,
                added=added,
                total_bytes=total,
                online=roster.online(now),
                messages=tuple(waiting),
            )

    def news(self, text: str, now: int) -> Changes | None:
        """What is new since a cursor for everybody at once: with the messages of all, of which each is told their
        own (`Changes.to`). `None` for an unknown cursor, when each must be asked for alone."""
        with self._states.reading() as state:
            return self._news(text, state, now)

    def _news(self, text: str, state: ThreadState, now: int) -> Changes | None:
        cursor = Cursor.parse(text)
        delta = self._states.delta(cursor, state) if cursor else None
        if cursor is None or delta is None:
            return None
        roster = self._people.load()
        here = Cursor(state.epoch, state.position, roster.fingerprint(now))
        return Changes(
            cursor=str(here),
            added=delta.added,
            removed=delta.removed,
            grown=delta.grown,
            total_bytes=state.catalogue.total_bytes if delta.added or delta.removed else None,
            online=roster.online(now) if cursor.roster != here.roster else None,
            messages=tuple(message for message in delta.messages if message.until > now),
        )

    # --- clips ----------------------------------------------------------------------------------------------

    def add_clip(self, clip: Clip, content: Content, limits: Limits, now: int) -> tuple[Clip, list[str]]:
        """Make a content a clip; evict what must make room, in one step. Returns the clip (the first one,
        where its author has published it already) and the ids of those evicted."""
        limits.check(clip.received)
        settings = self.settings()
        media = MediaFolder(self.path, settings.media_folder)
        target = media.path / clip.file
        try:
            content.place(target, durable=settings.durability == "fsync")
        except (FileNotFoundError, FileExistsError) as error:
            raise self._states.gone() from error
        evicted: list[Clip] = []
        adopted: list[str] = []
        stored = was_live = False
        try:
            with self._states.writing() as change:
                first = change.state.clip_answer(clip.id)
                if first is not None:
                    if first.identity == clip.identity:
                        return first, []
                    # A rebuild has found the file of an earlier try, whose event was never written.
                    adopted = [first.file] if first.file != clip.file else []
                if isinstance(content, Part) and self.uploads.get(clip.id) is None:
                    raise Missing(GONE)
                reserved = self.uploads.bytes(but=clip.id)
                evicted = plan_eviction(change.state.catalogue, limits.of_files(), clip.bytes, now, reserved)
                evicted = [old for old in evicted if old.id != clip.id]
                event: dict[str, object] = {"t": now, "add": clip.record()}
                was_live = clip.id in change.state.catalogue
                if was_live:
                    event["completes"] = True
                if evicted:
                    event["removed"] = [old.id for old in evicted]
                change.append(event)
                stored = True
        finally:
            if not stored:
                content.withdraw(target)
        media.remove([*(old.file for old in evicted), *adopted])
        if was_live:
            self.live.ring(clip.id)
        return clip, [old.id for old in evicted]

    def remove_clips(self, clip_ids: Sequence[str], now: int) -> list[Clip]:
        """Remove clips and their files, of live ones what has come; returns those that were there."""
        with self._states.writing() as change:
            state = change.state
            found = [clip for clip in map(state.catalogue.get, clip_ids) if clip]
            live = [clip.id for clip in found if clip.live]
            for clip_id in live:
                self.uploads.remove(clip_id)
            if found:
                change.append({"t": now, "removed": [clip.id for clip in found]})
        self.media().remove(clip.file for clip in found if not clip.live)
        for clip_id in live:
            self.live.ring(clip_id)
        return found

    def expired(self, now: int) -> list[str]:
        """The ids of the clips whose time is over."""
        with self._states.reading() as state:
            return [clip.id for clip in state.catalogue.expired(now)]

    def missing_files(self) -> list[Clip]:
        """The clips whose file is gone. The catalogue is read before the names are listed, so that a clip that
        is just being added is not among them, and again where one seems lost, since it may have been evicted."""
        clips = self.clips()
        names = self.media().names()
        missing = [clip for clip in clips if clip.file not in names and not clip.live]
        if missing:
            recorded = {clip.file for clip in self.clips()}
            missing = [clip for clip in missing if clip.file in recorded]
        return missing

    def drop_lost(self, now: int) -> list[Clip]:
        """Take out of the catalogue the clips whose file somebody has removed, with a line in the log each.
        Does nothing while the media folder is as it was at the last look, or that look was just now.
        """
        folder = self._media_signature()
        settled = folder is None or time.time_ns() - folder[2] > COARSE_NS
        at, before, was_settled = self._audited
        due = settled and not was_settled if folder == before else abs(now - at) >= AUDIT_MS
        if not due:
            return []
        lost = self.missing_files()
        self._audited = at if folder == before else now, folder, settled
        return self.drop(lost, now) if lost else []

    def drop(self, lost: Sequence[Clip], now: int) -> list[Clip]:
        """Take out of the catalogue those of these clips whose file is indeed gone; returns them."""
        media = self.media()
        with self._states.writing() as change:
            recorded = change.state.catalogue
            gone = [clip for clip in lost if recorded.get(clip.id) == clip and media.find(clip.file) is None]
            if gone:
                change.append({"t": now, "removed": [clip.id for clip in gone]})
        for clip in gone:
            _log.warning("%s: the file %s is gone; its clip is dropped", self.name, clip.file)
        return gone

    # --- uploads --------------------------------------------------------------------------------------------

    def open_upload(self, upload: Upload, most: int, now: int) -> Upload:
        """Begin an upload, or give the one of its id that is there. Those that have expired go, unless they are
        live. Raises
        `TooMany` where its participant has `most` already."""
        with self._states.writing(tell=False):
            first = self.uploads.get(upload.id)
            if first is not None and first.expires > now and self.uploads.part_path(first.id).exists():
                return first
            self.end_expired(now)
            mine = [other.id for other in self.uploads.all() if other.identity == upload.identity]
            # One without its content is a clip already: a crash came before its record was removed.
            if sum(self.uploads.part_path(upload_id).exists() for upload_id in mine) >= most:
                raise TooMany(
                    f"{most} recordings of yours are unfinished. Finish or discard one of them first.",
                    RETRY_SECONDS,
                )
            self.uploads.create(upload)
            return upload

    def upload(self, upload_id: str, identity: str, now: int) -> Part:
        """The content of an upload, as far as it has come. Raises `Missing` where `identity` has none of this
        id, or it has expired."""
        upload = self.uploads.get(upload_id)
        if upload is None or upload.identity != identity or upload.expires <= now:
            raise Missing(GONE)
        with faults_named(f"the folder {self.name}"):
            return self.part(upload)

    def part(self, upload: Upload) -> Part:
        """The content of an upload, whether it has expired or not. Raises `Missing`."""
        with suppress(FileNotFoundError):
            return Part(self.uploads, upload)
        self._reclaim(upload)
        with suppress(FileNotFoundError):
            return Part(self.uploads, upload)
        raise Missing(GONE)

    def end_expired(self, now: int) -> list[str]:
        """Remove the uploads whose time is over, but for live ones; returns their ids."""
        expired = [upload.id for upload in self.uploads.expired(now, live=False)]
        for upload_id in expired:
            self.uploads.remove(upload_id)
        return expired

    def make_room(self, incoming: int, limits: Limits, now: int) -> None:
        """Evict what must go so that an upload can have `incoming` bytes more. Looks without the lock first.
        Raises `NoRoom` where unfinished uploads alone take too much."""
        if self.total_bytes() + self.uploads.bytes() + incoming <= limits.max_total_bytes:
            return
        with self._states.writing() as change:
            room = replace(limits.of_files(), max_count=0)
            evicted = plan_eviction(change.state.catalogue, room, incoming, now, self.uploads.bytes())
            if evicted:
                change.append({"t": now, "removed": [clip.id for clip in evicted]})
        self.media().remove(clip.file for clip in evicted)

    def _reclaim(self, upload: Upload) -> None:
        """Take back the file of an upload from the media folder, where a crash has left it before its clip
        was recorded."""
        media = self.media()
        for name in media.names():
            path = media.find(name) if is_file_name(name) and id_of_file(name) == upload.id else None
            if path is not None:
                # Whoever is publishing it just now holds the file until its clip is recorded.
                with suppress(FileNotFoundError), locked(path), self._states.writing(tell=False) as change:
                    first = change.state.clip_answer(upload.id)
                    if first is None or first.identity != upload.identity:
                        move(path, self.uploads.part_path(upload.id))
                return

    # --- messages -------------------------------------------------------------------------------------------

    def signals_since(self, sender: str, after: int) -> list[Message]:
        """The signals of calls that the participant `sender` has sent after this time, newest first."""
        with self._states.reading() as state:
            return state.mailbox.signals_since(sender, after)

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
            mark = self._marks.get(person.name)
            seen = max(person.seen, mark.seen) if mark else person.seen
            arrived = state.mailbox.acknowledged(person.name, seen, cursor.offset)
        if not arrived:
            return
        if not any(message.wants_receipt(person.name) for message in arrived):
            self._later(person, Mark(now, seen=arrived[-1].number))
            return
        with self._states.writing(tell=False) as change:
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
            arrival = {person.name: Mark(now, seen=arrived[-1].number)}
            self._people.save(self._people.load().marked(arrival), durable=False)

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

    def touch(self, marks: Iterable[tuple[Person, Mark]], now: int) -> None:
        """Take these signs of life. Of those who are online for long enough yet, it is written a little later,
        with what there is of others."""
        earliest = NEVER
        for person, mark in marks:
            self._later(person, mark)
            earliest = min(earliest, person.online_until)
        if earliest - now < SOON_MS:
            self.write_marks(tell=earliest <= now)

    def write_marks(self, *, tell: bool = False) -> None:
        """Write what is still to be written of people; with `tell`, listeners are told."""
        if self._marks:
            with self._states.writing(tell=tell):
                self._people.save(self._people.load().marked(self._marks.take()), durable=False)

    def _later(self, person: Person, mark: Mark) -> None:
        self._marks.add(person.name, mark)
        self._start_upkeep()

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
            self._media_signature(),
        )

    def stamp(self) -> Stamp:
        """The signatures of everything that an answer about this thread is made of: as long as none differs,
        nothing has been written or edited. Five `stat`s."""
        media = f"{self._prefix}{self.settings_file.remembered().media_folder}"
        return (*map(signature, self._files), signature(media))

    def audit_due(self, stamp: Stamp, now: int) -> int:
        """When (milliseconds) files and catalogue are to be compared again, the media folder being what it was at
        `stamp`."""
        at, before, was_settled = self._audited
        if stamp[-1] != before:
            return at + AUDIT_MS
        return NEVER if was_settled else now + COARSE_NS // 1_000_000

    def _media_signature(self) -> Signature | None:
        return signature(self.path / self.settings_file.remembered().media_folder)
