"""Polls with nothing new under Apache and mod_wsgi, in daemon mode and embedded in its processes."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.bench.harness import Report, cursor_of, fill, joined, room
from tests.bench.load import poll_request
from tests.bench.polls import measure
from tests.running import Client, free_port

MODULES = Path("/usr/lib/apache2/modules")
ROOT = Path(__file__).parent.parent.parent
DAEMON = "WSGIDaemonProcess mozchat processes=2 threads=15 python-path={path}\nWSGIProcessGroup mozchat"
EMBEDDED = "WSGIPythonPath {path}"
CONF = """
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
User www-data
Group www-data
KeepAlive On
MaxKeepAliveRequests 0
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
StartServers 2
ServerLimit 2
MaxRequestWorkers 50
ThreadsPerChild 25
WSGISocketPrefix {folder}/wsgi
WSGIApplicationGroup %{{GLOBAL}}
WSGIScriptAlias / {folder}/site.wsgi
{mode}
<Directory {folder}>
Require all granted
</Directory>
"""
SCRIPT = """import os
os.environ["MOZCHAT_THREADS"] = {threads!r}
from mozchat.wsgi import application
"""


class ApacheSite(NamedTuple):
    """A site under Apache: what of `RunningSite` is asked of it here."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def connection(self, timeout: float = 30.0) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)


def run(report: Report) -> None:
    """10 clips, 1 and 16 kept connections."""
    if not (MODULES / "mod_wsgi.so").exists():
        print("apache    passed over: apt install apache2 libapache2-mod-wsgi-py3")
        return
    if _python_of_module() != f"{sys.version_info.major}.{sys.version_info.minor}":
        print(f"apache    passed over: mod_wsgi is built for Python {_python_of_module()}")
        return
    for name, mode in (("daemon", DAEMON), ("embedded", EMBEDDED)):
        with _apache(mode) as site:
            fill(site, 10)
            people = [joined(site, f"Ann{number}") for number in range(16)]
            requests = [poll_request(person.token, cursor_of(people[0])) for person in people]
            for count in (1, 16):
                case = f"{name}, 10 clips, {count} connections"
                measure(report, "apache", case, site.port, [site.process.pid], requests[:count])


def _python_of_module() -> str:
    return (MODULES / "mod_wsgi.so").resolve().name.rpartition("-")[2]


@contextlib.contextmanager
def _apache(mode: str) -> Iterator[ApacheSite]:
    with tempfile.TemporaryDirectory(prefix="mozchat-bench-") as name:
        folder = Path(name)
        thread = folder / "threads" / "walk"
        thread.mkdir(parents=True)
        (thread / ".ini").write_text(room())
        (folder / "site.wsgi").write_text(SCRIPT.format(threads=str(folder / "threads")))
        packages = sysconfig.get_paths()["purelib"]
        port = free_port()
        paths = mode.format(path=f"{ROOT}:{packages}")
        (folder / "conf").write_text(CONF.format(port=port, folder=folder, modules=MODULES, mode=paths))
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "www-data", "www-data")
        folder.chmod(0o755)
        process = subprocess.Popen([shutil.which("apache2"), "-f", folder / "conf", "-DFOREGROUND"])
        site = ApacheSite(port=port, folder=folder / "threads", process=process)
        try:
            _wait_for(site, folder / "error.log")
            yield site
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _wait_for(site: ApacheSite, log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if Client(site).request("GET", "/healthz")[0] == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"Apache does not answer: {log.read_text()}")
