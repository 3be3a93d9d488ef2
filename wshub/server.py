"""The daemon: sockets, the clock and the bell around the hub's logic, in one event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
import ssl
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from mozchat import __version__
from mozchat.domain.hub_settings import HubSettings
from mozchat.outside.hub import thread_of
from mozchat.services.site import Site
from wshub.connection import FAREWELL_SECONDS, GREETING_SECONDS, Connection, frame_of
from wshub.deeds import Closing, Deed, Delivery
from wshub.hub import INVALID_DATA, POLICY, RESTART, TRY_AGAIN, Hub
from wshub.live import MOST_CLIPS
from wshub.source import SiteSource

BACKLOG = 4096
SEND_BUFFER = 131_072
"""Bytes that the kernel keeps for a connection: what waits there is a queue, too."""
OTHER_FILES = 128 + MOST_CLIPS
"""Open files beside the connections."""
TICK_SECONDS = 0.25
COUNTS_SECONDS = 60.0
STOP_SECONDS = 0.7
"""How long the connections have for their goodbye when the process is to end."""
_FAULT = 1011
_log = logging.getLogger(__name__)

Queue = deque[tuple[float, Connection]]


class Server:
    """One process. Everything runs in the event loop where the docstring does not name another OS thread."""

    def __init__(self, site: Site, settings: HubSettings, tls: ssl.SSLContext | None) -> None:
        self._site = site
        self._settings = settings
        self._tls = tls
        self.source = SiteSource(site)
        self.hub = Hub(self.source)
        self.buffer = memoryview(bytearray(1 << 16))
        self._connections: set[Connection] = set()
        self._newcomers: Queue = deque()
        self._lively: defaultdict[float, Queue] = defaultdict(deque)
        """By how often (seconds) they are asked for a sign of life."""
        self._leaving: Queue = deque()
        self._here_due: dict[str, float] = {}
        self._rung: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._most = _allow_open_files() - OTHER_FILES

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        self._loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, stop.set)
        host, port = self._settings.listen
        listening = await self._loop.create_server(
            lambda: Connection(self),
            host,
            port,
            ssl=self._tls,
            ssl_handshake_timeout=GREETING_SECONDS if self._tls else None,
            backlog=BACKLOG,
        )
        for listener in listening.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        commands = await self._listen_for_commands()
        self._site.store.bell.heard = self._on_bell
        self._site.store.bell.start()
        _log.info("hub %s at %s port %d", __version__, host, port)
        clock = asyncio.ensure_future(self._clock())
        await stop.wait()
        clock.cancel()
        listening.close()
        if commands:
            commands.close()
        self._site.store.bell.heard = None
        await self._say_goodbye()

    def put_away(self) -> None:
        """Put away what is left after `run`; waits for what is being written."""
        self._site.close()
        self.source.close()

    # --- called by connections ----------------------------------------------------------------------------------

    def come(self, connection: Connection) -> None:
        """A connection, which is to say who it is soon."""
        self._connections.add(connection)
        self.source.connections = len(self._connections)
        self._newcomers.append((self._loop.time() + GREETING_SECONDS, connection))

    def gone(self, connection: Connection) -> None:
        """It is closed."""
        self._connections.discard(connection)
        self.source.connections = len(self._connections)
        if connection.counted_in:
            self._counts["closed"] += 1
            _log.debug("%s gone", connection.address or "local")
            self.hub.closed(connection)

    def refusal(self, connection: Connection) -> tuple[HTTPStatus, str] | None:
        """Why a handshake is refused; `None` where it is not."""
        if len(self._connections) > self._most:
            return HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections.\n"
        if not self.hub.opened(connection):
            return HTTPStatus.TOO_MANY_REQUESTS, "There are too many connections from this address.\n"
        connection.counted_in = True
        self._counts["opened"] += 1
        _log.debug("%s come", connection.address or "local")
        return None

    def received(self, connection: Connection, content: bytes) -> None:
        """A text has come, as it was sent."""
        greeted = connection.admission is not None
        try:
            self._do(self.hub.received(connection, content.decode()))
        except UnicodeDecodeError:
            self.drop(connection, INVALID_DATA, "UTF-8 was expected")
        except Exception:
            _log.exception("a frame of %s", connection.address or "this machine")
            self.drop(connection, _FAULT, "a fault of the hub")
        self._ring_due()
        if not greeted and connection.admission is not None:
            self._ask_later(connection, connection.admission.thread)

    def drained(self, connection: Connection) -> None:
        """A connection is no longer behind."""
        self.hub.live.drained(connection)
        self._ring_due()

    def drop(self, connection: Connection, code: int, reason: str) -> None:
        """Close a connection and forget it."""
        self._counts[f"closed {code}"] += 1
        _log.debug("%s closed %d: %s", connection.address or "local", code, reason)
        self.hub.forget(connection)
        connection.close(code, reason)

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self.source.now()

    def await_end(self, connection: Connection) -> None:
        """A connection is closed, and is to be gone soon."""
        self._leaving.append((self._loop.time() + FAREWELL_SECONDS, connection))

    def health(self) -> dict[str, Any]:
        """For whoever watches the hub."""
        connections = sum(connection.counted_in for connection in self._connections)
        return {
            "status": "ok",
            "version": __version__,
            "process": os.getpid(),
            "connections": connections,
            "threads": len(self.hub.rooms),
        }

    # --- what is to be done -------------------------------------------------------------------------------------

    def _do(self, deeds: list[Deed]) -> None:
        for deed in deeds:
            if isinstance(deed, Closing):
                for listener in deed.of:
                    self.drop(listener, deed.code, deed.reason)  # type: ignore[arg-type]
            else:
                self._deliver(deed)

    def _deliver(self, delivery: Delivery) -> None:
        frame = frame_of(delivery.content)
        self._counts["frames"] += len(delivery.to)
        connection: Connection
        for connection in delivery.to:  # type: ignore[assignment]
            if not connection.send(frame):
                self.drop(connection, TRY_AGAIN, "this client reads too slowly")

    # --- the bell and the clock ---------------------------------------------------------------------------------

    def _on_bell(self, names: Collection[str]) -> None:
        """In the bell's OS thread: these threads have changed."""
        self._loop.call_soon_threadsafe(self._ring, names)

    def _ring(self, names: Collection[str]) -> None:
        """Those who were rung for while the loop was busy are looked at once."""
        if not self._rung:
            self._loop.call_soon(self._look)
        self._rung.update(names)

    def _look(self) -> None:
        rung, self._rung = self._rung, set()
        for name in rung:
            try:
                self._do(self.hub.changed(name))
            except Exception:
                _log.exception("%s: not told", name)
                self._do(self.hub.refuse(name, "a fault of the hub"))
        self._ring_due()

    def _ring_due(self) -> None:
        """Of some clips there is more to send as soon as everything else has had its turn."""
        if self.hub.live.due:
            self._ring(self.hub.live.due)

    async def _clock(self) -> None:
        counted = self._loop.time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = self._loop.time()
            try:
                self._tick(now)
            except Exception:
                _log.exception("the clock")
            if now - counted >= COUNTS_SECONDS:
                counted = now
                self._log_counts()

    def _tick(self, now: float) -> None:
        for connection in _due(self._newcomers, now):
            if connection in self._connections and connection.admission is None:
                self.drop(connection, POLICY, "no ticket in time")
        for every in list(self._lively):
            for connection in _due(self._lively[every], now):
                if connection.admission:
                    self._ask_later(connection, connection.admission.thread)
                    connection.ask_alive(every)
        for connection in _due(self._leaving, now):
            connection.transport.abort()
        self._keep_online(now)

    def _ask_later(self, connection: Connection, thread: str) -> None:
        every = self.source.ping_every(thread)
        self._lively[every].append((self._loop.time() + every, connection))

    def _keep_online(self, now: float) -> None:
        due = {name: self._here_due.get(name, 0.0) for name in self.hub.rooms}
        for name, at in due.items():
            if at <= now:
                self.hub.keep_online(name)
                due[name] = now + self.source.here_every(name)
        self._here_due = due

    def _log_counts(self) -> None:
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self._counts.items()))
        health = self.health()
        _log.info(
            "%d connections, %d threads; %s", health["connections"], health["threads"], counts or "quiet"
        )
        self._counts.clear()

    # --- other ends ---------------------------------------------------------------------------------------------

    async def _listen_for_commands(self) -> asyncio.DatagramTransport | None:
        address = self._settings.command_address
        if not self._settings.commands_at or address is None:
            return None
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: Commands(self), local_addr=(self._settings.commands_at, address[1])
        )
        return transport

    def command(self, datagram: bytes) -> None:
        """The site on another machine says that a thread has changed."""
        name = thread_of(self._site.secret, datagram, self._site.now())
        if name is not None and name in self.hub.rooms:
            self._ring([name])

    async def _say_goodbye(self) -> None:
        for connection in list(self._connections):
            connection.close(RESTART, "the hub is being restarted")
        end = self._loop.time() + STOP_SECONDS
        while self._connections and self._loop.time() < end:
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.transport.abort()


class Commands(asyncio.DatagramProtocol):
    """Where the site's commands arrive."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: object) -> None:
        """As asyncio calls it."""
        self._server.command(data)


def serve(site: Site, settings: HubSettings, tls: ssl.SSLContext | None) -> None:
    """Run a hub until it is told to end. Raises `OSError` where it cannot listen."""
    server = Server(site, settings, tls)
    try:
        asyncio.run(server.run())
    finally:
        # Whoever writes just now may be waiting for a lock: the process does not wait for that.
        closing = threading.Thread(target=server.put_away, daemon=True)
        closing.start()
        closing.join(0.2)


def _due(queue: Queue, now: float) -> list[Connection]:
    """Take what is due from the head of a queue, in which all wait equally long."""
    due = []
    while queue and queue[0][0] <= now:
        due.append(queue.popleft()[1])
    return due


def _allow_open_files() -> int:
    """Have as many open files as this process may; every connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard
