"""The options of a thread: one table of them all, the settings read by it, and what is wrong in an `.ini`."""

from mozchat.domain.options.kinds import IceServer
from mozchat.domain.options.settings import (
    DEFAULTS,
    HASH_PREFIX,
    Problem,
    ThreadSettings,
    page_view,
    parse_settings,
)
from mozchat.domain.options.table import OPTIONS, Option

__all__ = [
    "DEFAULTS",
    "HASH_PREFIX",
    "OPTIONS",
    "IceServer",
    "Option",
    "Problem",
    "ThreadSettings",
    "page_view",
    "parse_settings",
]
