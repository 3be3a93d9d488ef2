"""Uploads: recordings of which not everything is here yet, in the folder `.uploads` of a thread.

Each is two files: `<id>.part`, a gap for a new header and what has arrived, and `<id>.json`, whose it is and
what is said of it. How far it has come is the size of the part file. Whoever writes to either holds a lock
on the part file, for one write only, and looks first whether the file is still what it takes it for: so a
request that was long asleep harms nobody, and nothing waits for a body.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from mozchat.domain.clip import checked_fields
from mozchat.domain.errors import Invalid, Missing, WrongOffset
from mozchat.domain.media.finish import Patches
from mozchat.storage.files import Signature, faults_named, read_bytes, signature, write_atomically
from mozchat.storage.media import Content, move, place_file, write_whole

FOLDER = ".uploads"
KNOWN = 1000
"""So many records a process remembers of a thread's uploads."""
GONE = "This upload is not here any more. It begins anew."


@dataclass(frozen=True)
class Upload:
    """What is known of an upload; times in milliseconds since 1970. `length` is what the whole will have,
    `gap` what is left free in front of it; both may not be known yet. `fields` are those of
    `domain.clip.checked_fields`; `undo` is what a new header has been written over, and where. `live`: others hear
    it as it comes, from when it is known what it is (`mime`)."""

    id: str
    identity: str
    created: int
    expires: int
    length: int | None = None
    gap: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    undo: tuple[tuple[int, str], ...] = ()
    live: bool = False
    mime: str = ""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Upload:
        """The reverse of `asdict`; raises `ValueError` where it cannot be an upload."""
        try:
            return cls(
                id=str(record["id"]),
                identity=str(record["identity"]),
                created=int(record["created"]),
                expires=int(record["expires"]),
                length=None if record["length"] is None else int(record["length"]),
                gap=None if record["gap"] is None else int(record["gap"]),
                fields=checked_fields(record["fields"]),
                undo=tuple((int(offset), str(data)) for offset, data in record["undo"]),
                live=record.get("live") is True,
                mime=str(record.get("mime", "")),
            )
        except (KeyError, TypeError, OverflowError, Invalid) as error:
            raise ValueError(f"not an upload's record: {error!r}") from error


class Uploads:
    """The uploads of one thread."""

    def __init__(self, thread_path: Path) -> None:
        self.path = thread_path / FOLDER
        self._known: dict[str, tuple[Signature, Upload]] = {}

    def get(self, upload_id: str) -> Upload | None:
        """What is known of an upload; `None` where there is none of this id."""
        path = self.record_path(upload_id)
        current = signature(path)
        if current is None:
            self._known.pop(upload_id, None)
            return None
        known = self._known.get(upload_id)
        if known is None or known[0] != current:
            try:
                known = current, Upload.from_record(json.loads(read_bytes(path) or b""))
            except ValueError:
                return None
            if len(self._known) >= KNOWN:
                self._known.clear()
            self._known[upload_id] = known
        return known[1]

    def all(self) -> list[Upload]:
        """Every upload there is."""
        found = (self.get(name.removesuffix(".json")) for name in self.sizes() if name.endswith(".json"))
        return [upload for upload in found if upload is not None]

    def bytes(self, *, but: str = "") -> int:
        """How much room they take in all, without the one of the id `but`."""
        own = f"{but}.part"
        sizes = self.sizes().items()
        return sum(size for name, size in sizes if name.endswith(".part") and name != own)

    def sizes(self) -> dict[str, int]:
        """The files of all uploads by name, with their sizes."""
        return {name: status.st_size for name, status in self.files().items()}

    def files(self) -> dict[str, os.stat_result]:
        """The files of all uploads by name, with their `stat`."""
        found: dict[str, os.stat_result] = {}
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    found[entry.name] = entry.stat(follow_symlinks=False)
        return found

    def create(self, upload: Upload) -> None:
        """Begin an upload; under the thread's lock."""
        self.path.mkdir(mode=0o770, exist_ok=True)
        self.save(upload)
        os.close(os.open(self.part_path(upload.id), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640))

    def save(self, upload: Upload) -> None:
        """Write what is known of an upload."""
        data = json.dumps(asdict(upload), ensure_ascii=False, separators=(",", ":"))
        write_atomically(self.record_path(upload.id), data.encode("utf-8", "replace"), durable=False)

    def expired(self, now: int, *, live: bool) -> list[Upload]:
        """Those whose time is over at `now` (milliseconds): the live ones, or all others."""
        return [upload for upload in self.all() if upload.expires <= now and upload.live is live]

    def over(self, now: int, orphaned: float) -> list[str]:
        """The files of uploads that have expired at `now` (milliseconds), and those without their other half
        that are older than `orphaned` (seconds since 1970). What was live is not thrown away for its age."""
        files = self.files()
        expired = {upload.id for upload in self.expired(now, live=False)}
        over = []
        for name, status in sorted(files.items()):
            upload_id, _, kind = name.rpartition(".")
            other = f"{upload_id}.{'part' if kind == 'json' else 'json'}"
            if upload_id in expired or (other not in files and status.st_mtime < orphaned):
                over.append(name)
        return over

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files of uploads by their names."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def remove(self, upload_id: str) -> None:
        """End an upload, and free what it takes. A write that is under way comes to nothing."""
        with faults_named(str(self.path)):
            # The large file first: should we die in between, what is left takes no room and counts for nothing.
            for path in (self.part_path(upload_id), self.record_path(upload_id)):
                path.unlink(missing_ok=True)

    def record_path(self, upload_id: str) -> Path:
        """The file of what is known."""
        return self.path / f"{upload_id}.json"

    def part_path(self, upload_id: str) -> Path:
        """The file of what has arrived."""
        return self.path / f"{upload_id}.part"


class Part(Content):
    """The content of an upload, as far as it has come; to be closed by `with`.

    Raises `FileNotFoundError` where there is no part file.
    """

    def __init__(self, uploads: Uploads, upload: Upload) -> None:
        self._uploads = uploads
        self._path = uploads.part_path(upload.id)
        self._moved = False
        self.upload = upload
        handle = os.open(self._path, os.O_RDWR)
        super().__init__(os.fdopen(handle, "r+b", buffering=0), 0, 0, str(self._path))
        self._look()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else from writing. Raises `Missing` where the upload has ended."""
        handle = self.file.fileno()
        with _flock(handle):
            upload = self._uploads.get(self.upload.id)
            there = signature(self._path)
            if upload is None or there is None or there[0] != os.fstat(handle).st_ino:
                raise Missing(GONE)
            self.upload = upload
            self._look()
            if upload.undo:
                with faults_named(self.place_name):
                    self._undo()
            yield

    def beginning(self, most: int) -> bytes:
        """The first bytes of it."""
        self.file.seek(self.start)
        return self.file.read(min(most, self.size))

    def append(self, at: int, chunk: bytes, gap: int) -> None:
        """Write the bytes that follow the first `at`; raises `WrongOffset`. The very first get this gap."""
        with self.held(), faults_named(self.place_name):
            if self.size != at:
                raise WrongOffset(self.size, at)
            if self.upload.gap is None:
                self.change(gap=gap)
            self.file.seek(self.start + at)
            write_whole(self.file, chunk)
            self.size += len(chunk)

    def change(self, **known: Any) -> None:
        """Write down what has become known; while it is `held`."""
        self.upload = replace(self.upload, **known)
        try:
            self._uploads.save(self.upload)
        except FileNotFoundError as error:
            raise Missing(GONE) from error
        self.start = self.upload.gap or 0

    def patch(self, patches: Patches | None) -> int:
        """See `Content.patch`. What is written over is kept until the clip is published."""
        if patches is not None:
            with faults_named(self.place_name):
                self.change(undo=tuple(self._originals(patches)))
        return super().patch(patches)

    def place(self, target: Path, *, durable: bool) -> None:
        """See `Content.place`."""
        with faults_named(str(target.parent)):
            target.parent.mkdir(mode=0o770, exist_ok=True)
            os.utime(self.file.fileno())  # it may have waited for its end, and is no orphan that nobody wants
            self._moved = place_file(self, self._path, target, durable=durable)

    def withdraw(self, target: Path) -> None:
        """See `Content.withdraw`. The upload stays open."""
        with suppress(OSError):
            if self._moved:
                move(target, self._path)
            else:
                target.unlink()

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def _look(self) -> None:
        self.start = self.upload.gap or 0
        self.size = max(0, os.fstat(self.file.fileno()).st_size - self.start)

    def _originals(self, patches: Patches) -> Iterator[tuple[int, str]]:
        for offset, data in patches:
            begin = max(offset, self.start)
            if begin < offset + len(data):
                self.file.seek(begin)
                yield begin, base64.b64encode(self.file.read(offset + len(data) - begin)).decode()

    def _undo(self) -> None:
        for offset, data in self.upload.undo:
            self.file.seek(offset)
            write_whole(self.file, base64.b64decode(data))
        self.change(undo=())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep who has a file open as a `Part` from writing. Raises `FileNotFoundError`."""
    handle = os.open(path, os.O_RDWR)
    try:
        with _flock(handle):
            yield
    finally:
        os.close(handle)


@contextmanager
def _flock(handle: int) -> Iterator[None]:
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
