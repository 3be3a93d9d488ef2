"""Somebody who speaks live to a running site, and somebody who reads what comes, for tests and benchmarks."""

from __future__ import annotations

import base64
import http.client
import json
from urllib.parse import urlencode

from tests.running import Client, RunningSite

MIME = "audio/webm;codecs=opus"


def encoded(fields) -> str:
    """`Clip-Fields`."""
    return f":{base64.b64encode(json.dumps(fields).encode()).decode()}:"


class Speaker:
    """One recording of a participant of a thread, sent over one connection, or over a new one where that broke."""

    def __init__(self, client: Client, mime: str = MIME, thread: str = "walk") -> None:
        self._client = client
        self._path = f"/api/threads/{thread}/uploads"
        self._connection: http.client.HTTPConnection | None = None
        status, answer = self._ask(
            "POST", "", b"", {"Clip-Fields": encoded({"live": True}), "Content-Type": mime}
        )
        assert status == 201, answer
        assert answer["live"]
        self.id = answer["id"]
        self.offset = 0

    def say(self, content: bytes, *, complete: bool = False, **fields) -> dict | None:
        """Send the next bytes; gives the clip at the end."""
        headers = {"Upload-Offset": str(self.offset), "Content-Type": "application/partial-upload"}
        headers |= {"Clip-Fields": encoded(fields)} if fields else {}
        status, answer = self._ask("PATCH", f"/{self.id}", content, headers, complete=complete)
        assert status == (201 if complete else 204), answer
        self.offset += len(content)
        return answer

    def resume(self) -> int:
        """Ask from where to go on."""
        self.close()
        _, _, headers = self._client.request("HEAD", f"{self._path}/{self.id}")
        self.offset = int(headers["Upload-Offset"])
        return self.offset

    def _ask(self, method, path, content, headers, *, complete=False):
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._client.site.port, timeout=30)
        own = {"Authorization": f"Bearer {self._client.token}", "Upload-Complete": f"?{int(complete)}"}
        self._connection.request(method, f"{self._path}{path}", content, {**own, **headers})
        answer = self._connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body else None

    def close(self) -> None:
        """Put the connection away."""
        if self._connection:
            self._connection.close()
            self._connection = None


class Listening:
    """A stream, or polls over one connection, of one clip in a thread."""

    def __init__(self, site: RunningSite, client: Client, clip_id: str, thread: str = "walk") -> None:
        self._path = f"/api/threads/{thread}/clips/{clip_id}/media"
        self._token = client.token
        self.connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
        self.answer: http.client.HTTPResponse | None = None

    def ask(self, **query) -> http.client.HTTPResponse:
        """Send a request, `begin` for `from`; gives the answer, of which nothing is read yet."""
        fields = {{"begin": "from"}.get(name, name): value for name, value in query.items()}
        self.send(**fields)
        return self.begin()

    def begin(self) -> http.client.HTTPResponse:
        """The answer to what was sent; a stream begins with its first byte."""
        if self.answer is None:
            self.answer = self.connection.getresponse()
        return self.answer

    def send(self, **fields) -> None:
        """Only send a request."""
        self.answer = None
        headers = {"Authorization": f"Bearer {self._token}"}
        self.connection.request("GET", f"{self._path}?{urlencode(fields)}", headers=headers)

    def read(self, size: int) -> bytes:
        """So many bytes of a stream, as soon as they have come."""
        data = b""
        while len(data) < size and (more := self.answer.read1(size - len(data))):
            data += more
        return data

    def close(self) -> None:
        """Go away."""
        self.connection.close()
