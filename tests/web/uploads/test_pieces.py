"""Recordings that are sent in pieces, or in one raw request."""

import pytest

from tests.web.uploads.sending import (
    begun,
    create,
    digest,
    discard,
    files_of,
    finish,
    head,
    offset_of,
    parts_of,
    patch,
    plays,
    send_chunked,
)


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


@pytest.mark.parametrize("name", ["chromium-audio-live.webm", "webkit-audio.mp4"])
@pytest.mark.parametrize("first", [1, 3, 11])
def test_however_short_the_first_piece_is_the_clip_has_its_length_and_an_index(ann, sample, name, first):
    content = sample(name)
    upload = begun(ann)
    patch(ann, upload, 0, content[:first])
    clip = finish(ann, upload, first, content[first:])
    stored = ann.media(upload).data
    assert clip["bytes"] == len(stored) > len(content)
    assert stored.index(b"\x1c\x53\xbb\x6b" if name.endswith("webm") else b"sidx") < len(stored) - len(
        content
    )


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


def test_a_body_of_unknown_length_is_taken_as_it_comes(ann, voice):
    clip = send_chunked(ann, voice, complete=True).json
    assert plays(ann.media(clip["id"]).data, voice)
    assert send_chunked(ann, voice, complete=False).json["offset"] == len(voice)


def test_a_body_of_unknown_length_is_refused_by_a_server_that_cannot_tell_its_end(ann, voice):
    assert send_chunked(ann, voice, complete=True, terminated=False).status_code == 411
