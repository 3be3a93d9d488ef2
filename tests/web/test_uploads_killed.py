"""A process that is killed between any two of its file operations loses no upload and doubles none."""

import base64
import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from mozchat.services.site import Site
from mozchat.services.upkeep import check, sweep
from mozchat.storage import media, uploads

OPERATIONS = (
    "fdatasync",
    "fsync",
    "ftruncate",
    "link",
    "mkdir",
    "open",
    "pwrite",
    "rename",
    "replace",
    "unlink",
)
PIECE = "application/partial-upload"
LIVE = {"Clip-Fields": ":eyJsaXZlIjp0cnVlfQ==:"}
"""{"live": true}"""


class Killed(BaseException):
    """The process is dead."""


class Mortal:
    """Counts what this process does to files, and kills it at one of these deeds: from then on none happens.

    What is written in several pages is written in part only.
    """

    def __init__(self, monkeypatch):
        self.deeds = 0
        self.last = None
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))
        whole = media.write_whole

        def torn(file, data):
            half = len(data) // 2
            self.do(lambda: whole(file, bytes(data)[:half]))
            whole(file, data)

        for module in (media, uploads):
            monkeypatch.setattr(module, "write_whole", torn)

    def live_for(self, deeds):
        self.deeds, self.last = 0, deeds

    def do(self, at_death=lambda: None):
        if self.last is not None and self.deeds >= self.last:
            if self.deeds == self.last:
                at_death()
            self.deeds += 1
            raise Killed
        self.deeds += 1

    def _counted(self, function):
        def counted(*arguments, **options):
            self.do()
            return function(*arguments, **options)

        return counted


@pytest.fixture
def mortal(monkeypatch):
    return Mortal(monkeypatch)


@pytest.fixture
def content(sample):
    return sample("chromium-audio-live.webm")


class Sender:
    """A page that sends a recording, and knows only what it was told."""

    def __init__(self, ann, content):
        self.ann = ann
        self.content = content
        self.fields = {}
        self.digest = f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"

    def send_in_pieces(self):
        """From the beginning, as a page does that does not know what has arrived."""
        answer = self._post({"Upload-Complete": "?0"}, self.content[:2000])
        if answer.headers["Upload-Complete"] == "?1":
            return answer.json
        where = answer.headers["Location"]
        at = int(answer.headers["Upload-Offset"])
        for end in (4000, len(self.content)):
            if at < end:
                at = int(self._patch(where, at, self.content[at:end]).headers["Upload-Offset"])
        return self._patch(where, at, b"", complete=True).json

    def send_live(self):
        """In pieces, while others hear it."""
        self.fields = LIVE
        return self.send_in_pieces()

    def send_at_once(self):
        return self._post({"Upload-Complete": "?1"}, self.content).json

    def _post(self, headers, data):
        headers |= {"Idempotency-Key": "k", "Repr-Digest": self.digest, **self.fields}
        return self.ann.ask("POST", self.ann.url("uploads"), 201, headers=headers, data=data)

    def _patch(self, where, at, data, *, complete=False):
        headers = {"Upload-Offset": str(at), "Upload-Complete": f"?{int(complete)}", "Content-Type": PIECE}
        if complete:
            headers["Repr-Digest"] = self.digest
        return self.ann.ask("PATCH", where, 201 if complete else 204, headers=headers, data=data)


def start_again(site, clock):
    """A new process in place of the dead one."""
    site.close()
    clock.advance(1)
    Site.__init__(site, site.store.folder, 4, clock)


def lose_the_catalogue(thread):
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).unlink(missing_ok=True)


@pytest.mark.parametrize("afterwards", ["", "rebuild"])
@pytest.mark.parametrize("way", ["send_in_pieces", "send_live", "send_at_once"])
def test_a_process_killed_at_any_point_loses_no_upload_and_doubles_none(
    mortal, make_thread, join, site, clock, content, way, afterwards
):
    moment = 0
    while True:
        name = f"walk{moment}"
        thread = make_thread(name, "maxClipCount=2\nuserStatusFadeS=60\nlive=1\n")
        sender = Sender(join(name, "Ann"), content)
        old = [sender.ann.upload(content)["id"] for _ in range(2)]
        stored = sender.ann.media(old[0]).data
        mortal.live_for(moment)
        with suppress(Killed):
            getattr(sender, way)()
        survived = mortal.deeds <= moment
        mortal.live_for(None)
        start_again(site, clock)
        if afterwards == "rebuild":
            lose_the_catalogue(thread)

        clip = getattr(sender, way)()

        assert clip["author"] == "Ann"
        if not afterwards:
            assert sender.ann.clip_ids() == [old[1], clip["id"]], moment
        assert sender.ann.media(clip["id"]).data == stored, moment
        assert getattr(sender, way)() == clip
        for path in [*thread.glob("media/*"), *thread.glob(".uploads/*")]:
            os.utime(path, (1, 1))
        sweep(site, name, dry_run=False)
        assert [str(finding) for finding in check(site, name)] == []
        assert len([path for path in thread.glob("media/*") if clip["id"] in path.name]) == 1, moment
        assert not list(Path(thread, ".uploads").glob("*")), moment
        shutil.rmtree(thread)
        if survived:
            break
        moment += 1
    assert moment > 15, "there is more than this to be killed in"


def known_of(listener, cursor, known):
    """What a listener knows who asks for what is new since a cursor: clips by their ids."""
    answer = listener.send("GET", listener.url("events"), query_string={"cursor": cursor})
    events = answer.json if answer.status_code == 200 else {}
    known = {} if events.get("reset") else dict(known)
    changes = events.get("clips", {"added": [], "removed": []})
    for clip_id in changes["removed"]:
        known.pop(clip_id, None)
    known |= {clip["id"]: clip for clip in changes["added"]}
    return known


@pytest.mark.parametrize("ending", ["discard", "sweep"])
def test_a_process_killed_while_a_live_clip_ends_leaves_none_that_never_ends(
    mortal, make_thread, join, site, clock, content, ending
):
    """Its author takes it back, or it is completed for an author who is gone; then somebody tries again, or only
    the upkeep looks after it."""
    moment = 0
    while True:
        name = f"walk{moment}"
        thread = make_thread(name, "live=1\nuserStatusFadeS=60\nuploadLifetimeSec=60\nnameHoldSec=100000\n")
        sender, bob = Sender(join(name, "Ann"), content), join(name, "Bob")
        sender.fields = LIVE
        upload = sender._post({"Upload-Complete": "?0"}, content[:4000]).json["id"]
        first = bob.events()
        known = {clip["id"]: clip for clip in first["clips"]["added"]}
        assert known[upload]["live"]
        clock.advance(0 if ending == "discard" else 61)
        mortal.live_for(moment)
        with suppress(Killed):
            if ending == "discard":
                sender.ann.ask("DELETE", sender.ann.url("uploads", upload), 204)
            else:
                sweep(site, name, dry_run=False)
        survived = mortal.deeds <= moment
        mortal.live_for(None)
        start_again(site, clock)

        clock.advance(61)
        sweep(site, name, dry_run=False)

        known = known_of(bob, first["cursor"], known)
        assert list(known.values()) == bob.clips()["clips"], moment
        assert not any(clip.get("live") for clip in known.values()), moment
        if ending == "sweep" or upload in known:
            assert known[upload]["author"] == "Ann", moment
            assert len(bob.media(upload).data) == known[upload]["bytes"]
        if ending == "discard" and survived:
            assert upload not in known
        assert not list(Path(thread, ".uploads").glob("*.part")), moment
        shutil.rmtree(thread)
        if survived:
            break
        moment += 1
    assert moment > 3, "there is more than this to be killed in"
