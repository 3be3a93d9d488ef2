"""Uploads over real connections: cut off, of unknown length, while the site starts again, and large ones."""

import base64
import hashlib
import io
import os
import re
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.running import Client

pytestmark = pytest.mark.process

PIECE = "application/partial-upload"
WALK = {
    "walk": """[common]
maxBlobBytes=60000000
maxMediaFolderBytes=200000000
maxClipCount=0
userStatusFadeS=60
[client]
maxClipSizeSec=3600
"""
}
MORE_MEMORY_KB = 15_000


@pytest.fixture
def site(run_site):
    return run_site("--workers", "2", threads=WALK)


@pytest.fixture
def ann(site):
    return Client(site).join("walk", "Ann")


@pytest.fixture
def voice():
    return (Path(__file__).parent.parent / "samples" / "chromium-audio-live.webm").read_bytes()


def wav(size):
    """A recording of so many bytes."""
    form = struct.pack("<HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
    data = os.urandom(size - 44)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wait_until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.01)


def begin(ann, content=b"", **headers):
    status, body, answered = ann.request(
        "POST", "/api/threads/walk/uploads", content, {"Upload-Complete": "?0", **headers}
    )
    assert status == 201, body
    return answered["Location"]


def offset_of(ann, where):
    status, _, headers = ann.request("HEAD", where)
    assert status == 204
    return int(headers["Upload-Offset"])


def finish(ann, where, offset, content, digest):
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Complete": "?1",
        "Content-Type": PIECE,
        "Repr-Digest": digest,
    }
    status, clip, _ = ann.request("PATCH", where, content, headers)
    assert status == 201, clip
    return clip


def digest_of(content):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def send_a_part(ann, where, offset, content, announced):
    """Announce so many bytes and send these; gives the connection."""
    connection = socket.create_connection(("127.0.0.1", ann.site.port))
    head = (
        f"PATCH {where} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ann.token}\r\n"
        f"Upload-Offset: {offset}\r\nUpload-Complete: ?0\r\n"
        f"Content-Type: {PIECE}\r\nContent-Length: {announced}\r\n\r\n"
    )
    connection.sendall(head.encode() + content)
    return connection


def workers_of(site):
    listed = subprocess.run(
        ["ps", "--ppid", str(site.process.pid), "-o", "pid="], capture_output=True, text=True, check=True
    )
    return [int(pid) for pid in listed.stdout.split()]


def peak_kb(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def test_what_came_before_a_connection_broke_stays(ann, voice):
    where = begin(ann)

    send_a_part(ann, where, 0, voice[:5000], len(voice)).close()

    wait_until(lambda: offset_of(ann, where) == 5000)
    clip = finish(ann, where, 5000, voice[5000:], digest_of(voice))
    assert clip["mime"] == "audio/webm;codecs=opus"


def test_a_client_that_stalls_keeps_nobody_from_going_on(ann, voice):
    where = begin(ann)

    with send_a_part(ann, where, 0, voice[:1000], len(voice)) as stalled:
        status, _, _ = ann.request(
            "PATCH",
            where,
            voice[:4000],
            {"Upload-Offset": "0", "Upload-Complete": "?0", "Content-Type": PIECE},
        )
        assert status == 204
        stalled.sendall(voice[1000:])
        assert b" 409 " in stalled.recv(100)

    finish(ann, where, 4000, voice[4000:], digest_of(voice))


def test_a_body_in_chunks_is_taken_as_it_comes(ann, voice):
    pieces = (voice[at : at + 700] for at in range(0, len(voice), 700))
    headers = {"Upload-Complete": "?1", "Repr-Digest": digest_of(voice)}

    status, clip, _ = ann.request("POST", "/api/threads/walk/uploads", pieces, headers)

    assert status == 201
    assert clip["duration"] > 1


def test_a_recording_goes_on_after_the_site_was_killed_and_started_again(site, ann, voice):
    where = begin(ann, voice[:2000])
    connection = send_a_part(ann, where, 2000, voice[2000:3000], len(voice))
    workers = workers_of(site)
    site.process.kill()  # first, for it would put others in their places
    site.process.wait(10)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    connection.close()
    site.start()

    at = offset_of(ann, where)
    assert at in (2000, 3000)
    clip = finish(ann, where, at, voice[at:], digest_of(voice))
    assert [each["id"] for each in ann.request("GET", "/api/threads/walk/clips")[1]["clips"]] == [clip["id"]]


@pytest.mark.parametrize("way", ["raw", "pieces", "form"])
def test_a_large_clip_is_never_whole_in_memory(site, ann, voice, way):
    content = wav(50_000_000)
    for _ in range(6):  # what a worker needs once, it has now
        ann.request("POST", "/api/threads/walk/uploads", voice, {"Upload-Complete": "?1"})
    before = {pid: peak_kb(pid) for pid in workers_of(site)}

    if way == "form":
        status, clip, _ = ann.upload("walk", content)
    elif way == "raw":
        headers = {"Upload-Complete": "?1", "Repr-Digest": digest_of(content)}
        status, clip, _ = ann.request("POST", "/api/threads/walk/uploads", io.BytesIO(content), headers)
    else:
        status = 201
        clip = finish(
            ann, begin(ann, content[:20_000_000]), 20_000_000, content[20_000_000:], digest_of(content)
        )

    assert (status, clip["bytes"]) == (201, 50_000_000)
    assert all(peak_kb(pid) - before[pid] < MORE_MEMORY_KB for pid in workers_of(site))
