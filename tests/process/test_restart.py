"""`mozchat run` started anew while people listen: nobody loses a clip, and no connection breaks."""

import os
import socket
import subprocess
import sys

import pytest

from tests.deploy import scenario
from tests.deploy.scenario import Place
from tests.running import Client

pytestmark = pytest.mark.process

NOTHING_BROKEN = {200, 204}


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "threads"
    folder.mkdir()
    found = Place("http://localhost:0", folder)
    found.make_thread("walk")
    return found


def test_new_workers_take_over_from_old_ones(run_site, place):
    site = run_site("--workers", "2")
    place.port = site.port

    assert scenario.restarts_without_loss(place, site.reload) <= NOTHING_BROKEN


class Activated:
    """A site whose socket somebody else holds, as systemd does (sd_listen_fds(3)): who asks meanwhile waits."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.port = self.socket.getsockname()[1]
        self.log = (folder.parent / "site.log").open("wb")
        self.start()

    def start(self):
        command = [sys.executable, "-m", "mozchat", "run", "--threads", str(self.folder)]
        notified = self.folder.parent / "notify"
        notified.unlink(missing_ok=True)
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(notified))
        held = self.socket.fileno()
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec 3<&{held}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "_", *command],
            pass_fds=[held],
            stdout=self.log,
            stderr=self.log,
            env={**os.environ, "NOTIFY_SOCKET": str(notified)},
        )

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.notified.close()

    def restart(self):
        self.stop()
        self.start()


@pytest.fixture
def activated(place):
    site = Activated(place.folder)
    place.port = site.port
    yield site
    site.stop()
    site.socket.close()
    site.log.close()


def test_with_a_socket_that_outlives_it_a_site_is_updated_without_losing_a_poll(activated, place):
    """The programs themselves are loaded anew; who asks in between waits until the new ones answer."""
    before = activated.process.pid

    assert scenario.restarts_without_loss(place, activated.restart) <= NOTHING_BROKEN
    assert activated.process.pid != before


def test_it_says_when_it_is_ready(activated):
    activated.notified.settimeout(20)

    assert b"READY=1" in activated.notified.recv(1000).splitlines()


def test_a_site_listens_at_a_unix_socket(run_site, tmp_path):
    path = tmp_path / "site.sock"
    site = run_site(at=path, threads={"walk": "[common]\n"})

    ann = Client(site).join("walk", "Ann")
    assert ann.events("walk")[1]["online"] == ["Ann"]
    assert path.stat().st_mode & 0o777 == 0o777, "the server in front is another user"
    site.stop()
    assert not path.exists()
