"""A running site for tests: `mozchat run` as a process of its own, and a small HTTP client."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode

STARTED_WITHIN = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    """To a server at a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class RunningSite:
    """`mozchat run` on a free port of this machine, or at the unix socket `at`, its log in a file."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        environment: dict[str, str] | None = None,
        at: Path | None = None,
    ) -> None:
        self.folder = folder
        self.at = at
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.arguments = arguments
        self.environment = environment or {}
        self.cwd: Path | None = None
        self.log = folder.parent / f"site-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start and wait until it answers; the seconds that this took."""
        command = [
            sys.executable,
            "-m",
            "mozchat",
            "run",
            *(("--socket", str(self.at)) if self.at else ("--port", str(self.port))),
            "--threads",
            str(self.folder),
        ]
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                cwd=self.cwd,
            )
        while time.monotonic() - began < STARTED_WITHIN:
            if self.process.poll() is not None:
                raise AssertionError(f"the site ended: {self.log.read_text()}")
            with contextlib.suppress(OSError):
                if Client(self).request("GET", "/healthz")[0] == 200:
                    return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"the site does not answer: {self.log.read_text()}")

    def workers(self) -> set[int]:
        """Its processes that answer."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(map(int, children.read_text().split()))

    def reload(self, workers: int = 2) -> None:
        """Have new workers take over, and wait until the old ones are gone."""
        assert self.process is not None
        before = self.workers()
        self.process.send_signal(signal.SIGHUP)
        began = time.monotonic()
        while len(now := self.workers()) != workers or now & before:
            assert time.monotonic() - began < STARTED_WITHIN, "the old workers stay"
            time.sleep(0.02)

    def connection(self, timeout: float = 30.0) -> http.client.HTTPConnection:
        """A connection to it."""
        if self.at:
            return UnixConnection(self.at, timeout)
        if "--https" in self.arguments:
            trusting = ssl.create_default_context()
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=trusting)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def stop(self) -> float:
        """End it in an orderly way; the seconds that this took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - began


class Client:
    """One participant of a running site, a program with a Bearer token."""

    def __init__(self, site: RunningSite, token: str | None = None) -> None:
        self.site = site
        self.token = token

    def request(self, method, path, body=None, headers=None, timeout=30.0):
        connection = self.site.connection(timeout)
        try:
            own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            connection.request(method, path, body, {**own, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        parsed = (
            json.loads(content) if content and "json" in answer.getheader("Content-Type", "") else content
        )
        return answer.status, parsed, dict(answer.getheaders())

    def join(self, thread, name):
        body = json.dumps({"name": name})
        status, me, _ = self.request(
            "POST", f"/api/threads/{thread}/session", body, {"Content-Type": "application/json"}
        )
        assert status == 201, me
        self.token = me["token"]
        return self

    def upload(self, thread, content, **fields):
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="blob"; filename="clip"\r\n\r\n'
        body = b"".join([*parts, head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.request("POST", f"/api/threads/{thread}/clips", body, headers)

    def events(self, thread, cursor=None, wait=0.0):
        query = urlencode({"wait": wait, **({"cursor": cursor} if cursor else {})})
        return self.request("GET", f"/api/threads/{thread}/events?{query}")


class RunningHub:
    """`mozchat hub` beside a site, on a free port; its `ws.ini` has what `ini` says beside that. It must be made
    before the site is asked for tickets, since the file is what says that there is a hub."""

    def __init__(
        self,
        folder: Path,
        ini: str = "",
        *,
        uri: str | None = None,
        server: str = "",
        host: str = "127.0.0.1",
    ) -> None:
        self.folder = folder
        self.host = host
        self.port = free_port()
        self.ini = folder.parent / "wshub" / "ws.ini"
        self.log = folder.parent / f"hub-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        self.command = [sys.executable, "-m", "wshub"]
        self.tls: ssl.SSLContext | None = None
        """What its own certificate is checked by, where it has one."""
        self.write_ini(ini, uri=uri, server=server)

    def write_ini(self, ini: str = "", *, uri: str | None = None, server: str = "") -> None:
        """Say where the hub is, as browsers find it; `server` goes into that section."""
        self.ini.parent.mkdir(exist_ok=True)
        found_at = f"ws://localhost:{self.port}/hub" if uri is None else uri
        listen = f"[server]\nwsLocalPort={self.host}:{self.port}\n{server}"
        self.ini.write_text(f"[common]\nwsOn=1\nwsServerUri={found_at}\n{listen}\n{ini}")

    def start(self) -> None:
        """Start and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "MOZCHAT_THREADS": str(self.folder),
                    "MOZCHAT_LOG_LEVEL": "DEBUG",
                    **self.environment,
                },
            )
        end = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the hub ended: {self.log.read_text()}")
            with contextlib.suppress(OSError):
                self.health()
                return
            time.sleep(0.02)
        raise AssertionError(f"the hub does not answer: {self.log.read_text()}")

    def health(self) -> dict[str, object]:
        """What it says of itself."""
        if self.tls:
            connection = http.client.HTTPSConnection("localhost", self.port, timeout=10, context=self.tls)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def stop(self) -> float:
        """End it in an orderly way; the seconds that this took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - began

    def kill(self) -> None:
        """End it at once."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)
