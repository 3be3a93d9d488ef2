"""The log: to stderr, one line each, and never a token."""

from __future__ import annotations

import logging
import re
import time

FORMAT = "%(asctime)s %(levelname)s %(name)s[%(process)d]: %(message)s"
_TOKEN = re.compile(r"(Bearer\s+|\bmozchat=|token[\"']?\s*[:=]\s*[\"']?)[A-Za-z0-9._~+/-]+=*", re.IGNORECASE)


class OneLine(logging.Formatter):
    """Times in UTC. A traceback is on the line of its error, `\\n` between its own lines: whoever reads line by
    line has it whole, and nobody can forge one. What looks like somebody's token is left out."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        text = _TOKEN.sub(r"\1…", super().format(record))
        return text.replace("\r", "\\r").replace("\n", "\\n")


def set_up(level: str) -> None:
    """Log what is of this level or above."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level, handlers=[handler])
