"""Recordings that are sent in pieces, or in one raw request."""

import base64
import errno
import hashlib
import io
import json
import os
import shutil
import threading
import time
import uuid
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mozchat.services import upkeep
from mozchat.services.site import Site
from mozchat.storage import media, thread_store
from mozchat.storage.media import Draft
from mozchat.storage.uploads import Part
from mozchat.web.app import create_app

VOICE = "chromium-audio.webm"
SETTINGS = "maxMediaFolderBytes=400000\nclipLifetimeSec=300\nmaxBlobBytes=60000\nallowVideo=1\n"
PIECE = "application/partial-upload"
TYPES = "https://iana.org/assignments/http-problem-types#"


@pytest.fixture
def thread(make_thread):
    return make_thread("walk", SETTINGS)


@pytest.fixture
def ann(thread, join):
    return join("walk", "Ann")


@pytest.fixture
def bob(thread, join):
    return join("walk", "Bob")


@pytest.fixture
def voice(sample):
    return sample(VOICE)


def create(who, content=b"", check=201, *, complete=False, key=None, fields=None, **headers):
    """Begin an upload; gives the answer."""
    own = {"Upload-Complete": f"?{int(complete)}", **named(headers)}
    if key:
        own["Idempotency-Key"] = key
    if fields is not None:
        own["Clip-Fields"] = encoded(fields)
    return who.ask("POST", who.url("uploads"), check, data=content, headers=own)


def patch(who, upload, offset, content=b"", check=204, *, complete=False, fields=None, **headers):
    """Add a piece to an upload."""
    own = {"Upload-Complete": f"?{int(complete)}", "Upload-Offset": str(offset), **named(headers)}
    own.setdefault("Content-Type", PIECE)
    if fields is not None:
        own["Clip-Fields"] = encoded(fields)
    return who.ask("PATCH", who.url("uploads", upload), check, data=content, headers=own)


def finish(who, upload, offset, content=b"", check=201, **options):
    """Add the last piece; gives the clip, or the problem."""
    return patch(who, upload, offset, content, check, complete=True, **options).json


def head(who, upload, check=204):
    return who.ask("HEAD", who.url("uploads", upload), check).headers


def offset_of(who, upload):
    return int(head(who, upload)["Upload-Offset"])


def discard(who, upload, check=204):
    return who.ask("DELETE", who.url("uploads", upload), check)


def named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def encoded(fields):
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return f":{base64.b64encode(text).decode()}:"


def digest(content):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def begun(who, content=b"", **options):
    """The id of an upload with its first bytes."""
    return create(who, content, **options).json["id"]


def files_of(thread):
    return sorted(path.name for path in thread.glob("media*/*"))


def parts_of(thread):
    return sorted(path.name for path in thread.glob(".uploads/*"))


def bytes_in(thread):
    return sum(path.stat().st_size for path in [*thread.glob("media*/*"), *thread.glob(".uploads/*.part")])


def plays(stored, sent):
    """Whether what is stored has the sound that was sent, behind whatever header."""
    return sent[1000:6000] in stored


# --- piece by piece


def test_a_recording_in_pieces_becomes_a_clip(ann, bob, thread, voice):
    cursor = bob.clips()["cursor"]
    answer = create(ann, voice[:1000], key="a" * 32)

    upload = answer.json["id"]
    assert answer.headers["Location"] == ann.url("uploads", upload)
    assert answer.headers["Upload-Offset"] == "1000"
    assert answer.headers["Upload-Complete"] == "?0"
    assert answer.json == {"id": upload, "offset": 1000, "expires": "2026-11-22T10:00:00.000Z"}
    piece = patch(ann, upload, 1000, voice[1000:5000])
    assert (piece.headers["Upload-Offset"], piece.headers["Upload-Complete"]) == ("5000", "?0")
    assert bob.nothing_new(cursor)
    assert files_of(thread) == []

    last = patch(ann, upload, 5000, voice[5000:], 201, complete=True)

    assert (last.headers["Upload-Offset"], last.headers["Upload-Complete"]) == (str(len(voice)), "?1")
    clip = last.json
    assert (clip["id"], clip["author"], clip["mime"]) == (upload, "Ann", "audio/webm;codecs=opus")
    assert clip["duration"] == pytest.approx(1.5, abs=0.02)
    assert bob.events(cursor)["clips"]["added"] == [clip]
    stored = ann.media(upload).data
    assert len(stored) == clip["bytes"]
    assert plays(stored, voice)
    assert parts_of(thread) == []


def test_an_upload_can_begin_empty_and_end_empty(ann, voice):
    upload = begun(ann)
    assert offset_of(ann, upload) == 0
    patch(ann, upload, 0, voice)

    assert finish(ann, upload, len(voice))["id"] == upload
    assert ann.clip_ids() == [upload]


def test_what_is_said_of_a_clip_can_come_at_any_time_and_the_last_word_counts(ann, voice):
    upload = begun(ann, voice[:100], fields={"description": "Soup", "peaks": [1, 2]})
    patch(ann, upload, 100, voice[100:], fields={"peaks": [0, 100], "more": 1})

    clip = finish(ann, upload, len(voice), fields={"description": " Who brings\nsoup "})

    assert (clip["description"], clip["peaks"]) == ("Who brings soup", [0, 100])


def test_the_duration_that_is_said_counts_where_the_file_does_not_tell(ann, sample):
    upload = begun(ann, fields={"duration": 1.25})
    clip = finish(ann, upload, 0, sample("espeak.wav"))
    assert clip["duration"] == pytest.approx(1.5, abs=0.4), "the file says"


def test_a_clip_in_one_raw_request(ann, thread, voice):
    answer = create(ann, voice, complete=True, fields={"description": "Soup"}, Repr_Digest=digest(voice))

    clip = answer.json
    assert (answer.headers["Upload-Complete"], answer.headers["Upload-Offset"]) == ("?1", str(len(voice)))
    assert clip["description"] == "Soup"
    assert ann.clips()["clips"] == [clip]
    assert plays(ann.media(clip["id"]).data, voice)
    assert parts_of(thread) == []
    assert len(files_of(thread)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "chromium-audio-live.webm",
        "chromium-audio-live.mp4",
        "chromium-video-live.webm",
        "firefox-audio.ogg",
        "firefox-video.webm",
        "webkit-audio.mp4",
        "espeak.wav",
        "index-last.mp4",
    ],
)
def test_the_three_ways_of_sending_give_the_same_clip(ann, sample, name):
    content = sample(name)
    form = ann.upload(content)
    raw = create(ann, content, complete=True).json
    pieces = finish(ann, begun(ann, content[:3000]), 3000, content[3000:])

    for clip in (raw, pieces):
        assert {**clip, "id": "", "media": ""} == {**form, "id": "", "media": ""}
        assert ann.media(clip["id"]).data == ann.media(form["id"]).data


def test_how_far_it_has_come_can_be_asked_for(ann, voice, clock):
    upload = begun(ann, voice[:1000], Upload_Length=str(len(voice)))
    clock.advance(400)

    headers = head(ann, upload)

    assert headers["Upload-Offset"] == "1000"
    assert headers["Upload-Complete"] == "?0"
    assert headers["Upload-Length"] == str(len(voice))
    assert headers["Upload-Limit"] == "max-size=60000, max-age=86000"
    assert headers["Cache-Control"] == "no-store"
    finish(ann, upload, 1000, voice[1000:])
    headers = head(ann, upload)
    assert (headers["Upload-Offset"], headers["Upload-Complete"]) == (str(len(voice)), "?1")


def test_what_can_be_sent_is_told_to_whoever_asks(ann):
    answer = ann.ask("OPTIONS", ann.url("uploads"), 204)

    assert answer.headers["Upload-Limit"] == "max-size=60000, max-age=86400"
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_an_upload_that_is_discarded_is_gone_at_once(ann, thread, voice):
    upload = begun(ann, voice)
    discard(ann, upload)

    assert parts_of(thread) == []
    head(ann, upload, 404)
    patch(ann, upload, len(voice), b"", 404)
    discard(ann, upload, 404)
    assert ann.clips()["free"] == 400_000


def test_the_address_is_right_where_the_site_is_mounted_under_a_path(ann):
    answer = ann.ask(
        "POST",
        ann.url("uploads"),
        201,
        headers={"Upload-Complete": "?0"},
        base_url="http://localhost/forum",
    )
    assert answer.headers["Location"] == "/forum" + ann.url("uploads", answer.json["id"])


def send_chunked(who, content, complete, *, terminated=True, **headers):
    """Send a body whose end alone says how long it is, to a server that does or does not tell of the end."""
    return who.send(
        "POST",
        who.url("uploads"),
        headers={
            "Upload-Complete": f"?{int(complete)}",
            "Transfer-Encoding": "chunked",
            **named(headers),
        },
        environ_overrides={
            "wsgi.input": io.BytesIO(content),
            "wsgi.input_terminated": terminated,
            "CONTENT_LENGTH": "",
        },
    )


def test_a_body_of_unknown_length_is_taken_as_it_comes(ann, voice):
    clip = send_chunked(ann, voice, complete=True).json
    assert plays(ann.media(clip["id"]).data, voice)
    assert send_chunked(ann, voice, complete=False).json["offset"] == len(voice)


def test_a_body_of_unknown_length_is_refused_by_a_server_that_cannot_tell_its_end(ann, voice):
    assert send_chunked(ann, voice, complete=True, terminated=False).status_code == 411


# --- repeats and races


def test_a_repeated_beginning_tells_what_is_there_and_adds_nothing(ann, voice):
    first = create(ann, voice[:1000], key="k")
    patch(ann, first.json["id"], 1000, voice[1000:1500])

    again = create(ann, voice[:1000], key="k")

    assert again.json["id"] == first.json["id"]
    assert again.json["offset"] == 1500
    assert again.headers["Upload-Offset"] == "1500"


def test_a_repeated_piece_is_refused_with_the_place_to_go_on(ann, voice):
    upload = begun(ann, voice[:1000])
    patch(ann, upload, 1000, voice[1000:2000])

    answer = patch(ann, upload, 1000, voice[1000:2000], 409)

    assert answer.headers["Upload-Offset"] == "2000"
    assert answer.json["type"] == TYPES + "mismatching-upload-offset"
    assert (answer.json["expected-offset"], answer.json["provided-offset"]) == (2000, 1000)
    patch(ann, upload, 2500, voice[2500:], 409)
    assert offset_of(ann, upload) == 2000


def test_a_repeated_end_gives_the_clip_again(ann, voice, clock):
    upload = begun(ann, voice[:1000], key="k")
    clip = finish(ann, upload, 1000, voice[1000:])
    clock.advance(1)

    assert finish(ann, upload, 1000, voice[1000:]) == clip
    assert finish(ann, upload, len(voice), b"") == clip
    assert create(ann, voice[:1000], key="k").json == clip
    assert create(ann, voice, complete=True, key="k").json == clip
    assert ann.clip_ids() == [upload]


def test_nothing_can_be_added_to_a_clip(ann, voice):
    upload = begun(ann, voice)
    finish(ann, upload, len(voice))

    for answer in (
        patch(ann, upload, len(voice), b"more", 400),
        patch(ann, upload, len(voice), b"more", 400, complete=True),
        discard(ann, upload, 400),
    ):
        assert answer.json["type"] == TYPES + "completed-upload"


def test_a_clip_that_was_deleted_is_not_brought_back_by_a_repeat(ann, voice):
    upload = begun(ann, voice)
    clip = finish(ann, upload, len(voice))
    ann.delete(upload)

    assert finish(ann, upload, len(voice)) == clip
    assert ann.clip_ids() == []


def test_a_recording_that_is_sent_whole_after_all_ends_its_upload(ann, thread, voice):
    begun(ann, voice[:1000], key="k")

    create(ann, voice, complete=True, key="k")

    assert parts_of(thread) == []


def test_a_request_that_wakes_up_late_harms_nobody(ann, voice, meanwhile, until):
    upload = begun(ann, voice[:1000])
    slow = SlowBody(voice[1000:2000])
    late = meanwhile(
        ann.send,
        "PATCH",
        ann.url("uploads", upload),
        headers={"Upload-Complete": "?0", "Upload-Offset": "1000", "Content-Type": PIECE},
        environ_overrides={"wsgi.input": slow, "CONTENT_LENGTH": "1000"},
    )
    until(slow.reading)
    patch(ann, upload, 1000, voice[1000:3000])
    slow.go_on()

    assert late.result().status_code == 409
    assert finish(ann, upload, 3000, voice[3000:], Repr_Digest=digest(voice))["id"] == upload


def test_a_request_that_wakes_up_after_the_end_changes_nothing(ann, voice, meanwhile, until):
    upload = begun(ann, voice)
    slow = SlowBody(b"x" * 100)
    late = meanwhile(
        ann.send,
        "PATCH",
        ann.url("uploads", upload),
        headers={"Upload-Complete": "?0", "Upload-Offset": str(len(voice)), "Content-Type": PIECE},
        environ_overrides={"wsgi.input": slow, "CONTENT_LENGTH": "100"},
    )
    until(slow.reading)
    finish(ann, upload, len(voice))
    before = ann.media(upload).data
    slow.go_on()

    assert late.result().status_code == 404
    assert ann.media(upload).data == before


def test_a_request_that_wakes_up_when_all_began_anew_changes_nothing(ann, voice, meanwhile, until):
    upload = begun(ann, b"x" * 1000, key="k")
    slow = SlowBody(b"x" * 100)
    late = meanwhile(
        ann.send,
        "PATCH",
        ann.url("uploads", upload),
        headers={"Upload-Complete": "?0", "Upload-Offset": "1000", "Content-Type": PIECE},
        environ_overrides={"wsgi.input": slow, "CONTENT_LENGTH": "100"},
    )
    until(slow.reading)
    discard(ann, upload)
    assert begun(ann, voice[:1000], key="k") == upload
    slow.go_on()

    assert late.result().status_code == 404
    finish(ann, upload, 1000, voice[1000:], Repr_Digest=digest(voice))


class SlowBody:
    """A body whose client waits before the first byte of it."""

    def __init__(self, content):
        self._content = content
        self._asked = threading.Event()
        self._released = threading.Event()

    def reading(self):
        return self._asked.is_set()

    def go_on(self):
        self._released.set()

    def read(self, most=-1):
        self._asked.set()
        assert self._released.wait(10)
        content, self._content = self._content, b""
        return content


def test_what_arrived_before_a_connection_broke_stays(ann, voice):
    upload = begun(ann)
    answer = ann.send(
        "PATCH",
        ann.url("uploads", upload),
        headers={"Upload-Complete": "?1", "Upload-Offset": "0", "Content-Type": PIECE},
        environ_overrides={"wsgi.input": io.BytesIO(voice[:3000]), "CONTENT_LENGTH": str(len(voice))},
    )

    assert answer.status_code == 400
    assert offset_of(ann, upload) == 3000
    finish(ann, upload, 3000, voice[3000:], Repr_Digest=digest(voice))


def test_of_a_raw_request_that_is_cut_off_nothing_stays(ann, thread, voice):
    answer = ann.send(
        "POST",
        ann.url("uploads"),
        headers={"Upload-Complete": "?1"},
        environ_overrides={"wsgi.input": io.BytesIO(voice[:3000]), "CONTENT_LENGTH": str(len(voice))},
    )

    assert answer.status_code == 400
    assert (files_of(thread), parts_of(thread)) == ([], [])


def test_an_upload_survives_the_process(ann, app, site, voice, clock):
    upload = begun(ann, voice[:1000], fields={"description": "Soup"})
    other = Site(site.store.folder, 1, clock)
    late = type(ann)(create_app(other), "walk", "Ann", ann.token)

    clip = finish(late, upload, 1000, voice[1000:])

    other.close()
    assert clip["description"] == "Soup"
    assert ann.clips()["clips"] == [clip]


@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_however_it_is_cut_and_repeated_the_clip_is_the_same(make_thread, ann, sample, data):
    make_thread("walk", SETTINGS + "maxOpenUploads=1000\nmaxMediaFolderBytes=90000000\n")
    name = data.draw(st.sampled_from(["chromium-audio-live.webm", "webkit-audio.mp4", "firefox-audio.ogg"]))
    content = sample(name)
    cuts = sorted(data.draw(st.lists(st.integers(1000, len(content)), max_size=5)))
    key = uuid.uuid4().hex
    upload = None
    for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        if upload is None or data.draw(st.booleans()):
            upload = create(ann, content[begin:end] if upload is None else b"junk", key=key).json["id"]
        tries = 1 + data.draw(st.integers(0, 2))
        for _ in range(tries):
            offset = offset_of(ann, upload)
            if offset < end:
                patch(ann, upload, offset, content[offset:end])
            if data.draw(st.booleans()) and offset:
                patch(ann, upload, offset - 1, content[offset - 1 : end], 409)
    clips = [
        finish(ann, upload, len(content), Repr_Digest=digest(content))
        for _ in range(1 + data.draw(st.integers(0, 1)))
    ]
    whole = create(ann, content, complete=True).json

    assert ann.media(upload).data == ann.media(whole["id"]).data
    assert all({**clip, "id": "", "media": ""} == {**whole, "id": "", "media": ""} for clip in clips)
    for clip in (upload, whole["id"]):
        ann.delete(clip)


# --- what is refused


def test_what_a_request_must_say_is_said_where_it_is_missing(ann, voice):
    upload = begun(ann)
    post, one = ann.url("uploads"), ann.url("uploads", upload)
    for method, path, status, headers in (
        ("POST", post, 400, {}),
        ("POST", post, 400, {"Upload-Complete": "1"}),
        ("POST", post, 400, {"Upload-Complete": "?0", "Upload-Length": "many"}),
        ("POST", post, 400, {"Upload-Complete": "?0", "Upload-Offset": "5"}),
        ("POST", post, 422, {"Upload-Complete": "?0", "Idempotency-Key": ""}),
        ("PATCH", one, 415, {"Upload-Complete": "?0", "Upload-Offset": "0"}),
        ("PATCH", one, 400, {"Upload-Complete": "?0", "Content-Type": PIECE}),
        ("PATCH", one, 400, {"Upload-Offset": "0", "Content-Type": PIECE}),
        ("PATCH", one, 400, {"Upload-Offset": "-1", "Upload-Complete": "?0", "Content-Type": PIECE}),
        ("PATCH", post, 405, {}),
        ("GET", post, 405, {}),
        ("POST", one, 405, {}),
        ("PUT", one, 405, {}),
    ):
        assert ann.send(method, path, headers=headers).status_code == status, (method, headers)
    assert offset_of(ann, upload) == 0


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("{}", 400),
        (":e30", 400),
        (":%%%:", 400),
        (":e30=:x", 400),
        (encoded(b"\xff"), 400),
        (encoded(b"[" * 4000), 400),
        (encoded([]), 422),
        (encoded({"peaks": [101]}), 422),
        (encoded({"peaks": "loud"}), 422),
        (encoded({"duration": "1"}), 422),
        (encoded({"duration": True}), 422),
        (encoded({"description": 5}), 422),
        (encoded({"description": "x" * 9000}), 422),
        (encoded({"duration": float("nan")}), 201),
        (encoded({"duration": 1e400}), 201),
        (encoded({"description": "\ud800 \u202e <b>"}), 201),
        (encoded({}), 201),
    ],
)
def test_what_is_said_of_a_clip_must_be_of_its_form(ann, text, status):
    create(ann, check=status, Clip_Fields=text)


def test_a_recording_that_is_too_large_is_refused_as_soon_as_that_is_known(ann, thread):
    create(ann, b"x" * 60_001, 413)
    create(ann, b"x" * 60_001, 413, complete=True)
    create(ann, b"", 413, Upload_Length="60001")
    upload = begun(ann, b"x" * 60_000)

    patch(ann, upload, 60_000, b"x", 413)
    patch(ann, upload, 60_000, b"x", 413, complete=True)

    assert offset_of(ann, upload) == 60_000
    assert files_of(thread) == []


def test_a_body_of_unknown_length_that_is_too_large_is_refused(ann, thread):
    for complete in (False, True):
        assert send_chunked(ann, bytes(1_000_000), complete).status_code == 413
    assert files_of(thread) == []


def test_a_length_that_disagrees_is_refused(ann, voice):
    upload = begun(ann, voice[:1000], Upload_Length="2000")

    for answer in (
        create(ann, voice, 400, Upload_Length="10"),
        create(ann, voice, 400, Upload_Length="10", complete=True),
        send_chunked(ann, voice, complete=True, Upload_Length="10"),
        patch(ann, upload, 1000, voice[1000:2001], 400),
        patch(ann, upload, 1000, b"", 400, Upload_Length="3000"),
        patch(ann, upload, 1000, b"", 400, complete=True),
    ):
        assert answer.json["type"] == TYPES + "inconsistent-upload-length"
    assert offset_of(ann, upload) == 1000


def test_a_length_can_be_said_later(ann, voice):
    upload = begun(ann, voice[:1000])
    patch(ann, upload, 1000, voice[1000:2000], Upload_Length=str(len(voice)))

    assert head(ann, upload)["Upload-Length"] == str(len(voice))
    patch(ann, upload, 2000, b"", 400, complete=True)
    finish(ann, upload, 2000, voice[2000:])


def test_a_recording_that_was_changed_on_the_way_is_refused_and_begins_anew(ann, thread, voice):
    upload = begun(ann, voice[:1000], key="k")

    problem = finish(ann, upload, 1000, b"x" + voice[1001:], 422, Repr_Digest=digest(voice))

    assert "changed" in problem["detail"]
    assert parts_of(thread) == []
    create(ann, b"x" + voice, 422, complete=True, Repr_Digest=digest(voice))
    assert (files_of(thread), ann.clip_ids()) == ([], [])
    assert create(ann, voice, key="k").json == {**create(ann, key="k").json, "offset": len(voice)}


@pytest.mark.parametrize("text", ["sha-256=:x:", "sha-256=:eA==:"])
def test_a_digest_that_is_none_is_refused(ann, voice, text):
    assert create(ann, voice, 422 if "eA" in text else 400, complete=True, Repr_Digest=text)


def test_a_digest_of_another_kind_is_passed_over(ann, voice):
    create(ann, voice, complete=True, Repr_Digest="md5=:eA==:, sha-512=:eA==:")


@pytest.mark.parametrize(
    ("content", "status"), [(b"", 422), (b"Hello, this is no recording.", 415), (bytes(100), 415)]
)
def test_what_is_no_recording_is_refused_at_its_end_and_forgotten(ann, thread, content, status):
    create(ann, content, status, complete=True)
    finish(ann, begun(ann, content), len(content), check=status)

    assert (files_of(thread), parts_of(thread)) == ([], [])


def test_a_picture_is_refused_where_the_thread_is_for_sound(ann, make_thread, thread, sample):
    make_thread("walk", SETTINGS.replace("allowVideo=1", "allowVideo=0"))
    content = sample("chromium-video.webm")

    create(ann, content, 403, complete=True)
    finish(ann, begun(ann, content), len(content), check=403)

    assert (files_of(thread), parts_of(thread)) == ([], [])


def test_only_its_own_participant_sees_an_upload(ann, bob, visitor, voice):
    upload = begun(ann, voice[:1000])

    for who, status in ((bob, 404), (visitor, 401)):
        who.url = ann.url
        head(who, upload, status)
        patch(who, upload, 1000, voice[1000:], status)
        patch(who, upload, 1000, voice[1000:], status, complete=True)
        discard(who, upload, status)
    create(visitor, voice, 401)
    assert offset_of(ann, upload) == 1000
    finish(ann, upload, 1000, voice[1000:])
    head(bob, upload, 404)
    patch(bob, upload, len(voice), b"", 404, complete=True)


def test_the_same_key_of_another_participant_is_another_upload(ann, bob, voice):
    assert begun(ann, voice[:10], key="k") != begun(bob, voice[:10], key="k")


def test_a_page_of_another_site_cannot_upload(ann, app, voice):
    browser = type(ann).__mro__[1](app)
    browser.url = ann.url
    cookie = {"Cookie": f"mozchat={ann.token}"}
    create(browser, voice, 403, complete=True, Sec_Fetch_Site="cross-site", **cookie)
    create(browser, voice, 403, complete=True, **cookie)
    assert ann.clip_ids() == []

    create(browser, voice, complete=True, Sec_Fetch_Site="same-origin", **cookie)


def test_a_thread_with_a_password_takes_uploads_of_those_who_gave_it(make_thread, join, visitor):
    make_thread("walk", "[auth]\npassword=mellon\n")
    visitor.url = lambda *parts: "/".join(("/api/threads/walk", *parts))
    create(visitor, check=401)
    visitor.ask("OPTIONS", visitor.url("uploads"), 401)

    create(join("walk", "Ann", password="mellon"))


def test_there_are_only_so_many_open_uploads_a_participant(ann, bob, make_thread, thread, voice):
    make_thread("walk", SETTINGS + "maxOpenUploads=2\n")
    first, _ = begun(ann), begun(ann)

    answer = create(ann, voice, 429)

    assert answer.json["detail"].startswith("2 recordings of yours are unfinished")
    assert int(answer.headers["Retry-After"]) > 0
    begun(bob)
    create(ann, voice, complete=True)
    discard(ann, first)
    begun(ann)


# --- time and room


def test_an_upload_expires(ann, make_thread, thread, voice, clock):
    make_thread("walk", SETTINGS + "uploadLifetimeSec=60\n")
    upload = begun(ann, voice[:1000], key="k")
    clock.advance(59)
    patch(ann, upload, 1000, voice[1000:2000])
    clock.advance(1)

    head(ann, upload, 404)
    patch(ann, upload, 2000, voice[2000:], 404)
    finish(ann, upload, 2000, voice[2000:], 404)
    discard(ann, upload, 404)
    assert create(ann, b"", key="k").json["offset"] == 0
    assert len(parts_of(thread)) == 2


def test_what_has_expired_goes_when_another_begins(ann, bob, make_thread, thread, voice, clock):
    make_thread("walk", SETTINGS + "uploadLifetimeSec=60\n")
    begun(ann, voice)
    clock.advance(60)

    upload = begun(bob)

    assert parts_of(thread) == [f"{upload}.json", f"{upload}.part"]


def test_unfinished_uploads_count_as_room_that_is_taken(ann, thread, voice):
    upload = begun(ann, voice)
    taken = 400_000 - ann.clips()["free"]

    assert taken == bytes_in(thread) >= len(voice)
    clip = finish(ann, upload, len(voice))
    assert 400_000 - ann.clips()["free"] == clip["bytes"] == bytes_in(thread)


def test_the_oldest_clips_make_room_for_a_piece(ann, bob, make_thread, thread, voice):
    make_thread("walk", "maxMediaFolderBytes=30000\nmaxBlobBytes=29000\n")
    first, second = ann.upload(voice)["id"], ann.upload(voice)["id"]
    cursor = bob.clips()["cursor"]
    upload = begun(ann, b"x" * 6000)
    assert bob.nothing_new(cursor)

    patch(ann, upload, 6000, b"x" * 12_000)

    assert bob.events(cursor)["clips"] == {"added": [], "removed": [first]}
    assert bytes_in(thread) <= 30_000
    assert ann.clip_ids() == [second]


def test_where_unfinished_uploads_take_all_room_there_is_none(ann, make_thread, thread, voice):
    make_thread("walk", "maxMediaFolderBytes=30000\nmaxBlobBytes=29000\n")
    clip = ann.upload(voice)["id"]
    begun(ann, b"x" * 15_000)
    upload = begun(ann, b"x" * 7_000)
    assert ann.clip_ids() == [clip]

    assert "room" in patch(ann, upload, 7_000, b"x" * 10_000, 507).json["detail"]
    create(ann, voice + bytes(3000), 507, complete=True)
    assert "Unfinished" in ann.upload(voice + bytes(3000), 507)["detail"]

    assert offset_of(ann, upload) == 7_000
    assert bytes_in(thread) <= 30_000


def test_clips_give_way_to_a_clip_beside_unfinished_uploads(ann, make_thread, thread, voice):
    make_thread("walk", "maxMediaFolderBytes=30000\nmaxBlobBytes=29000\n")
    ann.upload(voice)
    begun(ann, b"x" * 10_000)
    second = ann.upload(voice)["id"]

    third = ann.upload(voice)["id"]

    assert ann.clip_ids() == [second, third]
    assert bytes_in(thread) <= 30_000


def test_a_clip_as_large_as_the_folder_finds_room_in_pieces_too(ann, make_thread, thread, voice):
    make_thread("walk", f"maxMediaFolderBytes={len(voice)}\nmaxBlobBytes={len(voice)}\n")

    upload = begun(ann, voice[:3000])
    finish(ann, upload, 3000, voice[3000:])

    assert ann.media(upload).data == voice


def test_beneath_the_floor_of_free_disk_nothing_can_be_uploaded(ann, site, voice):
    upload = begun(ann, voice[:1000])
    site.min_free_bytes = 1 << 60

    create(ann, voice, 507)
    create(ann, voice, 507, complete=True)
    patch(ann, upload, 1000, voice[1000:], 507)
    ann.upload(voice, 507)

    ann.say("*", "hello")
    ann.rename("Anna")
    discard(ann, upload)
    site.min_free_bytes = 0
    create(ann, voice, complete=True)


# --- faults


def test_a_thread_that_is_removed_in_the_middle_is_missing_and_stays_removed(
    ann, thread, voice, meanwhile, until
):
    upload = begun(ann, voice[:1000])
    slow = SlowBody(voice[1000:])
    late = meanwhile(
        ann.send,
        "PATCH",
        ann.url("uploads", upload),
        headers={"Upload-Complete": "?1", "Upload-Offset": "1000", "Content-Type": PIECE},
        environ_overrides={"wsgi.input": slow, "CONTENT_LENGTH": str(len(voice) - 1000)},
    )
    until(slow.reading)
    shutil.rmtree(thread)
    slow.go_on()

    assert late.result().status_code == 404
    head(ann, upload, 404)
    create(ann, voice, 404)
    create(ann, voice, 404, complete=True)
    assert not thread.exists()


def test_a_thread_that_is_removed_under_a_large_raw_request_stays_removed(
    ann, make_thread, thread, meanwhile, until
):
    make_thread("walk", "maxBlobBytes=3000000\nmaxMediaFolderBytes=9000000\n")
    slow = SlowBody(bytes(300_000))
    late = meanwhile(
        ann.send,
        "POST",
        ann.url("uploads"),
        headers={"Upload-Complete": "?1"},
        environ_overrides={"wsgi.input": slow, "CONTENT_LENGTH": "300000"},
    )
    until(slow.reading)
    shutil.rmtree(thread)
    slow.go_on()

    assert late.result().status_code == 404
    assert not thread.exists()


def test_requests_that_race_for_one_upload_write_it_once(ann, sample, meanwhile):
    content = sample("webkit-audio.mp4")
    upload = begun(ann)

    def send(step):
        """Go on from wherever it stands, as long as something is missing."""
        while (at := offset_of(ann, upload)) < len(content):
            headers = {"Upload-Complete": "?0", "Upload-Offset": str(at), "Content-Type": PIECE}
            piece = content[at : at + step]
            status = ann.status("PATCH", ann.url("uploads", upload), headers=headers, data=piece)
            assert status in (204, 409)

    for racer in [meanwhile(send, step) for step in (500, 700, 900, 1100)]:
        racer.result()
    finish(ann, upload, len(content), Repr_Digest=digest(content))


def test_a_part_file_that_somebody_removed_is_an_upload_that_is_gone(ann, thread, voice):
    upload = begun(ann, voice[:1000], key="k")
    (thread / ".uploads" / f"{upload}.part").unlink()

    patch(ann, upload, 1000, voice[1000:], 404)
    assert create(ann, voice, key="k").json["offset"] == len(voice)


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"[]", b'{"id": 5}', b'{"more": 1}'])
def test_a_record_that_cannot_be_read_is_an_upload_that_is_gone(ann, thread, voice, garbage):
    upload = begun(ann, voice[:1000], key="k")
    (thread / ".uploads" / f"{upload}.json").write_bytes(garbage)

    patch(ann, upload, 1000, voice[1000:], 404)
    assert create(ann, voice, key="k").json["offset"] == len(voice)


class Killed(BaseException):
    """The process is dead."""


@pytest.fixture
def killed_before_the_record(monkeypatch):
    """Have the next clip's file put in its place, and the process killed before its clip is recorded."""

    def killed(*_arguments):
        raise Killed

    def kill(send):
        with monkeypatch.context() as patched:
            patched.setattr(thread_store, "plan_eviction", killed)
            for content in (Draft, Part):
                patched.setattr(content, "withdraw", lambda *_arguments: None)
            with pytest.raises(Killed):
                send()

    return kill


def test_an_end_that_was_cut_short_by_a_kill_can_be_repeated(
    ann, thread, voice, killed_before_the_record, clock
):
    upload = begun(ann, voice)
    killed_before_the_record(lambda: finish(ann, upload, len(voice)))
    assert len(files_of(thread)) == 1
    assert parts_of(thread) == [f"{upload}.json"]
    clock.advance(1)

    assert offset_of(ann, upload) == len(voice)
    assert files_of(thread) == []
    clip = finish(ann, upload, len(voice), Repr_Digest=digest(voice))

    assert ann.clips()["clips"] == [clip]
    assert len(files_of(thread)) == 1


def test_a_sweep_does_not_take_a_clip_for_an_orphan_that_is_being_published(
    ann, site, thread, sample, monkeypatch, meanwhile, until
):
    """Its bytes may be old: it has waited for its author to press Upload."""
    content = sample("firefox-audio.ogg")
    upload = begun(ann, content)
    os.utime(thread / ".uploads" / f"{upload}.part", (1, 1))
    monkeypatch.setattr(upkeep, "ORPHAN_SECONDS", (site.now() / 1000 - time.time()) + 3600)
    plan = thread_store.plan_eviction

    def sweep_and_plan(*arguments):
        monkeypatch.setattr(thread_store, "plan_eviction", plan)
        assert upkeep.sweep(site, "walk", dry_run=True).orphans == []
        return plan(*arguments)

    monkeypatch.setattr(thread_store, "plan_eviction", sweep_and_plan)
    finish(ann, upload, len(content))
    assert ann.media(upload).data == content


def test_who_asks_while_a_clip_is_being_published_does_not_take_its_file_away(
    ann, thread, voice, monkeypatch, meanwhile, until
):
    upload = begun(ann, voice)
    placed, go_on = threading.Event(), threading.Event()
    place = Part.place

    def place_and_wait(part, target, *, durable):
        place(part, target, durable=durable)
        placed.set()
        assert go_on.wait(10)

    monkeypatch.setattr(Part, "place", place_and_wait)
    publishing = meanwhile(finish, ann, upload, len(voice))
    until(placed.is_set)
    asking = meanwhile(head, ann, upload)
    with pytest.raises(FutureTimeout):
        asking.result(0.2)
    go_on.set()

    assert asking.result()["Upload-Complete"] == "?1"
    clip = publishing.result()
    assert ann.media(clip["id"]).status_code == 200


@pytest.mark.parametrize("way", ["pieces", "whole"])
def test_a_clip_that_a_rebuild_found_before_its_record_is_its_authors_after_all(
    ann, make_thread, thread, voice, killed_before_the_record, clock, way
):
    make_thread("walk", SETTINGS + "hideExpired=0\n")
    upload = begun(ann, voice, key="k") if way == "pieces" else None

    def send():
        if way == "pieces":
            return finish(ann, upload, len(voice))
        return create(ann, voice, complete=True, key="k").json

    killed_before_the_record(send)
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).unlink()
    assert [clip["author"] for clip in ann.clips()["clips"]] == ["?"]
    clock.advance(1)

    clip = send()

    assert clip["author"] == "Ann"
    assert ann.clips()["clips"] == [clip]
    assert len(files_of(thread)) == 1
    assert ann.media(clip["id"]).status_code == 200


def test_a_media_folder_on_another_file_system_gets_a_copy(ann, make_thread, thread, voice, monkeypatch):
    make_thread("walk", "maxMediaFolderBytes=16000\nmaxBlobBytes=15000\n")
    kept = ann.upload(voice)["id"]
    upload = begun(ann, voice[:1000])
    move = media.move

    def apart(path, target):
        if Path(path).parent != target.parent:
            raise OSError(errno.EXDEV, "another file system")
        move(path, target)

    monkeypatch.setattr(media, "move", apart)
    clip = finish(ann, upload, 1000, voice[1000:], Repr_Digest=digest(voice))

    assert ann.clip_ids() == [kept, upload], "its own part is not counted beside it"
    assert len(ann.media(upload).data) == clip["bytes"]
    assert parts_of(thread) == []


def test_no_unfinished_upload_is_taken_for_a_clip_by_a_rebuild(ann, thread, voice):
    upload = begun(ann, voice)
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).unlink(missing_ok=True)

    assert ann.clip_ids() == []
    finish(ann, upload, len(voice))
