"""The bell of a site: whoever changes a thread wakes the listeners of all processes.

Every process that has listeners binds a unix datagram socket in the site's run folder; a writer sends the
thread's name to each. It is its user's own, and the group's too where the folder is. One OS thread a process
receives them, looks once a second at everything listened to (what silent participants and administrators do
rings no bell), and wakes the listeners through a condition. Where sockets cannot be had, it looks every 10 ms
instead. So waiting costs by threads, not by listeners.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import stat
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from mozchat.storage.files import COARSE_NS, Signature, signature

LOOK_SECONDS = 1.0
LOOK_SECONDS_WITHOUT_SOCKET = 0.01
REST_SECONDS = 0.05
_STOP = b"\x00stop"
_SUFFIX = ".bell"
_log = logging.getLogger(__name__)


class _Watched:
    """A thread with listeners in this process."""

    def __init__(self, fingerprint: object) -> None:
        self.listeners = 0
        self.generation = 0
        self.fingerprint = fingerprint


class Bell:
    """One process's end. `fingerprint(name)` gives something that differs whenever a thread's listeners may
    have to be told; `upkeep()` is called about once a second while the watcher runs."""

    def __init__(
        self, run_folder: Path, fingerprint: Callable[[str], object], upkeep: Callable[[], None]
    ) -> None:
        self._folder = run_folder
        self._fingerprint = fingerprint
        self._upkeep = upkeep
        self._changed = threading.Condition()
        self._watched: dict[str, _Watched] = {}
        self._socket: socket.socket | None = None
        self._address: Path | None = None
        self._watcher: threading.Thread | None = None
        self._sender = _datagram_socket()
        self._peers: tuple[Signature | None, list[Path]] = (None, [])
        """The folder's signature, where its next change will change that, and the bells that were in it."""
        self.heard: Callable[[Collection[str]], None] | None = None
        """Called with the names of threads listened to that have changed, and with none when it is time to
        stop; in any OS thread. For listeners that do not wait in a thread of their own."""
        self.stopping = False

    def ring(self, name: str) -> None:
        """Something has changed in a thread."""
        if name in self._watched:
            self._wake({name: self._look(name)})
        for peer in self._bells():
            if peer != self._address:
                self._send(peer, name.encode())

    def follow(self, names: Collection[str]) -> None:
        """One listener more for each of these threads: from now on their changes are followed."""
        for name in names:
            fingerprint = None if name in self._watched else self._look(name)
            with self._changed:
                watched = self._watched.get(name)
                if watched is None:
                    watched = self._watched[name] = _Watched(fingerprint)
                    self._changed.notify_all()
                watched.listeners += 1
        self.start()

    def unfollow(self, names: Collection[str]) -> None:
        """The reverse of `follow`."""
        with self._changed:
            for name in names:
                watched = self._watched[name]
                watched.listeners -= 1
                if not watched.listeners:
                    del self._watched[name]

    @contextlib.contextmanager
    def listen(self, names: Collection[str]) -> Iterator[None]:
        """While this context lasts, changes of the threads are followed."""
        self.follow(names)
        try:
            yield
        finally:
            self.unfollow(names)

    def follows(self, name: str) -> bool:
        """Whether a thread has listeners in this process."""
        return name in self._watched

    def generation(self, names: Collection[str]) -> int:
        """Read before looking at threads that are followed; `wait` returns at once if it has moved on since."""
        with self._changed:
            return sum(self._watched[name].generation for name in names)

    def wait(self, names: Collection[str], generation: int, seconds: float) -> None:
        """Wait until the generation of these threads is another than `generation`, or the time is over, or the
        process stops. Called inside `listen`."""
        with self._changed:
            watched = [self._watched[name] for name in names]
            self._changed.wait_for(
                lambda: self.stopping or sum(each.generation for each in watched) != generation, seconds
            )

    def stop(self) -> None:
        """Release all listeners. Safe in a signal handler: it only sets a flag and sends one datagram."""
        self.stopping = True
        if self._address:
            self._send(self._address, _STOP)

    def close(self) -> None:
        """Stop, and wait until the watcher has put everything away."""
        self.stop()
        watcher = self._watcher
        if watcher is not None and watcher.is_alive():
            watcher.join()
        if self._sender:
            self._sender.close()

    # --- the watcher ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Have the watcher run in this process. Started late, since a server may fork after it has loaded us."""
        with self._changed:
            if self._watcher is None or not self._watcher.is_alive():
                self._socket, self._address = self._bind()
                self._watcher = threading.Thread(target=self._watch, name="mozchat-bell", daemon=True)
                self._watcher.start()

    def _bind(self) -> tuple[socket.socket | None, Path | None]:
        address = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        bell = _datagram_socket()
        if bell is None:
            return None, None
        try:
            self._folder.mkdir(mode=0o770, exist_ok=True)
            bell.bind(str(address))
            is_shared = self._folder.stat().st_mode & stat.S_IWGRP
            address.chmod(0o660 if is_shared else 0o600)
        except OSError as error:
            _log.warning("no bell at %s (%s): looking at the files every 10 ms instead", address, error)
            bell.close()
            return None, None
        return bell, address

    def _watch(self) -> None:
        looked = time.monotonic()
        while not self.stopping:
            unheard = not self._watched
            rung = {name: self._look(name) for name in self._receive() if name in self._watched}
            now = time.monotonic()
            if unheard:
                self._rest()
            if self._socket is None or unheard or now - looked >= LOOK_SECONDS:
                rung |= self._look_around()
            if rung:
                self._wake(rung)
            if now - looked >= LOOK_SECONDS:
                looked = now
                self._mend()
                self._upkeep()
        self._wake({})
        if self._socket and self._address:
            self._socket.close()
            with contextlib.suppress(OSError):
                self._address.unlink()

    def _rest(self) -> None:
        """While nobody listens in this process, rings are not worth a wake-up each. Whoever follows a thread ends
        that; some of the rings may be lost by then, since the socket holds a few only."""
        with self._changed:
            self._changed.wait_for(lambda: self._watched or self.stopping, REST_SECONDS)

    def _wake(self, rung: dict[str, object]) -> None:
        """Wake the listeners of the threads that were rung for, which now have these fingerprints."""
        with self._changed:
            heard = [name for name in rung if name in self._watched]
            for name in heard:
                self._watched[name].generation += 1
                self._watched[name].fingerprint = rung[name]
            self._changed.notify_all()
        if self.heard and (heard or self.stopping):
            self.heard(heard)

    def _receive(self) -> set[str]:
        """The names that were rung; waits for the first, then takes whatever else is there."""
        if self._socket is None:
            time.sleep(LOOK_SECONDS_WITHOUT_SOCKET)
            return set()
        rung: set[str] = set()
        self._socket.settimeout(LOOK_SECONDS)
        try:
            while True:
                datagram = self._socket.recv(256)
                if datagram != _STOP:
                    rung.add(datagram.decode("ascii", "replace"))
                self._socket.setblocking(False)
        except OSError:
            return rung

    def _look_around(self) -> dict[str, object]:
        with self._changed:
            known = {name: watched.fingerprint for name, watched in self._watched.items()}
        now = {name: self._look(name) for name in known}
        return {name: fingerprint for name, fingerprint in now.items() if fingerprint != known[name]}

    def _look(self, name: str) -> object:
        try:
            return self._fingerprint(name)
        except Exception as error:
            return type(error)

    def _mend(self) -> None:
        """Bind again where somebody has emptied the run folder."""
        if self._address is not None and not self._address.exists():
            if self._socket:
                self._socket.close()
            self._socket, self._address = self._bind()

    def _bells(self) -> list[Path]:
        """The bells of all processes."""
        found = signature(self._folder)
        known, peers = self._peers
        if found is None or found != known:
            try:
                names = os.listdir(self._folder)  # noqa: PTH208
            except OSError:
                return []
            peers = [self._folder / name for name in names if name.endswith(_SUFFIX)]
            settled = found is not None and time.time_ns() - found[2] > COARSE_NS
            self._peers = found if settled else None, peers
        return peers

    def _send(self, address: Path, datagram: bytes) -> None:
        if self._sender is None:
            return
        try:
            self._sender.sendto(datagram, str(address))
        except ConnectionRefusedError:
            with contextlib.suppress(OSError):
                address.unlink()
        except OSError:
            pass  # gone, or its queue is full and it is about to look anyway


def _datagram_socket() -> socket.socket | None:
    try:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.setblocking(False)
        return made
    except (OSError, AttributeError):
        return None
