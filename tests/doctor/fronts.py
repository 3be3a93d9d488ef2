"""A real nginx in front of a site, right on one port and wrong in one way on each other."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.running import RunningSite, free_port

STARTED_WITHIN = 10.0
PASS = "proxy_pass http://127.0.0.1:{site}; proxy_http_version 1.1; proxy_set_header Host $http_host;"
WAYS = {
    "right": "client_max_body_size 4m; location / {{ {passed} }}",
    "small bodies": "client_max_body_size 1m; location / {{ {passed} }}",
    "short polls": "client_max_body_size 4m; location / {{ {passed} proxy_read_timeout 1s; }}",
    "serves the folder": "client_max_body_size 4m; location / {{ {passed} }} location /threads/ {{ root {home}; }}",
    "serves all": "client_max_body_size 4m; root {home}; location / {{ try_files $uri @site; }} location @site {{ {passed} }}",
    "eats Range": 'client_max_body_size 4m; location / {{ {passed} proxy_set_header Range ""; }}',
    "eats Authorization": 'client_max_body_size 4m; location / {{ {passed} proxy_set_header Authorization ""; }}',
    "eats the cookie": "client_max_body_size 4m; location / {{ {passed} proxy_hide_header Set-Cookie; }}",
    "bars methods": "client_max_body_size 4m; location / {{ if ($request_method = PATCH) {{ return 405; }} {passed} }}",
    "other path": "client_max_body_size 4m; location /forum/ {{ proxy_pass http://127.0.0.1:{site}/; proxy_set_header Host $http_host; }}",
    "nobody behind": "location / {{ proxy_pass http://127.0.0.1:{nobody}; }}",
    "leads on": "location / {{ return 301 https://forum.example$request_uri; }}",
    "something else": "location / {{ return 200 hello; }}",
    "certificate": "client_max_body_size 4m; location / {{ {passed} }} ssl_certificate {pem}; ssl_certificate_key {pem};",
    "old certificate": "client_max_body_size 4m; location / {{ {passed} }} ssl_certificate {old}; ssl_certificate_key {old};",
}
"""The inside of a server block for each; those about certificates speak https."""
_CONF = """
daemon off; master_process on; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 512; }}
http {{
  access_log off; default_type application/octet-stream;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{servers}
}}
"""


class Nginx:
    """`url(way)` is where the site is reached in one of `WAYS`; `authority` the file of who signed "certificate"."""

    def __init__(self, folder: Path, site: RunningSite):
        self._folder = folder
        self._site = site
        self._ports = {way: free_port() for way in WAYS}
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
            "site": self._site.port,
            "home": self._site.folder.parent,
            "nobody": free_port(),
            "pem": self.authority,
            "old": self._folder / "old.pem",
        }
        values["passed"] = PASS.format(**values)
        servers = "\n".join(
            f"  server {{ listen 127.0.0.1:{self._ports[way]}{' ssl' if 'certificate' in way else ''};"
            f" {inside.format(**values)} }}"
            for way, inside in WAYS.items()
        )
        user = "user root;" if self._site.folder.stat().st_uid == 0 else ""
        return _CONF.format(folder=self._folder, servers=servers, user=user)

    def _certify(self, name: str, days: int) -> None:
        """A certificate for localhost that signs itself, with its key, in one file."""
        file = self._folder / name
        subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            + ["-days", str(days), *subject, "-keyout", file.with_suffix(".key"), "-out", file],
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        file.write_text(file.read_text() + file.with_suffix(".key").read_text())


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
