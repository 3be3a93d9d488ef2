"""Where the files are that come with mozchat: inside the package when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent

PRESET_NAMES = ("mediaForum", "audioStream", "videoStream", "videoChat", "mediaChat")


def static_folder() -> Path:
    """Scripts, styles and pictures."""
    return _first(_PACKAGE / "static", _CHECKOUT / "static")


def preset(name: str) -> bytes:
    """The `.ini` of a preset; raises `KeyError` for a name that is none."""
    if name not in PRESET_NAMES:
        raise KeyError(name)
    return (_first(_PACKAGE / "presets", _CHECKOUT / "threads") / name / ".ini").read_bytes()


def locales_folder() -> Path:
    """The catalogues of strings."""
    return _PACKAGE / "locales"


def mail_templates_folder() -> Path:
    """The templates of mail."""
    return _PACKAGE / "mail_templates"


def _first(*folders: Path) -> Path:
    return next((folder for folder in folders if folder.is_dir()), folders[-1])
