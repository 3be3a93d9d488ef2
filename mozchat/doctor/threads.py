"""The threads: what `mozchat check` finds in each."""

from __future__ import annotations

from collections.abc import Iterator

from mozchat.doctor.finding import Finding, error, right, warning
from mozchat.domain.errors import MozchatError
from mozchat.services import upkeep
from mozchat.services.site import Site

SHOWN = 5
"""Findings of one thread that are shown; `mozchat check` has them all."""


def threads(site: Site) -> Iterator[Finding]:
    """Every thread's settings, catalogue and files."""
    names = site.store.names()
    if not names:
        yield warning("Threads", "There is no thread yet.", "mozchat new NAME --preset mediaChat")
    clean = []
    for name in names:
        try:
            found = upkeep.check(site, name)
        except (MozchatError, OSError) as fault:
            yield error(name, f"It cannot be looked at: {fault}", f"mozchat check {name}")
            continue
        for each in found[:SHOWN]:
            make = error if each.level == "error" else warning
            yield make(name, each.text, _remedy(name, len(found)))
        if not found:
            clean.append(name)
    if clean:
        yield right("Threads", f"Nothing is wrong with {', '.join(clean)}.")


def _remedy(name: str, number: int) -> str:
    return f"mozchat check {name}" + (f" has {number - SHOWN} more" if number > SHOWN else "")
