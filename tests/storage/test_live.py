"""Live clips on disk: two processes of one site, seen from the files."""

import pytest

from mozchat.domain.clip import Clip
from mozchat.domain.errors import Missing
from mozchat.storage.uploads import Upload
from tests.recordings import sample

NOW = 1_795_255_200_000
VOICE = sample("chromium-audio-live.webm")


@pytest.fixture
def two(tmp_path, open_site):
    """The same thread as two processes have it."""
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / ".ini").write_text("[common]\nonRecorded=upload\n")
    return open_site(tmp_path).thread("walk"), open_site(tmp_path).thread("walk")


def live_clip(number=1, size=0):
    return Clip(
        id=f"{number:016x}",
        file=f"{number:016x}.part",
        author="Ann",
        identity="f" * 64,
        created=NOW,
        expires=NOW + 300_000,
        mime="audio/webm;codecs=opus",
        duration=0.0,
        bytes=size,
        live=True,
    )


def begin(store, clip, mime="audio/webm;codecs=opus"):
    """A live clip that is told of; gives its content."""
    upload = Upload(clip.id, clip.identity, NOW, NOW + 86_400_000, live=True, mime=mime)
    store.open_upload(upload, 8, NOW)
    store.live.tell(clip, NOW)
    return store.part(upload)


def test_what_one_process_receives_another_reads(two):
    here, there = two
    clip = live_clip()
    with begin(here, clip) as part:
        growing = there.live.growing(clip.id)
        assert growing.look().size is None or growing.look().size == 0
        part.append(0, VOICE[:1000], 100)
        assert growing.look().size == 1000
        part.append(1000, VOICE[1000:1500], 0)
        reach = growing.look()

        assert (reach.size, reach.complete, reach.mime) == (1500, False, clip.mime)
        assert growing.read(900, 5000) == VOICE[900:1500]
        growing.close()


def test_what_is_not_yet_known_to_be_a_recording_is_not_read(two):
    here, there = two
    clip = live_clip()
    with begin(here, clip, mime="") as part:
        part.append(0, VOICE[:1000], 100)
        growing = there.live.growing(clip.id)

        assert (growing.look().size, growing.read(0, 100)) == (0, b"")
        with part.held():
            part.change(mime=clip.mime)
        assert (growing.look().size, growing.read(0, 100)) == (1000, VOICE[:100])
        growing.close()


def test_one_that_was_discarded_and_begun_again_is_read_anew(two):
    here, there = two
    clip = live_clip()
    with begin(here, clip) as part:
        part.append(0, VOICE[:1000], 100)
    growing = there.live.growing(clip.id)
    growing.look()
    here.uploads.remove(clip.id)
    here.live.take_back(clip.id, NOW)
    with pytest.raises(Missing):
        growing.look()
    with begin(here, clip) as part:
        part.append(0, VOICE[:200], 100)

    assert growing.look().size == 200
    growing.close()


def test_of_an_upload_that_has_ended_nothing_more_is_told(two):
    here, there = two
    clip = live_clip()
    begin(here, clip).file.close()
    here.uploads.remove(clip.id)
    there.live.tell(live_clip(size=500), NOW + 1000)

    assert there.live.known(clip.id)[0].bytes == 0
    here.live.take_back(clip.id, NOW + 2000)
    assert there.live.known(clip.id) == (None, 0)


def test_when_it_was_told_last_is_known_to_every_process(two):
    here, there = two
    clip = live_clip()
    begin(here, clip).file.close()
    here.live.tell(live_clip(size=700), NOW + 1500)

    known, told = there.live.known(clip.id)

    assert (known.bytes, told) == (700, NOW + 1500)


def test_live_clips_outlive_checkpoint_and_restart(two, tmp_path, open_site):
    here, _ = two
    begin(here, live_clip()).file.close()
    here.live.tell(live_clip(size=700), NOW + 1500)
    here.checkpoint()

    (clip,) = open_site(tmp_path).thread("walk").clips()

    assert clip == live_clip(size=700)


def test_the_upkeep_takes_back_what_a_crash_has_left_without_an_upload(two):
    here, there = two
    begin(here, live_clip()).file.close()
    here.uploads.remove(live_clip().id)
    there.clips()

    there.live.upkeep(NOW)

    assert here.clips() == []


def test_the_fingerprint_of_a_clip_changes_with_every_piece(two):
    here, there = two
    clip = live_clip()
    seen = {there.live.fingerprint(clip.id)}
    with begin(here, clip) as part:
        for at in range(0, 300, 100):
            part.append(at, VOICE[at : at + 100], 50)
            seen.add(there.live.fingerprint(clip.id))
    here.uploads.part_path(clip.id).unlink()
    assert there.live.fingerprint(clip.id) is None

    assert len(seen) == 4
