"""Errors as `application/problem+json` (RFC 9457), the same for Flask's routes and the bare ones."""

from __future__ import annotations

import contextlib
import json
import logging
import math
from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import HTTPException

from mozchat.domain import errors

MEDIA_TYPE = "application/problem+json"
DRAINED_BYTES = 64_000_000
"""A longer body is not read; the connection ends in the middle of it."""
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_log = logging.getLogger(__name__)

STATUSES: tuple[tuple[type[errors.MozchatError], int, str], ...] = (
    (errors.BadSettings, 503, "Settings with a mistake"),
    (errors.Unavailable, 503, "Not available"),
    (errors.NoRoom, 507, "No room"),
    (errors.TooMany, 429, "Too many"),
    (errors.UnsupportedMedia, 415, "Not a recording"),
    (errors.TooLarge, 413, "Too large"),
    (errors.NameTaken, 409, "Name taken"),
    (errors.WrongOffset, 409, "Mismatching upload offset"),
    (errors.UploadOver, 400, "Completed upload"),
    (errors.WrongLength, 400, "Inconsistent upload length"),
    (errors.Missing, 404, "Not found"),
    (errors.Forbidden, 403, "Not allowed"),
    (errors.PasswordNeeded, 401, "Password needed"),
    (errors.NotJoined, 401, "Not joined"),
    (errors.Malformed, 400, "Not understood"),
    (errors.Invalid, 422, "Does not fit"),
)
"""The first kind that fits counts; every error of the domain is one of these."""

_TYPES: dict[type[errors.MozchatError], str] = {
    errors.WrongOffset: "mismatching-upload-offset",
    errors.UploadOver: "completed-upload",
    errors.WrongLength: "inconsistent-upload-length",
}
_TYPES_OF_HTTP = "https://iana.org/assignments/http-problem-types#"

_SENTENCES = {
    400: "This request cannot be understood.",
    404: "There is nothing here.",
    405: "This cannot be done here.",
    411: "The request does not say how long it is.",
    413: "This is more than can be sent here.",
    415: "This kind of content is not understood here.",
    500: "Something went wrong on the site. Nothing that was stored is lost.",
}


def problem_of(error: errors.MozchatError) -> tuple[int, dict[str, Any], dict[str, str]]:
    """An error of the domain as status, body and headers."""
    status, title = next((s, t) for kind, s, t in STATUSES if isinstance(error, kind))
    kind = _TYPES_OF_HTTP + _TYPES[type(error)] if type(error) in _TYPES else "about:blank"
    body: dict[str, Any] = {"type": kind, "title": title, "status": status, "detail": error.detail}
    headers: dict[str, str] = {}
    if isinstance(error, errors.BadSettings):
        body["errors"] = error.errors
    if isinstance(error, errors.WrongOffset):
        body |= {"expected-offset": error.expected, "provided-offset": error.provided}
        headers["Upload-Offset"] = str(error.expected)
    if isinstance(error, errors.TooMany | errors.Unavailable):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, errors.NotJoined):
        headers["WWW-Authenticate"] = 'Bearer realm="mozchat"'
    return status, body, headers


def http_problem(error: HTTPException) -> tuple[int, dict[str, Any], dict[str, str]]:
    """One of Werkzeug's own exceptions in the same form."""
    status = error.code or 500
    body = {
        "type": "about:blank",
        "title": error.name,
        "status": status,
        "detail": _SENTENCES.get(status, error.description or error.name),
    }
    headers = {k: v for k, v in error.get_headers() if k.lower() in ("allow", "retry-after", "content-range")}
    return status, body, headers


def fault(error: BaseException, where: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Anything unforeseen: into the log with its traceback, to the client one sentence."""
    _log.error("fault in %s", where, exc_info=error)
    return 500, {"type": "about:blank", "title": "Fault", "status": 500, "detail": _SENTENCES[500]}, {}


def drain(environ: Mapping[str, Any]) -> None:
    """Read what is left of a refused request's body: a client that still sends sees no answer."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    left = int(length) if length.isdigit() else 0
    if left > DRAINED_BYTES:
        return
    with contextlib.suppress(Exception):
        while left > 0:
            chunk = environ["wsgi.input"].read(min(left, 1 << 16))
            if not chunk:
                return
            left -= len(chunk)


def encode(body: dict[str, Any]) -> bytes:
    """JSON, UTF-8."""
    return _encoder.encode(body).encode("utf-8", "replace")
