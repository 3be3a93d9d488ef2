"""gunicorn's worker with threads, which holds listeners without a thread each and answers most polls at once.

A question for events is told by its bytes, before gunicorn reads them. One that has nothing new is answered in the
worker's main loop, or held there: a held listener is a connection that the loop watches and a place in a table.
When the bell rings, one OS thread looks for all listeners of the thread that was rung for, and answers. An upload
is told by its bytes too, and its body goes from the connection straight to who stores it. Everything else, and
every such request that is not of the plainest form, goes gunicorn's own way.
"""

from __future__ import annotations

import fcntl
import heapq
import itertools
import logging
import re
import selectors
import socket
import sys
import termios
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.workers import gthread

from mozchat.live_loop import LiveLoop
from mozchat.services import clips
from mozchat.upload_loop import UploadLoop
from mozchat.web.bare import Answer, answered, prepared
from mozchat.web.events import NO_ROOM, NOTHING, EventsApp, Kept
from mozchat.web.listener import Listener
from mozchat.web.proxies import Proxies

MOST_HEAD_BYTES = 4096
SEND_SECONDS = 30.0
"""How long the last byte of an answer may take on its way to a client that reads slowly."""
SILENT_SECONDS = 30.0
"""After this long without a byte an upload counts as broken off; what has come of it is kept."""
MOST_QUICK_BYTES = 64_000
"""An upload of this size that waits for nothing is over in less than a millisecond."""
AT_ONCE = 50
"""Listeners that are answered before their connections are taken back."""
SWITCH_SECONDS = 0.001
"""How long Python lets one OS thread compute while others want to: at the 5 ms that it has by default, a request
among many listeners waits for that several times."""

_FIELDS = rb" HTTP/1\.1\r\n(?:[A-Za-z0-9-]+:[\t -~]*\r\n)+\r\n"
_THREAD = "mozchat.thread"
"""Where the request of an upload has its thread's name."""
_NOT_PLAIN = {"TRANSFER_ENCODING", "EXPECT", "UPGRADE", "HTTP2_SETTINGS"}
_OWN_NAMES = {"CONTENT_LENGTH", "CONTENT_TYPE"}
_NEEDED = {
    gthread.ThreadWorker: (
        "accept enqueue_req finish_request murder_keepalived on_client_socket_readable on_pending_socket_readable "
        "wait_for_and_dispatch_events handle_exit"
    ),
    getattr(gthread, "TConn", object): "set_timeout wait_for_data close",
    getattr(gthread, "PollableMethodQueue", object): "defer",
}
_log = logging.getLogger(__name__)


def fits() -> bool:
    """Whether the gunicorn that is installed has the parts that this is built on."""
    there = all(hasattr(kind, name) for kind, names in _NEEDED.items() for name in names.split())
    return (
        there
        and hasattr(gthread, "STOP_KEEPALIVE_LINGER")
        and "graceful" in gthread.TConn.close.__code__.co_varnames
    )


@dataclass
class Asked:
    """A connection whose question is looked into by another OS thread: the head of the request, and the listener
    that is kept for it or what it says. In the end, `content` is the answer, or else `waiting` the listener."""

    connection: Any
    head: bytes
    kept: Listener | None
    environ: dict[str, str]
    admitted: bool = False
    content: bytes | None = None
    waiting: Listener | None = None

    def accepted(self) -> str:
        """The encodings that the client takes."""
        return self.kept.accepted if self.kept else self.environ.get("HTTP_ACCEPT_ENCODING", "")


class Held:
    """A connection whose listener waits."""

    def __init__(self, connection: Any, listener: Listener) -> None:
        self.connection = connection
        self.listener = listener
        self.until = time.monotonic() + listener.seconds
        self.generation = 0
        self.looking = False
        """Somebody looks for it just now, in another OS thread."""
        self.content: bytes | None = None
        """The answer that was found."""
        self.over = False
        """It waits no longer."""


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """The worker. Everything runs in the main loop where the docstring does not name another OS thread."""

    def init_process(self) -> None:
        """As gunicorn calls it, in the new process; returns when the process is to end."""
        self._kept: Kept[tuple[str, bytes]] = Kept()
        self._held: defaultdict[str, set[Held]] = defaultdict(set)
        self._by_time: list[tuple[float, int, Held]] = []
        self._numbers = itertools.count()
        self._asked: list[Asked] = []
        self._refreshed = False
        self._looker = ThreadPoolExecutor(1, "mozchat-looker")
        self._asker = ThreadPoolExecutor(2, "mozchat-asker")
        self._uploads = UploadLoop(self._quick_upload, self._store, self._give_back, self._defer_drop)
        sys.setswitchinterval(SWITCH_SECONDS)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, and listen to its bell."""
        super().load_wsgi()
        self._proxies: Proxies = self.wsgi.extensions["mozchat-proxies"] or Proxies()
        self._plain, self._upload, self._as_it_comes = _patterns(self._proxies.prefix)
        self._live = LiveLoop(
            self.wsgi.extensions["mozchat-live"],
            settle=self._proxies.settle,
            take=self._live_request,
            on_wire=_on_wire,
            content_of=content_of,
            give_back=self._give_back,
            drop=self._defer_drop,
        )
        self._events: EventsApp = self.wsgi.extensions["mozchat-events"]
        self._site = self._events.site
        self._bell = self._site.store.bell
        self._bell.heard = self._on_bell

    # --- connections that have sent something --------------------------------------------------------------

    def enqueue_req(self, conn: Any) -> None:
        """A connection, new or kept, may have sent a request."""
        if conn.parser is not None and conn.parser.unreader.buf.getvalue():
            super().enqueue_req(conn)  # gunicorn has read a part of it already
            return
        head = _peek(conn.sock)
        if head is None:
            self._await_request(conn)
        elif not head:
            self._drop(conn)
        elif self.alive and (self._kept.get((_peer(conn), head)) or self._plain.fullmatch(head)):
            conn.sock.setblocking(False)
            self._ask(conn, head)
        elif (
            self.alive
            and (upload := self._upload.match(head))
            and (environ := _upload_environ(upload, _peer(conn)))
        ):
            self._take_upload(conn, upload[0], environ)
        elif live := self._live_request(conn):
            conn.sock.setblocking(False)
            self._live.add(conn, live)
        else:
            self._leave_to_gunicorn(conn)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """A kept connection has sent something. The poll that comes most often is answered where it stands."""
        head = _peek(client) or b""
        listener = self._kept.get((_peer(conn), head)) if self.alive else None
        if listener and not listener.seconds and listener.is_calm():
            client.recv(len(head))
            self._refreshed = True
            conn.set_timeout()
            if not _send_now(client, nothing()):
                self.poller.unregister(client)
                self.keepalived_conns.remove(conn)
                self._drop(conn)
            return
        super().on_client_socket_readable(conn, client)

    def _await_request(self, conn: Any) -> None:
        """Watch a connection that has not sent anything, without a thread; for a moment also when this process is
        to end, since the request of one that was just let in may be under way."""
        conn.sock.setblocking(False)
        self._set_timeout(conn)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _leave_to_gunicorn(self, conn: Any) -> None:
        conn.data_ready = True
        super().enqueue_req(conn)

    # --- uploads --------------------------------------------------------------------------------------------

    def _take_upload(self, conn: Any, head: bytes, environ: dict[str, Any]) -> None:
        is_quick = self._is_quick(conn, len(head), environ)
        conn.sock.recv(len(head))
        if is_quick:
            conn.sock.setblocking(False)
            self._uploads.add(conn, environ)
        else:
            self.tpool.submit(self._store_slowly, conn, environ).add_done_callback(
                partial(self._done, [conn])
            )

    def _quick_upload(self, conn: Any) -> dict[str, Any] | None:
        """In the uploads' OS thread: the quick upload that a connection has sent, if any; its head is taken."""
        upload = self._upload.match(_peek(conn.sock) or b"")
        environ = _upload_environ(upload, _peer(conn)) if upload and self.alive else None
        if upload is None or environ is None or not self._is_quick(conn, len(upload[0]), environ):
            return None
        conn.sock.recv(len(upload[0]))
        return environ

    def _is_quick(self, conn: Any, head_bytes: int, environ: dict[str, Any]) -> bool:
        """Whether storing it waits neither for the client nor for the disk: of a recording in pieces only the end
        has to be there."""
        length = int(environ["CONTENT_LENGTH"])
        if length > MOST_QUICK_BYTES or _has_come(conn.sock) < head_bytes + length:
            return False
        return environ.get("HTTP_UPLOAD_COMPLETE") == "?0" or not clips.waits_for_disk(
            self._site, environ[_THREAD]
        )

    def _store_slowly(self, conn: Any, environ: dict[str, Any]) -> None:
        """In another OS thread."""
        conn.sock.settimeout(SILENT_SECONDS)
        keeps = self._store(conn, environ)
        self.method_queue.defer(self._keep if keeps else self._drop, conn)

    def _store(self, conn: Any, environ: dict[str, Any]) -> bool:
        """In another OS thread: have the application answer, whose bare endpoints know of no other request. Tells
        whether the connection is kept."""
        body = environ["wsgi.input"] = Body(conn.sock, int(environ["CONTENT_LENGTH"]))
        begun: list[Any] = []
        payload = b"".join(self.wsgi(environ, lambda line, fields: begun.extend((line, fields))))
        line, headers = begun
        keeps = self.alive and not body.left
        try:
            _send_whole(conn.sock, _on_wire(line, headers, payload, keeps=keeps))
            if keeps:
                conn.sock.setblocking(False)
            else:
                util.close_graceful(conn.sock)
        except OSError:
            keeps = False
        return keeps

    def _give_back(self, conn: Any) -> None:
        """In the uploads' OS thread."""
        self.method_queue.defer(self._await_next, conn)

    def _await_next(self, conn: Any) -> None:
        """A connection that has had its answer may have sent its next request already."""
        if _peek(conn.sock) is None:
            self._keep(conn)
        else:
            self.enqueue_req(conn)

    def _defer_drop(self, conn: Any) -> None:
        """In another OS thread."""
        self.method_queue.defer(self._drop, conn)

    # --- clips that are read as they come -------------------------------------------------------------------

    def _live_request(self, conn: Any) -> dict[str, str] | None:
        """In any OS thread: the request for a clip's bytes as they come that a connection has sent, if any; it is
        taken."""
        head = self._as_it_comes.fullmatch(_peek(conn.sock) or b"")
        environ = _environ_of(head[0], _peer(conn)) if head and self.alive else None
        if head is None or environ is None or "CONTENT_LENGTH" in environ:
            return None
        if not self._live.concerns(environ):
            return None
        conn.sock.recv(len(head[0]))
        return environ

    # --- questions ------------------------------------------------------------------------------------------

    def _ask(self, conn: Any, head: bytes) -> None:
        listener = self._kept.get((_peer(conn), head))
        environ = {} if listener else _environ_of(head, _peer(conn))
        if environ is None or "CONTENT_LENGTH" in environ:
            self._leave_to_gunicorn(conn)
            return
        conn.sock.recv(len(head))
        if listener and listener.is_calm():
            self._wait(conn, listener, None)
        else:
            self._asked.append(Asked(conn, head, listener, environ))

    def _look_first(self, asked: list[Asked]) -> None:
        """In another OS thread: look for those who have just asked."""
        for each in asked:
            answer = answered(partial(self._first, each), "events")
            each.content = None if answer is NOTHING else content_of(answer, each.accepted())
        self.method_queue.defer(self._on_looked_first, asked)

    def _first(self, asked: Asked) -> Answer:
        """In another OS thread."""
        listener = asked.kept or self._listener(asked.environ)
        asked.admitted = bool(listener.seconds) and self._site.admission.enter(None)
        answer = listener.first(waits=asked.admitted)
        if answer is None:
            self._kept.keep((_peer(asked.connection), asked.head), listener)
            asked.waiting = listener
        return answer or NOTHING

    def _listener(self, environ: dict[str, str]) -> Listener:
        self._proxies.settle(environ)
        return self._events.listener(environ)

    def _on_looked_first(self, asked: list[Asked]) -> None:
        for each in asked:
            if each.waiting:
                self._wait(each.connection, each.waiting, each.admitted)
            else:
                if each.admitted:
                    self._site.admission.leave()
                self._answer(each.connection, each.content or nothing())

    def _wait(self, conn: Any, listener: Listener, admitted: bool | None) -> None:
        """Hold a listener for which there is nothing new, where it wants to wait and there is room."""
        if not listener.seconds:
            if admitted:
                self._site.admission.leave()
            self._answer(conn, nothing())
            return
        if admitted is None:
            admitted = self._site.admission.enter(None)
        if not admitted:
            self._answer(conn, content_of(NO_ROOM))
            return
        held = Held(conn, listener)
        self._bell.follow(listener.names)
        held.generation = self._bell.generation(listener.names)
        for name in listener.names:
            self._held[name].add(held)
        heapq.heappush(self._by_time, (held.until, next(self._numbers), held))
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_held_readable, held))
        if self._bell.stopping:
            self._end(held, nothing())
        elif not listener.is_calm():
            self._look_for([held])

    # --- held listeners -------------------------------------------------------------------------------------

    def _on_bell(self, names: Collection[str]) -> None:
        """In any OS thread: these threads or clips have changed, or with none, it is time to end."""
        self._live.on_bell(names)
        self.method_queue.defer(self._on_rung, names)

    def _on_rung(self, names: Collection[str]) -> None:
        stopping = self._bell.stopping
        rung = list(self._held) if stopping else names
        held = {each for name in rung for each in self._held.get(name, ()) if not each.looking}
        if stopping:
            for each in held:
                self._end(each, nothing())
        else:
            self._look_for(list(held))

    def _look_for(self, held: list[Held]) -> None:
        for each in held:
            each.looking = True
        self._in_thread(self._looker, self._look, held)

    def _look(self, held: list[Held]) -> None:
        """In the looker's OS thread: look for listeners, and send them what there is."""
        for each in held:
            each.generation = self._bell.generation(each.listener.names)
            answer = answered(partial(_look, each.listener), "events")
            each.content = None if answer is NOTHING else content_of(answer, each.listener.accepted)
        self.method_queue.defer(self._on_looked, held)

    def _on_looked(self, held: list[Held]) -> None:
        again = []
        for each in held:
            each.looking = False
            if each.over:
                self._drop(each.connection)
            elif each.content or self._bell.stopping or each.until <= time.monotonic():
                self._end(each, each.content or nothing())
            elif self._bell.generation(each.listener.names) != each.generation:
                again.append(each)
        if again:
            self._look_for(again)

    def _on_held_readable(self, held: Held, client: Any) -> None:
        """A client that waits has gone away, or sends its next request already, which is read afterwards."""
        self.poller.unregister(client)
        if not _peek(client):
            self._let_go(held)
            if not held.looking:
                self._drop(held.connection)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the main loop, no longer than until the next listener's time is over."""
        if self._by_time:
            timeout = max(0.0, min(timeout, self._by_time[0][0] - time.monotonic()))
        super().wait_for_and_dispatch_events(timeout)
        now = time.monotonic()
        while self._by_time and self._by_time[0][0] <= now:
            held = heapq.heappop(self._by_time)[2]
            if not held.over and not held.looking:
                self._end(held, nothing())
        if self._asked:
            asked, self._asked = self._asked, []
            self._in_thread(self._asker, self._look_first, asked)

    def _end(self, held: Held, content: bytes) -> None:
        """Answer a listener that was held."""
        self._let_go(held)
        if held.connection.sock in self.poller.get_map():
            self.poller.unregister(held.connection.sock)
        self._answer(held.connection, content)

    def _let_go(self, held: Held) -> None:
        held.over = True
        for name in held.listener.names:
            self._held[name].discard(held)
            if not self._held[name]:
                del self._held[name]
        self._bell.unfollow(held.listener.names)
        self._site.admission.leave()

    # --- answers --------------------------------------------------------------------------------------------

    def _answer(self, conn: Any, content: bytes) -> None:
        """Answer without waiting for the client; what it does not take at once is sent by another OS thread."""
        keeps = self.alive
        if not keeps:
            content = content.replace(_KEEPS, _CLOSES, 1)
        try:
            sent = conn.sock.send(content)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(conn)
            return
        if sent == len(content):
            self._keep(conn) if keeps else self._drop(conn)
        else:
            self.tpool.submit(self._send_rest, conn, content[sent:])

    def _send_rest(self, conn: Any, content: bytes) -> None:
        """In another OS thread."""
        try:
            conn.sock.settimeout(SEND_SECONDS)
            conn.sock.sendall(content)
            conn.sock.setblocking(False)
        except OSError:
            self.method_queue.defer(self._drop, conn)
        else:
            self.method_queue.defer(self._keep, conn)

    def _keep(self, conn: Any) -> None:
        """Watch a connection for its next request, which may be under way already."""
        self._set_timeout(conn)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _set_timeout(self, conn: Any) -> None:
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + gthread.STOP_KEEPALIVE_LINGER)

    def _drop(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def _in_thread(self, threads: Executor, work: Callable[[list[Any]], None], some: list[Any]) -> None:
        """Have another OS thread do something for what waits for an answer; after a fault it waits no longer."""
        for start in range(0, len(some), AT_ONCE):
            part = some[start : start + AT_ONCE]
            threads.submit(work, part).add_done_callback(partial(self._done, part))

    def _done(self, some: list[Any], future: Future[None]) -> None:
        if future.exception():
            _log.error("fault in the worker", exc_info=future.exception())
            self.method_queue.defer(self._give_up, some)

    def _give_up(self, some: list[Any]) -> None:
        for each in some:
            if isinstance(each, Held) and not each.over:
                self._let_go(each)
            connection = each.connection if isinstance(each, Held | Asked) else each
            if connection.sock in self.poller.get_map():
                self.poller.unregister(connection.sock)
            self._drop(connection)

    # --- what gunicorn does, a little different -------------------------------------------------------------

    def murder_keepalived(self, force: bool = False) -> None:
        """Close the connections that were idle for too long. gunicorn has them in the order in which that will be
        so; those that were answered where they stand are put in their place."""
        if self._refreshed:
            self._refreshed = False
            self.keepalived_conns: deque[Any] = deque(
                sorted(self.keepalived_conns, key=lambda conn: conn.timeout)
            )
        super().murder_keepalived(force)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """After gunicorn's own way. A connection that is to be closed is closed by another OS thread: that waits
        until the client has closed its end, and would have all others wait meanwhile."""
        if self.alive and not fs.cancelled() and not fs.exception() and fs.result() is False:
            self.nr_conns -= 1
            self.tpool.submit(conn.close, graceful=True)
        else:
            super().finish_request(conn, fs)


class Body:
    """The body of a request whose head is read, as WSGI's input. `left` bytes of it are still to come."""

    def __init__(self, client: socket.socket, length: int) -> None:
        self._client = client
        self.left = length

    def read(self, most: int) -> bytes:
        """The next bytes; fewer than asked for only at the end, and where the client breaks off or is silent for
        as long as its socket's timeout."""
        wanted = min(most, self.left)
        pieces = []
        while wanted and (data := self._received(wanted)):
            pieces.append(data)
            wanted -= len(data)
            self.left -= len(data)
        return b"".join(pieces)

    def _received(self, most: int) -> bytes:
        try:
            return self._client.recv(most)
        except TimeoutError:
            return b""


def _upload_environ(upload: re.Match[bytes], peer: str) -> dict[str, Any] | None:
    """An upload's head as WSGI has it; `None` where it is not plain after all, or does not say how long it is."""
    environ = _environ_of(upload[0], peer)
    if environ is None or not environ.get("CONTENT_LENGTH", "").isdigit():
        return None
    return {**environ, _THREAD: upload["thread"].decode()}


def _patterns(prefix: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """What a question for events, an upload, and a question for a clip's bytes look like, of a site under this
    path; whoever stands in front may have taken that off."""
    api = rb"(?:%b)?/api/" % re.escape(prefix.encode())
    thread = rb"threads/(?P<thread>[A-Za-z0-9_-]{1,64})/"
    question = rb"GET %b(?:%b)?events(?:\?[!\"$-~]*)?" % (api, thread)
    upload = rb"(?:POST|PATCH) %b%b(?:clips|uploads(?:/[0-9a-f]{16})?)" % (api, thread)
    media = rb"GET %b%bclips/[A-Za-z0-9_-]{1,64}/media(?:\?[!\"$-~]*)?" % (api, thread)
    return re.compile(question + _FIELDS), re.compile(upload + _FIELDS), re.compile(media + _FIELDS)


def _peer(conn: Any) -> str:
    """The address that a connection comes from; "" by a unix socket."""
    client = conn.client
    return client[0] if isinstance(client, tuple) else ""


def _environ_of(head: bytes, peer: str) -> dict[str, str] | None:
    """A plain request as WSGI has it, as far as the bare endpoints need it; `None` for one that is not plain after
    all."""
    lines = head.decode("ascii").split("\r\n")
    method, target, _ = lines[0].split(" ")
    path, _, query = target.partition("?")
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": peer}
    for name, value in _fields(lines[1:-2]):
        if name in _NOT_PLAIN or (name == "CONNECTION" and value.lower() != "keep-alive"):
            return None
        key = name if name in _OWN_NAMES else "HTTP_" + name
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        yield name.upper().replace("-", "_"), value.strip(" \t")


def _look(listener: Listener) -> Answer:
    return listener.look() or NOTHING


def nothing() -> bytes:
    """The answer that there is nothing new, as it goes over the wire: it is given most often."""
    second = int(time.time())
    content = _nothing.get(second)
    if content is None:
        _nothing.clear()
        content = _nothing[second] = content_of(NOTHING)
    return content


def content_of(answer: Answer, accepted: str = "") -> bytes:
    """An answer as it goes over the wire to a client that takes these encodings."""
    return _on_wire(*prepared(answer, accepted))


def _on_wire(status: str, headers: list[tuple[str, str]], payload: bytes, *, keeps: bool = True) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        "Server: gunicorn",
        f"Date: {util.http_date()}",
        f"Connection: {'keep-alive' if keeps else 'close'}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + payload


_KEEPS, _CLOSES = b"Connection: keep-alive\r\n", b"Connection: close\r\n"
_nothing: dict[int, bytes] = {}
"""By the second in which it was made."""


def _peek(client: socket.socket) -> bytes | None:
    """What a client has sent and nobody has read; `None` where nothing has come yet."""
    try:
        return client.recv(MOST_HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _has_come(client: socket.socket) -> int:
    """How many bytes a client has sent that nobody has read."""
    return int.from_bytes(fcntl.ioctl(client, termios.FIONREAD, bytes(4)), sys.byteorder)


def _send_whole(client: socket.socket, content: bytes) -> None:
    """Send all of it, also where the client is slow to take it."""
    try:
        sent = client.send(content)
    except BlockingIOError:
        sent = 0
    if sent < len(content):
        client.settimeout(SEND_SECONDS)
        client.sendall(content[sent:])


def _send_now(client: socket.socket, content: bytes) -> bool:
    try:
        return client.send(content) == len(content)
    except OSError:
        return False
