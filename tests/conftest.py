"""A whole site in a temporary folder, asked through its real WSGI callable, with a clock that the test moves."""

from __future__ import annotations

import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mozchat.services.site import Site
from mozchat.web.app import create_app
from tests.coturn import Coturn
from tests.network import Network
from tests.people import chromium, playwright, someone, speech  # noqa: F401 - fixtures
from tests.speaking import MIME, encoded

SAMPLES = Path(__file__).parent / "samples"
LISTENERS = 4
BEGINNING = 1_795_255_200_000
"""2026-11-21T10:00:00Z in milliseconds, when every test begins."""


class Clock:
    """What a site takes for the time; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += round(seconds * 1000)


class Visitor:
    """Somebody who asks a site: with no secret, or as a program with a Bearer token."""

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self.token = token
        self._client = app.test_client(use_cookies=False)

    def send(self, method: str, path: str, **request: Any) -> TestResponse:
        """Send one request, and hold the answer against what is true of every answer."""
        headers = dict(request.pop("headers", {}))
        if "json" in request:
            request |= {"data": json.dumps(request.pop("json")), "content_type": "application/json"}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        answer = self._client.open(path, method=method, headers=headers, buffered=True, **request)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if answer.status_code >= 400 and path.startswith("/api/") and method != "HEAD":
            _check_problem(answer)
        return answer

    def ask(self, method: str, path: str, check: int = 200, **request: Any) -> TestResponse:
        """Send one request; the status must be `check`."""
        answer = self.send(method, path, **request)
        assert answer.status_code == check, (
            f"{method} {path}: {answer.status} {answer.get_data(as_text=True)}"
        )
        return answer

    def status(self, method: str, path: str, **request: Any) -> int:
        """Send one request, whatever comes of it."""
        return self.send(method, path, **request).status_code


def _check_problem(answer: TestResponse) -> None:
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["status"] == answer.status_code
    assert problem["type"] == "about:blank" or problem["type"].startswith(
        "https://iana.org/assignments/http-problem-types#"
    )
    assert problem["title"]
    assert problem["detail"].endswith(".")


class Participant(Visitor):
    """Somebody in a thread. Each verb gives the parsed JSON, and the problem where `check` is an error."""

    def __init__(self, app: Flask, thread: str, name: str, token: str | None = None, **fields: Any) -> None:
        super().__init__(app, token)
        self.thread = thread
        session = self.ask("POST", self.url("session"), 201, json={"name": name, **fields}).json
        self.name, self.token, self.author_id = session["name"], session["token"], session["authorId"]

    def url(self, *parts: str) -> str:
        """A path of the thread's API."""
        return "/".join(("/api/threads", self.thread, *parts))

    def rename(self, name: str, check: int = 201) -> Any:
        """Take another name."""
        return self.ask("POST", self.url("session"), check, json={"name": name}).json

    def upload(self, content: bytes, check: int = 201, key: str | None = None, **fields: str) -> Any:
        """Publish a clip; `fields` go beside it."""
        return self.ask(
            "POST",
            self.url("clips"),
            check,
            data={"blob": (io.BytesIO(content), "clip"), **fields},
            content_type="multipart/form-data",
            headers={"Idempotency-Key": key} if key else {},
        ).json

    def clips(self) -> Any:
        """The list of clips, with `free` and `cursor`."""
        return self.ask("GET", self.url("clips")).json

    def clip_ids(self) -> list[str]:
        """The ids of all clips, in order."""
        return [clip["id"] for clip in self.clips()["clips"]]

    def media(self, clip_id: str, check: int = 200, **headers: str) -> TestResponse:
        """A clip's bytes; headers as keywords, `If_None_Match="…"`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", self.url("clips", clip_id, "media"), check, headers=named)

    def delete(self, clip_id: str, check: int = 204) -> Any:
        """Delete a clip."""
        return self.ask("DELETE", self.url("clips", clip_id), check).json

    def say(self, to: str, text: str, check: int = 202, key: str | None = None) -> Any:
        """Send a chat message."""
        message = {"to": to, "type": "chat", "body": {"text": text}}
        return self.post_message(message, check, key)

    def post_message(self, message: Any, check: int = 202, key: str | None = None) -> Any:
        """Send a message as it is."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.ask("POST", self.url("messages"), check, json=message, headers=headers).json

    def poll(self, cursor: str | None = None, check: int = 200, **query: object) -> TestResponse:
        """Ask for events, with the whole answer."""
        query = {"cursor": cursor, **query} if cursor is not None else query
        return self.ask("GET", self.url("events"), check, query_string=query)

    def events(self, cursor: str | None = None, wait: float = 0) -> Any:
        """What is new since the cursor; there must be something."""
        return self.poll(cursor, wait=wait).json

    def nothing_new(self, cursor: str) -> bool:
        """Whether there is nothing new since the cursor."""
        return self.poll(cursor, 204).data == b""

    def leave(self) -> None:
        """Leave the thread."""
        self.ask("DELETE", self.url("session"), 204)


class Speaker(Participant):
    """Somebody who sends a recording while it is made."""

    def begin(self, check=201, content=b"", key=None, mime=MIME, **fields):
        """Begin a live upload; gives its id, or the answer's problem."""
        headers = {"Upload-Complete": "?0", "Clip-Fields": encoded({"live": True, **fields})}
        headers |= {"Idempotency-Key": key} if key else {}
        answer = self.ask(
            "POST", self.url("uploads"), check, data=content, content_type=mime, headers=headers
        ).json
        return answer["id"] if check == 201 else answer

    def say_on(self, clip_id, at, content=b"", check=204, *, complete=False, **fields):
        """Send the next bytes."""
        headers = {"Upload-Complete": f"?{int(complete)}", "Upload-Offset": str(at)}
        headers |= {"Clip-Fields": encoded(fields)} if fields else {}
        url = self.url("uploads", clip_id)
        return self.ask(
            "PATCH", url, check, data=content, content_type="application/partial-upload", headers=headers
        ).json

    def end(self, clip_id, at, content=b"", check=201, **fields):
        """Send the last bytes; gives the clip."""
        return self.say_on(clip_id, at, content, check, complete=True, **fields)

    def take_back(self, clip_id):
        """Cancel."""
        self.ask("DELETE", self.url("uploads", clip_id), 204)

    def bytes_of(self, clip_id, check=200, **query):
        """The bytes as they come: the answer."""
        query = {{"begin": "from"}.get(name, name): value for name, value in query.items()}
        return self.ask("GET", self.url("clips", clip_id, "media"), check, query_string=query)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Flask]:
    """One application for all tests, since to make one takes longer than most of them."""
    site = Site(tmp_path_factory.mktemp("nothing"))
    site.close()
    return site, create_app(site)


@pytest.fixture
def site(standing: tuple[Site, Flask], clock: Clock) -> Iterator[Site]:
    """A site in a folder of its own, put up anew for each test; in memory where that can be had, since to wait
    for a disk would take most of the time."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        site, _ = standing
        Site.__init__(site, Path(folder, "threads"), LISTENERS, clock)
        site.store.folder.mkdir()
        yield site
        site.close()


@pytest.fixture
def app(standing: tuple[Site, Flask], site: Site) -> Flask:
    """The application of the site."""
    return standing[1]


@pytest.fixture
def make_thread(site: Site) -> Callable[..., Path]:
    """Drop a thread into the site: `ini` is what its settings say beside the defaults."""

    def make(name: str, ini: str = "") -> Path:
        folder = site.store.folder / name
        folder.mkdir(exist_ok=True)
        text = ini if ini.startswith("[") else f"[common]\n{ini}"
        (folder / ".ini").write_text(text, "utf-8")
        return folder

    return make


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who has not joined anything."""
    return Visitor(app)


@pytest.fixture
def join(app: Flask) -> Callable[..., Participant]:
    """Have somebody join a thread: `join("walk", "Ann")`, with `password=` where there is one and `token=` for
    somebody who has been in another."""

    def join_one(thread: str, name: str, **fields: Any) -> Participant:
        return Participant(app, thread, name, **fields)

    return join_one


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """The bytes of a file that a real recorder made."""
    return lambda name: (SAMPLES / name).read_bytes()


@pytest.fixture
def meanwhile() -> Iterator[Callable[..., Future[Any]]]:
    """Do something in another OS thread: `meanwhile(ann.events, cursor, wait=10)` gives a future."""
    with ThreadPoolExecutor(LISTENERS + 2) as pool:
        yield pool.submit


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "it has not come to that"
            time.sleep(0.001)

    return wait


@pytest.fixture(scope="session")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    """A real TURN server on this machine."""
    server = Coturn(tmp_path_factory.mktemp("coturn"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A network whose hosts can lose it."""
    missing = Network.missing()
    if missing:
        pytest.fail(missing)
    hosts = Network(tmp_path)
    yield hosts
    hosts.close()
