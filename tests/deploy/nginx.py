"""A real nginx for tests, set up by the files of `deploy/nginx`, in front of `mozchat run` at a unix socket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from tests.running import RunningSite, free_port

DEPLOY = Path(__file__).parent.parent.parent / "deploy" / "nginx"
STARTED_WITHIN = 20.0
MAIN = """
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""
EXISTING = """
    include {deploy}/upstreams.conf;
    server {{
        listen 127.0.0.1:{port};
        root {html};
        include {deploy}/mozchat-below.conf;
    }}
"""


class Nginx:
    """nginx on a port of its own, with `mozchat.conf`, or with `mozchat-below.conf` in a site that there was;
    behind it the site, whose `.env` is as the file says. All of it is below `folder`."""

    def __init__(self, folder: Path, *, below: bool) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.threads = self.home / "threads"
        self.threads.mkdir(parents=True)
        self.below = below
        self.port = free_port()
        self.url = f"http://localhost:{self.port}/forum" if below else f"https://localhost:{self.port}"
        self.hub_port = free_port()
        self._recipe = "mozchat-below.conf" if below else "mozchat.conf"
        self._install()
        self.site = RunningSite(self.threads, at=folder / "site.sock")
        self.site.cwd = self.home
        self._log = (folder / "nginx.log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start both, and wait until they answer."""
        program = shutil.which("nginx")
        if program is None:
            raise RuntimeError("nginx is missing: apt-get install nginx (or `make test` as root)")
        self.site.start()
        command = [program, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", "nginx.conf"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        began = time.monotonic()
        while not (self.folder / "nginx.pid").exists():
            said = (self.folder / "nginx.log").read_text()
            assert self._process.poll() is None, said
            assert time.monotonic() - began < STARTED_WITHIN, said
            time.sleep(0.02)

    def stop(self) -> None:
        """End both."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        self._log.close()
        self.site.stop()

    def reload(self) -> None:
        """Have new processes of the site take over from the old ones, as `systemctl reload` does."""
        self.site.reload()

    def _install(self) -> None:
        """The recipe as it is, but for the places of this test."""
        deploy = self.folder / "deploy"
        deploy.mkdir()
        places = {
            "/srv/mozchat/deploy/nginx": str(deploy),
            "/srv/mozchat": str(self.home),
            "/run/mozchat/site.sock": str(self.folder / "site.sock"),
            "/var/cache/nginx/mozchat": str(self.folder / "cache"),
            "forum.example.org": "localhost",
            "127.0.0.1:8080": f"127.0.0.1:{self.hub_port}",
        }
        for file in DEPLOY.glob("*.conf"):
            text = file.read_text()
            for place, ours in places.items():
                text = text.replace(place, ours)
            (deploy / file.name).write_text(text)
        settings = re.findall(r"(?m)^#     (MOZCHAT_\w+=\S+)$", (deploy / self._recipe).read_text())
        assert len(settings) == 3
        env = "\n".join(["MOZCHAT_MIN_FREE_BYTES=0", *settings, ""])
        (self.home / ".env").write_text(re.sub(r"(?<=MOZCHAT_PUBLIC_URL=).*", self.url, env))
        site = self._existing(deploy) if self.below else self._own(deploy)
        user = "user root;" if os.geteuid() == 0 else ""
        main = MAIN.format(user=user, folder=self.folder, site=site)
        (self.folder / "nginx.conf").write_text(main)

    def _existing(self, deploy: Path) -> str:
        html = self.folder / "html"
        html.mkdir()
        (html / "index.html").write_text("<p>The site that there was.")
        return EXISTING.format(deploy=deploy, port=self.port, html=html)

    def _own(self, deploy: Path) -> str:
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        text = (deploy / "mozchat.conf").read_text()
        for pattern, ours in (
            (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
            (r"listen 443 ", f"listen 127.0.0.1:{self.port} "),
            (r"ssl_certificate /.*;", f"ssl_certificate {certificate};"),
            (r"ssl_certificate_key /.*;", f"ssl_certificate_key {key};"),
        ):
            text, count = re.subn(pattern, ours, text)
            assert count == 1, pattern
        (deploy / "mozchat.conf").write_text(text)
        return f"include {deploy}/mozchat.conf;"
