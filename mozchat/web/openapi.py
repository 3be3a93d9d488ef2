"""The API's description for machines (OpenAPI 3.1), `openapi.json` beside this file."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from mozchat import __version__


def description(base: str) -> dict[str, Any]:
    """The description of a site that is mounted at the path `base`."""
    return {**_read(), "servers": [{"url": base or "/"}]}


@cache
def _read() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Path(__file__).parent / "openapi.json").read_text("utf-8"))
    content["info"]["version"] = __version__
    return content
