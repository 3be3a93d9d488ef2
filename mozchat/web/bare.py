"""What the bare WSGI callables in front of Flask share: their types, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar

from werkzeug.exceptions import HTTPException, LengthRequired

from mozchat.domain.errors import Malformed, MozchatError
from mozchat.web import problems, security
from mozchat.web.compression import WORTH_BYTES, gzipped, takes_gzip

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Answer = tuple[int, dict[str, Any] | None, dict[str, str]]
"""Status, body (`None`: none) and headers beyond those of every answer."""

Result = TypeVar("Result")
_HEADERS = [
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
    *security.COMMON,
    ("Content-Security-Policy", security.PLAIN_POLICY),
]
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def status_line(status: int) -> str:
    """As WSGI wants it."""
    return _LINES[status]


def answered(answer: Callable[[], Result], where: str) -> Result | Answer:
    """An answer also where making it fails; `where` is for the log."""
    try:
        return answer()
    except MozchatError as error:
        return problems.problem_of(error)
    except HTTPException as error:
        return problems.http_problem(error)
    except Exception as error:
        return problems.fault(error, where)


def prepared(answer: Answer, accepted: str = "") -> tuple[str, list[tuple[str, str]], bytes]:
    """An answer as status line, the headers that every one has and its own, and content: JSON, from status 400 on
    a problem, gzipped where that is worth it and one of the `accepted` encodings."""
    status, body, extra = answer
    headers = [*_HEADERS, *extra.items()]
    if body is None:
        return _LINES[status], headers, b""
    payload = problems.encode(body)
    kind = "application/json" if status < 400 else problems.MEDIA_TYPE
    if len(payload) >= WORTH_BYTES and takes_gzip(accepted):
        payload = gzipped(payload)
        headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    headers += [("Content-Type", kind), ("Content-Length", str(len(payload)))]
    return _LINES[status], headers, payload


def respond(
    environ: Environ,
    start_response: StartResponse,
    status: int,
    body: dict[str, Any] | None,
    extra: dict[str, str],
) -> list[bytes]:
    """Send an answer."""
    line, headers, payload = prepared((status, body, extra), environ.get("HTTP_ACCEPT_ENCODING", ""))
    start_response(line, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [payload]


def body_of(environ: Environ) -> tuple[Callable[[int], bytes], int | None]:
    """The body of a request, not yet read: a function that gives its next bytes, and how long it is, `None`
    where only its end says. Raises `LengthRequired`; the function `Malformed` where the connection breaks."""
    read = environ["wsgi.input"].read

    def read_or_fail(most: int) -> bytes:
        try:
            data: bytes = read(most)
        except OSError as error:
            raise Malformed("This request was cut off.") from error
        return data

    return read_or_fail, _length(environ)


def _length(environ: Environ) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    if text.isdigit():
        return int(text)
    if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return 0
    if not environ.get("wsgi.input_terminated"):
        raise LengthRequired
    return None
