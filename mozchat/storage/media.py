"""The media folder of a thread: the clips' files."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mozchat.storage.files import faults_named, sync_folder

PREFIX = "media"
_log = logging.getLogger(__name__)


class MediaFolder:
    """One thread's files. `name` is the folder that new ones go to; old ones are found in any folder whose
    name begins with "media", so that changing the setting loses nothing."""

    def __init__(self, thread_path: Path, name: str) -> None:
        self._thread = thread_path
        self.path = thread_path / name

    def put(self, file: str, content: BinaryIO) -> None:
        """Store a new file durably; one that is there already is never written over (`FileExistsError`).

        Creates the folder where it is missing, but not the thread's.
        """
        with faults_named(f"{self._thread.name}/{self.path.name}"):
            self.path.mkdir(mode=0o770, exist_ok=True)
            target = self.path / file
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
            try:
                with os.fdopen(handle, "wb") as out:
                    shutil.copyfileobj(content, out, 1 << 18)
                    out.flush()
                    os.fdatasync(out.fileno())
                sync_folder(self.path)
            except BaseException:
                with suppress(OSError):
                    target.unlink()
                raise

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
            path = self.find(file)
            if path is not None:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    _log.warning("%s cannot be removed: %s", path, error)

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

    def _folders(self) -> Iterator[Path]:
        yield self.path
        with suppress(OSError):
            for folder in sorted(self._thread.glob(PREFIX + "*")):
                if folder != self.path and folder.is_dir() and not folder.is_symlink():
                    yield folder
