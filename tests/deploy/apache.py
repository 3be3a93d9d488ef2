"""A real Apache for tests, set up as Debian does it, with sites from `deploy/`."""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.deploy.scenario import Place
from tests.running import free_port

MODULES = Path("/usr/lib/apache2/modules")
STARTED_WITHIN = 30.0
NEEDED = {"wsgi": "libapache2-mod-wsgi-py3", "xsendfile": "libapache2-mod-xsendfile"}
NEEDED |= {"passenger": "libapache2-mod-passenger"}
USUAL = (
    *(
        "mpm_event",
        "authz_core",
        "authz_host",
        "alias",
        "mime",
        "env",
        "setenvif",
        "filter",
        "deflate",
        "dir",
    ),
    *("autoindex", "negotiation", "reqtimeout", "socache_shmcb", "asis", "headers", "rewrite"),
)
"""What Debian loads at once, and asis, headers and rewrite."""
CONF = """
ServerName localhost
ServerRoot /etc/apache2
{modules}
{listen}
PidFile {folder}/pid
ErrorLog {folder}/error.log
LogLevel warn
DefaultRuntimeDir {folder}
WSGI_PREFIX
User www-data
Group www-data
Timeout 300
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
TypesConfig /etc/mime.types
StartServers 2
MinSpareThreads 25
MaxSpareThreads 75
ThreadLimit 64
ThreadsPerChild 25
MaxRequestWorkers 150
RequestReadTimeout header=20-40,minrate=500
RequestReadTimeout body=10,minrate=500
AddOutputFilterByType DEFLATE text/html text/plain text/xml text/css text/javascript application/javascript
AddOutputFilterByType DEFLATE application/json
<FilesMatch "^\\.ht">
    Require all denied
</FilesMatch>
<Directory />
    Options FollowSymLinks
    AllowOverride None
    Require all denied
</Directory>
"""


def changed(recipe: Path, **lines: object) -> str:
    """A recipe, with the lines changed that it says are to be changed."""
    text = recipe.read_text()
    for name, value in lines.items():
        text, count = re.subn(rf"(?m)^Define {name} .*$", f"Define {name} {value}", text)
        assert count == 1, name
    return text


class Apache:
    """`apache2` as a child of the tests, its files in a folder that www-data reaches. `site` is what stands in
    `sites-enabled`: text with the port for `{port}`."""

    def __init__(self, folder: Path, site: str, modules: tuple[str, ...], *, secure: bool = False) -> None:
        self.port = free_port()
        self.secure = secure
        self.folder = folder
        self._conf = folder / "apache2.conf"
        self.log = folder / "error.log"
        missing = [NEEDED[name] for name in modules if not (MODULES / f"mod_{name}.so").exists()]
        program = shutil.which("apache2", path="/usr/sbin:/usr/bin")
        if missing or program is None:
            missing += [] if program else ["apache2"]
            raise RuntimeError(f"apt-get install {' '.join(missing)} (or `make test` as root, which does it)")
        self._program = program
        loaded = "\n".join(
            f"LoadModule {name}_module {MODULES}/mod_{name}.so"
            for name in (*USUAL, *modules, *(["ssl"] if secure else []))
        )
        listen = f"Listen 127.0.0.1:{self.port}{' https' if secure else ''}"
        text = CONF.replace("WSGI_PREFIX", f"WSGISocketPrefix {folder}/wsgi" if "wsgi" in modules else "")
        text = text.format(modules=loaded, listen=listen, folder=folder)
        self._conf.write_text(text + site.replace("{port}", str(self.port)))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        command = [self._program, "-f", str(self._conf), "-DFOREGROUND"]
        with (self.folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            self._wait(self._answers)
        except BaseException:
            self.stop()
            raise

    def graceful(self) -> None:
        """What `apachectl graceful` does; back when Apache has read its configuration again."""
        assert self._process is not None
        before = self.log.read_text().count("resuming normal operations")
        self._process.send_signal(signal.SIGUSR1)
        self._wait(lambda: self.log.read_text().count("resuming normal operations") > before)

    def stop(self) -> None:
        """End it."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def _wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + STARTED_WITHIN
        while not condition():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > end:
                ended = self._process.poll()
                raise AssertionError(f"Apache does not answer (ended with {ended}): {self.told()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        scheme = "https" if self.secure else "http"
        place = Place(f"{scheme}://localhost:{self.port}", self.folder)
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(place.visitor().request("GET", "/")[0])
        return False

    def told(self) -> str:
        """What it wrote."""
        files = (self.folder / "output.log", self.log)
        return "\n".join(file.read_text() for file in files if file.exists())
