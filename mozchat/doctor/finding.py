"""What a check has found, in words for whoever looks after the site."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["right", "warning", "error", "left out"]


@dataclass(frozen=True)
class Finding:
    """One line of the page: what it is `about` in a word or two, how that is, and the remedy where something is
    to be done."""

    about: str
    level: Level
    text: str
    remedy: str = ""

    def view(self, group: str) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {"group": group, **asdict(self)}


class LeftOut(Exception):
    """A check cannot be made: why, and how to have it."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy


def right(about: str, text: str) -> Finding:
    """All is well."""
    return Finding(about, "right", text)


def warning(about: str, text: str, remedy: str) -> Finding:
    """It works, but not well, or not for long."""
    return Finding(about, "warning", text, remedy)


def error(about: str, text: str, remedy: str) -> Finding:
    """Something does not work, or is not safe."""
    return Finding(about, "error", text, remedy)


def left_out(about: str, text: str, remedy: str = "") -> Finding:
    """Not looked at."""
    return Finding(about, "left out", text, remedy)
