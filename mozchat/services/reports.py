"""Errors of browsers, written to the site's log."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from mozchat.services.access import Visit
from mozchat.services.site import Site

PER_MINUTE = 10
MAX_ADDRESSES = 1000
MAX_TEXT = 300
_log = logging.getLogger("mozchat.browser")


class _Quota:
    """At most `PER_MINUTE` reports a minute and address, counted in this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()

    def take(self, address: str, now: int) -> bool:
        minute = (address, now // 60_000)
        with self._guard:
            self._counts[minute] = self._counts.get(minute, 0) + 1
            while len(self._counts) > MAX_ADDRESSES:
                self._counts.popitem(last=False)
            return self._counts[minute] <= PER_MINUTE


_quota = _Quota()


def write(site: Site, inside: Visit, fields: Mapping[str, Any], address: str, agent: str) -> None:
    """Log what a page reports, where the thread wants it (`reportErrors=1`); too many are dropped."""
    if not inside.settings.report_errors or not _quota.take(address, site.now()):
        return
    where = f"{_clean(fields.get('source', ''))}:{fields.get('line') or 0}"
    _log.warning("%s: %s at %s (%s)", inside.store.name, _clean(fields["message"]), where, _clean(agent))


def _clean(text: Any) -> str:
    """One line without control characters, so that nobody can forge lines of the log."""
    return "".join(c if c.isprintable() else " " for c in str(text or ""))[:MAX_TEXT]
