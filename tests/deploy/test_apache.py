"""Apache with mod_wsgi, by the recipes in `deploy/apache`: as a site of its own with https, and below the path
`/forum/` of another site, there with mod_xsendfile."""

import contextlib
import re
import socket
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mozchat.resources import PRESET_NAMES, preset
from mozchat.web.form import MAX_BESIDE
from tests.deploy import scenario
from tests.deploy.apache import Apache, changed
from tests.deploy.checks import ServesListeners
from tests.deploy.scenario import Listener, Place

ROOT = Path(__file__).parent.parent.parent
EXISTING = """
<VirtualHost *:{{port}}>
    DocumentRoot {html}
    <Directory {html}>
        Require all granted
    </Directory>
    Include {conf}
</VirtualHost>
"""


def of_its_own(home, folder):
    """`mozchat.conf`, with a certificate made here and on a port of its own."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "90",
        "-subj",
        "/CN=localhost",
        "-keyout",
    ]
    subprocess.run([*command, key, "-out", certificate], check=True, capture_output=True)
    text = changed(home / "deploy/apache/mozchat.conf", MOZCHAT=home, MOZCHAT_NAME="localhost")
    for pattern, value in (
        (r"SSLCertificateFile .*", f"SSLCertificateFile {certificate}"),
        (r"SSLCertificateKeyFile .*", f"SSLCertificateKeyFile {key}"),
        (r"\*:443", "*:{port}"),
    ):
        text, count = re.subn(pattern, value, text)
        assert count == 1, pattern
    return Apache(folder, text, ("wsgi",), secure=True)


def below_a_path(home, folder):
    """`mozchat-below.conf` in the virtual host of a site that serves files."""
    conf, html = folder / "mozchat-below.conf", folder / "html"
    conf.write_text(changed(home / "deploy/apache/mozchat-below.conf", MOZCHAT=home))
    html.mkdir()
    (html / "index.html").write_text("<p>The site that there was.")
    return Apache(folder, EXISTING.format(html=html, conf=conf), ("wsgi", "xsendfile"))


@pytest.fixture(scope="module", params=["/", "/forum/"])
def apache(request, install, reachable):
    name = "apache-forum" if request.param != "/" else "apache-root"
    home, folder = install(name), reachable / f"{name}-etc"
    scenario.can_mail(home)
    folder.mkdir()
    server = (of_its_own if request.param == "/" else below_a_path)(home, folder)
    server.home, server.path = home, request.param
    server.start()
    with slow_client(server) as server.slow:
        yield server
    server.stop()


def slow_client(server):
    """Somebody who begins a request, and never ends it."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    if server.secure:
        connection = scenario.TRUSTING.wrap_socket(connection)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Never: ")
    return connection


@pytest.fixture(scope="module")
def place(apache):
    scheme = "https" if apache.secure else "http"
    certificate = apache.folder / "certificate.pem" if apache.secure else None
    site = Place(f"{scheme}://localhost:{apache.port}{apache.path}", apache.home / "threads", certificate)
    site.make_thread("walk")
    return site


class TestApache(ServesListeners):
    """The recipe does what every site must."""


def test_what_ann_says_bob_hears_also_after_a_graceful_restart(apache, place, someone):
    place.make_thread("mediaChat", scenario.preset("mediaChat"))
    bob = someone("Bob", ignore_https_errors=True).enter(place, "mediaChat")
    ann = someone("Ann", ignore_https_errors=True).enter(place, "mediaChat")
    ann.record(1.5)
    bob.wait_until_heard()
    expect(ann.clips).to_have_count(1)
    apache.graceful()
    ann.record(1.5)
    bob.wait_until_heard(2)
    expect(ann.clips).to_have_count(2)
    for person in (ann, bob):
        person.errors[:] = [error for error in person.errors if "503" not in error]


def test_listeners_are_held_by_a_process_of_their_own(place):
    guest = place.visitor()
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(Listener(place.person("Bob")).following())
        held = {health["process"]: health["listeners"] for health in (health_of(guest) for _ in range(40))}
    assert set(held.values()) == {0}


def health_of(guest):
    return guest.request("GET", "/healthz")[1]


def test_a_graceful_restart_loses_nothing(apache, place):
    assert scenario.restarts_without_loss(place, apache.graceful) <= {0, 200, 204, 503}


def test_loading_the_site_anew_refuses_nobody(apache, place):
    touched = (apache.home / "deploy/apache/mozchat.wsgi").touch
    assert scenario.restarts_without_loss(place, touched) <= {0, 200, 204}


def test_a_request_that_meets_a_process_at_its_end_can_be_sent_again(apache, place):
    status, problem, headers = place.visitor().request("GET", "/away.asis")
    assert (status, problem["status"], headers["Retry-After"]) == (503, 503, "1")
    assert headers.get_content_type() == "application/problem+json"


def test_below_a_path_the_other_site_is_as_it_was(apache):
    if apache.path == "/":
        return
    other = Place(f"http://localhost:{apache.port}", apache.home)
    assert other.visitor().request("GET", "/")[1] == b"<p>The site that there was."


def test_apache_itself_sends_static_files_and_with_its_module_clips(apache, place):
    ann = place.person("Ann")
    static = re.search(rf'"{place.prefix}(/static/[^"]+\.js)"', ann.request("GET", "/")[1].decode())[1]
    assert "Last-Modified" in ann.request("GET", static)[2], "the site knows only their content"
    clip = ann.below(ann.publish()["media"])
    status, _, headers = ann.request("GET", clip, headers={"Range": "bytes=0-1,5-6"})
    several = (status, headers.get_content_type()) == (206, "multipart/byteranges")
    assert several == (apache.path == "/forum/"), "the site gives one range at a time"


def test_who_never_ends_a_request_is_sent_away(apache):
    apache.slow.settimeout(60)
    assert apache.slow.recv(1000).split(b"\r\n")[0] in (b"HTTP/1.1 408 Request Timeout", b"")


def test_the_commands_work_in_the_folder_that_was_copied(apache):
    command = [apache.home / ".venv/bin/python", "-m", "mozchat", "check"]
    checked = subprocess.run(command, cwd=apache.home, capture_output=True, text=True)
    assert (checked.returncode, " 0 errors, " in checked.stdout) == (0, True), checked


@pytest.mark.parametrize("recipe", ["apache/common.conf", "passenger/passenger.conf"])
def test_apache_lets_the_biggest_clip_of_any_preset_through(recipe):
    limit = re.search(r"LimitRequestBody (\d+)", (ROOT / "deploy" / recipe).read_text())[1]
    sizes = [re.search(r"maxBlobBytes=(\d+)", preset(name).decode())[1] for name in PRESET_NAMES]
    assert max(map(int, sizes)) + MAX_BESIDE < int(limit)


def test_mail_about_a_clip_is_sent_by_the_site_itself(place):
    scenario.sends_mail(place)
