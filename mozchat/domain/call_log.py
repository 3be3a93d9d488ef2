"""The call log: a line a call, kept up by the signals that pass and by the polls of those who talk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mozchat.domain.message import Message
from mozchat.domain.names import fold
from mozchat.domain.signal import SIGNAL_SECONDS
from mozchat.domain.times import rfc3339

FIELDS = ("started", "ts", "A", "IPa", "B", "IPb", "video", "sid", "secs", "state")
LOGGED = frozenset({"invite", "accept", "reject", "hangup"})
"""The signals that change the log."""
CALLING, TALKING = "calling", "talking"
"""The states of a call that is not over; the others are the reasons of `reject` and `hangup`."""
CURRENT_SECONDS = 5
"""The length of a call that lasts is this much behind at most, where polls come that often."""
SILENT_SECONDS = 600
"""A call of which nobody has polled for so long has ended without a word."""

Row = tuple[str, ...]
_ID = FIELDS.index("sid")


@dataclass(frozen=True)
class Call:
    """One call. `since` is when talking began, or while it is only calling when that began, in seconds since
    1970; `secs` how long they have talked. `started` is RFC 3339."""

    started: str
    since: int
    caller: str
    caller_address: str
    callee: str
    callee_address: str
    video: bool
    id: str
    secs: int
    state: str

    def row(self) -> Row:
        """The call as a line of the log."""
        return (
            self.started,
            str(self.since),
            self.caller,
            self.caller_address,
            self.callee,
            self.callee_address,
            str(int(self.video)),
            self.id,
            str(self.secs),
            self.state,
        )

    @classmethod
    def from_row(cls, row: Row) -> Call:
        """The reverse of `row`; raises `ValueError` where the line cannot be a call."""
        started, since, caller, caller_address, callee, callee_address, video, call_id, secs, state = row
        return cls(
            started=started,
            since=int(since),
            caller=caller,
            caller_address=caller_address,
            callee=callee,
            callee_address=callee_address,
            video=video == "1",
            id=call_id,
            secs=int(secs),
            state=state,
        )

    def is_from(self, signal: Message) -> bool:
        """Whether a signal goes the way of the invitation, from the caller to the callee."""
        return (fold(signal.sender), fold(signal.to)) == (fold(self.caller), fold(self.callee))

    def is_answered_by(self, signal: Message) -> bool:
        """Whether a signal goes the other way."""
        return (fold(signal.to), fold(signal.sender)) == (fold(self.caller), fold(self.callee))

    def has(self, *names: str) -> bool:
        """Whether one of these takes part in it."""
        return not {fold(name) for name in names}.isdisjoint((fold(self.caller), fold(self.callee)))


class CallLog:
    """The lines of a log, immutable: a change gives a new one, and the same where nothing changes.

    A line that is no call of ours (the PHP mozchat has other states) stays as it is.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows = tuple(rows)
        self._open: Mapping[int, Call] = {
            at: Call.from_row(row)
            for at, row in enumerate(self.rows)
            if row[-1:] in ((CALLING,), (TALKING,)) and not faults_of(row)
        }

    def note(self, signal: Message, address: str) -> CallLog:
        """What a signal means for its call. `address` is the sender's, empty where it is not to be logged."""
        log = self._settled(signal.sent // 1000)
        if signal.type == "invite":
            return log._invited(signal, address)
        for at, call in log._open.items():
            if call.id != signal.body["call"]:
                continue
            if signal.type == "hangup" and (call.is_from(signal) or call.is_answered_by(signal)):
                return log._with({at: _ended(call, signal)})
            if call.state == CALLING and call.is_answered_by(signal):
                answered = replace(call, callee_address=address)
                if signal.type == "accept":
                    return log._accepted(at, replace(answered, since=signal.sent // 1000, state=TALKING))
                if signal.type == "reject":
                    return log._with({at: replace(answered, state=str(signal.body["reason"]))})
        return log

    def talkers(self) -> frozenset[str]:
        """The names of those who talk to each other."""
        talks = [call for call in self._open.values() if call.state == TALKING]
        return frozenset(name for call in talks for name in (call.caller, call.callee))

    def current_until(self, name: str, now: int) -> int | None:
        """From when on (seconds; at `now` or before: now) the length of a call in which the participant `name`
        talks is to be set; `None` where they do not."""
        talks = self._talks(name, now)
        return min(call.since + call.secs + CURRENT_SECONDS for call in talks.values()) if talks else None

    def kept_current(self, name: str, now: int) -> CallLog:
        """With the lengths of the calls in which the participant `name` talks as they are at `now`."""
        return self._with(
            {
                at: replace(call, secs=now - call.since)
                for at, call in self._talks(name, now).items()
                if now - call.since >= call.secs + CURRENT_SECONDS
            }
        )

    def trimmed(self, limit: int) -> CallLog:
        """The last `limit` lines."""
        return self if len(self.rows) <= limit else CallLog(self.rows[len(self.rows) - limit :])

    def _talks(self, name: str, now: int) -> dict[int, Call]:
        return {
            at: call
            for at, call in self._open.items()
            if call.state == TALKING and call.has(name) and now - call.since < call.secs + SILENT_SECONDS
        }

    def _settled(self, now: int) -> CallLog:
        """Whoever called and then went away without a word was not answered."""
        return self._with(
            {
                at: replace(call, state="unanswered")
                for at, call in self._open.items()
                if call.state == CALLING and now - call.since > SIGNAL_SECONDS
            }
        )

    def _invited(self, signal: Message, address: str) -> CallLog:
        if any(row[_ID : _ID + 1] == (signal.body["call"],) for row in self.rows):
            return self
        call = Call(
            started=rfc3339(signal.sent),
            since=signal.sent // 1000,
            caller=signal.sender,
            caller_address=address,
            callee=signal.to,
            callee_address="",
            video=bool(signal.body["video"]),
            id=str(signal.body["call"]),
            secs=0,
            state=CALLING,
        )
        return CallLog((*self.rows, call.row()))

    def _accepted(self, at: int, call: Call) -> CallLog:
        """These two talk: they are in no other call any more, and if they called each other, that is one call."""
        others = {other_at: other for other_at, other in self._open.items() if other_at != at}
        left = {
            other_at: replace(other, state="gone")
            for other_at, other in others.items()
            if other.state == TALKING and other.has(call.caller, call.callee)
        }
        log = self._with({**left, at: call})
        double = {
            other_at
            for other_at, other in others.items()
            if other.state == CALLING and (other.callee, other.caller) == (call.caller, call.callee)
        }
        return CallLog(row for where, row in enumerate(log.rows) if where not in double)

    def _with(self, changed: Mapping[int, Call]) -> CallLog:
        if not changed:
            return self
        return CallLog(changed[at].row() if at in changed else row for at, row in enumerate(self.rows))


def faults_of(row: Row) -> str | None:
    """What keeps a line from being a call, in words; `None` for nothing."""
    if len(row) != len(FIELDS):
        return f"has {len(row)} fields, not {len(FIELDS)}"
    try:
        Call.from_row(row)
    except ValueError:
        return "has no whole numbers for ts and secs"
    return None


def _ended(call: Call, signal: Message) -> Call:
    """A call that a hang-up ends. Its length is what the browser says, but no more than has gone by."""
    if call.state == CALLING:
        return replace(call, state=str(signal.body["reason"]))
    gone_by = max(0, signal.sent // 1000 - call.since)
    said = round(signal.body.get("secs", gone_by))
    return replace(call, secs=min(said, gone_by), state=str(signal.body["reason"]))
