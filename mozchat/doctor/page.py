"""The findings as a page for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from mozchat.doctor.finding import Finding, Level

NARROWEST, WIDEST = 60, 100
_ABOUT = 18
"""Columns of what a finding is about."""
_COLOURS: dict[Level, str] = {
    "right": "green",
    "warning": "yellow",
    "error": "red",
    "left out": "bright_black",
}
_SIGNS: dict[Level, str] = {"right": "✓", "warning": "!", "error": "✗", "left out": "·"}
_PLAIN_SIGNS: dict[Level, str] = {"right": "+", "warning": "!", "error": "x", "left out": "-"}


@dataclass(frozen=True)
class Style:
    """How a terminal shows things: its encoding, its columns, and whether it has colours."""

    encoding: str
    columns: int
    colours: bool

    def printable(self, text: str) -> str:
        """The text with only what the terminal can show."""
        return text.encode(self.encoding, "replace").decode(self.encoding)

    def can_show(self, text: str) -> bool:
        """Whether the terminal has these characters."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


def shown(findings: Iterable[tuple[str, Finding]], style: Style) -> Iterator[str]:
    """The lines of the page as its findings come, each with its group."""
    shown_group = ""
    for group, finding in findings:
        if group != shown_group:
            yield ""
            yield _coloured(group, style, bold=True)
            shown_group = group
        yield from _lines(finding, style)


def summary(findings: Sequence[Finding]) -> str:
    """How many of each level there are."""
    count = {level: sum(finding.level == level for finding in findings) for level in _SIGNS}
    parts = [
        _counted(count["error"], "error", "errors"),
        _counted(count["warning"], "warning", "warnings"),
        f"{count['right']} right",
        f"{count['left out']} left out",
    ]
    return ", ".join(parts)


def _lines(finding: Finding, style: Style) -> Iterator[str]:
    plain = not style.can_show("✓✗·→")
    sign = (_PLAIN_SIGNS if plain else _SIGNS)[finding.level]
    arrow = "->" if plain else "→"
    margin = " " * (_ABOUT + 5)
    width = max(NARROWEST, min(style.columns, WIDEST)) - len(margin)
    text = _wrapped(finding.text, width)
    yield style.printable(
        f"  {_coloured(sign, style, fg=_COLOURS[finding.level])} {finding.about:<{_ABOUT}} {text[0]}"
    )
    for line in text[1:]:
        yield style.printable(f"{margin}{line}")
    if finding.remedy:
        first, *more = _wrapped(finding.remedy, width - len(arrow) - 1)
        yield style.printable(f"{margin}{arrow} {first}")
        for line in more:
            yield style.printable(f"{margin}{' ' * len(arrow)} {line}")


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many characters; a word that is longer, such as a path, stays whole."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _coloured(text: str, style: Style, fg: str | None = None, bold: bool = False) -> str:
    return click.style(text, fg=fg, bold=bold) if style.colours else text


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
