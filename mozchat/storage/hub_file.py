"""`ws.ini`, remembered by its signature: an edit counts for the site from the next request on."""

from __future__ import annotations

import logging
from pathlib import Path

from mozchat.domain.hub_settings import OFF, HubSettings, parse_hub_settings
from mozchat.domain.options import Problem
from mozchat.storage.files import Signature, read_bytes, signature

_log = logging.getLogger(__name__)


class HubFile:
    """The hub's settings; without the file there is no hub, and with one that has an error neither."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = str(path)
        self._read: tuple[Signature | None, HubSettings, list[Problem]] = (None, OFF, [])

    def load(self) -> HubSettings:
        """The settings as they stand on disk now."""
        return self.read()[0]

    def read(self) -> tuple[HubSettings, list[Problem]]:
        """The settings, and everything that is wrong with them."""
        current = signature(self._name)
        if self._read[0] != current:
            self._read = current, *self._parse()
        return self._read[1], self._read[2]

    def _parse(self) -> tuple[HubSettings, list[Problem]]:
        try:
            data = read_bytes(self.path)
        except OSError as error:
            settings, problems = OFF, [Problem("error", self.path.name, 1, "", None, str(error))]
        else:
            settings, problems = parse_hub_settings(data or b"", self.path.name)
        for problem in problems:
            _log.log(logging.ERROR if problem.level == "error" else logging.WARNING, "%s", problem)
        broken = any(problem.level == "error" for problem in problems)
        return (OFF if broken else settings), problems
