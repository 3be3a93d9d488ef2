"""Publishing, listing, deleting and evicting clips."""

import io
import json
import struct

import pytest

VOICE = "chromium-audio.webm"
KINDS = {
    "chromium-audio.webm": "audio/webm;codecs=opus",
    "chromium-audio-live.webm": "audio/webm;codecs=opus",
    "chromium-audio.mp4": "audio/mp4;codecs=opus",
    "chromium-audio-live.mp4": "audio/mp4;codecs=opus",
    "firefox-audio.ogg": "audio/ogg;codecs=opus",
    "firefox-audio.webm": "audio/webm;codecs=opus",
    "webkit-audio.mp4": "audio/mp4;codecs=mp4a.40.2",
    "espeak.wav": "audio/wav",
    "chromium-video.webm": 'video/webm;codecs="vp8,opus"',
    "chromium-video-live.webm": 'video/webm;codecs="vp9,opus"',
    "chromium-video.mp4": 'video/mp4;codecs="avc1.42C015,opus"',
    "chromium-video-vp9.mp4": 'video/mp4;codecs="vp09.00.10.08,opus"',
    "firefox-video.webm": 'video/webm;codecs="vp8,opus"',
    "theora.ogg": 'video/ogg;codecs="theora,vorbis"',
}
OTHER_FILES = [
    b"Hello, this is a text and no recording.",
    b"<!doctype html><script>alert(1)</script>",
    b"\x89PNG\r\n\x1a\n" + bytes(100),
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    b"PK\x03\x04" + bytes(100),
    b"\x1aE\xdf\xa3",
    bytes(100),
]
MULTIPART = "multipart/form-data; boundary=b"


@pytest.fixture
def thread(make_thread):
    return make_thread("walk", "maxMediaFolderBytes=400000\nclipLifetimeSec=300\n")


@pytest.fixture
def ann(thread, join):
    return join("walk", "Ann")


@pytest.fixture
def voice(sample):
    return sample(VOICE)


def wav(seconds, rate=1000):
    """Silence: one channel, 8 bits."""
    data = bytes([128]) * (seconds * rate)
    form = struct.pack("<HHIIHH", 1, 1, rate, rate, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def kept_of(sent, stored):
    """How much of what was sent is in what is stored, in the same order, from 0 to 1."""
    pieces = [sent[at : at + 32] for at in range(0, len(sent), 32)]
    at, kept = 0, 0
    for piece in pieces:
        found = stored.find(piece, at)
        if found >= 0:
            at, kept = found, kept + 1
    return kept / len(pieces)


def files_of(thread):
    return sorted(path.name for path in thread.glob("media*/*"))


def post_form(ann, check, **data):
    return ann.ask("POST", ann.url("clips"), check, data=data, content_type="multipart/form-data").json


@pytest.mark.parametrize("name", KINDS)
def test_what_browsers_record_is_stored_as_what_it_is(make_thread, join, sample, name):
    folder = make_thread("film", "allowVideo=1\n")
    ann = join("film", "Ann")

    clip = ann.upload(sample(name), mime="text/html", duration="0.1")
    answer = ann.media(clip["id"])

    assert clip["mime"] == answer.content_type == KINDS[name]
    assert clip["bytes"] == len(answer.data)
    assert 1.1 < clip["duration"] < 1.6
    assert kept_of(sample(name), answer.data) > 0.9, "but for the headers all is as it was recorded"
    container = KINDS[name].split(";")[0].split("/")[1]
    assert [file.rpartition(".")[2] for file in files_of(folder)] == [container]


def test_a_picture_is_refused_where_the_thread_is_for_sound(ann, thread, sample):
    for name in KINDS:
        if KINDS[name].startswith("video"):
            ann.upload(sample(name), 403)

    assert files_of(thread) == []


def test_a_clip_says_everything_about_itself(ann, voice):
    clip = ann.upload(voice, description="Who brings soup", peaks="[0, 64, 100]")

    assert clip == {
        "id": clip["id"],
        "author": "Ann",
        "authorId": ann.author_id,
        "created": "2026-11-21T10:00:00.000Z",
        "mime": "audio/webm;codecs=opus",
        "duration": 1.5,
        "bytes": len(ann.media(clip["id"]).data),
        "expires": "2026-11-21T10:05:00.000Z",
        "description": "Who brings soup",
        "media": f"/api/threads/walk/clips/{clip['id']}/media",
        "peaks": [0, 64, 100],
    }
    assert ann.ask("GET", ann.url("clips", clip["id"])).json == clip
    assert ann.clips()["clips"] == [clip]


def test_the_url_of_the_bytes_works_where_the_site_is_mounted_under_a_path(ann, voice):
    clip = ann.upload(voice)
    mounted = ann.ask("GET", ann.url("clips"), base_url="http://localhost/forum").json["clips"][0]

    assert mounted["media"] == "/forum" + clip["media"]


def test_clips_are_listed_in_the_order_in_which_they_came(ann, voice, clock):
    published = []
    for _ in range(4):
        published.append(ann.upload(voice)["id"])
        clock.advance(1)

    assert ann.clip_ids() == published
    assert len(set(published)) == 4


def test_the_free_space_is_what_the_clips_leave_of_the_folder(ann, voice):
    assert ann.clips()["free"] == 400_000
    clip = ann.upload(voice)
    assert ann.clips()["free"] == 400_000 - clip["bytes"]


def test_whoever_has_not_joined_can_listen_but_not_publish(ann, visitor, voice):
    clip = ann.upload(voice)
    path = "/api/threads/walk/clips"

    assert visitor.ask("GET", path).json["clips"] == [clip]
    answer = visitor.ask("POST", path, 401, data={"blob": (io.BytesIO(voice), "clip")})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    visitor.token = "nobody-has-this-one"
    visitor.ask("POST", path, 401, data={"blob": (io.BytesIO(voice), "clip")})


# --- eviction and limits


def test_the_oldest_clip_goes_when_there_are_too_many(make_thread, join, voice):
    folder = make_thread("walk", "maxClipCount=2\n")
    ann = join("walk", "Ann")
    first, second = ann.upload(voice)["id"], ann.upload(voice)["id"]
    cursor = ann.clips()["cursor"]

    third = ann.upload(voice)

    assert ann.clip_ids() == [second, third["id"]]
    assert ann.events(cursor)["clips"] == {"added": [third], "removed": [first]}
    ann.media(first, 404)
    assert len(files_of(folder)) == 2


def test_the_oldest_clips_go_when_they_take_too_much_room(make_thread, join, sample, voice):
    folder = make_thread("walk", f"maxMediaFolderBytes={2 * len(voice) + 1}\nmaxBlobBytes=20000\n")
    ann = join("walk", "Ann")
    ann.upload(voice)
    ann.upload(voice)

    large = ann.upload(sample("chromium-audio-live.mp4"))

    assert len(ann.clip_ids()) == 1
    assert ann.clips()["free"] == 2 * len(voice) + 1 - large["bytes"]
    assert len(files_of(folder)) == 1


def test_expired_clips_go_before_older_ones_that_are_not(make_thread, join, voice, clock):
    make_thread("walk", "maxClipCount=2\nclipLifetimeSec=300\n")
    ann = join("walk", "Ann")
    first = ann.upload(voice)["id"]
    make_thread("walk", "maxClipCount=2\nclipLifetimeSec=10\n")
    ann.upload(voice)
    clock.advance(11)

    third = ann.upload(voice)["id"]

    assert ann.clip_ids() == [first, third]


@pytest.mark.parametrize(("hide", "listed"), [(1, 0), (0, 1)])
def test_expired_clips_are_listed_or_hidden_as_the_thread_says(make_thread, join, voice, clock, hide, listed):
    make_thread("walk", f"clipLifetimeSec=10\nhideExpired={hide}\n")
    ann = join("walk", "Ann")
    ann.upload(voice)

    clock.advance(11)

    assert len(ann.clips()["clips"]) == listed
    assert len(ann.events()["clips"]["added"]) == listed


def test_expired_clips_are_removed_at_a_poll_where_the_thread_says_so(make_thread, join, voice, clock):
    folder = make_thread("walk", "clipLifetimeSec=10\nremoveExpiredFromDir=1\n")
    ann = join("walk", "Ann")
    clip = ann.upload(voice)["id"]
    cursor = ann.clips()["cursor"]

    clock.advance(11)

    assert ann.events(cursor)["clips"] == {"added": [], "removed": [clip]}
    assert files_of(folder) == []


@pytest.mark.parametrize("limit", ["maxBlobBytes", "maxMediaFolderBytes"])
def test_a_clip_that_is_too_big_is_refused_and_evicts_nothing(make_thread, join, voice, limit):
    folder = make_thread("walk", f"{limit}={len(voice)}\n")
    ann = join("walk", "Ann")
    kept = ann.upload(voice)["id"]

    assert f"{len(voice):,}" in ann.upload(voice + b"x", 413)["detail"]
    ann.upload(voice + bytes(100_000), 413)

    assert ann.clip_ids() == [kept]
    assert len(files_of(folder)) == 1


def test_a_large_clip_is_stored_where_the_thread_allows_it(make_thread, join):
    make_thread("walk", "maxBlobBytes=3000000\nmaxMediaFolderBytes=9000000\n")
    ann = join("walk", "Ann")
    large = wav(2, rate=200_000)

    clip = ann.upload(large)

    assert clip["bytes"] == len(large) > 400_000
    assert ann.media(clip["id"]).data == large


@pytest.mark.parametrize(("seconds", "status"), [(2, 201), (5, 422)])
def test_a_clip_that_is_longer_than_the_thread_allows_is_refused(ann, seconds, status):
    answer = ann.upload(wav(seconds), status)

    assert status == 201 or "5 s" in answer["detail"]


# --- what is no recording


def test_a_file_of_another_kind_is_refused_whatever_it_is_called(ann, thread, sample):
    for content in (*OTHER_FILES, sample("chromium-h264.mkv")):
        ann.upload(content, 415, mime="audio/webm;codecs=opus")

    assert files_of(thread) == []


def test_an_empty_file_is_refused(ann):
    assert "empty" in ann.upload(b"", 422)["detail"]


def test_a_recording_with_nothing_in_it_is_refused(ann, voice):
    before_the_first_frame = voice[: voice.rindex(b"\x1fC\xb6u")]

    for nothing in (before_the_first_frame, wav(0)):
        assert "nothing" in ann.upload(nothing, 422)["detail"]


@pytest.mark.parametrize("name", ["chromium-audio.webm", "firefox-audio.ogg", "espeak.wav"])
def test_a_recording_that_is_cut_off_is_as_long_as_what_is_there(ann, sample, name):
    content = sample(name)

    clip = ann.upload(content[: len(content) * 17 // 20], duration="1.5")

    assert 0.8 < clip["duration"] < 1.35


@pytest.mark.parametrize("name", [name for name in KINDS if KINDS[name].startswith("audio")])
def test_wherever_a_recording_is_cut_off_it_is_stored_or_refused(ann, sample, name):
    content = sample(name)
    lengths = [1, 3, 11, 12, 20, 44, 60, 150, 300, len(content) // 2, len(content) - 1]

    statuses = {
        ann.status("POST", ann.url("clips"), data={"blob": (io.BytesIO(content[:length]), "clip")})
        for length in lengths
    }

    assert statuses <= {201, 415, 422}


# --- what is sent beside the bytes


def test_the_duration_is_read_in_the_file_whatever_is_said(ann, voice):
    for hint in ("-1", "NaN", "inf", "-inf", "1e999", "99999999", "soon", "", "0x10"):
        assert ann.upload(voice, duration=hint)["duration"] == 1.5


def test_a_description_is_one_line_of_at_most_200_characters(ann, voice):
    kept = {
        "x" * 200: "x" * 200,
        "y" * 201: "y" * 200,
        "Соня " * 100: ("Соня " * 40).strip(),
        "two\r\nlines\tand  blanks": "two  lines and  blanks",
        "a\x00b\x1b[31mc\u202ed": "ab[31mcd",
        "<b onclick='x'>&amp;</b>": "<b onclick='x'>&amp;</b>",
        "👋 hello": "👋 hello",
    }

    assert {sent: ann.upload(voice, description=sent)["description"] for sent in kept} == kept


def test_at_most_128_peaks_are_kept(ann, voice):
    peaks = [0, 100] * 64

    assert ann.upload(voice, peaks=json.dumps(peaks))["peaks"] == peaks
    assert "peaks" not in ann.upload(voice, peaks="[]")


def test_what_are_no_peaks_is_refused(ann, thread, voice):
    numbers = ["7", "[101]", "[-1]", "[0.5]", "[true]", '["1"]', json.dumps([1] * 129)]
    for peaks in ["loud", "{}", "[1,]", "[" * 5_000, *numbers]:
        ann.upload(voice, 422, peaks=peaks)

    assert files_of(thread) == []


def test_a_field_that_is_there_twice_is_refused(ann, voice):
    for field in ("mime", "duration", "description", "peaks"):
        post_form(ann, 422, blob=(io.BytesIO(voice), "clip"), **{field: ["1", "2"]})


def test_exactly_one_file_in_the_field_blob_is_a_clip(ann, voice):
    def file():
        return (io.BytesIO(voice), "clip")

    post_form(ann, 422, description="no file")
    post_form(ann, 422, blob=voice)
    post_form(ann, 422, blob=[file(), file()])
    post_form(ann, 422, other=file())
    post_form(ann, 422, blob=file(), other=file())
    post_form(ann, 201, blob=file(), unknown="is passed over")


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"blob": "x"}', 415),
        ("application/x-www-form-urlencoded", b"blob=x", 415),
        ("audio/webm", b"x", 415),
        ("multipart/form-data", b"x", 422),
        (MULTIPART, b"", 422),
        (MULTIPART, b"no parts at all", 422),
        (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="blob"; filename="x"\r\n\r\ncut off', 422),
        (MULTIPART, b"--b\r\n\r\nno name\r\n--b--\r\n", 422),
        (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 30 + b"--b--\r\n", 413),
    ],
)
def test_a_body_that_is_no_proper_form_is_refused(ann, kind, body, status):
    ann.ask("POST", ann.url("clips"), status, data=body, content_type=kind)


# --- deleting


def test_the_author_deletes_a_clip(ann, thread, voice):
    clip = ann.upload(voice)["id"]
    cursor = ann.clips()["cursor"]

    ann.delete(clip)

    assert ann.events(cursor)["clips"] == {"added": [], "removed": [clip]}
    assert ann.clip_ids() == files_of(thread) == []
    ann.ask("GET", ann.url("clips", clip), 404)
    ann.media(clip, 404)
    ann.delete(clip, 404)


def test_nobody_deletes_the_clip_of_another(ann, join, visitor, voice):
    clip = ann.upload(voice)["id"]

    assert "Ann" in join("walk", "Bob").delete(clip, 403)["detail"]
    visitor.ask("DELETE", f"/api/threads/walk/clips/{clip}", 401)
    assert ann.clip_ids() == [clip]


def test_a_name_that_has_passed_to_another_does_not_make_them_the_author(make_thread, join, voice, clock):
    make_thread("walk", "nameHoldSec=10\n")
    ann = join("walk", "Ann")
    clip = ann.upload(voice)["id"]
    clock.advance(11)

    join("walk", "Ann").delete(clip, 403)


def test_the_author_deletes_a_clip_under_another_name_too(ann, voice):
    clip = ann.upload(voice)["id"]
    ann.rename("Anna")

    ann.delete(clip)


def test_a_clip_that_is_not_there_is_missing(ann):
    for clip in ("nope", "0" * 16, "..", "%2e%2e%2f.ini", "x" * 300, "%00"):
        ann.delete(clip, 404)
        ann.media(clip, 404)


# --- repeats


def test_a_repeat_with_the_same_key_gives_the_first_answer_again(ann, thread, voice, sample):
    first = ann.upload(voice, key="once", description="first")
    again = ann.upload(sample("firefox-audio.ogg"), key="once", description="second")

    assert again == first
    assert ann.clip_ids() == [first["id"]]
    assert len(files_of(thread)) == 1


def test_a_repeat_does_not_bring_back_a_clip_that_was_deleted(ann, thread, voice):
    first = ann.upload(voice, key="once")
    ann.delete(first["id"])

    assert ann.upload(voice, key="once") == first
    assert ann.clip_ids() == files_of(thread) == []


def test_a_repeat_does_not_bring_back_a_clip_that_was_evicted(make_thread, join, voice):
    make_thread("walk", "maxClipCount=1\n")
    ann = join("walk", "Ann")
    first = ann.upload(voice, key="once")
    second = ann.upload(voice)

    assert ann.upload(voice, key="once") == first
    assert ann.clip_ids() == [second["id"]]


def test_keys_of_different_people_are_different_keys(ann, join, voice):
    bob = join("walk", "Bob")

    assert ann.upload(voice, key="once")["id"] != bob.upload(voice, key="once")["id"]


def test_a_key_that_a_refused_clip_had_can_be_used_again(ann, voice):
    ann.upload(b"nothing that can be heard", 415, key="once")

    assert ann.upload(voice, key="once")["author"] == "Ann"


def test_a_key_is_1_to_128_printable_ascii_characters(ann, voice):
    for key in ("", "x" * 129, "é", "tab\tbed"):
        form = {"blob": (io.BytesIO(voice), "clip")}
        ann.ask("POST", ann.url("clips"), 422, data=form, headers={"Idempotency-Key": key})
    ann.upload(voice, key="~" * 128)


def test_files_are_readable_by_the_owner_and_the_group_only(ann, thread, voice):
    ann.upload(voice)

    assert {oct(path.stat().st_mode & 0o777) for path in thread.glob("media/*")} == {"0o640"}
    assert (thread / "users.json").stat().st_mode & 0o007 == 0
