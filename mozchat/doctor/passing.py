"""What must pass through the server in front unharmed: long polls, news, big clips, pieces of clips, Range."""

from __future__ import annotations

import io
import secrets
import threading
import time
import wave
from collections.abc import Iterator
from urllib.parse import quote

from mozchat.doctor.client import CHUNK, Answer, Unreachable
from mozchat.doctor.finding import Finding, LeftOut, error, right, warning
from mozchat.doctor.front import Front

HELD = 0.9
"""A poll that ends before this share of its time was not held."""
GRACE_SECONDS = 10.0
SLOW_NEWS_SECONDS = 3.0
LISTENING_SECONDS = 0.3
"""After this time a poll has arrived at the site. One that comes later has the news at once as well."""
BODY_SECONDS = 120.0
_TIMEOUTS = (
    "nginx: proxy_read_timeout; Apache: ProxyTimeout, Timeout; or a smaller longPollPeriodS in the .ini."
)
_BODIES = "nginx: client_max_body_size; Apache: LimitRequestBody; or a smaller maxBlobBytes in the .ini."


class Passing:
    """Checks that build on each other: the clip that the news is of has its bytes asked for."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._clip = ""

    def held(self) -> Iterator[Finding]:
        """A poll without news lasts as long as the site's threads want it."""
        self._front.inside()
        hold = self._front.hold
        if hold is None:
            raise LeftOut("no thread has long polls (pollFactor=l)")
        cursor = self._settled_cursor()
        try:
            answer = self._poll(cursor, hold)
        except Unreachable as fault:
            yield error(
                "Long polls", f"One of {hold} s was cut after {fault.seconds:.1f} s: {fault.text}.", _TIMEOUTS
            )
            return
        yield held_finding(answer, hold)

    def news(self) -> Iterator[Finding]:
        """A clip is published, and whoever waits hears of it at once."""
        self._front.inside()
        cursor = self._settled_cursor()
        heard: list[float | None] = []
        listener = threading.Thread(target=self._listen, args=(cursor, heard), daemon=True)
        listener.start()
        time.sleep(LISTENING_SECONDS)
        form = _Form(_tone(), 0)
        answer = self._front.ask("POST", "/clips", form.bytes(), form.headers)
        published = time.monotonic()
        if answer.status != 201:
            yield error(
                "Clips",
                f"A clip of {form.length:,} bytes was not taken: {answer.status} "
                f"{answer.json().get('detail', 'from the server in front')}",
                "See the logs of the site and of the server in front.",
            )
            return
        self._clip = str(answer.json().get("id", ""))
        listener.join(GRACE_SECONDS)
        if heard and heard[0] is None:
            raise LeftOut("the site has no room for listeners")
        yield news_finding(max(0.0, heard[0] - published) if heard and heard[0] else None)

    def ranges(self) -> Iterator[Finding]:
        """A part of a clip's bytes can be had, without which nobody can seek and Safari plays nothing."""
        self._front.inside()
        if not self._clip:
            raise LeftOut("no clip could be published")
        headers = {"Range": "bytes=100-199"}
        answer = self._front.ask("GET", f"/clips/{quote(self._clip)}/media", headers=headers)
        yield range_finding(answer, _tone()[100:200])

    def bodies(self) -> Iterator[Finding]:
        """A form with a clip as big as the threads take comes through; of zeros, so that the site refuses it."""
        self._front.inside()
        size = self._front.clip_bytes
        form = _Form(b"", size)
        try:
            answer = self._front.ask("POST", "/clips", form.chunks(), form.headers, BODY_SECONDS)
        except Unreachable as fault:
            yield error(
                "Big clips", f"A clip of {size:,} bytes does not come through: {fault.text}.", _BODIES
            )
            return
        yield body_finding(answer, size)

    def pieces(self) -> Iterator[Finding]:
        """Recordings go up in pieces while they are made, by methods that some servers bar."""
        self._front.inside()
        began = self._front.ask(
            "POST", "/uploads", b"RIFF", {"Upload-Complete": "?0", "Content-Type": "audio/wav"}
        )
        if began.status != 201:
            yield _barred("POST", began)
            return
        upload = f"/uploads/{began.json().get('id', '')}"
        piece = {
            "Upload-Complete": "?0",
            "Upload-Offset": "4",
            "Content-Type": "application/partial-upload",
        }
        barred = [
            _barred(method, answer)
            for method, body, headers in (("PATCH", b"1234", piece), ("HEAD", None, {}), ("DELETE", None, {}))
            if (answer := self._front.ask(method, upload, body, headers)).status != 204
        ]
        yield from barred
        if not barred:
            yield right("Pieces of clips", "POST, PATCH, HEAD and DELETE come through.")

    # --- polls ------------------------------------------------------------------------------------------------

    def _settled_cursor(self) -> str:
        """A cursor since which there is nothing new; the doctor is then online for a while."""
        cursor = ""
        for _ in range(20):
            answer = self._front.ask("GET", f"/events?next=60{cursor and f'&cursor={quote(cursor)}'}")
            if answer.status == 204:
                return cursor
            if answer.status != 200 or not answer.json().get("cursor"):
                break
            cursor = str(answer.json()["cursor"])
        raise LeftOut(f"short polls have no end of news ({answer.status})")

    def _poll(self, cursor: str, hold: float) -> Answer:
        query = f"/events?cursor={quote(cursor)}&wait={hold}"
        return self._front.ask("GET", query, seconds=hold + GRACE_SECONDS)

    def _listen(self, cursor: str, heard: list[float | None]) -> None:
        """Poll until there is a new clip, or for a while; note the time, or `None` where nobody may wait."""
        until = time.monotonic() + GRACE_SECONDS
        try:
            while time.monotonic() < until:
                answer = self._poll(cursor, self._front.hold or 1)
                if answer.json().get("clips") or "retry-after" in answer.headers:
                    heard.append(time.monotonic() if answer.content else None)
                    return
                cursor = str(answer.json().get("cursor", cursor))
                if answer.status >= 400:
                    time.sleep(LISTENING_SECONDS)  # what cuts polls is looked at apart
        except Unreachable:
            return


class _Form:
    """A clip as a browser's form has it (RFC 7578): its bytes, then so many zeros."""

    def __init__(self, content: bytes, zeros: int) -> None:
        boundary = secrets.token_hex(16)
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="blob"; filename="clip"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + content
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._zeros = zeros
        self.length = len(self._head) + zeros + len(self._tail)
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(self.length),
        }

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces."""
        yield self._head
        for at in range(0, self._zeros, CHUNK):
            yield bytes(min(CHUNK, self._zeros - at))
        yield self._tail

    def bytes(self) -> bytes:
        """The body as a whole."""
        return b"".join(self.chunks())


def held_finding(answer: Answer, hold: int) -> Finding:
    """Of a poll of `hold` seconds in a thread where nothing happened."""
    if answer.status == 204 and "retry-after" in answer.headers:
        return warning(
            "Long polls",
            "The site has no room for listeners, so pages ask every few seconds, and news is as late.",
            "Give it more threads, or MOZCHAT_LISTENERS; where a process serves one request at a time it is so.",
        )
    if answer.status != 204:
        return error(
            "Long polls",
            f"One of {hold} s was cut after {answer.seconds:.1f} s with {answer.status}.",
            _TIMEOUTS,
        )
    if answer.seconds < hold * HELD:
        return error(
            "Long polls",
            f"One of {hold} s ended after {answer.seconds:.1f} s.",
            "Was the site restarted? If it happens again, see the log of the server in front.",
        )
    return right("Long polls", f"Held for {answer.seconds:.0f} s")


def news_finding(seconds: float | None) -> Finding:
    """Of how long after a clip's upload a listener heard of it; `None`: not at all."""
    if seconds is None:
        return error(
            "News",
            "A listener did not hear of a new clip.",
            "See that the server in front neither stores nor cuts answers of …/events.",
        )
    if seconds > SLOW_NEWS_SECONDS:
        return warning(
            "News",
            f"A listener heard of a new clip {seconds:.1f} s after its upload.",
            "See that the server in front does not hold back or store answers (proxy_buffering, proxy_cache).",
        )
    return right("News", "A listener hears of a new clip at once.")


def range_finding(answer: Answer, expected: bytes) -> Finding:
    """Of the bytes 100 to 199 of a clip."""
    if answer.status == 206 and answer.content == expected:
        return right("Range", "A part of a clip can be had.")
    how = "the whole clip came" if answer.status == 200 else f"{answer.status}, {len(answer.content)} bytes"
    return error(
        "Range",
        f"A part of a clip cannot be had ({how}): nobody can seek, and Safari plays nothing.",
        "Have the server in front pass Range on, and Content-Range and 206 back.",
    )


def body_finding(answer: Answer, size: int) -> Finding:
    """Of a form with so many zeros, which the site itself refuses as no recording."""
    if answer.is_ours and answer.status in (415, 422):
        return right("Big clips", f"{size:,} bytes, the most that a thread takes, come through.")
    if answer.is_ours:
        return warning(
            "Big clips",
            f"The site itself refuses a clip of {size:,} bytes: {answer.json().get('detail')}",
            "See above whether the disk has room, and maxBlobBytes and maxMediaFolderBytes in the .ini.",
        )
    return error(
        "Big clips",
        f"The server in front refuses a clip of {size:,} bytes with {answer.status}; threads take that many.",
        _BODIES,
    )


def _barred(method: str, answer: Answer) -> Finding:
    said = answer.json().get("detail") if answer.is_ours else "from the server in front"
    return error(
        "Pieces of clips",
        f"{method} does not come through ({answer.status} {said}): nothing can be sent while it is recorded.",
        "Have the server in front let POST, PATCH, HEAD and DELETE through (mod_security, limit_except, Limit).",
    )


def _tone() -> bytes:
    """A second of sound as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(1)
        recording.setframerate(8000)
        recording.writeframes(bytes(100 + at % 50 for at in range(8000)))
    return file.getvalue()
