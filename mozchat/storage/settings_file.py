"""The `.ini` of a thread, remembered by its signature: an edit counts from the next request on."""

from __future__ import annotations

import logging
from pathlib import Path

from mozchat.domain.errors import BadSettings, Missing
from mozchat.domain.options import Problem, ThreadSettings, parse_settings
from mozchat.storage.files import Signature, read_bytes, signature

_log = logging.getLogger(__name__)


class SettingsFile:
    """One thread's settings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = str(path)
        self._read: tuple[Signature, ThreadSettings | None, list[Problem]] | None = None

    def load(self) -> ThreadSettings:
        """The settings as they stand on disk now. Raises `Missing` where there is no such file, and
        `BadSettings` where it has an error."""
        settings, problems = self.read()
        if settings is None:
            raise BadSettings([str(problem) for problem in problems if problem.level == "error"])
        return settings

    def remembered(self) -> ThreadSettings:
        """The settings as they were when last looked at: for what need not follow an edit at once."""
        return self._read[1] if self._read and self._read[1] else self.load()

    def read(self) -> tuple[ThreadSettings | None, list[Problem]]:
        """The settings, `None` where they have an error, and everything that is wrong with them."""
        current = signature(self._name)
        if current is None:
            raise Missing(f"There is no thread called {self.path.parent.name}.")
        if self._read is None or self._read[0] != current:
            self._read = current, *self._parse()
        return self._read[1], self._read[2]

    def _parse(self) -> tuple[ThreadSettings | None, list[Problem]]:
        source = f"{self.path.parent.name}/.ini"
        data = read_bytes(self.path)
        if data is None:
            raise Missing(f"There is no thread called {self.path.parent.name}.")
        settings, problems = parse_settings(data, source)
        for problem in problems:
            _log.log(logging.ERROR if problem.level == "error" else logging.WARNING, "%s", problem)
        broken = any(problem.level == "error" for problem in problems)
        return (None if broken else settings), problems
