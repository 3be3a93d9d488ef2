"""Uploads that are repeated, cut off, late, or sent twice at a time."""

import io
import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mozchat.services.site import Site
from mozchat.web.app import create_app
from tests.web.uploads.sending import (
    PIECE,
    SETTINGS,
    TYPES,
    SlowBody,
    begun,
    create,
    digest,
    discard,
    files_of,
    finish,
    offset_of,
    parts_of,
    patch,
)


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
