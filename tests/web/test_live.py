"""Clips that are heard while they are being recorded: what listeners are told, and the bytes as they come."""

import os
import time

import pytest

from mozchat.domain.media.join import JoinIndex
from mozchat.services import upkeep
from mozchat.storage.live import SILENT_MS
from mozchat.web import live as web_live
from tests.conftest import MIME, Speaker
from tests.recordings import CLUSTER
from tests.speaking import encoded

VOICE = "chromium-audio-live.webm"
SETTINGS = (
    "onRecorded=upload\nmaxMediaFolderBytes=400000\nclipLifetimeSec=300\nmaxBlobBytes=100000\nallowVideo=1\n"
)


@pytest.fixture
def thread(make_thread):
    return make_thread("walk", SETTINGS)


@pytest.fixture
def ann(thread, app):
    return Speaker(app, "walk", "Ann")


@pytest.fixture
def bob(thread, app):
    return Speaker(app, "walk", "Bob")


@pytest.fixture
def voice(sample):
    return sample(VOICE)


def clips_of(events):
    return events["clips"]


# --- what listeners are told


def test_a_live_clip_is_told_of_before_its_first_byte(ann, bob):
    cursor = bob.events()["cursor"]

    clip_id = ann.begin()

    (clip,) = clips_of(bob.events(cursor))["added"]
    assert (clip["id"], clip["author"], clip["mime"], clip["bytes"]) == (clip_id, "Ann", MIME, 0)
    assert (clip["live"], clip["paused"], clip["duration"]) == (True, False, 0)
    assert bob.clips()["clips"] == [clip]
    assert bob.ask("GET", bob.url("clips", clip_id)).json == clip


def test_the_answer_says_whether_it_is_live(ann, make_thread, app):
    make_thread("quiet", "onRecorded=stop\n")
    carol = Speaker(app, "quiet", "Carol")
    told = [
        who.ask(
            "POST",
            who.url("uploads"),
            201,
            headers={"Upload-Complete": "?0", "Clip-Fields": encoded({"live": True})},
        ).json
        for who in (ann, carol)
    ]

    assert [answer.get("live", False) for answer in told] == [True, False]


@pytest.mark.parametrize("ini", ["onRecorded=stop\n", "onRecorded=upload\nlive=0\n"])
def test_where_clips_are_not_live_nobody_learns_of_an_upload(ini, make_thread, app, voice):
    make_thread("quiet", ini)
    ann, bob = Speaker(app, "quiet", "Ann"), Speaker(app, "quiet", "Bob")
    cursor = bob.events()["cursor"]
    upload = ann.begin(content=voice[:3000])
    ann.say_on(upload, 3000, voice[3000:4000], peaks=[1], duration=1.0, live=True)

    assert bob.nothing_new(cursor)
    assert bob.clip_ids() == []
    bob.ask("GET", bob.url("clips", upload), 404)
    for who in (ann, bob):
        for query in ({}, {"begin": 0}, {"begin": "live"}, {"begin": 0, "wait": 0}):
            who.bytes_of(upload, 404, **query)


def test_an_upload_that_does_not_ask_for_it_is_not_live(ann, bob, voice):
    headers = {"Upload-Complete": "?0"}
    upload = ann.ask("POST", ann.url("uploads"), 201, data=voice[:100], headers=headers).json["id"]
    ann.say_on(upload, 100, voice[100:200], live=True)

    assert bob.clip_ids() == []


def test_it_is_told_from_time_to_time_how_far_it_has_come(ann, bob, voice, clock):
    clip_id = ann.begin(mime="text/html")
    assert bob.clips()["clips"][0]["mime"] == "application/octet-stream"
    cursor = bob.events()["cursor"]
    ann.say_on(clip_id, 0, voice[:1000], duration=0.2, peaks=[5])
    events = bob.events(cursor)
    assert clips_of(events)["grown"][0]["mime"] == MIME, "what it is has been found out"
    ann.say_on(clip_id, 1000, voice[1000:1100], duration=0.3, peaks=[5, 6])
    assert bob.nothing_new(events["cursor"]), "not at every piece"

    clock.advance(1)
    ann.say_on(clip_id, 1100, voice[1100:2000], duration=0.5, peaks=[5, 6, 7])

    assert clips_of(bob.events(events["cursor"])) == {
        "added": [],
        "removed": [],
        "grown": [
            {"id": clip_id, "mime": MIME, "bytes": 2000, "duration": 0.5, "peaks": [5, 6, 7], "paused": False}
        ],
    }
    assert bob.events()["clips"]["added"][0]["bytes"] == 2000
    assert "grown" not in bob.events()["clips"]


def test_a_recorder_that_says_nothing_of_the_clip_is_told_of_by_its_bytes(ann, bob, voice, clock):
    clip_id = ann.begin(content=voice[:1000])
    cursor = bob.events()["cursor"]
    clock.advance(1)
    ann.say_on(clip_id, 1000, voice[1000:1500])

    (growth,) = clips_of(bob.events(cursor))["grown"]
    assert (growth["bytes"], growth["duration"], "peaks" in growth) == (1500, 0, False)


def test_a_pause_is_told_at_once(ann, bob, voice):
    clip_id = ann.begin(content=voice[:1000])
    cursor = bob.events()["cursor"]

    ann.say_on(clip_id, 1000, paused=True)
    events = bob.events(cursor)
    ann.say_on(clip_id, 1000, voice[1000:1200], paused=False)

    assert [growth["paused"] for growth in clips_of(events)["grown"]] == [True]
    assert [growth["paused"] for growth in clips_of(bob.events(events["cursor"]))["grown"]] == [False]


def test_one_of_which_nothing_comes_counts_as_paused_until_something_comes(ann, bob, voice, site):
    clip_id = ann.begin(content=voice[:1000])
    cursor = bob.events()["cursor"]
    store = site.store.thread("walk")
    real = time.time_ns() // 1_000_000

    store.live.upkeep(real + SILENT_MS - 1000)
    assert bob.nothing_new(cursor)
    store.live.upkeep(real + SILENT_MS + 1000)
    events = bob.events(cursor)
    ann.say_on(clip_id, 1000, voice[1000:1200])

    assert [growth["paused"] for growth in clips_of(events)["grown"]] == [True]
    assert [growth["paused"] for growth in clips_of(bob.events(events["cursor"]))["grown"]] == [False]


def test_a_complete_clip_takes_the_place_of_the_live_one(ann, bob, voice, clock, sample):
    clip_id = ann.begin(content=voice[:1000])
    other = bob.upload(sample("chromium-audio.webm"))
    began = bob.clips()["clips"][0]
    cursor = bob.events()["cursor"]
    clock.advance(5)

    clip = ann.end(clip_id, 1000, voice[1000:], description="Soup", peaks=[1, 2])

    events = bob.events(cursor)
    assert clips_of(events) == {"added": [clip], "removed": []}
    assert "live" not in clip
    assert (clip["id"], clip["created"], clip["media"]) == (clip_id, began["created"], began["media"])
    assert clip["expires"] > began["expires"]
    assert clip["duration"] == pytest.approx(1.5, abs=0.1)
    assert bob.clip_ids() == [clip_id, other["id"]]
    stored = bob.media(clip_id)
    assert stored.headers["ETag"]
    assert len(stored.data) == clip["bytes"]
    assert events["free"] == 400_000 - clip["bytes"] - other["bytes"]


def test_a_live_clip_takes_the_room_of_an_upload_and_no_more(ann, bob, voice):
    ann.begin(content=voice[:3000])
    free = bob.clips()["free"]

    assert 400_000 - 3000 - 5000 < free <= 400_000 - 3000


def test_one_taken_back_is_gone_for_everyone(ann, bob, voice):
    clip_id = ann.begin(content=voice[:1000])
    cursor = bob.events()["cursor"]

    ann.take_back(clip_id)

    assert clips_of(bob.events(cursor)) == {"added": [], "removed": [clip_id]}
    bob.bytes_of(clip_id, 404, begin=0)
    ann.say_on(clip_id, 1000, voice[1000:], 404)


def test_one_is_taken_back_as_a_clip_too_but_by_its_author_only(ann, bob, voice):
    clip_id = ann.begin(content=voice[:1000])

    bob.delete(clip_id, 403)
    ann.delete(clip_id)

    assert bob.clip_ids() == []
    ann.end(clip_id, 1000, voice[1000:], 404)


@pytest.mark.parametrize(("content", "check"), [(b"", 422), (b"<html>", 415)])
def test_what_turns_out_not_to_be_a_clip_is_gone(ann, bob, content, check):
    clip_id = ann.begin()
    cursor = bob.events()["cursor"]

    ann.end(clip_id, 0, content, check)

    assert clips_of(bob.events(cursor))["removed"] == [clip_id]


def test_what_is_no_recording_is_never_let_out(ann, bob):
    clip_id = ann.begin(content=b"<script>alert(1)</script>" * 100)

    assert bob.bytes_of(clip_id, 204, begin=0, wait=0).data == b""
    assert bob.bytes_of(clip_id, 204, begin="live", wait=0).headers["Clip-Complete"] == "?0"
    ann.say_on(clip_id, 2500, b"<html>" * 15_000, 415)
    assert bob.clip_ids() == []


def test_a_picture_is_not_shown_where_none_is_allowed(make_thread, app, sample):
    make_thread("talk", "onRecorded=upload\n")
    ann = Speaker(app, "talk", "Ann")
    clip_id = ann.begin()

    ann.say_on(clip_id, 0, sample("chromium-video-live.webm")[:1000], 403)

    assert ann.clip_ids() == []
    ann.bytes_of(clip_id, 404, begin=0)


def test_a_repeated_beginning_is_the_same_clip(ann, bob, voice):
    cursor = bob.events()["cursor"]
    first = ann.begin(key="a-key", content=voice[:1000])
    second = ann.begin(key="a-key", content=voice[:1000])

    assert first == second
    assert [clip["id"] for clip in clips_of(bob.events(cursor))["added"]] == [first]


def test_one_whose_author_is_gone_goes_on_or_becomes_a_clip_when_its_time_is_over(
    ann, bob, voice, clock, site
):
    clip_id = ann.begin(content=voice[:1000])
    clock.advance(86_000)
    upkeep.sweep(site, "walk", dry_run=False)
    ann.say_on(clip_id, 1000, voice[1000:5000])
    cursor = bob.events()["cursor"]
    clock.advance(500)
    assert bob.clips()["clips"][0]["live"]

    upkeep.sweep(site, "walk", dry_run=False)

    (clip,) = clips_of(bob.events(cursor))["added"]
    assert (clip["id"], clip["author"], "live" in clip) == (clip_id, "Ann", False)
    assert clip["duration"] == pytest.approx(1.1, abs=0.2)
    assert clip["expires"] > clip["created"]
    assert bob.media(clip_id).data.startswith(b"\x1a\x45\xdf\xa3")
    assert ann.end(clip_id, 5000, b"", 201)["id"] == clip_id, "its author may still end it, and gets the clip"


def test_a_new_recording_finishes_those_whose_time_is_over(ann, bob, voice, clock):
    clip_id = ann.begin(content=voice[:5000])
    silent = ann.begin()
    clock.advance(86_401)

    bob.begin()

    clips = {clip["id"]: clip.get("live", False) for clip in bob.clips()["clips"]}
    assert clips[clip_id] is False
    assert silent not in clips, "of one in which nothing was said there is no clip"


def test_one_that_a_crash_came_upon_when_it_was_stored_is_no_orphan(ann, voice, thread, site):
    clip_id = ann.begin(content=voice[:5000])
    (thread / "media").mkdir()
    stored = thread / "media" / f"1795255200000-{clip_id}.webm"
    (thread / ".uploads" / f"{clip_id}.part").rename(stored)
    os.utime(stored, (1, 1))

    upkeep.sweep(site, "walk", dry_run=False)

    assert ann.end(clip_id, 5000, voice[5000:])["duration"] == pytest.approx(1.5, abs=0.1)


def test_who_asks_for_events_completes_those_whose_time_is_over(ann, bob, voice, clock):
    clip_id = ann.begin(content=voice[:5000])
    cursor = bob.events()["cursor"]
    clock.advance(86_401)

    (clip,) = clips_of(bob.events(cursor))["added"]

    assert (clip["id"], "live" in clip) == (clip_id, False)


def test_who_clears_a_thread_ends_live_clips_too(ann, bob, voice, site):
    clip_id = ann.begin(content=voice[:1000])

    upkeep.clear(site, "walk")

    assert bob.clip_ids() == []
    ann.say_on(clip_id, 1000, voice[1000:], 404)


def test_one_whose_upload_is_gone_begins_anew_as_the_same_clip(ann, bob, voice, site):
    clip_id = ann.begin(key="a-key", content=voice[:1000])
    cursor = bob.events()["cursor"]
    upkeep.clear(site, "walk")
    ann.say_on(clip_id, 1000, voice[1000:], 404)

    assert ann.begin(key="a-key", content=voice[:3000]) == clip_id
    news = clips_of(bob.events(cursor))
    assert (news["removed"], [clip["id"] for clip in news["added"]]) == ([clip_id], [clip_id])
    ann.end(clip_id, 3000, voice[3000:])
    assert bob.clip_ids() == [clip_id]


def test_a_live_clip_is_no_fault_and_is_not_dropped_as_lost(ann, bob, voice, site, clock):
    ann.begin(content=voice[:1000])
    assert upkeep.check(site, "walk") == []
    clock.advance(10)
    bob.upload(voice)
    (site.store.folder / "walk" / "media").touch()
    clock.advance(10)

    assert len(bob.clip_ids()) == 2


# --- the bytes


def read_to_the_end(who, clip_id, at=0):
    """All bytes from an offset on, by polls that do not wait."""
    found = b""
    while True:
        answer = who.send("GET", who.url("clips", clip_id, "media"), query_string={"from": at, "wait": 0})
        assert answer.status_code in (200, 204)
        assert answer.headers["Clip-Offset"] == str(at)
        at += len(answer.data)
        assert answer.headers["Clip-Next"] == str(at)
        found += answer.data
        if answer.headers["Clip-Complete"] == "?1" or not answer.data:
            return found, answer


def test_what_has_come_can_be_read(ann, bob, voice):
    clip_id = ann.begin(content=voice[:1000])

    for who in (ann, bob):
        answer = who.bytes_of(clip_id, begin=300, wait=0)
        assert answer.data == voice[300:1000]
        assert answer.headers["Content-Type"] == MIME
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Clip-Complete"] == "?0"
    assert bob.bytes_of(clip_id, 204, begin=1000, wait=0).headers["Clip-Next"] == "1000"
    ann.say_on(clip_id, 1000, voice[1000:1500])
    assert bob.bytes_of(clip_id, begin=1000, wait=0).data == voice[1000:1500]


def test_a_poll_is_answered_as_soon_as_there_is_more(ann, bob, voice, meanwhile, site, until):
    clip_id = ann.begin(content=voice[:1000])
    waiting = meanwhile(bob.bytes_of, clip_id, begin=1000, wait=10)
    until(lambda: site.store.bell.follows(f"walk/{clip_id}"))
    began = time.monotonic()

    ann.say_on(clip_id, 1000, voice[1000:1300])

    assert waiting.result(5).data == voice[1000:1300]
    assert time.monotonic() - began < 1
    assert site.admission.held == 0
    assert not site.store.bell.follows(f"walk/{clip_id}")


@pytest.mark.parametrize("ending", ["end", "take_back"])
def test_who_waits_learns_of_the_end(ann, bob, voice, meanwhile, site, until, ending):
    clip_id = ann.begin(content=voice[:1000])
    check = 200 if ending == "end" else 404
    waiting = meanwhile(bob.bytes_of, clip_id, check, begin=1000, wait=10)
    until(lambda: site.store.bell.follows(f"walk/{clip_id}"))

    if ending == "end":
        ann.end(clip_id, 1000, voice[1000:])
        answer = waiting.result(5)
        rest, _ = read_to_the_end(bob, clip_id, 1000 + len(answer.data))
        assert joined_sizes(voice[:1000] + answer.data + rest) == joined_sizes(voice)
    else:
        ann.take_back(clip_id)
        waiting.result(5)


def test_a_stream_goes_on_until_the_clip_is_complete(ann, bob, voice, meanwhile, site, until):
    clip_id = ann.begin()
    waiting = meanwhile(bob.bytes_of, clip_id, begin=0)
    until(lambda: site.store.bell.follows(f"walk/{clip_id}"))
    for at in range(0, 6000, 500):
        ann.say_on(clip_id, at, voice[at : at + 500])
    assert not waiting.done()

    ann.end(clip_id, 6000, voice[6000:])

    answer = waiting.result(5)
    assert joined_sizes(answer.data) == joined_sizes(voice)
    assert (answer.headers["Clip-Offset"], answer.headers["Clip-Complete"]) == ("0", "?0")
    assert "Clip-Next" not in answer.headers
    over = bob.bytes_of(clip_id, 204, begin=len(voice), wait=0)
    assert over.headers["Clip-Complete"] == "?1"
    assert site.admission.held == 0


def joined_sizes(data):
    """The bytes but for the sizes of clusters, which may be known or not."""
    first, *clusters = data.split(CLUSTER)
    return [first, *(cluster[8:] for cluster in clusters)]


def test_a_stream_in_which_nothing_comes_ends(ann, bob, voice, monkeypatch):
    monkeypatch.setattr(web_live, "SILENT_SECONDS", 0.05)
    clip_id = ann.begin()
    nothing = bob.bytes_of(clip_id, 204, begin=0)
    ann.say_on(clip_id, 0, voice[:1000])

    answer = bob.bytes_of(clip_id, begin=0)

    assert nothing.headers["Clip-Complete"] == "?0"
    assert answer.data == voice[:1000]


def test_a_stream_ends_when_the_clip_is_taken_back(ann, bob, voice, meanwhile, site, until):
    clip_id = ann.begin(content=voice[:1000])
    waiting = meanwhile(bob.bytes_of, clip_id, begin=0)
    until(lambda: site.store.bell.follows(f"walk/{clip_id}"))

    ann.take_back(clip_id)

    assert waiting.result(5).data == voice[:1000]


@pytest.mark.parametrize(
    "name", [VOICE, "firefox-audio.webm", "chromium-video-live.webm", "webkit-audio.mp4"]
)
def test_a_late_listener_joins_near_the_newest(ann, bob, sample, name):
    whole = sample(name)
    end = len(whole) * 4 // 5
    clip_id = ann.begin(content=whole[:end])
    index = JoinIndex()
    index.feed(whole[:end])
    expected = index.join(0.5)

    polled = bob.bytes_of(clip_id, begin="live", back=0.5, wait=0)

    assert polled.data == expected.prefix + whole[expected.offset : end]
    assert polled.headers["Clip-Offset"] == str(expected.offset)
    assert polled.headers["Clip-Prefix"] == str(len(expected.prefix))
    assert polled.headers["Clip-Next"] == str(end)
    assert "Clip-Prefix" not in bob.bytes_of(clip_id, begin=0, wait=0).headers


def test_what_cannot_be_joined_is_heard_from_the_beginning(ann, bob, sample):
    whole = sample("firefox-audio.ogg")
    clip_id = ann.begin(content=whole[:3000], mime="audio/ogg")

    answer = bob.bytes_of(clip_id, begin="live", wait=0)

    assert (answer.data, answer.headers["Clip-Offset"]) == (whole[:3000], "0")
    assert "Clip-Prefix" not in answer.headers
    assert answer.headers["Content-Type"] == "audio/ogg;codecs=opus"


def test_joining_waits_until_there_is_something_to_join(ann, bob, voice, meanwhile, site, until):
    clip_id = ann.begin(content=voice[:100])
    assert bob.bytes_of(clip_id, 204, begin="live", wait=0).headers["Clip-Complete"] == "?0"
    waiting = meanwhile(bob.bytes_of, clip_id, begin="live", wait=10)
    until(lambda: site.store.bell.follows(f"walk/{clip_id}"))

    ann.say_on(clip_id, 100, voice[100:1000])

    assert waiting.result(5).data.startswith(voice[: voice.index(CLUSTER)])


def test_a_complete_clip_can_be_joined_too_and_read_from_any_offset(ann, bob, voice):
    clip_id = ann.begin(content=voice[:1000])
    ann.end(clip_id, 1000, voice[1000:])

    joined = bob.bytes_of(clip_id, begin="live", back=0.3)
    whole = bob.bytes_of(clip_id, begin=0)

    assert joined.headers["Clip-Complete"] == whole.headers["Clip-Complete"] == "?1"
    at = int(joined.headers["Clip-Offset"])
    assert joined_sizes(joined.data[int(joined.headers["Clip-Prefix"]) :])[-1] == joined_sizes(voice[at:])[-1]
    assert joined_sizes(whole.data) == joined_sizes(voice)


@pytest.mark.parametrize("name", [VOICE, "chromium-audio-live.mp4", "webkit-audio.mp4", "firefox-audio.ogg"])
def test_wherever_a_reader_stands_when_the_clip_is_completed_it_reads_on_rightly(ann, bob, sample, name):
    whole = sample(name)
    clip_id = ann.begin(content=whole[:1000])
    ann.end(clip_id, 1000, whole[1000:])

    for at in range(0, len(whole), 1 if name == VOICE else 97):
        answer = bob.bytes_of(clip_id, begin=at, wait=0)
        read = whole[:at] + answer.data
        assert len(read) == len(whole)
        assert answer.headers["Clip-Complete"] == "?1"
        if name == VOICE:
            heads = {cluster[:8] for cluster in read.split(CLUSTER)[1:]}
            assert all(head[0] == 1 and (head[1:] == b"\xff" * 7 or head[1:4] == b"\0\0\0") for head in heads)
            assert joined_sizes(read) == joined_sizes(whole)


def test_a_plain_request_of_a_live_clip_plays_it_as_it_comes(ann, bob, voice, meanwhile, site, until):
    clip_id = ann.begin(content=voice[:1000])
    waiting = meanwhile(bob.media, clip_id, Range="bytes=0-")
    until(lambda: site.store.bell.follows(f"walk/{clip_id}"))
    ann.end(clip_id, 1000, voice[1000:])

    answer = waiting.result(5)
    assert joined_sizes(answer.data) == joined_sizes(voice)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "immutable" in bob.media(clip_id).headers["Cache-Control"]


def test_of_a_complete_clip_too_a_wait_is_one_from_its_first_byte(ann, bob, voice):
    clip_id = ann.begin(content=voice[:1000])
    ann.end(clip_id, 1000, voice[1000:])

    whole = bob.ask("GET", bob.url("clips", clip_id, "media"), query_string={"wait": "0"})
    assert joined_sizes(whole.data) == joined_sizes(voice)
    assert whole.headers["Clip-Complete"] == "?1"
    for query in ({"wait": "false"}, {"back": "soon"}):
        bob.ask("GET", bob.url("clips", clip_id, "media"), 422, query_string=query)


def test_head_tells_without_waiting(ann, bob, voice):
    clip_id = ann.begin(content=voice[:1000])

    answer = bob.ask("HEAD", bob.url("clips", clip_id, "media"), query_string={"from": "0"})

    assert (answer.headers["Clip-Next"], answer.data) == ("1000", b"")


@pytest.mark.parametrize(
    "query",
    [
        {"begin": "x"},
        {"begin": -1},
        {"begin": ""},
        {"begin": 1001},
        {"begin": "live", "back": 11},
        {"begin": "live", "back": "soon"},
        {"begin": 0, "wait": -1},
        {"begin": 0, "wait": "nan"},
    ],
)
def test_a_question_that_does_not_fit_is_refused(ann, bob, voice, query):
    clip_id = ann.begin(content=voice[:1000])

    assert bob.bytes_of(clip_id, 422, **query).json["detail"]


def test_who_may_not_see_the_thread_reads_nothing(make_thread, app, visitor, voice):
    make_thread("club", "[common]\nonRecorded=upload\n[auth]\npassword=soup\n")
    ann = Speaker(app, "club", "Ann", password="soup")
    clip_id = ann.begin(content=voice[:1000])

    visitor.ask("GET", ann.url("clips", clip_id, "media") + "?from=0", 401)
    visitor.ask("GET", ann.url("clips", clip_id, "media"), 401)


def test_beyond_the_room_one_is_told_to_come_later(ann, bob, voice, site):
    clip_id = ann.begin(content=voice[:1000])
    for _ in range(site.admission.room(None)):
        site.admission.enter(None)

    for query in ({"begin": 0}, {"begin": "live"}, {"begin": 1000, "wait": 10}):
        refused = bob.bytes_of(clip_id, 204, **query)
        assert refused.headers["Retry-After"]
    assert bob.bytes_of(clip_id, begin=0, wait=10).data == voice[:1000], "what is there can be had"
    ann.end(clip_id, 1000, voice[1000:])
    assert len(bob.bytes_of(clip_id, begin=0).data) == len(voice)
