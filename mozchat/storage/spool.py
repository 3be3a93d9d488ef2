"""The spool: notices of clips whose people are to be told, mails that wait, and dead letters. A file each.

.mail/notices/<thread>.<clip>.json   who is to be told of a clip; written before the clip is there
.mail/waiting/<key>.json             a mail
.mail/waiting/<key>.sending          the same while it is handed in; what a kill leaves is tried once more
.mail/dead/<key>-<time>.json         what could not be sent
.mail/pause.json                     until when nothing is sent, after a server that could not be reached
.mail/rates.json                     when each address was written to
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from mozchat.domain.errors import Unavailable
from mozchat.domain.mail import HOUR, Mail, free_at, is_ahead, pause_after
from mozchat.domain.notify import Notice
from mozchat.storage.files import faults_named, read_bytes, sync_folder, temporary_files, write_atomically
from mozchat.storage.lock import ThreadLock

FOLDER = ".mail"
KEPT_RATES = 24 * HOUR
"""The longest span that is asked for."""
KILLED_TWICE = "whoever sent it was killed twice in the middle of it; it may have arrived"
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Spool:
    """All mail of a site that is not sent yet. Notices may be written by anyone; everything else is for whoever
    holds `draining`."""

    def __init__(self, folder: Path, run_folder: Path) -> None:
        self.folder = folder
        self._notices = folder / "notices"
        self._waiting = folder / "waiting"
        self._dead = folder / "dead"
        self._pause = folder / "pause.json"
        # No thread is called so: none has a dot in its name.
        self._drain_lock = ThreadLock(run_folder / ".mail.lock")
        self.rates = Rates(folder / "rates.json", ThreadLock(run_folder / ".mail-rates.lock"))

    @contextmanager
    def draining(self) -> Iterator[bool]:
        """For as long as the context lasts nobody else takes mail out; gives False where somebody else does."""
        with ExitStack() as held:
            try:
                held.enter_context(self._drain_lock.held(timeout=0))
                mine = True
            except Unavailable:
                mine = False
            yield mine

    # --- notices ----------------------------------------------------------------------------------------------

    def put_notice(self, notice: Notice, *, durable: bool) -> None:
        """Keep a notice; one of the same clip is replaced. Raises `NoRoom`, `Unavailable`."""
        path = self._notices / f"{notice.thread}.{notice.clip_id}.json"
        self._write(path, notice.record(), durable=durable)

    def notices(self) -> list[tuple[Path, Notice]]:
        """The notices, oldest first, each with its file."""
        return sorted(self._read(self._notices, Notice.from_record), key=lambda each: each[1].created)

    # --- mails ------------------------------------------------------------------------------------------------

    def put(self, mail: Mail) -> None:
        """Keep a mail, in the place of the one with its key."""
        self._write(self._waiting / f"{mail.key}.json", mail.record())

    def get(self, key: str) -> Mail | None:
        """The mail of this key that waits."""
        data = read_bytes(self._waiting / f"{key}.json")
        try:
            return Mail.from_record(json.loads(data)) if data else None
        except ValueError:
            return None

    def waiting(self) -> list[Mail]:
        """The mails, those first that are due first."""
        mails = [mail for _, mail in self._read(self._waiting, Mail.from_record)]
        return sorted(mails, key=lambda mail: (mail.due, mail.created, mail.key))

    def begin(self, mail: Mail) -> None:
        """It is about to be handed in: from here on a kill leaves open whether it has been."""
        path = self._waiting / f"{mail.key}.json"
        path.rename(path.with_suffix(".sending"))

    def put_back(self, mail: Mail) -> None:
        """It was not taken."""
        self.put(mail)
        self.remove(mail)

    def remove(self, mail: Mail) -> None:
        """It was taken."""
        (self._waiting / f"{mail.key}.sending").unlink(missing_ok=True)

    def drop(self, mail: Mail) -> None:
        """A mail that waits is of no use any more."""
        (self._waiting / f"{mail.key}.json").unlink(missing_ok=True)

    def bury(self, mail: Mail, now: int) -> None:
        """It cannot be sent, which is written to the log and kept in the folder of the dead letters."""
        _log.error("mail about %s is given up, see %s: %s", mail.thread, self._dead, mail.fault)
        self._write(self._dead / f"{mail.key}-{now}.json", mail.record())
        self.remove(mail)
        self.drop(mail)

    def recover(self, now: int) -> None:
        """Take up what a kill has left in the middle of being sent: once more, and no more than that. What it has
        left in the middle of being written is of no use."""
        for folder in (self.folder, self._notices, self._waiting, self._dead):
            if folder.is_dir():
                for name in temporary_files(folder, (now - HOUR) / 1000):
                    (folder / name).unlink(missing_ok=True)
        for path in self._files(self._waiting, ".sending"):
            data = read_bytes(path)
            try:
                mail = Mail.from_record(json.loads(data or b""))
            except ValueError:
                self._set_aside(path)
                continue
            if mail.repeats:
                self.bury(replace(mail, fault=KILLED_TWICE), now)
            else:
                self.put_back(replace(mail, repeats=1))

    def dead(self) -> list[Path]:
        """The dead letters."""
        return self._files(self._dead, ".json")

    def places(self) -> list[Path]:
        """The folder of the spool, where there is one, and everything in it."""
        return [self.folder, *self.folder.rglob("*")] if self.folder.is_dir() else []

    # --- the pause ----------------------------------------------------------------------------------------------

    def is_paused(self, now: int) -> bool:
        """Whether nothing is to be sent yet."""
        return is_ahead(self._pause_record()[0], now)

    def pause(self, now: int) -> int:
        """The server cannot be reached: wait longer at each time that follows. Returns until when."""
        failures = self._pause_record()[1] + 1
        until = now + pause_after(failures)
        self._write(self._pause, {"until": until, "failures": failures})
        return until

    def go_on(self) -> None:
        """The server took something: the pause is over, and forgotten."""
        self._pause.unlink(missing_ok=True)

    def _pause_record(self) -> tuple[int, int]:
        try:
            record = json.loads(read_bytes(self._pause) or b"")
            return int(record["until"]), int(record["failures"])
        except (ValueError, TypeError, KeyError):
            return 0, 0

    # --- files ------------------------------------------------------------------------------------------------

    def _write(self, path: Path, record: Mapping[str, Any], *, durable: bool = True) -> None:
        """Readable by the site's owner alone: there are addresses in it."""
        data = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")
        with faults_named(f"the folder {FOLDER}"):
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
                sync_folder(path.parent.parent)
            write_atomically(path, data, durable=durable, mode=0o600)

    def _read(self, folder: Path, parse: Callable[[Mapping[str, Any]], _T]) -> Iterator[tuple[Path, _T]]:
        """The files that are what they should be; others are put aside, with a line in the log."""
        for path in self._files(folder, ".json"):
            data = read_bytes(path)
            if data is None:
                continue
            try:
                found = parse(json.loads(data))
            except (ValueError, RecursionError):
                self._set_aside(path)
            else:
                yield path, found

    def _files(self, folder: Path, suffix: str) -> list[Path]:
        try:
            return sorted(path for path in folder.iterdir() if path.suffix == suffix and path.name[0] != ".")
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _set_aside(self, path: Path) -> None:
        _log.error("%s cannot be understood and is put aside as .broken", path)
        path.rename(path.with_suffix(".broken"))


class Rates:
    """When each address was written to, so that nobody gets more than a few mails in an hour. Times in
    milliseconds since 1970."""

    def __init__(self, path: Path, lock: ThreadLock) -> None:
        self._path = path
        self._lock = lock

    def take(self, key: str, now: int, most: int, span: int = HOUR) -> int:
        """When the next mail for `key` may go out, of which there are `most` within `span`; it counts from
        then."""
        with self._lock.held():
            times = self._load()
            at = free_at(times.get(key, []), now, most, span)
            times[key] = [*times.get(key, []), at]
            self._save(times, now)
        return at

    def allowed(self, keys: Mapping[str, int], now: int, span: int) -> bool:
        """Whether something may happen now for all of these keys, each so many times within `span`; it counts only
        then."""
        with self._lock.held():
            times = self._load()
            if any(free_at(times.get(key, []), now, most, span) > now for key, most in keys.items()):
                return False
            for key in keys:
                times[key] = [*times.get(key, []), now]
            self._save(times, now)
        return True

    def _load(self) -> dict[str, list[int]]:
        try:
            record = json.loads(read_bytes(self._path) or b"{}")
            return {str(key): [int(time) for time in times] for key, times in record.items()}
        except (ValueError, TypeError, AttributeError):
            return {}

    def _save(self, times: Mapping[str, list[int]], now: int) -> None:
        kept = {key: [time for time in each if time > now - KEPT_RATES] for key, each in times.items()}
        with faults_named(f"the folder {FOLDER}"):
            self._path.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
            data = json.dumps({key: each for key, each in kept.items() if each}).encode()
            write_atomically(self._path, data, durable=False, mode=0o600)
