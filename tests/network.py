"""A network of one's own for tests: each host on it is a network namespace of this machine, with one interface
that can be taken down and up again, and given another address, as happens to a phone on the move.

    network.host("ann")
    browser = playwright.chromium.launch(executable_path=network.launcher("ann", "/usr/bin/chromium"), …)
    network.down("ann"); network.up("ann"); network.move("ann")

Every host reaches the others, and this machine at `network.gateway(name)`, where a site (`--host 0.0.0.0`) and a
TURN server can listen. Browsers give the microphone to such a site with
`--unsafely-treat-insecure-origin-as-secure=http://<gateway>:<port>` only. Needs root and `ip` (iproute2).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class _Host:
    namespace: str
    outside: str
    subnet: str
    number: int = 2

    @property
    def address(self) -> str:
        return f"{self.subnet}.{self.number}"

    @property
    def gateway(self) -> str:
        return f"{self.subnet}.1"


class Network:
    """Hosts that are namespaces; `close` removes them all."""

    INSIDE = "eth0"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark = secrets.token_hex(3)
        self._hosts: dict[str, _Host] = {}
        self._subnets = itertools.count()
        self._second = 64 + secrets.randbelow(128)

    @staticmethod
    def missing() -> str | None:
        """What this machine lacks for it, in words; `None` where it can be had."""
        if shutil.which("ip") is None:
            return "ip is missing: apt-get install iproute2"
        if os.geteuid() != 0:
            return "network namespaces need root"
        return None

    def host(self, name: str) -> str:
        """Add a host; its address."""
        number = next(self._subnets)
        host = _Host(f"mozchat-{self._mark}-{name}", f"mz{self._mark}{number}", f"10.{self._second}.{number}")
        self._hosts[name] = host
        _ip("netns", "add", host.namespace)
        inside = ("peer", "name", self.INSIDE, "netns", host.namespace)
        _ip("link", "add", host.outside, "type", "veth", *inside)
        _ip("address", "add", f"{host.gateway}/24", "dev", host.outside)
        _ip("link", "set", host.outside, "up")
        Path(f"/proc/sys/net/ipv4/conf/{host.outside}/forwarding").write_text("1")
        _ip("-n", host.namespace, "link", "set", "lo", "up")
        _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", self.INSIDE)
        self.up(name)
        return host.address

    def gateway(self, name: str) -> str:
        """The address by which a host reaches this machine."""
        return self._hosts[name].gateway

    def launcher(self, name: str, program: str) -> Path:
        """A script that runs a program on a host, with its arguments and open files."""
        host = self._hosts[name]
        script = self._folder / f"{Path(program).name}-{host.namespace}"
        command = shlex.join(["ip", "netns", "exec", host.namespace, program])
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
        return script

    def down(self, name: str) -> None:
        """Take a host's interface down."""
        _ip("-n", self._hosts[name].namespace, "link", "set", self.INSIDE, "down")

    def up(self, name: str) -> None:
        """Bring it up (again), with its way to the others."""
        host = self._hosts[name]
        _ip("-n", host.namespace, "link", "set", self.INSIDE, "up")
        _ip("-n", host.namespace, "route", "replace", "default", "via", host.gateway)

    def move(self, name: str) -> str:
        """Take a host to another network: down, and up with another address, which is returned."""
        host = self._hosts[name]
        self.down(name)
        _ip("-n", host.namespace, "address", "flush", "dev", self.INSIDE)
        host.number += 1
        _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", self.INSIDE)
        self.up(name)
        return host.address

    def close(self) -> None:
        """Remove the hosts; what still runs there has no network any more."""
        for host in self._hosts.values():
            for arguments in (("link", "delete", host.outside), ("netns", "delete", host.namespace)):
                with contextlib.suppress(subprocess.CalledProcessError):
                    _ip(*arguments)
        self._hosts.clear()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
