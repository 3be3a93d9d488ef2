"""Compression of what is made for one request: pages and lists. Static files are compressed once, in `assets`."""

from __future__ import annotations

import gzip

from flask import Request, Response
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

COMPRESSED = frozenset({"text/html", "application/json"})
WORTH_BYTES = 1400
"""Less than this fits into one packet anyway."""
_LEVEL = 5


def compress(request: Request, response: Response) -> None:
    """Send the body gzipped where that is worth it and the client takes it (RFC 9110, section 12.5.3)."""
    if (
        response.mimetype not in COMPRESSED
        or response.is_streamed
        or response.headers.get("Content-Encoding")
    ):
        return
    response.vary.add("Accept-Encoding")
    if not takes_gzip(request.headers.get("Accept-Encoding", "")) or request.method == "HEAD":
        return
    body = response.get_data()
    if len(body) < WORTH_BYTES:
        return
    response.set_data(gzipped(body))
    response.headers["Content-Encoding"] = "gzip"


def takes_gzip(accepted: str) -> bool:
    """Whether a client that sends this `Accept-Encoding` takes gzip."""
    return bool(accepted) and parse_accept_header(accepted, Accept)["gzip"] > 0


def gzipped(body: bytes) -> bytes:
    """The body as gzip; the same body gives the same bytes."""
    return gzip.compress(body, _LEVEL, mtime=0)
