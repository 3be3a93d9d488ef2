"""A real nginx in front of a site, right on one port and wrong in one way on each other."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.running import RunningSite, free_port

STARTED_WITHIN = 10.0
ALL = """
client_max_body_size 4m;
location / { proxy_pass http://127.0.0.1:<site>; proxy_http_version 1.1; proxy_set_header Host $http_host; }
"""
CERTIFICATE = f"{ALL} ssl_certificate <pem>; ssl_certificate_key <pem>;"
WAYS = {
    "right": ALL,
    "small bodies": ALL.replace("4m", "1m"),
    "short polls": f"{ALL} proxy_read_timeout 500ms;",
    "serves the folder": f"{ALL} location /threads/ {{ root <home>; }}",
    "serves all": "root <home>;"
    + ALL.replace("location /", "location / { try_files $uri @site; } location @site"),
    "eats Range": ALL.replace("$http_host;", '$http_host; proxy_set_header Range "";'),
    "eats Authorization": ALL.replace("$http_host;", '$http_host; proxy_set_header Authorization "";'),
    "eats the cookie": f"{ALL} proxy_hide_header Set-Cookie;",
    "bars methods": f"if ($request_method = PATCH) {{ return 405; }} {ALL}",
    "other path": ALL.replace("location /", "location /forum/").replace("<site>;", "<site>/;"),
    "nobody behind": "location / { proxy_pass http://127.0.0.1:<nobody>; }",
    "leads on": "location / { return 301 https://forum.example$request_uri; }",
    "something else": "location / { return 200 hello; }",
    "certificate": CERTIFICATE,
    "old certificate": CERTIFICATE.replace("<pem>", "<old>"),
}
"""The inside of a server block for each; those about certificates speak https."""
_CONF = """
daemon off; worker_processes 1; pid <folder>/nginx.pid; error_log <folder>/error.log; <user>
events { worker_connections 512; }
http {
  access_log off; default_type application/octet-stream;
  client_body_temp_path <folder>/b; proxy_temp_path <folder>/p; fastcgi_temp_path <folder>/f;
  uwsgi_temp_path <folder>/u; scgi_temp_path <folder>/s;
  <servers>
}
"""


class Nginx:
    """`url(way)` is where the site is reached in one of `WAYS`; `authority` is who signed its certificate."""

    def __init__(self, folder: Path, site: RunningSite):
        self._folder = folder
        self._site = site
        self._ports = dict(zip(WAYS, _free_ports(len(WAYS)), strict=True))
        self._process = None
        self.authority = folder / "localhost.pem"

    def url(self, way: str) -> str:
        """The public URL in one of the ways."""
        scheme = "https" if "certificate" in way else "http"
        return f"{scheme}://localhost:{self._ports[way]}" + ("/forum" if way == "other path" else "")

    def start(self) -> None:
        """Start, and wait until it listens."""
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            raise RuntimeError("nginx is missing: apt-get install nginx-light (or `make test` as root)")
        self._certify("localhost.pem", 300)
        self._certify("old.pem", 3)
        conf = self._folder / "nginx.conf"
        conf.write_text(self._configuration())
        self._process = subprocess.Popen([program, "-p", self._folder, "-c", conf], stderr=subprocess.PIPE)
        began = time.monotonic()
        while not all(map(_listens, self._ports.values())):
            if self._process.poll() is not None or time.monotonic() - began > STARTED_WITHIN:
                raise AssertionError(f"nginx does not start: {self._process.stderr.read()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
        self._process.stderr.close()

    def _configuration(self) -> str:
        values = {
            "servers": "\n".join(self._server(way) for way in WAYS),
            "user": "user root;" if os.geteuid() == 0 else "",
            "folder": self._folder,
            "site": self._site.port,
            "home": self._site.folder.parent,
            "nobody": free_port(),
            "pem": self.authority,
            "old": self._folder / "old.pem",
        }
        text = _CONF
        for name, value in values.items():
            text = text.replace(f"<{name}>", str(value))
        return text

    def _server(self, way: str) -> str:
        secure = " ssl" if "certificate" in way else ""
        return f"server {{ listen 127.0.0.1:{self._ports[way]}{secure}; {WAYS[way]} }}"

    def _certify(self, name: str, days: int) -> None:
        """A certificate for localhost that signs itself, with its key, in one file."""
        file = self._folder / name
        command = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
        )
        made = subprocess.run(
            [
                *command.split(),
                *("-addext", "subjectAltName=DNS:localhost", "-days", str(days)),
                *("-keyout", file.with_suffix(".key"), "-out", file),
            ],
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        file.write_text(file.read_text() + file.with_suffix(".key").read_text())


def _free_ports(number: int) -> list[int]:
    """So many different ones."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
