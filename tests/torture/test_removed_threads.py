"""A thread is removed in the middle of an upload, and made again."""

import shutil
import socket

import pytest

from mozchat.domain.clip import id_of_file
from tests.running import Client
from tests.torture.siege import wait_until
from tests.torture.told import SAMPLES

pytestmark = pytest.mark.process

INI = "[common]\nmaxBlobBytes=2000000\nmaxMediaFolderBytes=4000000\nmaxClipSizeSec=60\nuserStatusFadeS=60\n"
UPLOADS = "/api/threads/walk/uploads"
KEY = "0" * 32
SMALL, LARGE = 40_000, 1_000_000
"""What is kept in memory while it is sent in one go, and what is not."""


@pytest.fixture
def site(run_site):
    return run_site("--workers", "2", threads={"walk": INI})


@pytest.fixture
def ann(site):
    return Client(site).join("walk", "Ann")


@pytest.fixture
def voice():
    return (SAMPLES / "chromium-audio-live.webm").read_bytes()


def sound(size):
    """A recording of so many bytes."""
    header = bytearray((SAMPLES / "espeak.wav").read_bytes()[:44])
    header[4:8], header[40:44] = (size - 8).to_bytes(4, "little"), (size - 44).to_bytes(4, "little")
    return bytes(header) + bytes(range(256)) * (size // 256) + bytes((size - 44) % 256)


def make_again(folder):
    folder.mkdir()
    (folder / ".ini").write_text(INI)


def begin(ann, content):
    headers = {"Upload-Complete": "?0", "Idempotency-Key": KEY}
    status, view, answered = ann.request("POST", UPLOADS, content, headers)
    return status, view, int(answered.get("Upload-Offset", -1))


def send(ann, where, at, content, complete=False):
    headers = {
        "Upload-Offset": str(at),
        "Upload-Complete": f"?{int(complete)}",
        "Content-Type": "application/partial-upload",
    }
    return ann.request("PATCH", where, content, headers)


def listed(ann):
    return [clip["id"] for clip in ann.request("GET", "/api/threads/walk/clips")[1]["clips"]]


def test_an_upload_in_pieces_ends_with_its_thread_and_begins_anew_in_the_next(site, ann, voice):
    thread = site.folder / "walk"
    _, view, at = begin(ann, voice[:3000])
    where = f"{UPLOADS}/{view['id']}"

    shutil.rmtree(thread)
    assert send(ann, where, at, voice[at:])[0] == 404
    assert send(ann, where, at, voice[at:], complete=True)[0] == 404
    assert ann.request("HEAD", where)[0] == 404
    assert begin(ann, voice)[0] == 404
    assert not thread.exists()

    make_again(thread)
    ann.join("walk", "Ann")
    assert send(ann, where, at, voice[at:])[0] == 404
    assert begin(ann, voice[:2000])[2] == 2000
    status, clip, _ = send(ann, where, 2000, voice[2000:], complete=True)
    assert status == 201, clip
    assert listed(ann) == [clip["id"]]


@pytest.mark.parametrize("way", ["raw", "pieces"])
def test_a_thread_that_goes_while_a_body_is_read_is_answered_and_can_be_made_again(site, ann, voice, way):
    thread = site.folder / "walk"
    for size in (SMALL, LARGE):
        for again in (False, True):
            status = send_while_it_goes(ann, thread, way, sound(size), again)

            expected = {201, 404, 503} if again else {404}
            if again and size == SMALL:
                # Its head may be read so late that it is for the new thread, which Ann has not joined.
                expected.add(401)
            assert status in expected
            if not again:
                assert not thread.exists()
                make_again(thread)
            ann.join("walk", "Ann")
            assert len(listed(ann)) == (status == 201)
            assert ann.upload("walk", voice)[0] == 201
            assert len(listed(ann)) == 1 + (status == 201)
            assert {id_of_file(path.name) for path in thread.glob("media/*")} == set(listed(ann))


def send_while_it_goes(ann, thread, way, content, again):
    """Remove the thread while a body is being read, and make it `again` before its end; gives the status."""
    if way == "pieces":
        where = f"{UPLOADS}/{begin(ann, b'')[1]['id']}"
        head = f"PATCH {where} HTTP/1.1\r\nUpload-Offset: 0\r\nContent-Type: application/partial-upload\r\n"
    else:
        head = f"POST {UPLOADS} HTTP/1.1\r\n"
    head += f"Host: localhost\r\nAuthorization: Bearer {ann.token}\r\nUpload-Complete: ?1\r\n"
    rest = content[-10_000:]
    with socket.create_connection(("127.0.0.1", ann.site.port), timeout=30) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[: -len(rest)])
        if len(content) == LARGE:
            wait_until(lambda: any(path.stat().st_size for path in written(thread)))
        shutil.rmtree(thread)
        if again:
            make_again(thread)
        connection.sendall(rest)
        return int(connection.recv(4096)[9:12])


def written(thread):
    """The files of what is being uploaded."""
    return [*thread.glob(".uploads/*.part"), *thread.glob("media/.*")]
