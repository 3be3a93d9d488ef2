"""What the tests of uploads send, and look at."""

import base64
import hashlib
import io
import json
import threading

VOICE = "chromium-audio.webm"
SETTINGS = "maxMediaFolderBytes=400000\nclipLifetimeSec=300\nmaxBlobBytes=60000\nallowVideo=1\n"
PIECE = "application/partial-upload"
TYPES = "https://iana.org/assignments/http-problem-types#"


def create(who, content=b"", check=201, *, complete=False, key=None, fields=None, **headers):
    """Begin an upload; gives the answer."""
    own = {"Upload-Complete": f"?{int(complete)}", **named(headers)}
    if key:
        own["Idempotency-Key"] = key
    if fields is not None:
        own["Clip-Fields"] = encoded(fields)
    return who.ask("POST", who.url("uploads"), check, data=content, headers=own)


def patch(who, upload, offset, content=b"", check=204, *, complete=False, fields=None, **headers):
    """Add a piece to an upload."""
    own = {"Upload-Complete": f"?{int(complete)}", "Upload-Offset": str(offset), **named(headers)}
    own.setdefault("Content-Type", PIECE)
    if fields is not None:
        own["Clip-Fields"] = encoded(fields)
    return who.ask("PATCH", who.url("uploads", upload), check, data=content, headers=own)


def finish(who, upload, offset, content=b"", check=201, **options):
    """Add the last piece; gives the clip, or the problem."""
    return patch(who, upload, offset, content, check, complete=True, **options).json


def head(who, upload, check=204):
    return who.ask("HEAD", who.url("uploads", upload), check).headers


def offset_of(who, upload):
    return int(head(who, upload)["Upload-Offset"])


def discard(who, upload, check=204):
    return who.ask("DELETE", who.url("uploads", upload), check)


def named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def encoded(fields):
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return f":{base64.b64encode(text).decode()}:"


def digest(content):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def begun(who, content=b"", **options):
    """The id of an upload with its first bytes."""
    return create(who, content, **options).json["id"]


def files_of(thread):
    return sorted(path.name for path in thread.glob("media*/*"))


def parts_of(thread):
    return sorted(path.name for path in thread.glob(".uploads/*"))


def bytes_in(thread):
    return sum(path.stat().st_size for path in [*thread.glob("media*/*"), *thread.glob(".uploads/*.part")])


def plays(stored, sent):
    """Whether what is stored has the sound that was sent, behind whatever header."""
    return sent[1000:6000] in stored


def send_chunked(who, content, complete, *, terminated=True, **headers):
    """Send a body whose end alone says how long it is, to a server that does or does not tell of the end."""
    return who.send(
        "POST",
        who.url("uploads"),
        headers={
            "Upload-Complete": f"?{int(complete)}",
            "Transfer-Encoding": "chunked",
            **named(headers),
        },
        environ_overrides={
            "wsgi.input": io.BytesIO(content),
            "wsgi.input_terminated": terminated,
            "CONTENT_LENGTH": "",
        },
    )


class SlowBody:
    """A body whose client waits before the first byte of it."""

    def __init__(self, content):
        self._content = content
        self._asked = threading.Event()
        self._released = threading.Event()

    def reading(self):
        return self._asked.is_set()

    def go_on(self):
        self._released.set()

    def read(self, most=-1):
        self._asked.set()
        assert self._released.wait(10)
        content, self._content = self._content, b""
        return content
