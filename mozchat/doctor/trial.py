"""A thread of the doctor's own on the site, to try things in: hidden, with a name that nobody can guess, and
removed in any case."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

from mozchat.domain.errors import MozchatError
from mozchat.services.site import Site

_MARK = b"; Made by mozchat doctor, which removes it again.\n"
_NAME = re.compile(r"doctor-[0-9a-f]{16}")
LEAST_CLIP_BYTES = 50_000
_OLD_SECONDS = 3600
_REMOVED_WITHIN = 2.0


class TrialThread:
    """The thread's folder and name. `clip_bytes` is how big a clip it takes, `hold` its longest poll in seconds.
    Raises `MozchatError`, `OSError`."""

    def __init__(self, site: Site, clip_bytes: int, hold: int) -> None:
        self._site = site
        self.name = f"doctor-{secrets.token_hex(8)}"
        self.path = site.store.folder / self.name
        most = max(clip_bytes, LEAST_CLIP_BYTES)
        ini = (
            "[common]\ntitle=A trial of mozchat doctor\npublic=0\ndurability=os\nuserStatusFadeS=60\n"
            f"maxBlobBytes={most}\nmaxMediaFolderBytes={2 * most}\nlongPollPeriodS={hold}\n"
        )
        try:
            site.store.create(self.name, _MARK + ini.encode())
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """Remove the thread, and what the site's processes keep for it outside."""
        _remove(self._site, self.name)


def remove_left_over(site: Site) -> None:
    """Remove what a doctor left behind who was killed."""
    for path in [*site.store.folder.glob("doctor-*"), *site.store.folder.glob(".doctor-*")]:
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < _OLD_SECONDS:
                continue
            if path.name.startswith("."):
                shutil.rmtree(path)
            elif _NAME.fullmatch(path.name) and _is_ours(path):
                _remove(site, path.name)


def _is_ours(path: Path) -> bool:
    ini = path / ".ini"
    return ini.read_bytes().startswith(_MARK) if ini.exists() else not any(path.iterdir())


def _remove(site: Site, name: str) -> None:
    """The `.ini` goes first: without it there is no thread, and nobody writes in it any more."""
    path = site.store.folder / name
    with suppress(OSError):
        (path / ".ini").unlink()
    deadline = time.monotonic() + _REMOVED_WITHIN
    while path.exists() and time.monotonic() < deadline:
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            time.sleep(0.05)
    if not path.exists():
        with suppress(OSError, MozchatError):
            site.store.forget(name)
