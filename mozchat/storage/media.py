"""The media folder of a thread: the clips' files, and a clip's content before it is one of them."""

from __future__ import annotations

import errno
import io
import logging
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from mozchat.domain.errors import Missing
from mozchat.domain.media.finish import Finished, Patches, finish
from mozchat.domain.media.source import Source
from mozchat.storage.files import faults_named, sync_folder

PREFIX = "media"
CHUNK = 1 << 18
"""How much of a content is in memory at once, in bytes."""
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_log = logging.getLogger(__name__)


class Content:
    """What becomes a clip: `size` bytes in `file`, behind a gap of `start` bytes for a new header. `place_name`
    is where that is, for the log."""

    def __init__(self, file: BinaryIO, start: int, size: int, place_name: str) -> None:
        self.file = file
        self.start = start
        self.size = size
        self.place_name = place_name

    def examine(self) -> Finished:
        """What it is, and how it becomes a whole seekable file. Raises `UnknownMedia`."""
        return finish(Source(self.file, self.start + self.size), self.start, self.size)

    def patch(self, patches: Patches | None) -> int:
        """Write the new header, or with `None` do without; returns how long the clip's file will be."""
        if patches is None:
            return self.size
        with faults_named(self.place_name):
            for offset, data in patches:
                self.file.seek(offset)
                write_whole(self.file, data)
        self.start, self.size = 0, self.start + self.size
        return self.size

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces, without the gap."""
        self.file.seek(self.start)
        while chunk := self.file.read(CHUNK):
            yield chunk

    def place(self, target: Path, *, durable: bool) -> None:
        """Make it the file `target`, whole or not at all. One that is there is never written over
        (`FileExistsError`)."""
        raise NotImplementedError

    def withdraw(self, target: Path) -> None:
        """Take `place` back."""
        raise NotImplementedError


class Draft(Content):
    """A content that came in one go: in memory while it is small, then in a file of the media folder with a
    hidden name, which is nobody's clip. To be closed by `with`."""

    def __init__(self, folder: Path, content: bytes = b"", start: int = 0) -> None:
        super().__init__(io.BytesIO(bytes(start) + content), start, len(content), str(folder))
        self._folder = folder
        self._path: str | None = None

    def append(self, chunk: bytes) -> None:
        """Add the next bytes."""
        with faults_named(self.place_name):
            if self._path is None and self.size + len(chunk) > CHUNK:
                self._spill()
            self.file.seek(self.start + self.size)
            write_whole(self.file, chunk)
        self.size += len(chunk)

    def place(self, target: Path, *, durable: bool) -> None:
        """See `Content.place`. Creates the folder where it is missing, but not the thread's."""
        with faults_named(self.place_name):
            path = self._path or self._spill(self.start)
            if place_file(self, path, target, durable=durable):
                self._path = None

    def withdraw(self, target: Path) -> None:
        """See `Content.withdraw`."""
        with suppress(OSError):
            target.unlink()

    def close(self) -> None:
        """Put away what is not placed."""
        self.file.close()
        if self._path is not None:
            with suppress(OSError):
                os.unlink(self._path)  # noqa: PTH108 - on every upload's way, as all names of files here

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o770, exist_ok=True)
        except FileNotFoundError as error:
            raise Missing(f"There is no thread called {self._folder.parent.name}.") from error

    def _spill(self, cut: int = 0) -> str:
        """Go on in a file, less the first `cut` bytes."""
        assert isinstance(self.file, io.BytesIO)
        path = f"{self._folder}/.{secrets.token_hex(8)}.new"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        try:
            handle = os.open(path, flags, 0o640)
        except FileNotFoundError:
            self._make_folder()
            handle = os.open(path, flags, 0o640)
        self._path = path
        memory, self.file = self.file, os.fdopen(handle, "r+b", buffering=0)
        write_whole(self.file, memory.getbuffer()[cut:])
        self.start -= cut
        return path


class MediaFolder:
    """One thread's files. `name` is the folder that new ones go to; old ones are found in any folder whose
    name begins with "media", so that changing the setting loses nothing."""

    def __init__(self, thread_path: Path, name: str) -> None:
        self._thread = thread_path
        self.path = thread_path / name

    def find(self, file: str) -> Path | None:
        """Where a file is; `None` where it is gone."""
        for folder in self._folders():
            path = folder / file
            if path.is_file() and not path.is_symlink():
                return path
        return None

    def remove(self, files: Iterable[str]) -> None:
        """Remove files; one that is gone already is no error, and neither is one that cannot be removed: no
        record names it any more, so the sweep will try again."""
        for file in files:
            try:
                os.unlink(f"{self.path}/{file}")  # noqa: PTH108
            except FileNotFoundError:
                self._remove_elsewhere(file)
            except OSError as error:
                _log.warning("%s cannot be removed: %s", file, error)

    def list(self) -> dict[str, os.stat_result]:
        """Every file there is, with its `stat`."""
        found: dict[str, os.stat_result] = {}
        for folder in self._folders():
            with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        if entry.is_file(follow_symlinks=False):
                            found.setdefault(entry.name, entry.stat(follow_symlinks=False))
        return found

    def names(self) -> set[str]:
        """The names of all files; quicker than `list`."""
        found: set[str] = set()
        for folder in self._folders():
            with suppress(FileNotFoundError, NotADirectoryError):
                found.update(os.listdir(folder))  # noqa: PTH208 - names only, ten thousand of them
        return found

    def _remove_elsewhere(self, file: str) -> None:
        path = self.find(file)
        if path is not None:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("%s cannot be removed: %s", path, error)

    def _folders(self) -> Iterator[Path]:
        yield self.path
        with suppress(OSError):
            for folder in sorted(self._thread.glob(PREFIX + "*")):
                if folder != self.path and folder.is_dir() and not folder.is_symlink():
                    yield folder


def move(path: Path | str, target: Path) -> None:
    """Rename within a file system, but never over another file (`FileExistsError`)."""
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError(target) from error
        os.rename(path, target)  # noqa: PTH104
    else:
        os.unlink(path)  # noqa: PTH108


def write_whole(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of it at the file's position: a raw file may take a part only."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def place_file(content: Content, path: Path | str, target: Path, *, durable: bool) -> bool:
    """Make the file at `path`, which has this content, the file `target`. A copy is made to cut off a gap, and
    where `target` is on another file system; gives whether there was no need of one."""
    if not content.start:
        if durable:
            os.fdatasync(content.file.fileno())
        try:
            move(path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            if durable:
                sync_folder(target.parent)
            return True
    with Draft(target.parent) as copy:
        for chunk in content.chunks():
            copy.append(chunk)
        copy.place(target, durable=durable)
    return False
