"""A clip's bytes: parts of them, caching, and what keeps them from being anything but sound and picture."""

import json
import shutil

import pytest
from werkzeug.http import parse_options_header


@pytest.fixture
def thread(make_thread):
    return make_thread("walk", "allowVideo=1\n")


@pytest.fixture
def ann(thread, join):
    return join("walk", "Ann")


@pytest.fixture
def voice(sample):
    return sample("firefox-audio.ogg")


@pytest.fixture
def clip(ann, voice):
    return ann.upload(voice)["id"]


def put_php_catalogue(thread, file, content, mime):
    """A clip that the PHP mozchat has left behind."""
    (thread / "media").mkdir(exist_ok=True)
    (thread / "media" / file).write_bytes(content)
    row = [file, "Ann", "Nov_21_10:00:00", mime, "1.5", len(content), 4_000_000_000, ""]
    (thread / "catalog.json").write_text(json.dumps([row]))


def file_of(thread, clip):
    return next(thread.glob(f"media*/*{clip}*"))


def test_the_bytes_come_as_they_were_sent_and_may_be_kept_for_ever(ann, clip, voice):
    answer = ann.media(clip)

    assert answer.data == voice
    assert answer.content_type == "audio/ogg;codecs=opus"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"]


def test_the_bytes_are_never_more_than_sound_or_picture_to_a_browser(ann, clip):
    headers = ann.media(clip).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; media-src 'self';")
    assert "script" not in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Content-Disposition"].startswith("inline; filename=")


def test_a_head_request_gives_the_headers_alone(ann, clip, voice):
    answer = ann.ask("HEAD", ann.url("clips", clip, "media"))

    assert answer.data == b""
    assert answer.content_length == len(voice)
    assert answer.headers["ETag"] == ann.media(clip).headers["ETag"]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-100", slice(-100, None)),
        ("bytes=6200-99999", slice(6200, None)),
    ],
)
def test_a_part_of_the_bytes_can_be_had(ann, clip, voice, wanted, part):
    answer = ann.media(clip, 206, Range=wanted)

    start, stop, _ = part.indices(len(voice))
    assert answer.data == voice[part]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(voice)}"
    assert answer.headers["Content-Security-Policy"] == ann.media(clip).headers["Content-Security-Policy"]


@pytest.mark.parametrize("wanted", ["bytes=999999-", "bytes=99-1", "bytes=x-y", "seconds=0-1"])
def test_a_part_that_is_not_there_is_refused(ann, clip, voice, wanted):
    answer = ann.media(clip, 416, Range=wanted)

    assert answer.headers["Content-Range"] == f"bytes */{len(voice)}"
    assert "immutable" not in answer.headers["Cache-Control"]


def test_whoever_has_the_bytes_is_not_sent_them_again(ann, clip):
    tag = ann.media(clip).headers["ETag"]

    answer = ann.media(clip, 304, If_None_Match=tag)

    assert answer.data == b""
    assert answer.headers["ETag"] == tag
    assert "immutable" in answer.headers["Cache-Control"]
    ann.media(clip, 200, If_None_Match='"another"')


def test_a_part_is_given_only_of_the_bytes_that_are_meant(ann, clip, voice):
    tag = ann.media(clip).headers["ETag"]

    assert ann.media(clip, 206, Range="bytes=0-9", If_Range=tag).data == voice[:10]
    assert ann.media(clip, 200, Range="bytes=0-9", If_Range='"another"').data == voice


def test_a_clip_whose_file_is_gone_is_dropped_and_the_listeners_are_told(ann, clip, thread, clock):
    cursor = ann.clips()["cursor"]
    file_of(thread, clip).unlink()
    clock.advance(1)

    assert ann.events(cursor)["clips"] == {"added": [], "removed": [clip]}
    ann.media(clip, 404)


def test_asking_for_a_file_that_is_gone_drops_its_clip(ann, clip, thread, clock):
    ann.media(clip)
    file_of(thread, clip).unlink()
    clock.advance(1)

    ann.media(clip, 404)
    assert ann.clip_ids() == []


def test_a_media_folder_that_is_gone_is_made_again(ann, clip, thread, clock, voice):
    shutil.rmtree(thread / "media")
    clock.advance(1)

    assert ann.clip_ids() == []
    again = ann.upload(voice)["id"]
    assert ann.media(again).data == voice


def test_clips_stay_where_they_are_when_the_folder_of_new_ones_changes(ann, clip, make_thread, voice):
    thread = make_thread("walk", "mediaFolder=Two\n")

    second = ann.upload(voice)["id"]

    assert file_of(thread, second).parent.name == "mediaTwo"
    assert ann.media(clip).data == ann.media(second).data == voice
    ann.delete(clip)
    assert not list((thread / "media").iterdir())


def test_a_link_in_the_media_folder_leads_nowhere(ann, clip, thread, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("nobody may read this")
    file = file_of(thread, clip)
    file.unlink()
    file.symlink_to(secret)

    ann.media(clip, 404)


@pytest.mark.parametrize("path", ["..%2f.ini", "%2e%2e/%2e%2e/.ini", ".ini", "../users.json", "....//.ini"])
def test_no_path_leads_out_of_the_media_folder(ann, clip, path):
    ann.ask("GET", ann.url("clips", path, "media"), 404)
    ann.ask("GET", f"/walk/{path}", 404)


def test_a_clip_of_the_php_mozchat_is_played(thread, join, voice):
    put_php_catalogue(thread, "1795255000_7.webm", voice, "audio/webm;codecs=opus")
    bob = join("walk", "Bob")

    clip = bob.clips()["clips"][0]

    assert (clip["author"], clip["authorId"]) == ("Ann", "")
    assert bob.media(clip["id"]).data == voice
    bob.delete(clip["id"], 403)


@pytest.mark.parametrize(
    "mime", ["text/html", "image/svg+xml", "application/javascript", "", "audio/webm\r\nX-Evil: 1", "ауди/о"]
)
def test_what_the_php_mozchat_was_told_of_a_type_makes_no_page_of_a_clip(thread, join, voice, mime):
    put_php_catalogue(thread, "1795255000_7.webm", voice, mime)
    bob = join("walk", "Bob")

    answer = bob.media(bob.clip_ids()[0])

    assert answer.mimetype in ("audio/webm", "application/octet-stream")
    assert answer.content_type.isascii()
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("file", ["1795255000 Голос.webm", '1795255000".webm', "1795255000;a=b.webm"])
def test_a_file_of_the_php_mozchat_may_be_called_as_it_likes(thread, join, voice, file):
    put_php_catalogue(thread, file, voice, "audio/webm")
    bob = join("walk", "Bob")

    answer = bob.media(bob.clip_ids()[0])

    assert answer.data == voice
    assert answer.headers["Content-Disposition"].isascii()
    assert parse_options_header(answer.headers["Content-Disposition"]) == ("inline", {"filename": file})


@pytest.mark.parametrize(
    ("how", "header", "below"),
    [
        ("x-sendfile", "X-Sendfile", "{thread}/"),
        ("x-accel-redirect", "X-Accel-Redirect", "/threads.internal/walk/"),
    ],
)
def test_the_server_in_front_is_told_which_file_to_send_and_sees_to_ranges_itself(
    site, ann, clip, voice, thread, how, header, below
):
    own = ann.media(clip).headers
    site.sendfile = how
    for asked in ({}, {"Range": "bytes=0-9"}, {"If_None_Match": own["ETag"]}):
        answer = ann.media(clip, **asked)
        assert (answer.status_code, answer.data) == (200, b"")
        told = answer.headers[header]
        assert told == below.format(thread=thread) + file_of(thread, clip).relative_to(thread).as_posix()
        unlike = {"Content-Length", "Date", header}
        assert set(answer.headers.keys()) - unlike == set(own.keys()) - unlike
        for name in ("Content-Type", "ETag", "Cache-Control", "Content-Security-Policy", "Accept-Ranges"):
            assert answer.headers[name] == own[name]


def test_a_path_that_is_told_to_the_server_in_front_is_quoted(site, thread, ann, voice):
    site.sendfile = "x-accel-redirect"
    put_php_catalogue(thread, "1795255200 für alle.ogg", voice, "audio/ogg")
    (clip,) = ann.clip_ids()

    told = ann.media(clip).headers["X-Accel-Redirect"]

    assert told == "/threads.internal/walk/media/1795255200%20f%C3%BCr%20alle.ogg"


def test_nothing_is_handed_to_the_server_in_front_before_it_is_known_who_asks(
    site, ann, clip, visitor, make_thread
):
    site.sendfile = "x-sendfile"
    make_thread("walk", "[auth]\npassword=mellon\n")

    refused = visitor.ask("GET", ann.url("clips", clip, "media"), 401)

    assert "X-Sendfile" not in refused.headers


def test_a_server_may_say_with_the_request_that_it_sends_files(ann, clip):
    path = ann.url("clips", clip, "media")

    told = ann.ask("GET", path, environ_overrides={"MOZCHAT_SENDFILE": "x-sendfile"})
    asked = ann.ask("GET", path, headers={"MOZCHAT_SENDFILE": "x-sendfile", "X-Sendfile-Type": "x-sendfile"})

    assert "X-Sendfile" in told.headers
    assert "X-Sendfile" not in asked.headers, "a client may not say so"
