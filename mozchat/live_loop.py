"""An OS thread of a worker that holds all who read clips as they come, streaming or polling.

A connection whose request has been read is handed to it. It waits for the bell, for room to send, for the next
request of a connection that polls, and for clients that go away. The file is the buffer: of somebody who is slow
to read, it remembers where they are.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any

from mozchat.domain.errors import MozchatError
from mozchat.services.access import Visit
from mozchat.services.live import Reading, bell_name
from mozchat.web.bare import Answer, answered
from mozchat.web.events import NO_ROOM
from mozchat.web.live import CHUNK, POLL_BYTES, SILENT_SECONDS, LiveApp, Reader
from mozchat.web.problems import problem_of

IDLE_SECONDS = 2.0
"""How long a connection that polls may be silent before the main loop has it back."""
SEND_SECONDS = 30.0
"""Whoever takes nothing for so long is given up."""
MOST_CHUNKS = 16
"""So many chunks are sent to one before others have their turn."""
_NOTHING = memoryview(b"")
_END = b"0\r\n\r\n"
_log = logging.getLogger(__name__)


class _Clip:
    """A clip that is read, and the connections that wait for more of it."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.held: set[_Connection] = set()
        self.used = time.monotonic()


class _Connection:
    """One connection; `clip` and `reader` are there while a request of it is answered."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.clip: _Clip | None = None
        self.reader: Reader | None = None
        self.admitted = False
        self.streams = False
        """The head of a stream has been sent."""
        self.over = False
        """The answer ends with what is left of it."""
        self.left = _NOTHING
        """What the client has not taken yet."""
        self.watched = 0
        """For which events of its socket the loop waits."""
        self.until = self.due = 0.0
        """When its time is over, and when that is looked at; 0: not at all."""


class LiveLoop:
    """`take(connection)` gives the request for `app` that has come on a connection, as WSGI has it, or `None`;
    `settle(request)` writes into one what proxies say of it. `on_wire(status line, fields, content)` is an answer
    as it is sent, `content_of(answer)` the same of one with a body in JSON. `give_back(connection)` is called for
    one that has sent something else or nothing for a while, `drop(connection)` for one that is over. All but
    `settle` are called in the loop's OS thread."""

    def __init__(
        self,
        app: LiveApp,
        *,
        settle: Callable[[dict[str, str]], None],
        take: Callable[[Any], dict[str, str] | None],
        on_wire: Callable[[str, list[tuple[str, str]], bytes], bytes],
        content_of: Callable[[Answer], bytes],
        give_back: Callable[[Any], None],
        drop: Callable[[Any], None],
    ) -> None:
        self._app = app
        self._site = app.site
        self._bell = app.site.store.bell
        self._settle = settle
        self._take = take
        self._on_wire = on_wire
        self._content_of = content_of
        self._give_back = give_back
        self._drop = drop
        self._new: deque[tuple[Any, dict[str, str]]] = deque()
        self._rung: deque[str] = deque()
        self._clips: dict[str, _Clip] = {}
        self._by_time: list[tuple[float, int, _Connection]] = []
        self._numbers = itertools.count()
        self._poller = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._poller.register(self._woken, selectors.EVENT_READ)
        threading.Thread(target=self._run, name="mozchat-live", daemon=True).start()

    def add(self, conn: Any, environ: dict[str, str]) -> None:
        """In any OS thread: have the loop answer a request that has been read."""
        self._new.append((conn, environ))
        self._wake_up()

    def concerns(self, environ: dict[str, str]) -> bool:
        """In any OS thread: whether a request is one for here; what proxies say of it is written into it."""
        try:
            self._settle(environ)
        except MozchatError:
            return False
        return self._app.concerns(environ)

    def on_bell(self, names: Collection[str]) -> None:
        """In any OS thread: the bell has rung for these, or with none, it is time to end."""
        rung = [name for name in names if name in self._clips]
        if rung or self._bell.stopping:
            self._rung.extend(rung)
            self._wake_up()

    def _wake_up(self) -> None:
        with suppress(BlockingIOError):  # so many wait already that the loop is awake
            os.write(self._wake, b"\0")

    # --- the loop -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            timeout = IDLE_SECONDS if self._clips else None
            if self._by_time:
                timeout = max(0.0, min(self._by_time[0][0] - time.monotonic(), IDLE_SECONDS))
            for key, events in self._poller.select(timeout):
                if key.data is None:
                    self._on_woken()
                else:
                    self._guarded(key.data, partial(self._on_ready, key.data, events))
            self._on_time()

    def _on_woken(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)
        while self._new:
            conn, environ = self._new.popleft()
            connection = _Connection(conn)
            self._guarded(connection, partial(self._serve, connection, environ))
        rung = set()
        while self._rung:
            rung.add(self._rung.popleft())
        for name in rung:
            self._look(name)
        if self._bell.stopping:
            for connection in [each for clip in self._clips.values() for each in clip.held]:
                self._guarded(connection, partial(self._end, connection))

    def _guarded(self, connection: _Connection, step: Callable[[], None]) -> None:
        """After a fault a connection waits no longer."""
        try:
            step()
        except OSError:
            self._lose(connection)
        except Exception:
            _log.exception("fault in the worker")
            self._lose(connection)

    def _on_ready(self, connection: _Connection, events: int) -> None:
        if connection.reader is None and not connection.left:
            self._next_request(connection)
            return
        if events & selectors.EVENT_WRITE:
            self._send(connection)
        if events & selectors.EVENT_READ and connection.reader is not None:
            if not connection.conn.sock.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError
            # The next request already: it is read when this one is answered.
            self._watch(connection, connection.watched & ~selectors.EVENT_READ)

    def _on_time(self) -> None:
        now = time.monotonic()
        while self._by_time and self._by_time[0][0] <= now:
            at, _, connection = heapq.heappop(self._by_time)
            if at != connection.due:
                continue
            connection.due = 0.0
            if connection.until > now:
                self._set_until(connection, connection.until)
            elif connection.left:
                self._lose(connection)
            elif connection.reader is None:
                self._guarded(connection, partial(self._hand_back, connection))
            else:
                self._guarded(connection, partial(self._end, connection))
        for name, clip in list(self._clips.items()):
            if not clip.held and now - clip.used > IDLE_SECONDS:
                clip.reading.close()
                del self._clips[name]

    def _set_until(self, connection: _Connection, until: float) -> None:
        connection.until = until
        if not connection.due or until < connection.due:
            connection.due = until
            heapq.heappush(self._by_time, (until, next(self._numbers), connection))

    def _watch(self, connection: _Connection, events: int) -> None:
        if events == connection.watched:
            return
        if not connection.watched:
            self._poller.register(connection.conn.sock, events, connection)
        elif events:
            self._poller.modify(connection.conn.sock, events, connection)
        else:
            self._poller.unregister(connection.conn.sock)
        connection.watched = events

    # --- requests -------------------------------------------------------------------------------------------

    def _next_request(self, connection: _Connection) -> None:
        environ = self._take(connection.conn)
        if environ is None:
            self._hand_back(connection)
        else:
            self._serve(connection, environ)

    def _hand_back(self, connection: _Connection) -> None:
        self._watch(connection, 0)
        connection.due = 0.0
        self._give_back(connection.conn)

    def _serve(self, connection: _Connection, environ: dict[str, str]) -> None:
        found = answered(partial(self._open, connection, environ), "live")
        if isinstance(found, Reader):
            self._go_on(connection)
            if self._bell.stopping and connection.reader is not None:
                self._end(connection)
        else:
            self._reply(connection, self._content_of(found))

    def _open(self, connection: _Connection, environ: dict[str, str]) -> Reader | Answer:
        """A reader, held where it has to wait, or that there is no room. Raises what says that it cannot be."""
        question, inside, clip_id = self._app.question(environ)
        clip = self._clip(inside, clip_id)
        reader = Reader(question, clip.reading)
        waits = not reader.is_ready() and question.wait != 0
        if waits or (reader.streams and not clip.reading.reach.complete):
            connection.admitted = self._site.admission.enter(None)
            if not connection.admitted:
                return NO_ROOM
        if waits or reader.streams:
            connection.clip = clip
            if not clip.held:
                self._bell.follow((clip.reading.name,))
            clip.held.add(connection)
            clip.reading.look()
        connection.reader = reader
        wait = SILENT_SECONDS if question.wait is None else question.wait
        self._set_until(connection, time.monotonic() + wait)
        self._watch(connection, selectors.EVENT_READ)
        return reader

    def _clip(self, inside: Visit, clip_id: str) -> _Clip:
        name = bell_name(inside.store.name, clip_id)
        clip = self._clips.get(name)
        if clip is None:
            clip = self._clips[name] = _Clip(Reading(inside, clip_id))
        else:
            clip.reading.look()
        clip.used = time.monotonic()
        return clip

    # --- readers --------------------------------------------------------------------------------------------

    def _look(self, name: str) -> None:
        """There may be more of a clip."""
        clip = self._clips.get(name)
        if clip is None or not clip.held:
            return
        try:
            clip.reading.look()
        except MozchatError as error:
            del self._clips[name]
            gone = self._content_of(problem_of(error))
            for connection in list(clip.held):
                self._guarded(connection, partial(self._end, connection, gone))
            clip.reading.close()
            return
        for connection in list(clip.held):
            self._guarded(connection, partial(self._go_on, connection))

    def _go_on(self, connection: _Connection) -> None:
        """Send a reader what there is, as far as the client takes it."""
        reader = connection.reader
        if reader is None or connection.left or connection.over:
            return
        if not reader.is_ready():
            if connection.clip is None:
                self._end(connection)
        elif not reader.streams or (reader.is_over and not connection.streams):
            self._end(connection)
        else:
            self._stream(connection, reader)

    def _stream(self, connection: _Connection, reader: Reader) -> None:
        for _ in range(MOST_CHUNKS):
            begins = not connection.streams
            head = b""
            if begins:
                line, fields = reader.head(begins=True)
                head = self._on_wire(line, [*fields, ("Transfer-Encoding", "chunked")], b"")
                connection.streams = True
            data = reader.take(CHUNK)
            connection.over = reader.is_over
            if data or connection.over:
                chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
                connection.left = memoryview(b"".join((head, chunk, _END if connection.over else b"")))
                self._send(connection)
            if connection.left or connection.over or not data:
                return
            self._set_until(connection, time.monotonic() + SILENT_SECONDS)
        self._watch(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _end(self, connection: _Connection, problem: bytes | None = None) -> None:
        """End the answer: that of a poll has what there is by now, or the problem."""
        reader = connection.reader
        if connection.left or reader is None:
            raise ConnectionAbortedError
        if connection.streams:
            content = _END
        elif problem is not None:
            content = problem
        else:
            data = reader.take(POLL_BYTES)
            line, fields = reader.head()
            length = [("Content-Length", str(len(data)))] if data else []
            content = self._on_wire(line, [*fields, *length], data)
        self._reply(connection, content)

    def _reply(self, connection: _Connection, content: bytes) -> None:
        connection.over = True
        connection.left = memoryview(content)
        self._send(connection)

    def _send(self, connection: _Connection) -> None:
        """Send what is left, and go on from there when the client has taken all of it."""
        sent = 0
        with suppress(BlockingIOError):
            sent = connection.conn.sock.send(connection.left)
        connection.left = connection.left[sent:] if sent < len(connection.left) else _NOTHING
        if connection.left:
            self._watch(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
            self._set_until(connection, time.monotonic() + SEND_SECONDS)
        elif connection.over:
            self._on_answered(connection)
        elif connection.watched & selectors.EVENT_WRITE:
            self._watch(connection, connection.watched & ~selectors.EVENT_WRITE)
            self._set_until(connection, time.monotonic() + SILENT_SECONDS)
            self._go_on(connection)

    def _on_answered(self, connection: _Connection) -> None:
        self._release(connection)
        if self._bell.stopping:
            self._lose(connection)
            return
        self._watch(connection, selectors.EVENT_READ)
        self._set_until(connection, time.monotonic() + IDLE_SECONDS)

    def _release(self, connection: _Connection) -> None:
        clip, connection.clip, connection.reader = connection.clip, None, None
        connection.streams = connection.over = False
        if clip is not None:
            clip.held.discard(connection)
            clip.used = time.monotonic()
            if not clip.held:
                self._bell.unfollow((clip.reading.name,))
        if connection.admitted:
            connection.admitted = False
            self._site.admission.leave()

    def _lose(self, connection: _Connection) -> None:
        self._release(connection)
        self._watch(connection, 0)
        connection.due = 0.0
        self._drop(connection.conn)
