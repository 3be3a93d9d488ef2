"""Messages: what one participant sends another outside the clips, and the mailbox that keeps them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from mozchat.domain.errors import Invalid
from mozchat.domain.names import EVERYONE, fold
from mozchat.domain.signal import SIGNALS

MAX_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """`number` grows with every message of a thread and is its id. `sent` and `until` in milliseconds since
    1970. `position` is where in the thread's journal it ends: a cursor at or beyond it has seen it."""

    number: int
    sender: str
    to: str
    type: str
    body: Mapping[str, Any]
    sent: int
    until: int
    position: int = 0

    def record(self) -> dict[str, Any]:
        """The message as the journal and `messages.json` keep it."""
        return {
            "number": self.number,
            "from": self.sender,
            "to": self.to,
            "type": self.type,
            "body": dict(self.body),
            "sent": self.sent,
            "until": self.until,
            "position": self.position,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], position: int | None = None) -> Message:
        """The reverse of `record`; raises `ValueError` where it cannot be a message."""
        try:
            return cls(
                number=int(record["number"]),
                sender=str(record["from"]),
                to=str(record["to"]),
                type=str(record["type"]),
                body=dict(record["body"]),
                sent=int(record["sent"]),
                until=int(record["until"]),
                position=int(record.get("position", 0)) if position is None else position,
            )
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a message's record: {error!r}") from error

    @classmethod
    def from_php(cls, record: Mapping[str, Any], number: int) -> Message:
        """One object of the PHP mozchat's `messages.json`: `user target type text received notAfter`.

        Its times are in seconds. Raises `ValueError` where it cannot be one.
        """
        try:
            until = int(float(record["notAfter"])) * 1000
            sent = int(float(record.get("received") or 0)) * 1000
            target = str(record.get("target") or "") or EVERYONE
            text = str(record["text"])[:MAX_TEXT]
            return cls(number, str(record["user"]), target, "chat", {"text": text}, sent or until, until)
        except (KeyError, TypeError, OverflowError, AttributeError) as error:
            raise ValueError(f"not a message of the PHP mozchat: {error!r}") from error

    def concerns(self, name: str) -> bool:
        """Whether the participant of this name gets it: addressed, everyone is, or one's own (other tabs)."""
        me = fold(name)
        if self.type == DELIVERED:
            return fold(self.to) == me
        return self.to == EVERYONE or fold(self.to) == me or fold(self.sender) == me

    def wants_receipt(self, name: str) -> bool:
        """Whether its author is to learn that it has reached the participant of this name."""
        return (
            self.type != DELIVERED
            and self.type not in SIGNALS
            and fold(self.to) == fold(name) != fold(self.sender)
        )


DELIVERED = "delivered"
"""The type of the server's own message to an author: yours has arrived."""


def _chat(body: Mapping[str, Any]) -> dict[str, Any]:
    text = body.get("text")
    if not isinstance(text, str):
        raise Invalid("A chat message has a text.")
    if len(text) > MAX_TEXT:
        raise Invalid(f"A chat message has at most {MAX_TEXT} characters.")
    shown = "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()
    if not shown:
        raise Invalid("A chat message has a text.")
    return {"text": shown}


KINDS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"chat": _chat, **SIGNALS}
"""The types that a participant may send, each with the check that its body passes through."""


def checked_body(kind: str, body: Any) -> dict[str, Any]:
    """The body as it will be kept; raises `Invalid` for an unknown type or a body that does not fit it."""
    if kind not in KINDS:
        raise Invalid(f"There is no message type {kind[:40]!r}. There is: {', '.join(KINDS)}.")
    if not isinstance(body, Mapping):
        raise Invalid("A message's body is an object.")
    return KINDS[kind](body)


class Mailbox:
    """The messages of a thread that may still be wanted, in order."""

    def __init__(self) -> None:
        self._messages: OrderedDict[int, Message] = OrderedDict()
        self.last_number = 0

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages.values())

    def get(self, number: int) -> Message | None:
        """The message of this number."""
        return self._messages.get(number)

    def signals_since(self, sender: str, after: int) -> list[Message]:
        """The signals that the participant `sender` has sent after this time (milliseconds), newest first."""
        recent = takewhile(lambda message: message.sent > after, reversed(self._messages.values()))
        return [m for m in recent if m.type in SIGNALS and fold(m.sender) == fold(sender)]

    def next_number(self, now: int) -> int:
        """The number of the next message: the time in milliseconds, but always beyond the last one."""
        return max(now, self.last_number + 1)

    def add(self, message: Message) -> None:
        """Keep a message."""
        self._messages[message.number] = message
        self.last_number = max(self.last_number, message.number)

    def forget(self, now: int) -> None:
        """Drop the messages whose time is over at `now` (milliseconds)."""
        for number in [m.number for m in self if m.until <= now]:
            del self._messages[number]

    def waiting(self, name: str, seen: int, now: int) -> list[Message]:
        """What the participant `name` has not acknowledged up to number `seen`, and is still in time."""
        return [m for m in self if m.number > seen and m.until > now and m.concerns(name)]

    def acknowledged(self, name: str, seen: int, position: int) -> list[Message]:
        """Those beyond `seen` that a listener called `name` shows to have received by a cursor at `position`."""
        return [m for m in self if m.number > seen and m.position <= position and m.concerns(name)]
