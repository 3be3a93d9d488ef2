"""Legal names of threads and participants, and which two names are the same."""

from __future__ import annotations

import re
import unicodedata

from mozchat.domain.errors import Invalid

RESERVED_THREAD_NAMES = frozenset({"api", "static", "assets", "scripts", "tests", "admin", "help", "healthz"})
MAX_NAME_LENGTH = 30
EVERYONE = "*"

_THREAD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_FORBIDDEN = frozenset("<>&\"':;()")
# Control, format (directions, zero width), surrogate, private and unassigned characters, line and paragraph ends.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by their category that show nothing: Hangul fillers and the blank Braille pattern."""


def is_thread_name(name: str) -> bool:
    """Whether a folder of this name may be a thread."""
    return _THREAD_NAME.fullmatch(name) is not None and name not in RESERVED_THREAD_NAMES


def participant_name(text: str) -> str:
    """The name as it is shown: runs of white space made one space, ends trimmed, NFC.

    Raises `Invalid` where it is not a name: 1 to 30 characters, none of `< > & " ' : ; ( )`, no control or
    direction characters, not the `*` that means everyone.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise Invalid("A name has at least one character.")
    if len(name) > MAX_NAME_LENGTH:
        raise Invalid(f"A name has at most {MAX_NAME_LENGTH} characters.")
    for character in name:
        if character in _FORBIDDEN:
            raise Invalid(f"A name cannot contain {character} ; none of < > & \" ' : ; ( ) can be in it.")
        if unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _BLANK_LETTERS:
            raise Invalid("A name cannot contain invisible characters.")
    if name == EVERYONE:
        raise Invalid("The name * stands for everyone. Take another.")
    return name


def fold(name: str) -> str:
    """What two names share when they are the same name: case, width and look-alike spaces do not count."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
