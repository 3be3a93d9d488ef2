"""The site's secret, with which it signs what it hands out: links in mail, tickets for the hub."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from mozchat.domain.errors import Unavailable
from mozchat.storage.files import faults_named, read_bytes, sync_folder

SECRET_BYTES = 32


def kept_secret(path: Path) -> str:
    """The secret in this file, made by whoever asks first and readable by its owner alone. Raises `Unavailable`,
    `NoRoom`."""
    with faults_named(f"the site's secret, {path}"):
        found = read_bytes(path)
        if found is None:
            _make(path)
            found = path.read_bytes()
    text = found.decode("ascii", "replace").strip()
    if not text:
        raise Unavailable(
            f"The site's secret is lost: the file {path.name} is empty. Its administrator can remove it."
        )
    return text


def _make(path: Path) -> None:
    """Written whole under another name first: no process ever reads half a secret, and the first one counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
    finally:
        fresh.unlink()
    sync_folder(path.parent)
