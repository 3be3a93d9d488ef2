"""Checkpoints: `catalog.json` and `messages.json`, a thread's state as of a position in its journal.

The PHP mozchat's forms of both are read as they are. Clips and messages that cannot be understood are left
out with a line in the log; a file that is no JSON at all is `Broken`.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mozchat.domain.catalogue import Catalogue
from mozchat.domain.clip import Clip
from mozchat.domain.message import Mailbox, Message
from mozchat.domain.thread_state import ThreadState
from mozchat.storage.files import read_bytes, write_atomically

VERSION = 1
_HEAD = re.compile(rb'\{"version":1,"epoch":"([0-9a-z]{1,32})","offset":(\d{1,15}),')
_log = logging.getLogger(__name__)
Item = TypeVar("Item")


class Broken(Exception):
    """The file is there and is no catalogue."""


@dataclass(frozen=True)
class Checkpoint:
    """What was saved. `epoch` is empty where it does not belong to a journal; a position is that up to which
    the journal's events are contained."""

    epoch: str
    catalogue: Catalogue
    catalogue_position: int
    answers: OrderedDict[str, dict[str, Any]]
    mailbox: Mailbox
    mailbox_position: int


def epoch_and_position(path: Path) -> tuple[str, int] | None:
    """Only the head of our own `catalog.json`, without reading the clips."""
    try:
        with path.open("rb") as file:
            match = _HEAD.match(file.read(100))
    except OSError:
        return None
    return (match[1].decode(), int(match[2])) if match else None


def save(catalogue_path: Path, messages_path: Path, state: ThreadState) -> None:
    """Write both files. The messages go first: a crash in between loses none."""
    head = {"version": VERSION, "epoch": state.epoch, "offset": state.position}
    mailbox = state.mailbox
    messages = {**head, "last": mailbox.last_number, "messages": [m.record() for m in mailbox]}
    write_atomically(messages_path, _dump(messages))
    clips = {**head, "clips": [clip.record() for clip in state.catalogue], "answers": state.answers}
    write_atomically(catalogue_path, _dump(clips))


def load(catalogue_path: Path, messages_path: Path) -> Checkpoint:
    """Read both files; a missing one is empty. Raises `Broken` for a catalogue that is none."""
    epoch, position = "", 0
    answers: dict[str, Any] = {}
    clips: Iterable[Any] = ()
    parse: Callable[[Any], Clip] = Clip.from_record
    content = _read(catalogue_path)
    if isinstance(content, list):
        clips, parse = content, Clip.from_php_row
    elif isinstance(content, dict) and isinstance(content.get("clips"), list):
        clips, epoch, position = (
            content["clips"],
            str(content.get("epoch", "")),
            _whole(content.get("offset")),
        )
        answers = content["answers"] if isinstance(content.get("answers"), dict) else {}
    elif content is not None:
        raise Broken(f"{catalogue_path} is not a catalogue")
    catalogue = Catalogue(_understood(clips, parse, catalogue_path))
    mailbox, mailbox_position = _load_messages(messages_path, epoch)
    return Checkpoint(epoch, catalogue, position, OrderedDict(answers), mailbox, mailbox_position)


def _load_messages(path: Path, epoch: str) -> tuple[Mailbox, int]:
    mailbox = Mailbox()
    try:
        content = _read(path)
    except Broken:
        _log.warning("%s is no JSON; its messages are passed over", path)
        return mailbox, 0
    if isinstance(content, list):
        for message in _understood(enumerate(content, 1), _php_message, path):
            mailbox.add(message)
        return mailbox, 0
    if not isinstance(content, dict) or not isinstance(content.get("messages"), list):
        return mailbox, 0
    same = content.get("epoch") == epoch
    for message in _understood(content["messages"], Message.from_record, path):
        mailbox.add(message if same else Message.from_record(message.record(), 0))
    mailbox.last_number = max(mailbox.last_number, _whole(content.get("last")))
    return mailbox, _whole(content.get("offset")) if same else 0


def _php_message(numbered: tuple[int, Any]) -> Message:
    number, record = numbered
    message = Message.from_php(record, number)
    return Message.from_record({**message.record(), "number": message.sent + number})


def _understood(records: Iterable[Any], parse: Callable[[Any], Item], path: Path) -> list[Item]:
    items = []
    for record in records:
        try:
            items.append(parse(record))
        except (ValueError, TypeError) as error:
            _log.warning("%s: left out: %s", path, error)
    return items


def _read(path: Path) -> Any:
    data = read_bytes(path)
    if data is None:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Broken(f"{path} is no JSON") from error


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _whole(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0
