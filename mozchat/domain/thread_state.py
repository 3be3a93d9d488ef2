"""What a thread holds apart from its people, as the sum of its events.

An event is one line of the journal, a JSON object with its time `t` (milliseconds) and one of:

    {"add": <clip>, "removed": [<id>…], "key"?: <digest>}   a clip, and what was evicted for it
    {"add": <clip>, "completes": true, "removed": [<id>…]}   the same of one that was live until now
    {"grown": <growth>}                                      how far a live clip has come
    {"removed": [<id>…]}                                     clips deleted, expired or lost
    {"message": <message>, "key"?: <digest>}                 a message
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mozchat.domain.catalogue import Catalogue
from mozchat.domain.clip import Clip, Growth
from mozchat.domain.message import Mailbox, Message
from mozchat.domain.signal import SIGNALS

MAX_ANSWERS = 512
"""First answers that are remembered for repeats, beyond those that the catalogue itself can give."""

Event = Mapping[str, Any]


@dataclass
class ThreadState:
    """Catalogue, mailbox and remembered answers, as of `position` in the journal named `epoch`."""

    epoch: str = ""
    position: int = 0
    catalogue: Catalogue = field(default_factory=Catalogue)
    mailbox: Mailbox = field(default_factory=Mailbox)
    answers: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)
    """By the digest of an idempotency key: `{"clip": record}`, `{"message": record}`, or of a signal, which can
    be long, `{"signal": number}`."""

    told: dict[str, int] = field(default_factory=dict)
    """When (milliseconds) live clips were last told of; of some it is not known any more."""

    def apply(self, event: Event, position: int) -> None:
        """Take in one event that ends at `position`; what it has that is unknown or broken is passed over."""
        for clip_id in event.get("removed", ()):
            self.told.pop(clip_id, None)
            clip = self.catalogue.remove(clip_id)
            if clip is not None and not clip.live:
                self._remember(clip.id, {"clip": clip.record()})
        try:
            if "add" in event:
                self._add(Clip.from_record(event["add"]), _time_of(event))
            if "grown" in event:
                self._grow(Growth.from_record(event["grown"]), _time_of(event))
            if "message" in event:
                message = Message.from_record(event["message"], position)
                self.mailbox.forget(message.sent)
                self.mailbox.add(message)
                if "key" in event:
                    self._remember(event["key"], _answer(message))
        except ValueError:
            pass
        self.position = position

    def _add(self, clip: Clip, at: int) -> None:
        self.catalogue.add(clip)
        if clip.live:
            self.told[clip.id] = at
        else:
            self.told.pop(clip.id, None)

    def _grow(self, growth: Growth, at: int) -> None:
        clip = self.catalogue.get(growth.id)
        if clip is not None and clip.live:
            self._add(clip.grown(growth), at)

    def clip_answer(self, digest: str) -> Clip | None:
        """The clip that this key made, also where it has been removed since. A clip made with a key has the
        key's digest as its id."""
        clip = self.catalogue.get(digest)
        if clip is not None and clip.live:
            return None
        if clip is None and "clip" in self.answers.get(digest, ()):
            clip = Clip.from_record(self.answers[digest]["clip"])
        return clip

    def message_answer(self, digest: str) -> Message | None:
        """The message that this key made; a signal only as long as it is kept."""
        answer = self.answers.get(digest, {})
        if "signal" in answer:
            return self.mailbox.get(answer["signal"])
        return Message.from_record(answer["message"]) if "message" in answer else None

    def _remember(self, digest: str, answer: dict[str, Any]) -> None:
        self.answers[digest] = answer
        self.answers.move_to_end(digest)
        while len(self.answers) > MAX_ANSWERS:
            self.answers.popitem(last=False)


def _time_of(event: Event) -> int:
    time = event.get("t")
    return time if isinstance(time, int) else 0


def _answer(message: Message) -> dict[str, Any]:
    return {"signal": message.number} if message.type in SIGNALS else {"message": message.record()}


@dataclass(frozen=True)
class Delta:
    """What a run of events changed: records of clips added or completed and still there at its end, ids of clips
    removed that were there before it, how far others have grown, messages."""

    added: tuple[Clip, ...] = ()
    removed: tuple[str, ...] = ()
    grown: tuple[Growth, ...] = ()
    messages: tuple[Message, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.grown or self.messages)


def delta_of(events: Iterable[tuple[Event, int]]) -> Delta:
    """Sum up events, each with the position where it ends."""
    added: OrderedDict[str, Clip] = OrderedDict()
    known: set[str] = set()
    """Ids of clips that were there before, live, and were completed."""
    removed: list[str] = []
    grown: dict[str, Growth] = {}
    messages: list[Message] = []
    for event, position in events:
        for clip_id in event.get("removed", ()):
            grown.pop(clip_id, None)
            if added.pop(clip_id, None) is None or clip_id in known:
                removed.append(clip_id)
        try:
            if "add" in event:
                clip = Clip.from_record(event["add"])
                if "completes" in event and clip.id not in added:
                    known.add(clip.id)
                grown.pop(clip.id, None)
                added[clip.id] = clip
            if "grown" in event:
                growth = Growth.from_record(event["grown"])
                if growth.id not in added:
                    grown[growth.id] = growth
                elif added[growth.id].live:
                    added[growth.id] = added[growth.id].grown(growth)
            if "message" in event:
                messages.append(Message.from_record(event["message"], position))
        except ValueError:
            continue
    return Delta(tuple(added.values()), tuple(removed), tuple(grown.values()), tuple(messages))


@dataclass(frozen=True)
class Changes:
    """What a listener is told. `None` where nothing changed. With `reset`, `added` is the whole catalogue."""

    cursor: str
    reset: bool = False
    added: tuple[Clip, ...] = ()
    removed: tuple[str, ...] = ()
    grown: tuple[Growth, ...] = ()
    total_bytes: int | None = None
    """The size of all clips, where clips have come or gone."""
    online: tuple[str, ...] | None = None
    messages: tuple[Message, ...] = ()

    def to(self, name: str | None) -> Changes:
        """What the participant of this name is told of it; `None` is somebody who has not joined."""
        if not self.messages:
            return self
        mine = tuple(message for message in self.messages if name is not None and message.concerns(name))
        return replace(self, messages=mine)

    def __bool__(self) -> bool:
        clips = self.added or self.removed or self.grown
        return bool(self.reset or clips or self.messages or self.online is not None)
