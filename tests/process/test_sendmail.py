"""Mail through the sendmail of a real Postfix, which hands it on to a mail server."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.mail_server import MailServer, within
from tests.process.test_mail import CLIP, INI
from tests.running import Client, RunningSite

pytestmark = pytest.mark.process

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {folder}/queue/log
maillog_file_prefixes = {folder}
myhostname = site.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
master_service_disable = inet
relayhost = [127.0.0.1]:{port}
smtp_host_lookup = native
"""


def services():
    """Postfix's own daemons as the package has them, none in a chroot, which would have to be furnished."""
    lines = Path("/etc/postfix/master.cf").read_text().splitlines()
    found = [line.split() for line in lines if line[:1].isalpha()]
    return "".join(" ".join([*words[:4], "n", *words[5:]]) + "\n" for words in found if words[-1] != "pipe")


@pytest.fixture
def server():
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postfix(server):
    """A Postfix of its own that listens nowhere and hands everything on to the server; gives the folder of its
    settings."""
    if not shutil.which("postfix") or os.getuid() != 0:
        pytest.fail("Postfix is missing, or not to be started: apt-get install postfix, and run this as root")
    with tempfile.TemporaryDirectory(prefix="mozchat-postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("etc", "queue", "data"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "etc" / "main.cf").write_text(MAIN_CF.format(folder=folder, port=server.port))
        (folder / "etc" / "master.cf").write_text(services())
        control = ["postfix", "-c", str(folder / "etc")]
        subprocess.run([*control, "start"], check=True, capture_output=True)
        yield folder / "etc"
        subprocess.run([*control, "stop"], check=True, capture_output=True)


def test_a_host_that_has_only_sendmail_sends_mail(postfix, server, tmp_path):
    walk = tmp_path / "threads" / "walk"
    walk.mkdir(parents=True)
    (walk / ".ini").write_text(INI + "mailFrom=robot@example.org\n")
    (walk / "notify.ini").write_text("Bob=bob@example.org\n")
    environment = {
        "MOZCHAT_SMTP_URL": "sendmail:",
        "MOZCHAT_PUBLIC_URL": "https://example.org",
        "MOZCHAT_TRUSTED_HOSTS": "localhost 127.0.0.1",
        "MAIL_CONFIG": str(postfix),
    }
    site = RunningSite(tmp_path / "threads", environment=environment)
    site.start()
    try:
        clip = Client(site).join("walk", "Ann").upload("walk", CLIP, description="Ёж в тумане")[1]
        within(30, lambda: server.received)
    finally:
        site.stop()

    (received,) = server.received
    assert (received.sender, received.recipient) == ("robot@example.org", "bob@example.org")
    for part in (received.text(), received.html()):
        assert "Ёж в тумане" in part
        assert clip["id"] in part
    assert "/walk/unsubscribe/" in received.message["List-Unsubscribe"]
