"""Times: whole milliseconds since 1970 inside, RFC 3339 in UTC outside."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = 253_402_300_799_999  # the last millisecond of the year 9999


def rfc3339(milliseconds: int) -> str:
    """`1763720130250` → `2025-11-21T10:15:30.250Z`; what lies beyond the year 9999 is cut there."""
    moment = _EPOCH + timedelta(milliseconds=min(max(milliseconds, 0), _LATEST))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
