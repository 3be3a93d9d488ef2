"""`mozchat run --https`, for trying the site on a phone in the same network."""

import re
import socket
import ssl
import subprocess
import sys

import pytest

from mozchat.certificate import own_address
from tests.process.test_server import WALK, Listener, wait_until_held
from tests.running import Client

pytestmark = pytest.mark.process


def certificate_of(site):
    (file,) = site.folder.glob(".https-*")
    return file


def test_it_says_where_to_open_it_and_has_a_certificate_for_that(run_site):
    site = run_site("--https", threads=WALK)
    host, port = re.search(r"on https://([\d.]+):(\d+) ", site.log.read_text()).groups()
    file = certificate_of(site)

    trusted = ssl.create_default_context(cafile=file)
    for name in (host, "127.0.0.1", "localhost"):
        with (
            socket.create_connection((name, int(port)), 10) as wire,
            trusted.wrap_socket(wire, server_hostname=name) as secured,
        ):
            secured.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert secured.recv(15)[8:] == b" 200 OK"
    assert host == own_address()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_certificate_is_kept_so_that_a_phone_asks_once(run_site):
    site = run_site("--https", threads=WALK)
    first = certificate_of(site).read_bytes()
    site.stop()

    assert certificate_of(run_site("--https")).read_bytes() == first


def test_people_listen_and_are_told_as_without_it(run_site, sample):
    site = run_site("--https", "--workers", "1", threads=WALK)
    ann = Client(site).join("walk", "Ann")
    listeners = [Listener(ann, ann.events("walk")[1]["cursor"]) for _ in range(10)]
    wait_until_held(ann, 10)

    clip = ann.upload("walk", sample("chromium-audio.webm"))[1]

    for listener in listeners:
        listener.join(10)
        assert [added["id"] for added in listener.body["clips"]["added"]] == [clip["id"]]
    cookie = Client(site).request("POST", "/api/threads/walk/session", '{"name": "Bob"}', JSON)[2][
        "Set-Cookie"
    ]
    assert "Secure" in cookie


JSON = {"Content-Type": "application/json"}


def run(folder, *arguments, **environment):
    command = [sys.executable, "-m", "mozchat", "run", "--threads", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_where_openssl_is_missing_it_says_so(tmp_path):
    done = run(tmp_path / "threads", "--https", PATH="/nowhere")

    assert done.returncode == 1
    assert "openssl makes the certificate, and it is not installed" in done.stderr


def test_a_socket_has_no_certificate(tmp_path):
    done = run(tmp_path / "threads", "--https", "--socket", str(tmp_path / "x.sock"))

    assert (done.returncode, "--https is for who comes without a server in front" in done.stderr) == (2, True)
