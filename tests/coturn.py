"""A real TURN server (coturn) for tests, and as much of STUN and TURN (RFC 8489, 8656) as asks it for a relay."""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import secrets
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

from tests.running import free_port

REALM = "mozchat.test"
STARTED_WITHIN = 10.0
TRIES = 20

_COOKIE = 0x2112A442
_BINDING, _ALLOCATE, _PERMISSION = 0x0001, 0x0003, 0x0008
_PEER = 0x0012
_USERNAME, _INTEGRITY, _ERROR, _REALM, _NONCE, _TRANSPORT = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015, 0x0019
_UDP = struct.pack("!BBH", 17, 0, 0)


class Coturn:
    """coturn with time-limited credentials, on a free port of each address, its log in a file.

    Relays of its own stand on `addresses` too. `address`, `port` and `secret` are what a thread's `.ini` needs.
    With a `recipe` it is set up as that file says, but for secret, addresses and ports; `options` go on its
    command line.
    """

    def __init__(
        self, folder: Path, *addresses: str, recipe: Path | None = None, options: tuple[str, ...] = ()
    ) -> None:
        self._recipe = recipe
        self.addresses = addresses or ("127.0.0.1",)
        self.address = self.addresses[0]
        self.port = free_port()
        self.secret = secrets.token_hex(16)
        self.log = folder / f"coturn-{self.port}.log"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ini(self) -> str:
        """The lines of an `.ini` for a thread whose calls go through this server."""
        servers = f'[{{"urls": ["turn:{self.address}:{self.port}?transport=udp"]}}]'
        return f"iceString={servers}\nturnSecret={self.secret}\n"

    def start(self) -> None:
        """Start, and wait until it answers."""
        program = shutil.which("turnserver")
        if program is None:
            raise RuntimeError("turnserver is missing: apt-get install coturn (or `make test` as root)")
        first = random.randrange(20_000, 30_000, 200)
        command = [
            program,
            *(f"--listening-ip={address}" for address in self.addresses),
            *(f"--relay-ip={address}" for address in self.addresses),
            f"--listening-port={self.port}",
            f"--min-port={first}",
            f"--max-port={first + 199}",
            "--no-tls",
            "--no-dtls",
            *self._rules(),
            f"--userdb={self._folder / 'turndb'}",
            f"--pidfile={self._folder / 'turnserver.pid'}",
            "--log-file=stdout",
            *self._options,
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "TZ": "UTC"})
        began = time.monotonic()
        while not answers(self.address, self.port):
            if self._process.poll() is not None or time.monotonic() - began > STARTED_WITHIN:
                raise AssertionError(f"coturn does not answer: {self.log.read_text()}")

    def _rules(self) -> list[str]:
        """Who may use it, and for what."""
        if self._recipe is None:
            ours = [f"--static-auth-secret={self.secret}", f"--realm={REALM}", "--allow-loopback-peers"]
            return ["-n", "--use-auth-secret", "--fingerprint", "--no-cli", "--no-multicast-peers", *ours]
        config = self._folder / "turnserver.conf"
        text = self._recipe.read_text().replace("a long random secret", self.secret)
        config.write_text(text)
        return ["-c", str(config)]

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


def answers(address: str, port: int) -> bool:
    """Whether a STUN server is there."""
    with _connected(address, port) as server:
        return _asked(server, _BINDING, {}, tries=1) is not None


def allocate(address: str, port: int, username: str, credential: str) -> int:
    """Ask a TURN server for a relay, as a browser does with these credentials: 0 where it gives one, else the
    code of its error (401: not with these)."""
    with _connected(address, port) as server:
        return _allocated(server, username, credential)[0]


def permissions(address: str, port: int, username: str, credential: str, peers: list[str]) -> dict[str, int]:
    """Ask for a relay, and whether it may be used to reach these IPv4 addresses: by each 0 where it may, else the
    code of the error (403: forbidden)."""
    codes = {}
    with _connected(address, port) as server:
        code, who, key = _allocated(server, username, credential)
        assert code == 0, code
        for peer in peers:
            xored = int.from_bytes(socket.inet_aton(peer), "big") ^ _COOKIE
            place = struct.pack("!BBHI", 0, 1, 4711 ^ (_COOKIE >> 16), xored)
            codes[peer] = _code(_answered(server, _PERMISSION, {_PEER: place, **who}, key))
    return codes


def _allocated(server: socket.socket, username: str, credential: str) -> tuple[int, dict[int, bytes], bytes]:
    """The code of a relay's allocation, and with what to go on asking."""
    refused = _answered(server, _ALLOCATE, {_TRANSPORT: _UDP})
    assert _code(refused) == 401, "a TURN server that takes anybody"
    who = {_USERNAME: username.encode(), _REALM: refused[_REALM], _NONCE: refused[_NONCE]}
    key = hashlib.md5(b":".join((username.encode(), refused[_REALM], credential.encode()))).digest()
    return _code(_answered(server, _ALLOCATE, {_TRANSPORT: _UDP, **who}, key)), who, key


def _connected(address: str, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.settimeout(0.2)
    server.connect((address, port))
    return server


def _answered(
    server: socket.socket, kind: int, attributes: dict[int, bytes], key: bytes | None = None
) -> dict[int, bytes]:
    answer = _asked(server, kind, attributes, key, tries=TRIES)
    assert answer is not None, "the TURN server does not answer"
    return answer


def _asked(
    server: socket.socket, kind: int, attributes: dict[int, bytes], key: bytes | None = None, *, tries: int
) -> dict[int, bytes] | None:
    """Send a request until it is answered; the answer's attributes."""
    transaction = secrets.token_bytes(12)
    request = _request(kind, transaction, attributes, key)
    for _ in range(tries):
        try:
            server.send(request)
            answer = server.recv(2048)
        except OSError:  # nobody there (yet), or no answer in time
            time.sleep(0.02)
            continue
        if answer[8:20] == transaction:
            return _attributes(answer)
    return None


def _request(kind: int, transaction: bytes, attributes: dict[int, bytes], key: bytes | None) -> bytes:
    body = b"".join(_attribute(*item) for item in attributes.items())
    if key is None:
        return struct.pack("!HHI", kind, len(body), _COOKIE) + transaction + body
    head = struct.pack("!HHI", kind, len(body) + 24, _COOKIE) + transaction
    return head + body + _attribute(_INTEGRITY, hmac.new(key, head + body, hashlib.sha1).digest())


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(message: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 20
    while at + 4 <= len(message):
        kind, length = struct.unpack_from("!HH", message, at)
        found[kind] = message[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4
    return found


def _code(attributes: dict[int, bytes]) -> int:
    error = attributes.get(_ERROR)
    return error[2] * 100 + error[3] if error else 0
