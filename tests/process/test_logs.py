"""What a running site writes to stderr."""

import re
import socket

import pytest

from tests.process.test_worker import WALK, read_answer
from tests.running import Client

pytestmark = pytest.mark.process

LINE = re.compile(r"[0-9T:.-]{23}Z (DEBUG|INFO|WARNING|ERROR) [\w.]+\[\d+\]: .+")


def test_every_line_has_the_same_form_and_none_has_a_token(run_site):
    site = run_site("--workers", "1", threads=WALK, environment={"MOZCHAT_LOG_LEVEL": "DEBUG"})
    ann = Client(site).join("walk", "Ann")
    for broken in (f"Authorization : Bearer {ann.token}", f"Cookie: mozchat={ann.token}; a=\x01"):
        with socket.create_connection(("127.0.0.1", site.port), 10) as wire:
            wire.sendall(f"GET /walk/ HTTP/1.1\r\nHost: localhost\r\n{broken}\r\n\r\n".encode())
            assert read_answer(wire.makefile("rb"))[0] == 400
    ann.events("walk")
    site.stop()

    first, *lines = site.log.read_text().splitlines()
    assert first.startswith("mozchat ")
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert sum("Invalid HTTP" in line for line in lines) == 2
    assert ann.token not in site.log.read_text()
