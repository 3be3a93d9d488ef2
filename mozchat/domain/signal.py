"""Signals: the messages that set up a call between two participants, each type with the check that its body
passes through.

Every signal is bound to its call (`call`) and to the tab of the browser that sent it (`tab`); where it is meant
for one tab of the addressee it names that too (`to_tab`). What else a body has is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mozchat.domain.errors import Invalid

Body = Mapping[str, Any]
Checked = dict[str, Any]

MAX_SDP = 64_000
MAX_CANDIDATES = 50
MAX_CANDIDATE = 2_000
MAX_LINE_INDEX = 1_000
MAX_CALL_SECONDS = 1_000_000
INVITE_SECONDS = 45
"""How long a call rings; an invitation that comes later than that would ring for nobody."""
SIGNAL_SECONDS = 60
"""How long any other signal is kept; a hang-up stays longer, so that a missed call is learnt of."""

REJECT_REASONS = ("declined", "busy")
HANGUP_REASONS = ("ended", "cancelled", "unanswered", "gone", "failed")

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LINES = re.compile(r"[\t\r\n -~]+")
_LINE = re.compile(r"[ -~]*")


def _id(body: Body, field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Invalid(f"A call signal has {field}: 1 to 64 of A-Z a-z 0-9 _ and -.")
    return value


def _flag(body: Body, field: str) -> bool:
    value = body.get(field)
    if not isinstance(value, bool):
        raise Invalid(f"{field} is true or false.")
    return value


def _reason(body: Body, reasons: tuple[str, ...]) -> str:
    value = body.get("reason")
    if not isinstance(value, str) or value not in reasons:
        raise Invalid(f"reason is one of {', '.join(reasons)}.")
    return value


def _bound(body: Body) -> Checked:
    return {"call": _id(body, "call"), "tab": _id(body, "tab")}


def _bound_to_tab(body: Body) -> Checked:
    return {**_bound(body), "to_tab": _id(body, "to_tab")}


def _invite(body: Body) -> Checked:
    return {**_bound(body), "video": _flag(body, "video")}


def _accept(body: Body) -> Checked:
    return {**_bound_to_tab(body), "video": _flag(body, "video")}


def _reject(body: Body) -> Checked:
    return {**_bound(body), "reason": _reason(body, REJECT_REASONS)}


def _answer(body: Body) -> Checked:
    sdp = body.get("sdp")
    if not isinstance(sdp, str) or not _LINES.fullmatch(sdp):
        raise Invalid("sdp is a session description: lines of printable ASCII characters.")
    if len(sdp) > MAX_SDP:
        raise Invalid(f"sdp has at most {MAX_SDP:,} characters.")
    return {**_bound_to_tab(body), "sdp": sdp}


def _offer(body: Body) -> Checked:
    restart = {"restart": _flag(body, "restart")} if "restart" in body else {}
    return {**_answer(body), **restart}


def _candidate(body: Body) -> Checked:
    candidates = body.get("candidates")
    if not isinstance(candidates, list) or not 1 <= len(candidates) <= MAX_CANDIDATES:
        raise Invalid(f"candidates is a list of 1 to {MAX_CANDIDATES}.")
    return {**_bound_to_tab(body), "candidates": [_one_candidate(each) for each in candidates]}


def _one_candidate(given: Any) -> Checked:
    """An RTCIceCandidateInit; one whose text is empty says that there are no more."""
    if not isinstance(given, Mapping):
        raise Invalid("A candidate is an object.")
    index = given.get("sdpMLineIndex")
    if isinstance(index, float) and index.is_integer():
        index = int(index)  # to JSON it is the same number
    if index is not None and (type(index) is not int or not 0 <= index <= MAX_LINE_INDEX):
        raise Invalid(f"sdpMLineIndex is a whole number from 0 to {MAX_LINE_INDEX}, or null.")
    candidate = _line(given, "candidate", MAX_CANDIDATE)
    if candidate is None:
        raise Invalid("A candidate has a text, candidate.")
    return {
        "candidate": candidate,
        "sdpMid": _line(given, "sdpMid", 64),
        "sdpMLineIndex": index,
        "usernameFragment": _line(given, "usernameFragment", 256),
    }


def _line(given: Body, field: str, longest: int) -> str | None:
    value = given.get(field)
    if value is not None and (
        not isinstance(value, str) or len(value) > longest or not _LINE.fullmatch(value)
    ):
        raise Invalid(f"{field} is a line of at most {longest:,} printable ASCII characters.")
    return value


def _hangup(body: Body) -> Checked:
    checked = {**_bound(body), "reason": _reason(body, HANGUP_REASONS)}
    if "secs" in body:
        secs = body["secs"]
        if isinstance(secs, bool) or not isinstance(secs, int | float):
            raise Invalid("secs is a number of seconds.")
        if not 0 <= secs <= MAX_CALL_SECONDS:
            raise Invalid(f"secs is a number of seconds from 0 to {MAX_CALL_SECONDS:,}.")
        checked["secs"] = secs
    return checked


SIGNALS: Mapping[str, Callable[[Body], Checked]] = {
    "invite": _invite,
    "accept": _accept,
    "reject": _reject,
    "offer": _offer,
    "answer": _answer,
    "candidate": _candidate,
    "hangup": _hangup,
}
"""The types of signals. A check raises `Invalid`."""


def signal_seconds(kind: str, message_seconds: int) -> int:
    """How long a signal of this type is kept, in a thread that keeps messages for `message_seconds`."""
    if kind == "invite":
        return INVITE_SECONDS
    return max(SIGNAL_SECONDS, message_seconds) if kind == "hangup" else SIGNAL_SECONDS
