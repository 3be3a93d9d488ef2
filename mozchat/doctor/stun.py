"""As much of STUN and TURN as asks a server whether it is there and gives a relay (RFC 8489, RFC 8656)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import socket
import ssl
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field

SECONDS = 5.0
"""How long an answer is waited for."""
STALE_NONCE = 438
UNAUTHORIZED = 401

_COOKIE = 0x2112A442
_BINDING, _ALLOCATE, _REFRESH = 0x0001, 0x0003, 0x0004
_SUCCESS, _CLASS = 0x0100, 0x0110
_USERNAME, _INTEGRITY, _ERROR, _LIFETIME, _REALM, _NONCE, _TRANSPORT = (
    0x0006,
    0x0008,
    0x0009,
    0x000D,
    0x0014,
    0x0015,
    0x0019,
)
_UDP = struct.pack("!BBH", 17, 0, 0)
_FIRST_REPEAT_SECONDS = 0.5
_HEAD = 20
_ADDRESS = re.compile(
    r"(stuns?|turns?):(\[[0-9A-Fa-f:.]+\]|[^\s:?]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?"
)


class NoAnswer(Exception):
    """Why there is none, in words."""


@dataclass(frozen=True)
class Address:
    """Where an ICE server is (RFC 7064, RFC 7065)."""

    scheme: str
    host: str
    port: int
    transport: str

    @property
    def relays(self) -> bool:
        """Whether it is a TURN server."""
        return self.scheme.startswith("turn")


@dataclass(frozen=True)
class Message:
    """A STUN message without its transaction: `code` is 0 for a success, else that of the error."""

    code: int
    reason: str = ""
    attributes: dict[int, bytes] = field(default_factory=dict)


def address_of(url: str) -> Address:
    """The address in a `stun:`, `stuns:`, `turn:` or `turns:` URL. Raises `ValueError`."""
    match = _ADDRESS.fullmatch(url)
    if match is None:
        raise ValueError(url)
    scheme, host, port, transport = match.groups()
    secure = scheme.endswith("s")
    return Address(
        scheme,
        host.strip("[]"),
        int(port or (5349 if secure else 3478)),
        transport or ("tcp" if secure else "udp"),
    )


def request(kind: int, transaction: bytes, attributes: dict[int, bytes], key: bytes | None = None) -> bytes:
    """A request; with a `key` it is signed (RFC 8489, section 14.5)."""
    body = b"".join(
        struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4)
        for name, value in attributes.items()
    )
    signed = 24 if key is not None else 0
    message = struct.pack("!HHI", kind, len(body) + signed, _COOKIE) + transaction + body
    if key is not None:
        message += struct.pack("!HH", _INTEGRITY, 20) + hmac.new(key, message, hashlib.sha1).digest()
    return message


def answer_in(message: bytes, transaction: bytes) -> Message | None:
    """The answer to a transaction; `None` for anything else."""
    if len(message) < _HEAD or message[4:_HEAD] != struct.pack("!I", _COOKIE) + transaction:
        return None
    kind, length = struct.unpack_from("!HH", message)
    if _HEAD + length > len(message) or not kind & _SUCCESS:
        return None
    found: dict[int, bytes] = {}
    at = _HEAD
    while at + 4 <= _HEAD + length:
        name, size = struct.unpack_from("!HH", message, at)
        found.setdefault(name, message[at + 4 : at + 4 + size])
        at += 4 + size + -size % 4
    if kind & _CLASS == _SUCCESS:
        return Message(0, "", found)
    fault = found.get(_ERROR, b"")
    if len(fault) < 4:
        return None
    return Message((fault[2] & 7) * 100 + fault[3], fault[4:].decode("utf-8", "replace"), found)


class Server:
    """A connection to a STUN or TURN server, to be closed by `with`. Raises `NoAnswer`."""

    def __init__(self, address: Address, *, trusting: bool = False) -> None:
        self._stream = address.transport == "tcp"
        try:
            kind = socket.SOCK_STREAM if self._stream else socket.SOCK_DGRAM
            family, _, _, _, to = socket.getaddrinfo(address.host, address.port, type=kind)[0]
            self._socket = socket.socket(family, kind)
            self._socket.settimeout(SECONDS)
            self._socket.connect(to)
            if address.scheme.endswith("s") and self._stream:
                context = ssl.create_default_context()
                self._socket = context.wrap_socket(self._socket, server_hostname=address.host)
        except socket.gaierror as fault:
            raise NoAnswer("its name is not known to DNS") from fault
        except ssl.SSLCertVerificationError as fault:
            raise NoAnswer(f"its certificate is not valid: {fault.verify_message}") from fault
        except OSError as fault:
            raise NoAnswer(fault.strerror or str(fault)) from fault

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def bind(self) -> Message:
        """Ask what every STUN server answers."""
        return self._ask(_BINDING, {})

    def allocate(self, name: str, password: str) -> Message:
        """Ask for a relay, as a browser does with these credentials, and give it back where there is one."""
        refused = self._ask(_ALLOCATE, {_TRANSPORT: _UDP})
        for _ in range(2):  # a second time where the server wants a fresh nonce
            if not {_REALM, _NONCE} <= refused.attributes.keys():
                return refused
            realm, nonce = refused.attributes[_REALM], refused.attributes[_NONCE]
            key = hashlib.md5(b":".join((name.encode(), realm, password.encode()))).digest()
            who = {_USERNAME: name.encode(), _REALM: realm, _NONCE: nonce}
            answer = self._ask(_ALLOCATE, {_TRANSPORT: _UDP, **who}, key)
            if answer.code == 0:
                with suppress(NoAnswer):
                    self._ask(_REFRESH, {_LIFETIME: bytes(4), **who}, key)
            if answer.code != STALE_NONCE:
                return answer
            refused = answer
        return refused

    def _ask(self, kind: int, attributes: dict[int, bytes], key: bytes | None = None) -> Message:
        """Send a request, over UDP again and again (RFC 8489, section 6.2.1), until it is answered."""
        transaction = secrets.token_bytes(12)
        message = request(kind, transaction, attributes, key)
        deadline = time.monotonic() + SECONDS
        repeat = SECONDS if self._stream else _FIRST_REPEAT_SECONDS
        try:
            while (left := deadline - time.monotonic()) > 0:
                self._socket.send(message)
                self._socket.settimeout(min(left, repeat))
                with suppress(TimeoutError):
                    answer = answer_in(self._receive(), transaction)
                    if answer is not None:
                        return answer
                repeat *= 2
        except ConnectionRefusedError as fault:
            raise NoAnswer("nobody listens there") from fault
        except OSError as fault:
            raise NoAnswer(fault.strerror or str(fault)) from fault
        raise NoAnswer(f"no answer within {SECONDS:.0f} s")

    def _receive(self) -> bytes:
        if not self._stream:
            return self._socket.recv(2048)
        head = self._exactly(_HEAD)
        return head + self._exactly(struct.unpack_from("!H", head, 2)[0])

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise ConnectionResetError(0, "the connection was closed")
            data += more
        return data
