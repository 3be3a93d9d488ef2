import pytest

from mozchat.services.notify_send import drain
from tests.mail_server import MailServer

MAIL_INI = """
title=Saturday walk
notifyUsers=1
maxClipSizeSec=20
maxBlobBytes=500000
maxMediaFolderBytes=50000000
maxClipCount=0
clipLifetimeSec=2592000
mailFrom="Mail Robot <robot@example.org>"
mailReplyTo=admin@example.org
"""
BOB, CAROL = "bob@example.org", "carol@example.org"


@pytest.fixture
def server():
    """A mail server that runs."""
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mailing(site, server):
    """The site, which sends its mail to that server."""
    site.public_url = "https://example.org/forum"
    site.mail_url = f"smtp://localhost:{server.port}"
    site._secret = "s" * 32
    return site


@pytest.fixture
def walk(mailing, make_thread):
    """A thread that mails Bob and Carol."""
    folder = make_thread("walk", MAIL_INI)
    (folder / "notify.ini").write_text(f'Bob="{BOB}"\nCarol={CAROL}\n')
    return folder


@pytest.fixture
def ann(walk, join):
    return join("walk", "Ann")


@pytest.fixture
def upload(ann, sample):
    """Have Ann publish a clip."""
    return lambda **fields: ann.upload(sample("chromium-audio.webm"), **fields)


@pytest.fixture
def send(mailing):
    """Send what is due."""
    return lambda: drain(mailing)
