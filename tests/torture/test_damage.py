"""Catalogue and journal are cut short, emptied or written over at random: the thread goes on with its clips."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.services.site import Site
from mozchat.services.upkeep import check
from mozchat.web.app import create_app
from tests.conftest import SAMPLES, Clock, Participant

KEPT = 4
damages = st.tuples(
    st.sampled_from(("cut short", "written over", "replaced")), st.floats(0, 1), st.binary(max_size=80)
)
"""What is done to a file, at what share of its length, and with what garbage."""
often = settings(max_examples=25, deadline=None)


def damage(path, kind, share, garbage):
    """Do this to a file. The garbage begins with what no JSON can contain."""
    content = path.read_bytes()
    at = int(len(content) * share)
    garbage = b"\0" + garbage
    if kind == "cut short":
        content = content[:at]
    elif kind == "written over":
        content = content[:at] + garbage + content[at + len(garbage) :]
    else:
        content = garbage
    path.write_bytes(content)


class Model:
    """A thread with some clips, of which some were evicted, one was deleted, and not all are in the last
    checkpoint."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = Clock()
        self.voice = (SAMPLES / "chromium-audio-live.webm").read_bytes()
        (folder / "walk").mkdir()
        (folder / "walk" / ".ini").write_text(
            f"[common]\nmaxClipCount={KEPT}\nclipLifetimeSec=86400\n[client]\nmaxClipSizeSec=60\n"
        )
        self.site = site = Site(folder, 4, self.clock)
        self.app = create_app(site)
        self.ann = Participant(self.app, "walk", "Ann")
        clips = [self._publish() for _ in range(KEPT + 2)]
        self.ann.delete(clips[3])
        site.store.thread("walk").checkpoint()
        self.saved = self.ann.clip_ids()
        self.catalogue = (folder / "walk" / "catalog.json").read_bytes()
        clips.append(self._publish())
        self.ann.say("*", "hello")
        self.clips = self.ann.clip_ids()
        self.media = {clip: self.ann.media(clip).data for clip in self.clips}
        site.close()

    def _publish(self):
        self.clock.advance(1)
        return self.ann.upload(self.voice)["id"]

    @contextlib.contextmanager
    def damaged(self, damages):
        """A copy of the thread with these damages to files by their names, as a new process finds it; gives its
        folder."""
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as folder:
            copy = Path(folder, "threads")
            shutil.copytree(self.folder, copy)
            for name, how in damages.items():
                damage(copy / "walk" / name, *how)
            Site.__init__(self.site, copy, 4, self.clock)
            try:
                yield copy / "walk"
            finally:
                self.site.close()


@pytest.fixture(scope="module")
def model():
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        threads = Path(folder, "model")
        threads.mkdir()
        yield Model(threads)


def check_it_goes_on(model):
    """Each clip that is listed is whole and listed once, and one can publish, write and listen."""
    listed = model.ann.clip_ids()
    assert len(listed) == len(set(listed))
    for clip in listed:
        assert model.ann.media(clip).data == model.media[clip]
    assert [str(finding) for finding in check(model.site, "walk") if finding.level == "error"] == []
    cursor = model.ann.events()["cursor"]
    clip = model.ann.upload(model.voice)["id"]
    model.ann.say("*", "here")
    news = model.ann.events(cursor)
    known = [] if "reset" in news else listed
    assert (known + [each["id"] for each in news["clips"]["added"]])[-KEPT:] == [*listed, clip][-KEPT:]
    assert news["messages"][-1]["body"]["text"] == "here"
    assert model.ann.clip_ids() == [*listed, clip][-KEPT:]


@often
@given(how=damages)
def test_a_damaged_catalogue_loses_no_clip_and_is_kept_aside(model, how):
    with model.damaged({"catalog.json": how}) as thread:
        found = (thread / "catalog.json").read_bytes()
        assert model.ann.clip_ids() == model.clips
        asides = list(thread.glob("catalog.json.broken-*"))
        assert [aside.read_bytes() for aside in asides] == ([] if found == model.catalogue else [found])
        check_it_goes_on(model)


@often
@given(how=damages)
def test_a_damaged_journal_loses_nothing_that_the_catalogue_has(model, how):
    with model.damaged({"journal.jsonl": how}):
        assert set(model.ann.clip_ids()) in (set(model.saved), set(model.clips))
        check_it_goes_on(model)


def test_without_a_journal_what_came_after_the_catalogue_is_found_by_its_files(model):
    with model.damaged({}) as thread:
        (thread / "journal.jsonl").unlink()
        assert set(model.ann.clip_ids()) == set(model.clips)
        check_it_goes_on(model)


@often
@given(catalogue=damages, journal=damages)
def test_with_catalogue_and_journal_damaged_every_file_is_a_clip(model, catalogue, journal):
    with model.damaged({"catalog.json": catalogue, "journal.jsonl": journal}):
        whole = (model.site.store.folder / "walk" / "catalog.json").read_bytes() == model.catalogue
        assert set(model.ann.clip_ids()) >= set(model.saved if whole else model.clips)
        check_it_goes_on(model)


def test_a_catalogue_that_is_kept_aside_is_said_in_the_log(model, caplog):
    with model.damaged({"catalog.json": ("replaced", 0.0, b"")}) as thread:
        assert model.ann.clip_ids() == model.clips
        (aside,) = thread.glob("catalog.json.broken-*")
        assert f"it is kept as {aside.name} and rebuilt" in caplog.text
