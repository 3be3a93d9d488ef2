"""Uploads that are refused, and in what words."""

import pytest

from tests.web.uploads.sending import (
    PIECE,
    SETTINGS,
    TYPES,
    begun,
    create,
    digest,
    discard,
    encoded,
    files_of,
    finish,
    head,
    offset_of,
    parts_of,
    patch,
    send_chunked,
)


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
