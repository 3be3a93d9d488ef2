"""A line to a site on which every request arrives late, as over a bad mobile network."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading

LEAST, MOST = 0.1, 0.3
"""Seconds by which a request is delayed."""
CHUNK = 1 << 16


class SlowLine:
    """Hands connections on to a port of this machine. What a client sends after an answer, or first, is a new
    request: it waits; answers come as they are."""

    def __init__(self, port: int, seed: int = 1) -> None:
        self._to = port
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._wait(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://localhost:{self.port}"

    def close(self) -> None:
        """End it, and all connections."""
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _end(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await _Connection(reader, writer, self._delay).run(self._to)
        finally:
            writer.close()
            self._connections.discard(task)

    def _delay(self) -> float:
        return self._random.uniform(LEAST, MOST)


class _Connection:
    """One connection of a client, and the one that it is handed on to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay) -> None:
        self._reader = reader
        self._writer = writer
        self._delay = delay
        self._answered = True

    async def run(self, port: int) -> None:
        """Hand on to and fro until one side ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        pumps = [asyncio.ensure_future(self._ask(writer)), asyncio.ensure_future(self._answer(reader))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            writer.close()

    async def _ask(self, writer: asyncio.StreamWriter) -> None:
        while data := await self._reader.read(CHUNK):
            if self._answered:
                self._answered = False
                await asyncio.sleep(self._delay())
            writer.write(data)
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            self._answered = True
            self._writer.write(data)
            await self._writer.drain()
