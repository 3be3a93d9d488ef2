"""Mail from a site that runs: sent by whichever process comes to it, whatever is killed meanwhile."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mail_server import MailServer, within
from tests.running import Client, RunningSite

pytestmark = pytest.mark.process

INI = """[common]
notifyUsers=1
maxClipSizeSec=20
maxBlobBytes=400000
maxMediaFolderBytes=40000000
maxClipCount=0
"""
PEOPLE = [f"p{number}@example.org" for number in range(5)]
CLIP = (Path(__file__).parent.parent / "samples" / "chromium-audio.webm").read_bytes()


@pytest.fixture
def server():
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def environment(server):
    return {
        "MOZCHAT_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "MOZCHAT_PUBLIC_URL": "https://example.org",
        "MOZCHAT_TRUSTED_HOSTS": "localhost 127.0.0.1",
    }


@pytest.fixture
def folder(tmp_path):
    walk = tmp_path / "threads" / "walk"
    walk.mkdir(parents=True)
    (walk / ".ini").write_text(INI)
    (walk / "notify.ini").write_text("".join(f"P{n}={address}\n" for n, address in enumerate(PEOPLE)))
    return tmp_path / "threads"


@pytest.fixture
def site(folder, environment):
    running = RunningSite(folder, "--workers", "2", environment=environment)
    running.start()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def ann(site):
    return Client(site).join("walk", "Ann")


def workers_of(site):
    pid = site.process.pid
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def told(server):
    """How often each was told of each clip."""
    return Counter(
        (each.recipient, clip_id.partition("&")[0])
        for each in server.received
        for clip_id in each.text().split("?clip=")[1:]
    )


def send_mail(folder, environment, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "mozchat", "--threads", str(folder), "send-mail"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_the_upload_is_answered_before_the_mail_server_says_a_word(ann, server):
    server.seconds = 3.0
    status, clip, _ = ann.upload("walk", CLIP)
    assert (status, clip["notified"]) == (201, len(PEOPLE))
    assert server.received == []


def test_each_mail_is_sent_once_by_several_processes(ann, server):
    ids = [ann.upload("walk", CLIP)[1]["id"] for _ in range(6)]
    within(30, lambda: len(told(server)) == len(ids) * len(PEOPLE))
    assert set(told(server).values()) == {1}


@pytest.mark.parametrize("taken", [True, False], ids=["after it was taken", "before it was taken"])
def test_a_kill_in_the_middle_of_sending_loses_nothing_and_repeats_one_at_most(site, ann, server, taken):
    server.linger, server.seconds = (5.0, 0.0) if taken else (0.0, 5.0)
    clip_id = ann.upload("walk", CLIP)[1]["id"]
    within(20, lambda: server.received if taken else server.handed_in)

    for pid in workers_of(site):
        os.kill(pid, signal.SIGKILL)
    server.linger = server.seconds = 0.0

    expected = {(address, clip_id) for address in PEOPLE}
    within(30, lambda: set(told(server)) == expected and not waiting(site.folder))
    assert sorted(told(server).values()) == [1] * (len(PEOPLE) - 1) + [2 if taken else 1]


def test_a_site_that_is_ended_finishes_the_mail_that_it_is_sending(site, ann, server):
    server.linger = 1.0
    ann.upload("walk", CLIP)
    within(20, lambda: server.received)
    site.stop()
    before = len(server.received)

    site.start()
    within(30, lambda: len(told(server)) == len(PEOPLE) and not waiting(site.folder))

    assert set(told(server).values()) == {1}
    assert before < len(PEOPLE), "there was something left to send"


def test_mail_that_nobody_could_send_is_sent_by_the_command(folder, environment, server):
    server.stop()
    site = RunningSite(folder, environment=environment)
    site.start()
    Client(site).join("walk", "Ann").upload("walk", CLIP)
    within(20, lambda: (folder / ".mail" / "pause.json").exists())
    site.stop()
    said = send_mail(folder, environment)
    assert f"0 sent, {len(PEOPLE)} waiting, 0 given up" in said

    server.start()
    (folder / ".mail" / "pause.json").unlink()

    said = send_mail(folder, environment)
    assert f"{len(PEOPLE) - 1} sent, 1 waiting, 0 given up" in said, (
        "one was tried, and has its minute to wait"
    )
    assert sorted(told(server).values()) == [1] * (len(PEOPLE) - 1)


def test_the_command_says_that_the_server_cannot_be_reached(folder, environment, server, site, ann):
    server.stop()
    ann.upload("walk", CLIP)
    within(20, lambda: (folder / ".mail" / "pause.json").exists())
    site.stop()
    (folder / ".mail" / "pause.json").unlink()
    assert "cannot be reached" in send_mail(folder, environment, code=1)


def test_the_command_says_that_there_is_no_mail(folder):
    assert "MOZCHAT_SMTP_URL" in send_mail(folder, {"MOZCHAT_SMTP_URL": "", "MOZCHAT_PUBLIC_URL": ""}, code=1)


def waiting(folder):
    return [path for path in (folder / ".mail" / "waiting").iterdir() if path.name[0] != "."]
