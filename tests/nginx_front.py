"""A real nginx in front of a site, as it is where nobody has told it about mozchat."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.running import free_port

STARTED_WITHIN = 20.0
BUFFERING = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; "
"""Answers are handed on when they fill a buffer: it asks by HTTP/1.0, and does not listen to who knows better."""
WITHOUT_POLICY = "proxy_buffering off; proxy_http_version 1.1; proxy_hide_header Content-Security-Policy; "
"""For scripts of tests in browsers that cannot be told to pass over it."""
CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{to};
            proxy_set_header Host $http_host;
            {lines}
        }}
    }}
}}
"""


class NginxFront:
    """nginx in front of a port of this machine, with further lines of its configuration."""

    def __init__(self, folder: Path, to: int, lines: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        user = "user root;" if os.geteuid() == 0 else ""
        text = CONFIGURATION.format(folder=folder, port=self.port, to=to, lines=lines, user=user)
        (folder / "nginx.conf").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise RuntimeError("nginx is missing: apt-get install nginx (or `make test` as root)")
        errors = self.folder / "error.log"
        self._process = subprocess.Popen([program, "-p", self.folder, "-e", errors, "-c", "nginx.conf"])
        began = time.monotonic()
        while not (self.folder / "nginx.pid").exists():
            assert self._process.poll() is None, errors.read_text()
            assert time.monotonic() - began < STARTED_WITHIN, errors.read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
