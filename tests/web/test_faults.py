"""What is wrong with a request or with the site is said in a clear sentence, and nothing is lost."""

import contextlib
import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

from mozchat.services.site import Site
from mozchat.storage import lock
from mozchat.web.app import create_app

MISTAKES = "title=Walk\nmaxClipCount=many\nallowVideo=perhaps\n"


@pytest.fixture
def thread(make_thread):
    return make_thread("walk", "maxClipCount=3\nmessageLifetimeSec=300\n")


@pytest.fixture
def ann(thread, join):
    return join("walk", "Ann")


@pytest.fixture
def voice(sample):
    return sample("firefox-audio.ogg")


# --- nothing there


def test_an_address_of_the_api_that_does_not_exist_is_said_to_programs(thread, visitor):
    for path in ("/api/nothing", "/api/", "/api/threads/", "/api/threads/walk/", "/static/x/y.js"):
        answer = visitor.ask("GET", path, 404)
        assert answer.content_type == "application/problem+json"


def test_a_page_that_does_not_exist_is_said_to_people(thread, visitor):
    for path in ("/nobody/", "/walk/more", "/api", "/admin", "/static", "/%00/", "/..%2fwalk/"):
        answer = visitor.ask("GET", path, 404)
        assert answer.mimetype == "text/html"
        assert "Not " in answer.get_data(as_text=True)


def test_a_thread_that_does_not_exist_is_missing(thread, visitor):
    for name in ("nobody", "wa lk", "wälk", "..", "%2e%2e", "x" * 65, "walk%00", "api", "static"):
        for path in ("", "/clips", "/events", "/clips/1", "/clips/1/media"):
            visitor.ask("GET", f"/api/threads/{name}{path}", 404)
        visitor.ask("POST", f"/api/threads/{name}/session", 404, json={"name": "Ann"})


def test_a_folder_with_a_reserved_name_is_no_thread(make_thread, visitor):
    for name in ("api", "static", "assets", "scripts", "tests", "admin", "help", "healthz", ".run", ".git"):
        make_thread(name)
        visitor.ask("GET", f"/api/threads/{name}", 404)

    assert visitor.ask("GET", "/api/threads").json["threads"] == []


def test_a_folder_without_an_ini_is_no_thread(site, visitor):
    (site.store.folder / "walk").mkdir()

    visitor.ask("GET", "/api/threads/walk", 404)
    assert visitor.ask("GET", "/api/threads").json["threads"] == []


def test_a_method_that_means_nothing_here_is_answered_with_those_that_do(thread, visitor):
    for method, path, allowed in (
        ("PUT", "/api/threads", {"GET"}),
        ("POST", "/api/threads/walk", {"GET"}),
        ("GET", "/api/threads/walk/session", {"POST", "DELETE"}),
        ("DELETE", "/api/threads/walk/clips", {"GET", "POST"}),
        ("PATCH", "/api/threads/walk/clips/1", {"GET", "DELETE"}),
        ("DELETE", "/api/threads/walk/clips/1/media", {"GET"}),
        ("POST", "/api/threads/walk/events", {"GET"}),
        ("DELETE", "/api/threads/walk/events", {"GET"}),
        ("GET", "/api/threads/walk/messages", {"POST"}),
        ("GET", "/api/threads/walk/reports", {"POST"}),
        ("POST", "/api/openapi.json", {"GET"}),
        ("POST", "/healthz", {"GET"}),
        ("POST", "/", {"GET"}),
        ("POST", "/walk/", {"GET"}),
        ("MAKE", "/api/threads", {"GET"}),
    ):
        answer = visitor.ask(method, path, 405)
        assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == allowed
        assert answer.content_type == "application/problem+json"


def test_the_methods_of_an_address_can_be_asked_for(thread, visitor):
    for path in ("clips", "events"):
        assert "GET" in visitor.ask("OPTIONS", f"/api/threads/walk/{path}").headers["Allow"]


def test_whatever_can_be_had_by_get_can_be_asked_for_by_head(ann, voice):
    clip = ann.upload(voice)["id"]
    paths = ["", "/clips", f"/clips/{clip}", f"/clips/{clip}/media", "/events"]

    for path in [f"/api/threads/walk{path}" for path in paths] + ["/", "/walk/", "/help", "/healthz"]:
        answer = ann.ask("HEAD", path)
        assert answer.data == b""
        assert answer.content_type == ann.ask("GET", path).content_type


# --- a mistake in an .ini


def test_a_mistake_in_an_ini_is_told_line_by_line(make_thread, visitor):
    make_thread("broken", MISTAKES)

    answer = visitor.ask("GET", "/api/threads/broken", 503)

    first, second = answer.json["errors"]
    assert first.startswith("broken/.ini line 3: maxClipCount")
    assert "many" in first
    assert "whole number" in first
    assert second.startswith("broken/.ini line 4: allowVideo")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_mistake_in_an_ini_is_told_on_the_page(make_thread, visitor):
    make_thread("broken", MISTAKES)

    page = visitor.ask("GET", "/broken/", 503).get_data(as_text=True)

    assert "broken/.ini line 3" in page
    assert "broken/.ini line 4" in page


def test_a_password_with_a_mistake_is_told_to_nobody(make_thread, visitor):
    make_thread("broken", "[common]\npassword=open sesame\n[auth]\nmaxClipCount=1\npassword[]=open barley\n")

    answer = visitor.send("GET", "/api/threads/broken")

    assert answer.status_code == 503
    assert b"sesame" not in answer.data
    assert b"barley" not in answer.data


def test_a_mistake_in_one_ini_takes_no_other_thread_down(make_thread, visitor, ann):
    make_thread("broken", MISTAKES)

    assert [thread["name"] for thread in visitor.ask("GET", "/api/threads").json["threads"]] == ["walk"]
    visitor.ask("GET", "/")
    ann.clips()


def test_a_mended_ini_counts_from_the_next_request_on(make_thread, ann):
    make_thread("walk", MISTAKES)
    ann.ask("GET", ann.url("clips"), 503)

    make_thread("walk", "title=Walk\n")
    assert ann.ask("GET", ann.url()).json["title"] == "Walk"


# --- removed meanwhile


def test_a_thread_that_was_removed_is_missing_and_stays_removed(ann, thread, voice):
    clip = ann.upload(voice)["id"]
    shutil.rmtree(thread)

    ann.upload(voice, 404)
    ann.say("*", "hello", 404)
    ann.poll(check=404)
    ann.media(clip, 404)
    ann.delete(clip, 404)
    ann.rename("Anna", 404)
    ann.ask("GET", "/walk/", 404)
    assert not thread.exists()


def test_a_thread_that_comes_back_is_what_its_folder_says(ann, thread, voice):
    clip = ann.upload(voice)["id"]
    away = thread.rename(thread.parent.parent / "away")
    ann.poll(check=404)

    away.rename(thread)

    assert ann.clip_ids() == [clip]


def test_a_catalogue_that_is_no_catalogue_is_made_again_from_the_files(ann, make_thread, voice):
    thread = make_thread("walk", "hideExpired=0\n")
    clip = ann.upload(voice)["id"]
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).write_text("garbage")

    assert ann.clip_ids() == [clip]
    assert ann.media(clip).data == voice
    assert len(list(thread.glob("catalog.json.broken-*"))) == 1


# --- a site that cannot store


@contextlib.contextmanager
def full_disk(longest=0):
    """No file can grow beyond `longest` bytes: what a write meets is a real error of the system, as on a full
    disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def no_rights(folder):
    """A folder that this process may read but not change, whoever runs the tests."""
    user = os.geteuid()
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(user)
        folder.chmod(mode)


def everything_in(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_on_a_full_disk_nothing_is_stored_and_nothing_is_lost(ann, thread, voice, clock):
    clips = [ann.upload(voice)["id"] for _ in range(3)]
    before = everything_in(thread)

    with full_disk():
        assert "room" in ann.upload(voice, 507)["detail"]
        ann.say("*", "hello", 507)
        ann.rename("Anna", 507)

    assert everything_in(thread) == before
    assert ann.clip_ids() == clips
    assert ann.upload(voice)["id"] in ann.clip_ids()


def piece(ann, upload, offset, content, check, complete=False):
    """Send a piece of an upload."""
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Complete": f"?{int(complete)}",
        "Content-Type": "application/partial-upload",
    }
    return ann.ask("PATCH", ann.url("uploads", upload), check, data=content, headers=headers)


@pytest.mark.parametrize("longest", [0, 100, 1000, 3000])
def test_an_upload_goes_on_when_a_full_disk_has_room_again(ann, thread, sample, longest):
    content = sample("chromium-audio-live.webm")
    headers = {"Upload-Complete": "?0"}
    upload = ann.ask("POST", ann.url("uploads"), 201, data=content[:1500], headers=headers).json["id"]

    with full_disk(longest):
        piece(ann, upload, 1500, content[1500:], 507)
        ann.ask("POST", ann.url("uploads"), 507, data=content, headers={"Upload-Complete": "?1"})
    at = int(ann.ask("HEAD", ann.url("uploads", upload), 204).headers["Upload-Offset"])
    assert 1500 <= at < len(content)
    piece(ann, upload, at, content[at:], 204)
    with full_disk(longest):
        piece(ann, upload, len(content), b"", 507, complete=True)
    clip = piece(ann, upload, len(content), b"", 201, complete=True).json

    assert ann.media(clip["id"]).data == ann.media(ann.upload(content)["id"]).data
    assert len(list(thread.glob("media/.*"))) == 0


def test_on_a_full_disk_one_can_still_listen(ann, join, voice, clock):
    clip = ann.upload(voice)["id"]
    bob = join("walk", "Bob")
    ann.say("Bob", "hello")
    clock.advance(60)

    with full_disk():
        assert bob.clip_ids() == [clip]
        assert bob.media(clip).data == voice
        changes = bob.events()
        assert changes["messages"][0]["body"] == {"text": "hello"}
        assert bob.nothing_new(changes["cursor"])


@pytest.fixture
def readable_site(clock, make_thread):
    """A site in a folder that every user of this machine can read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        site = Site(Path(folder), 1, clock)
        yield site
        site.close()


def test_a_folder_without_rights_to_write_is_said_and_one_can_still_listen(readable_site, clock, ann, voice):
    thread = readable_site.store.create("walk", b"").path
    rosa = type(ann)(create_app(readable_site), "walk", "Rosa")
    clip = rosa.upload(voice)
    for path in (thread, *thread.rglob("*")):
        path.chmod(0o755)
    clock.advance(60)

    with no_rights(thread):
        answer = rosa.send(
            "POST", rosa.url("messages"), json={"to": "*", "type": "chat", "body": {"text": "hello"}}
        )
        assert answer.status_code == 503
        assert "cannot store" in answer.json["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        assert rosa.clips()["clips"] == [clip]
        assert rosa.media(clip["id"]).data == voice
        assert rosa.events()["clips"]["added"] == [clip]


def test_while_the_lock_cannot_be_had_one_is_asked_to_come_again(ann, thread, site, monkeypatch):
    monkeypatch.setattr(lock, "TIMEOUT", 0.01)
    message = {"to": "*", "type": "chat", "body": {"text": "hello"}}

    with FileLock(site.store.run_folder / "walk.lock"):
        answer = ann.ask("POST", ann.url("messages"), 503, json=message)
        assert int(answer.headers["Retry-After"]) > 0
        assert ann.clips()["clips"] == [], "reading needs no lock"
    ann.say("*", "hello")
