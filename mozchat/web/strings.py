"""The catalogue of strings, one for templates and scripts: `mozchat/locales/<language>.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from mozchat.resources import locales_folder

LANGUAGES = ("en", "ru")
DEFAULT = "en"
TEMPLATE_ONLY = "page."
"""Strings whose key begins so are for templates only and are not sent to scripts."""
FRONT = "front."
"""What begins so is for the scripts of the front page, which is to be light, and for no others."""


class Strings:
    """All languages, read once. A string that a language lacks is taken from English."""

    def __init__(self) -> None:
        self._all = {
            language: json.loads((locales_folder() / f"{language}.json").read_text("utf-8"))
            for language in LANGUAGES
        }

    def translate(self, language: str) -> Callable[..., str]:
        """`t(key, **values)` for a language: the string with `{name}` replaced by the values."""
        strings = self._of(language)

        def t(key: str, **values: object) -> str:
            text = strings[key]
            for name, value in values.items():
                text = text.replace("{" + name + "}", str(value))
            return text

        return t

    def for_scripts(self, language: str, page: str) -> dict[str, str]:
        """The strings that the scripts of a page ("front", "thread"...) need: its own, and those without a dot."""
        strings = self._of(language).items()
        if page == "front":
            return {key: text for key, text in strings if key.startswith(FRONT) or "." not in key}
        return {key: text for key, text in strings if not key.startswith((TEMPLATE_ONLY, FRONT))}

    def _of(self, language: str) -> dict[str, str]:
        return {**self._all[DEFAULT], **self._all.get(language, {})}


def preferred(accepted: Iterable[str]) -> str:
    """The first of a browser's languages that we have; English else."""
    for tag in accepted:
        language = tag.partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT
