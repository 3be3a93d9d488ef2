"""One connection's socket: the websocket protocol is `websockets`' own, without its streams and tasks.

A connection is a listener of the hub that can be written to. What many are told is made a frame once, and handed
to each transport as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import ipaddress
import json
import logging
from typing import Any, Protocol

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from wshub.hub import POLICY
from wshub.room import Listener

MOST_IN = 16_384
"""Bytes of a frame that a client may send."""
MOST_QUEUED = 256_000
"""Bytes that wait for a client that reads slowly, beside its first answer, which can be a long catalogue."""
SILENT_SECONDS = 20.0
"""Whoever has left the hub's pings of so long a time without an answer is gone."""
BEHIND_BYTES = 65_536
"""With so many of them waiting it gets no more of the live clips that it hears, until most of that is gone: what
happens in the thread comes first."""
GREETING_SECONDS = 10.0
"""Within this time comes the first frame."""
FAREWELL_SECONDS = 5.0
"""Within this time a connection that is closed is gone."""
_DEAD = 1011
_quiet = logging.getLogger("wshub.websocket")
_quiet.setLevel(logging.WARNING)
_log = logging.getLogger(__name__)


def frame_of(content: str | bytes) -> bytes:
    """A text, or bytes, as they go over the wire."""
    if isinstance(content, str):
        frame = Frame(Opcode.TEXT, content.encode("utf-8", "replace"))
    else:
        frame = Frame(Opcode.BINARY, content)
    return frame.serialize(mask=False, extensions=[])


class Keeper(Protocol):
    """What a connection needs of the server."""

    buffer: memoryview

    def come(self, connection: Connection) -> None:
        """A connection has been made."""

    def gone(self, connection: Connection) -> None:
        """It is closed."""

    def refusal(self, connection: Connection) -> tuple[http.HTTPStatus, str] | None:
        """Why its handshake is refused; `None` where it is not."""

    def received(self, connection: Connection, content: bytes) -> None:
        """A text has come."""

    def drained(self, connection: Connection) -> None:
        """It is no longer behind."""

    def drop(self, connection: Connection, code: int, reason: str) -> None:
        """Close it and forget it."""

    def now(self) -> int:
        """Milliseconds since 1970."""

    def await_end(self, connection: Connection) -> None:
        """It is closed, and is to be gone soon."""

    def health(self) -> dict[str, Any]:
        """For whoever watches the hub."""


class Connection(Listener, asyncio.BufferedProtocol):
    """One connection, from its handshake to its end."""

    __slots__ = ("begun", "counted_in", "room", "server", "transport", "unanswered", "websocket")

    def __init__(self, server: Keeper) -> None:
        super().__init__()
        self.server = server
        self.websocket = ServerProtocol(max_size=MOST_IN, logger=_quiet)
        self.transport: Any = None
        self.room = 0
        """Bytes that may wait to be sent, known from the first frame on."""
        self.unanswered = 0
        """Pings since anything was heard."""
        self.begun = b""
        """A text of which more is to come."""
        self.counted_in = False
        """The hub counts it at its address."""

    # --- called by asyncio --------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """A connection has come."""
        self.transport = transport
        transport.set_write_buffer_limits(BEHIND_BYTES)
        self.server.come(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.server.gone(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """What comes is read into one buffer for all: it is taken from there before anything else is read."""
        return self.server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Something has come."""
        self.heard = self.server.now()
        self.unanswered = 0
        self.websocket.receive_data(bytes(self.server.buffer[:nbytes]))
        for event in self.websocket.events_received():
            if isinstance(event, Request):
                self._handshake(event)
            elif isinstance(event, Frame):
                self._frame(event)
        self._flush()

    def pause_writing(self) -> None:
        """So much waits to be sent that it is behind."""
        self.behind = True

    def resume_writing(self) -> None:
        """Most of that has been sent."""
        self.behind = False
        self.server.drained(self)

    def eof_received(self) -> None:
        """The client sends nothing more; asyncio then closes the transport."""
        self.websocket.receive_eof()

    # --- called by the server -----------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether frames can be sent."""
        return self.websocket.state is State.OPEN

    def send(self, frame: bytes) -> bool:
        """Send a frame; gives whether there was room for it, as there always is for the first."""
        if self.websocket.state is not State.OPEN:
            return True
        self.transport.write(frame)
        if not self.room:
            self.room = MOST_QUEUED + len(frame)
        return bool(self.transport.get_write_buffer_size() <= self.room)

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and hang up as soon as that has been sent or the time for it is over."""
        if self.websocket.state is State.OPEN:
            self.websocket.send_close(code, reason.encode()[:120].decode("utf-8", "ignore"))
            self._flush()
        self.hang_up()

    def hang_up(self) -> None:
        """End our side once everything is sent, and the rest when the client has ended its own, or soon: to close
        with something unread would have the system throw away what the client has not read yet."""
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
        self.server.await_end(self)

    def ask_alive(self, every: float) -> None:
        """See to it that the connection lives: called `every` so many seconds."""
        if self.unanswered * every >= SILENT_SECONDS:
            self.server.drop(self, _DEAD, "no answer")
            return
        self.unanswered += 1
        self.websocket.send_ping(b"")
        self._flush()

    # --- the handshake ------------------------------------------------------------------------------------------

    def _handshake(self, request: Request) -> None:
        self.host = request.headers.get("Host", "") if len(request.headers.get_all("Host")) < 2 else ""
        self.origin = ",".join(request.headers.get_all("Origin")) or None
        peer = self.transport.get_extra_info("peername")
        self.address = _address_of(peer[0] if isinstance(peer, tuple) else "", request.headers)
        if request.path.partition("?")[0] == "/healthz":
            response = _json(http.HTTPStatus.OK, self.server.health())
        else:
            refusal = self.server.refusal(self)
            response = self.websocket.reject(*refusal) if refusal else self.websocket.accept(request)
        self.websocket.send_response(response)

    # --- frames -------------------------------------------------------------------------------------------------

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            self.server.drop(self, POLICY, "text was expected")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT) and self.is_open:
            self.begun += bytes(frame.data)
            if frame.fin:
                text, self.begun = self.begun, b""
                self.server.received(self, text)

    def _flush(self) -> None:
        for data in self.websocket.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.hang_up()


def _json(status: http.HTTPStatus, body: dict[str, Any]) -> Response:
    content = json.dumps(body).encode()
    headers = Headers(
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
    )
    return Response(status.value, status.phrase, headers, content)


def _address_of(peer: str, headers: Headers) -> str:
    """Where a connection comes from, for counting: the peer, or behind a web server of this network what that says
    last. "" for this machine itself. Of IPv6 the network counts: a home has as many addresses as it likes."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(peer)
        forwarded = headers.get_all("X-Forwarded-For")
        if address.is_private and forwarded:
            address = ipaddress.ip_address(forwarded[-1].rpartition(",")[2].strip())
        address = getattr(address, "ipv4_mapped", None) or address
        if address.version == 6:
            return str(ipaddress.ip_network((address, 64), strict=False))
        return "" if address.is_loopback else str(address)
    return ""
