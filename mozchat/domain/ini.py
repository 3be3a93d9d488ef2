"""PHP's raw ini dialect (`parse_ini_string(…, true, INI_SCANNER_RAW)`): parse it, change one value in it.

What looks odd here is what PHP does: a value is quoted only if it both begins and ends with a double
quote, whatever stands between; a section met again replaces the first of its name; a key alone on a line
is no error and means nothing; some words cannot be keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

_BOM = "\ufeff"
_NEWLINE = re.compile(r"\r\n|\r|\n")
_IGNORED = re.compile(r"(?:[ \t\r\n]|;[^\r\n]*)*")
_SECTION = re.compile(r"\[([^\]\r\n]*)\][ \t]*")
_KEY = re.compile(r'[^=\r\n\t;&|^$~(){}!"\[]+')
_OFFSET = re.compile(r"\[([^\]\r\n;]*)\]")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_LINE = re.compile(r"[^\r\n]*")
_RESERVED = frozenset({"true", "on", "yes", "false", "off", "no", "none", "null"})
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.@/+-]+")

EXPECTED = "key=value, [section] or ; comment was expected"


class IniError(ValueError):
    """A text that PHP refuses, with the line (from 1) where it stops making sense."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True)
class Entry:
    """One `key=value`; `span` is where the value stands in the text, its quotes included."""

    key: str
    value: str
    line: int
    is_list: bool = False
    span: tuple[int, int] = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True)
class Section:
    """A `[name]` and what follows it; without a name what stands before the first; `end` is where it ends."""

    name: str | None
    line: int
    entries: tuple[Entry, ...]
    end: int = field(compare=False, repr=False)

    def values(self) -> dict[str, str | list[str]]:
        """The values as PHP gives them: the last of a key counts, `key[]=…` gathers a list."""
        values: dict[str, str | list[str]] = {}
        for entry in self.entries:
            gathered = values.get(entry.key)
            if not entry.is_list:
                values[entry.key] = entry.value
            elif isinstance(gathered, list):
                gathered.append(entry.value)
            else:
                values[entry.key] = [entry.value]
        return values


@dataclass(frozen=True)
class IniDocument:
    """All sections in the order of the text; the first is the nameless one."""

    sections: tuple[Section, ...]

    @property
    def top(self) -> Section:
        """What stands before the first `[section]`."""
        return self.sections[0]

    def section(self, name: str) -> Section | None:
        """The section that counts, which is the last of its name."""
        return next((section for section in reversed(self.sections) if section.name == name), None)


def decode(data: bytes) -> str:
    """The text of a file; a byte-order mark stays in it, so that it survives being written back."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        raise IniError(line, "this is not UTF-8; save the file in that encoding") from None


def parse_ini(text: str) -> IniDocument:
    """Parse a whole text; raises `IniError` where PHP refuses it, and at a NUL, where PHP silently stops."""
    sections: list[Section] = []
    section = Section(None, 1, (), len(_BOM) if text.startswith(_BOM) else 0)
    entries: list[Entry] = []
    for token in _tokens(text, section.end):
        if isinstance(token, Section):
            sections.append(_filled(section, entries))
            section, entries = token, []
        else:
            entries.append(token)
    return IniDocument((*sections, _filled(section, entries)))


def _filled(section: Section, entries: list[Entry]) -> Section:
    end = entries[-1].span[1] if entries else section.end
    return replace(section, entries=tuple(entries), end=end)


def set_value(text: str, section: str, key: str, value: str) -> str:
    """The text with one key changed, or added with its section where missing, and all else as it was."""
    if re.search(r"[\r\n\0]", value):
        raise ValueError("a value is one line")
    found = parse_ini(text).section(section)
    newline = match.group() if (match := _NEWLINE.search(text)) else "\n"
    written = value if _PLAIN_VALUE.fullmatch(value) else f'"{value}"'
    if found is None:
        gap = "" if not text.removeprefix(_BOM) else newline if text.endswith(("\n", "\r")) else newline * 2
        return f"{text}{gap}[{section}]{newline}{key}={written}{newline}"
    entry = next((entry for entry in reversed(found.entries) if entry.key == key), None)
    if entry is None or entry.is_list:
        return _add_line(text, found.end, f"{key}={written}", newline)
    return _replace_value(text, entry, written, newline)


def _add_line(text: str, end: int, added: str, newline: str) -> str:
    """Put a line after the one in which a section ends; before what else that line may hold."""
    after = _skip(_LINE, text, end)
    if text[end:after].strip(" \t")[:1] not in ("", ";"):
        return f"{text[:end]}{newline}{added}{newline}{text[end:]}"
    return f"{text[:after]}{newline}{added}{text[after:] or newline}"


def _replace_value(text: str, entry: Entry, written: str, newline: str) -> str:
    """Put `written` for the entry's value; a comment that would be taken for a part of it moves above."""
    start, end = entry.span
    line_end = _skip(_LINE, text, end)
    if _scan_value(written + text[end:line_end], 0)[1] == len(written):
        return text[:start] + written + text[end:]
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    if line_start == 0 and text.startswith(_BOM):
        line_start = len(_BOM)
    comment = text[end:line_end].strip(" \t")
    return f"{text[:line_start]}{comment}{newline}{text[line_start:start]}{written}{text[line_end:]}"


def _tokens(text: str, position: int) -> Iterator[Entry | Section]:
    """Entries, and sections (still without entries), in the order of the text."""
    lines = _LineCounter(text)
    while (position := _skip(_IGNORED, text, position)) < len(text):
        line = lines.at(position)
        if header := _SECTION.match(text, position):
            if "\0" in header[1]:
                raise IniError(line, "a NUL character stands in a name")
            yield Section(header[1], line, (), header.end())
            position = header.end()
            continue
        key = _KEY.match(text, position)
        if key is None or "\0" in key.group():
            raise IniError(line, f"{_shown(text[position])} cannot stand here: {EXPECTED}")
        name, position = key.group().strip(" "), key.end()
        offset = _OFFSET.match(text, position)
        equals = _EQUALS.match(text, offset.end() if offset else position)
        if name.lower() in _RESERVED:
            raise IniError(line, f'the word "{name}" cannot be a key: {EXPECTED}')
        if equals:
            value, end = _scan_value(text, equals.end())
            if "\0" in value:
                raise IniError(line, "a NUL character stands in the value")
            yield Entry(name, value, line, offset is not None, (equals.end(), end))
            position = _skip(_LINE, text, equals.end())
        elif text.startswith("[", position):
            raise IniError(line, f"a key with brackets has no value: {EXPECTED}")


def _scan_value(text: str, start: int) -> tuple[str, int]:
    """The value that begins at `start`, and where it ends in the text, its quotes included."""
    line = text[start : _skip(_LINE, text, start)]
    # In a value that begins with a quote only what follows the last quote can be a comment.
    comment = line.find(";", line.rfind('"') + 1 if line.startswith('"') else 0)
    raw = (line if comment < 0 else line[:comment]).rstrip(" \t")
    quoted = len(raw) > 1 and raw[0] == raw[-1] == '"'
    return (raw[1:-1] if quoted else raw), start + len(raw)


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where a pattern that may match nothing stops matching."""
    match = pattern.match(text, position)
    return match.end() if match else position


def _shown(character: str) -> str:
    return f"'{character}'" if character.isprintable() else f"the character U+{ord(character):04X}"


class _LineCounter:
    """Line numbers of rising positions, without counting from the start each time."""

    def __init__(self, text: str) -> None:
        beyond = len(text) + 1
        self._starts = chain((match.end() for match in _NEWLINE.finditer(text)), repeat(beyond))
        self._next = next(self._starts)
        self._line = 1

    def at(self, position: int) -> int:
        while position >= self._next:
            self._line += 1
            self._next = next(self._starts)
        return self._line
