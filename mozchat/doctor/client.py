"""A small HTTP client: one request a connection, no redirect followed, every byte and second bounded."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 10.0
MOST_BYTES = 1 << 20
"""Of an answer's content as much as is read."""
CHUNK = 1 << 16
Body = bytes | Iterator[bytes] | None


class Unreachable(Exception):
    """No answer came; `seconds` is how long that took."""

    def __init__(self, text: str, seconds: float = 0.0) -> None:
        super().__init__(text)
        self.text = text
        self.seconds = seconds


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds. The names of `headers` are lower case, and
    one that came more than once has a line each."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    seconds: float
    received: float = 0.0
    """When it came, in seconds since 1970."""

    def json(self) -> dict[str, Any]:
        """The content where that is a JSON object, else an empty one."""
        with suppress(ValueError):
            found = json.loads(self.content)
            if isinstance(found, dict):
                return found
        return {}

    @property
    def is_ours(self) -> bool:
        """Whether mozchat itself refused, and not a server in front of it."""
        kind = self.headers.get("content-type", "")
        return kind.startswith("application/problem+json") and self.json().get("status") == self.status


class Client:
    """Asks the site at a URL. `trusting` takes any certificate."""

    def __init__(self, url: str, *, trusting: bool = False) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._context = ssl.create_default_context()
        if trusting:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def ask(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """Send a request; `path` is the whole path on the host. With a body that is an iterator `headers` have
        its Content-Length. Raises `Unreachable`."""
        began = time.monotonic()
        sent = {"User-Agent": "mozchat-doctor", "Connection": "close", **(headers or {})}
        if isinstance(body, bytes) or (body is None and method not in ("GET", "HEAD")):
            sent["Content-Length"] = str(len(body or b""))
        try:
            with closing(self._connection(seconds)) as connection:
                connection.putrequest(method, path, skip_accept_encoding=True)
                for name, value in sent.items():
                    connection.putheader(name, value)
                connection.endheaders()
                # Who refuses a body may answer before its end, and close.
                with suppress(BrokenPipeError, ConnectionResetError):
                    for chunk in [body] if isinstance(body, bytes) else body or ():
                        connection.send(chunk)
                answer = connection.getresponse()
                content = answer.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as fault:
            raise Unreachable(in_words(fault), time.monotonic() - began) from fault
        named: dict[str, str] = {}
        for name, value in answer.getheaders():
            named[name.lower()] = "\n".join(filter(None, (named.get(name.lower()), value)))
        return Answer(answer.status, named, content, time.monotonic() - began, time.time())

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._context)
        return http.client.HTTPConnection(self._host, self._port, timeout=seconds)


def in_words(fault: Exception) -> str:
    """Why there was no answer."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {fault.verify_message}"
    if isinstance(fault, ssl.SSLError):
        return f"no https there: {fault.reason or fault}"
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, socket.gaierror):
        return "its name is not known to DNS"
    if isinstance(fault, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(fault, http.client.RemoteDisconnected | ConnectionResetError):
        return "the connection was closed without an answer"
    return str(fault) or type(fault).__name__
