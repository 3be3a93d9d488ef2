"""Settings of the whole site, from the environment or a `.env` file: `MOZCHAT_…`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values


class SettingsError(Exception):
    """A setting of the site is not what it must be; says which and what was expected."""


@dataclass(frozen=True)
class SiteSettings:
    """`listeners` is how many long polls one process may hold; `None`: found out from the server in front.
    `min_free_bytes` is what clips leave free of the disk; 0: they may fill it."""

    threads_folder: Path
    listeners: int | None = None
    log_level: str = "INFO"
    min_free_bytes: int = 64_000_000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> SiteSettings:
        """Read `MOZCHAT_THREADS`, `MOZCHAT_LISTENERS`, `MOZCHAT_LOG_LEVEL`, `MOZCHAT_MIN_FREE_BYTES`; the
        environment goes before `.env` in the working folder. Raises `SettingsError`."""
        if environment is None:
            file = {key: value for key, value in dotenv_values(".env").items() if value is not None}
            environment = {**file, **os.environ}
        return cls(
            threads_folder=Path(environment.get("MOZCHAT_THREADS") or "threads"),
            listeners=_whole(environment, "MOZCHAT_LISTENERS", "0 for short polls only"),
            log_level=_log_level(environment.get("MOZCHAT_LOG_LEVEL", "")),
            min_free_bytes=_min_free_bytes(environment),
        )


def _min_free_bytes(environment: Mapping[str, str]) -> int:
    found = _whole(environment, "MOZCHAT_MIN_FREE_BYTES", "0 for no such limit")
    return SiteSettings.min_free_bytes if found is None else found


def _whole(environment: Mapping[str, str], name: str, zero: str) -> int | None:
    text = environment.get(name, "")
    if not text.strip():
        return None
    if not text.strip().isdigit():
        raise SettingsError(f"{name}={text!r}: a whole number was expected, {zero}.")
    return int(text)


def _log_level(text: str) -> str:
    level = text.strip().upper() or "INFO"
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if level not in levels:
        raise SettingsError(f"MOZCHAT_LOG_LEVEL={text!r}: one of {', '.join(levels)} was expected.")
    return level
