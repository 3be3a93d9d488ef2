"""A disk that fills up, or becomes read-only, in the middle of uploads: nothing is lost, and all goes on."""

import json
import os
import subprocess

import pytest

from tests.running import Client
from tests.torture.siege import kill_whole, wait_until
from tests.torture.told import SAMPLES

pytestmark = pytest.mark.process

WALK = {
    "walk": "[common]\nmaxBlobBytes=100000\nmaxMediaFolderBytes=4000000\nmaxClipCount=0\nuserStatusFadeS=60\n"
}
NO_FLOOR = {"MOZCHAT_MIN_FREE_BYTES": "0"}
UPLOADS = "/api/threads/walk/uploads"
HALF = 3000


class Disk:
    """A disk of 1 MB of its own, mounted at a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True
        )
        if made.returncode:
            pytest.fail(f"this test mounts a small disk, for which it must be run as root: {made.stderr}")

    def fill(self):
        """Leave no room at all."""
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            while room := self.room():
                file.write(bytes(room))

    def room(self):
        """How many bytes are free."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def free(self):
        """Give the room back."""
        (self.folder / "ballast").unlink()

    def allow_writing(self, allowed):
        """Make it read-only, or not: as soon as nobody is writing just now."""
        how = f"remount,{'rw' if allowed else 'ro'}"
        wait_until(lambda: subprocess.run(["mount", "-o", how, self.folder]).returncode == 0)

    def end(self):
        """Unmount it."""
        subprocess.run(["umount", "-l", self.folder], check=True)


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path / "threads")
    yield made
    made.end()


@pytest.fixture
def voice():
    return (SAMPLES / "chromium-audio-live.webm").read_bytes()


@pytest.fixture
def site(disk, run_site):
    return run_site("--workers", "2", threads=WALK, environment=NO_FLOOR)


@pytest.fixture
def ann(site):
    return Client(site).join("walk", "Ann")


def begin(ann, content):
    status, view, _ = ann.request("POST", UPLOADS, content, {"Upload-Complete": "?0"})
    assert status == 201, view
    return f"{UPLOADS}/{view['id']}"


def send(ann, where, at, content, complete=False):
    """A piece; gives the status and what was answered."""
    headers = {
        "Upload-Offset": str(at),
        "Upload-Complete": f"?{int(complete)}",
        "Content-Type": "application/partial-upload",
    }
    return ann.request("PATCH", where, content, headers)


def offset_of(ann, where):
    status, _, headers = ann.request("HEAD", where)
    assert status == 204
    return int(headers["Upload-Offset"])


def say(ann):
    message = json.dumps({"to": "*", "type": "chat", "body": {"text": "hello"}})
    return ann.request("POST", "/api/threads/walk/messages", message, {"Content-Type": "application/json"})[0]


def listed(ann):
    status, body, _ = ann.request("GET", "/api/threads/walk/clips")
    assert status == 200
    return [clip["id"] for clip in body["clips"]]


def media(ann, clip):
    return ann.request("GET", clip["media"])[1]


def test_a_disk_that_fills_up_between_pieces_and_at_the_end_loses_nothing(disk, site, ann, voice):
    known = ann.upload("walk", voice)[1]
    where = begin(ann, voice[:HALF])

    disk.fill()
    status, problem, _ = send(ann, where, HALF, voice[HALF:])
    assert (status, problem["title"]) == (507, "No room")
    assert ann.request("POST", UPLOADS, voice, {"Upload-Complete": "?1"})[0] == 507
    at = offset_of(ann, where)
    assert HALF <= at < len(voice)

    disk.free()
    assert send(ann, where, at, voice[at:])[0] == 204

    disk.fill()
    assert send(ann, where, len(voice), b"", complete=True)[0] == 507
    assert ann.upload("walk", voice)[0] == 507
    assert offset_of(ann, where) == len(voice)
    assert listed(ann) == [known["id"]]
    assert media(ann, known)

    disk.free()
    status, clip, _ = send(ann, where, len(voice), b"", complete=True)
    assert status == 201, clip
    assert media(ann, clip) == media(ann, known)
    assert listed(ann) == [known["id"], clip["id"]]
    assert len(list((disk.folder / "walk" / "media").iterdir())) == 2
    assert not list((disk.folder / "walk" / ".uploads").iterdir())


def test_a_site_that_is_killed_on_a_full_disk_starts_on_it_and_goes_on(disk, site, ann, voice):
    known = ann.upload("walk", voice)[1]
    where = begin(ann, voice[:HALF])
    disk.fill()
    assert send(ann, where, HALF, voice[HALF:])[0] == 507

    kill_whole(site)
    site.start()
    assert listed(ann) == [known["id"]]
    assert media(ann, known)
    at = offset_of(ann, where)
    assert HALF <= at < len(voice)

    disk.free()
    status, clip, _ = send(ann, where, at, voice[at:], complete=True)
    assert status == 201, clip
    assert media(ann, clip) == media(ann, known)
    assert say(ann) == 202


def test_a_folder_that_is_read_only_for_a_while_loses_nothing(disk, site, ann, voice):
    known = ann.upload("walk", voice)[1]
    where = begin(ann, voice[:HALF])
    whole = begin(ann, voice)

    disk.allow_writing(False)
    for status, problem, headers in (
        send(ann, where, HALF, voice[HALF:]),
        send(ann, whole, len(voice), b"", complete=True),
        ann.upload("walk", voice),
        ann.request("POST", UPLOADS, voice, {"Upload-Complete": "?0"}),
        ann.request("DELETE", f"/api/threads/walk/clips/{known['id']}"),
    ):
        assert (status, problem["title"], "Retry-After" in headers) == (503, "Not available", True)
    assert listed(ann) == [known["id"]]
    assert media(ann, known)

    disk.allow_writing(True)
    assert (offset_of(ann, where), offset_of(ann, whole)) == (HALF, len(voice))
    clips = [known]
    for upload, at in ((where, HALF), (whole, len(voice))):
        status, clip, _ = send(ann, upload, at, voice[at:], complete=True)
        assert status == 201, clip
        clips.append(clip)
    assert listed(ann) == [clip["id"] for clip in clips]
    assert len({media(ann, clip) for clip in clips}) == 1
