"""What mod_wsgi, where it runs us, tells about itself: by a module that it puts among the imported ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def threads() -> int | None:
    """How many requests this process can serve at once; `None` where mod_wsgi does not run us."""
    return getattr(_module(), "threads_per_process", None)


def at_stop(act: Callable[[], None]) -> None:
    """Have this done when the process is about to end, before mod_wsgi waits for requests that are under way. It
    lets nobody handle signals, which would be the other way to learn of it."""
    subscribe = getattr(_module(), "subscribe_shutdown", None)
    if subscribe is not None:
        subscribe(lambda *_, **__: act())


def _module() -> Any:
    return sys.modules.get("mod_wsgi")
