"""Rebuilding a lost or broken catalogue from the journal and from the media files themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from mozchat.domain.clip import Clip, id_of_file, is_file_name
from mozchat.domain.media import UnknownMedia, read_media
from mozchat.domain.thread_state import ThreadState
from mozchat.storage import journal
from mozchat.storage.journal import Journal
from mozchat.storage.media import MediaFolder

UNKNOWN_AUTHOR = "?"
_log = logging.getLogger(__name__)


def put_aside(path: Path, now: int) -> None:
    """Keep a file that cannot be understood as `<name>.broken-<milliseconds>`."""
    if path.exists():
        aside = path.with_name(f"{path.name}.broken-{now}")
        path.rename(aside)
        _log.error("%s cannot be understood; it is kept as %s and rebuilt", path, aside.name)


def rebuilt_state(log: Journal, media: MediaFolder, lifetime: int) -> ThreadState:
    """The state from what the journal still has, and from the media files that no event of it names: clips
    from before its first event, which stood in the catalogue only. Such a clip lives `lifetime` milliseconds
    from its file's time."""
    state = ThreadState()
    known: set[str] = set()
    try:
        header = log.header()
        for event, position in log.read(header, header.start):
            state.apply(event, position)
            known.update(event.get("removed", ()))
    except (journal.Broken, FileNotFoundError):
        _log.warning("%s cannot be read; only the media files are left to rebuild from", log.path)
    known.update(clip.id for clip in state.catalogue)
    _adopt(state, media, known, lifetime)
    return state


def repair(state: ThreadState, media: MediaFolder, lifetime: int, adopt_after: int | None) -> None:
    """Bring a state in line with the files: clips without one go; with `adopt_after`, files without a clip that
    are younger (nanoseconds since 1970) become clips, but those of clips that are known to have been removed."""
    names = media.names()
    lost = [clip for clip in state.catalogue if clip.file not in names]
    for clip in lost:
        _log.warning("the file %s is gone; its clip is dropped", clip.file)
        state.catalogue.remove(clip.id)
    if adopt_after is not None:
        _adopt(state, media, {*state.answers, *(clip.id for clip in state.catalogue)}, lifetime, adopt_after)


def _adopt(
    state: ThreadState, media: MediaFolder, known: Iterable[str], lifetime: int, after: int = 0
) -> None:
    adopted = []
    for file, status in media.list().items():
        if not is_file_name(file) or id_of_file(file) in known or status.st_mtime_ns <= after:
            continue
        path = media.find(file)
        if path is None:
            continue
        try:
            with path.open("rb") as content:
                info = read_media(content, status.st_size)
        except (UnknownMedia, OSError):
            continue
        created = status.st_mtime_ns // 1_000_000
        adopted.append(
            Clip(
                id=id_of_file(file),
                file=file,
                author=UNKNOWN_AUTHOR,
                identity="",
                created=created,
                expires=created + lifetime,
                mime=info.mime,
                duration=info.duration or 0.0,
                bytes=status.st_size,
            )
        )
    found = sorted([*state.catalogue, *adopted], key=lambda clip: clip.created)
    for clip in found:
        state.catalogue.add(clip)
    _log.warning(
        "a catalogue was rebuilt: %d clips, %d of them from their files alone", len(found), len(adopted)
    )
