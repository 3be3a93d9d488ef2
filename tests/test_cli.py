"""The command line, as an administrator uses it."""

import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from mozchat.cli import main
from mozchat.domain.clip import Clip, file_name
from mozchat.domain.retention import Limits
from mozchat.services.sessions import is_right
from mozchat.storage.files import write_atomically
from mozchat.storage.media import Draft
from mozchat.storage.site_store import SiteStore
from mozchat.storage.uploads import Upload


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "threads"


@pytest.fixture
def mozchat(folder):
    def run(*arguments, code=0, text=None):
        result = CliRunner().invoke(main, ["--threads", str(folder), *arguments], input=text)
        assert result.exit_code == code, result.output
        return result.output

    return run


@pytest.fixture
def add(folder):
    """Put a clip into a thread that is there."""
    sites = []

    def put(name, number, expires=1 << 50):
        sites.append(SiteStore(folder))
        clip_id = f"{number:016x}"
        clip = Clip(
            clip_id, file_name(number, clip_id, "webm"), "Ann", "a", number, expires, "audio/webm", 1.0, 9
        )
        store = sites[-1].thread(name)
        with Draft(store.media().path, b"x" * 9) as content:
            store.add_clip(clip, content, Limits(100, 10_000, 0), number)
        return clip

    yield put
    for site in sites:
        site.close()


def test_new_makes_a_thread_after_a_preset(mozchat, folder):
    assert "walk" in mozchat("new", "walk", "--preset", "mediaForum")
    assert "onRecorded=stop" in (folder / "walk" / ".ini").read_text()
    assert "Media forum" in mozchat("list")


def test_a_folder_of_threads_that_is_made_is_closed_to_apache(mozchat, folder):
    mozchat("new", "walk")
    assert (folder / ".htaccess").read_text() == "Require all denied\n"
    (folder / ".htaccess").unlink()
    mozchat("new", "cave")
    assert not (folder / ".htaccess").exists(), "who takes it away has a reason"


@pytest.mark.parametrize("name", ["api", "a b", "../x", "x" * 65])
def test_new_refuses_a_name_that_cannot_be(mozchat, name):
    assert "not a name for a thread" in mozchat("new", name, code=1)


def test_new_does_not_touch_a_thread_that_is_there(mozchat):
    mozchat("new", "walk")
    assert "already" in mozchat("new", "walk", code=1)


def test_check_of_every_preset_is_clean(mozchat):
    for preset in ("mediaForum", "audioStream", "videoStream", "videoChat", "mediaChat"):
        mozchat("new", preset, "--preset", preset)
    assert mozchat("check") == "5 threads, 0 errors, 0 warnings\n"


def test_check_names_file_line_key_value_and_what_was_expected(mozchat, folder):
    mozchat("new", "walk")
    (folder / "walk" / ".ini").write_text("[client]\ntitle=x\nmaxClipSizeSec=abc\n")
    said = mozchat("check", "walk", code=1)
    for part in ("walk/.ini", "line 3", "maxClipSizeSec", "abc", "whole number"):
        assert part in said
    assert "errors" in mozchat("list")


def test_an_error_in_one_thread_does_not_take_another_down(mozchat, folder):
    mozchat("new", "good")
    mozchat("new", "bad")
    (folder / "bad" / ".ini").write_text("[common]\nmaxClipCount=-5\n")
    mozchat("check", "good")
    mozchat("check", "bad", code=1)
    assert "bad: passed over" in mozchat("sweep", code=1)


def test_check_names_a_clip_without_its_file_and_a_file_without_a_clip(mozchat, add, folder):
    mozchat("new", "walk")
    lost = add("walk", 1)
    (folder / "walk" / "media" / lost.file).unlink()
    orphan = folder / "walk" / "media" / "1700000000000-aaaaaaaaaaaaaaaa.webm"
    orphan.write_bytes(b"x")
    os.utime(orphan, (1, 1))
    said = mozchat("check", code=1)
    assert lost.file in said
    assert orphan.name in said


@pytest.fixture
def uploads(mozchat, folder):
    """Put an upload into the thread "walk" that expires at a time (milliseconds)."""
    mozchat("new", "walk")
    site = SiteStore(folder)
    store = site.thread("walk")

    def put(upload_id, expires):
        store.open_upload(Upload(upload_id, "a", 0, expires), 8, 0)
        with store.upload(upload_id, "a", 0) as part:
            part.append(0, b"x" * 10, 0)
        return store.uploads

    yield put
    site.close()


def test_sweep_ends_the_uploads_that_have_expired(mozchat, uploads):
    uploads("a" * 16, 1)
    kept = uploads("b" * 16, 1 << 50)

    assert "unfinished " + "a" * 16 + ".part (kept: dry run)" in mozchat("sweep", "--dry-run")
    assert f".uploads/{'a' * 16}.part is over" in mozchat("check")
    mozchat("sweep")

    assert [upload.id for upload in kept.all()] == ["b" * 16]
    assert kept.bytes() == 10
    assert mozchat("check") == "1 threads, 0 errors, 0 warnings\n"


def test_sweep_removes_what_is_left_of_an_upload_when_it_is_old(mozchat, uploads):
    halves = uploads("a" * 16, 1 << 50)
    uploads("b" * 16, 1 << 50)
    halves.part_path("a" * 16).unlink()
    halves.record_path("b" * 16).unlink()
    mozchat("sweep")
    assert len(halves.files()) == 2, "they may be about to get their other half"

    for path in halves.path.iterdir():
        os.utime(path, (1, 1))
    said = mozchat("sweep")

    assert "a" * 16 + ".json" in said
    assert "b" * 16 + ".part" in said
    assert halves.files() == {}


def test_sweep_removes_what_a_killed_process_was_writing_when_it_is_old(mozchat, add, folder):
    mozchat("new", "walk")
    add("walk", 1)
    thread = folder / "walk"
    before = sorted(path.name for path in thread.iterdir())

    def die(*arguments, **options):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as death:
        death.setattr(Path, "replace", die)
        death.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            write_atomically(thread / "catalog.json", b"{}")
    (left,) = thread.glob(".catalog.json.*")
    assert mozchat("sweep") == "", "somebody may be writing it"

    os.utime(left, (1, 1))
    assert f"{left.name} was never finished" in mozchat("check")
    assert mozchat("sweep", "--dry-run") == f"walk: leftover {left.name} (kept: dry run)\n"
    assert mozchat("sweep") == f"walk: leftover {left.name}\n"
    assert sorted(path.name for path in thread.iterdir()) == before
    assert mozchat("check") == "1 threads, 0 errors, 0 warnings\n"


def test_check_names_the_bad_lines_of_a_notify_ini(mozchat, folder):
    mozchat("new", "walk")
    (folder / "walk" / "notify.ini").write_text("Ann=ann@example.org\nBob=nowhere\n")
    said = mozchat("check", code=1)
    assert "error: walk/notify.ini line 2" in said
    assert "Bob=nowhere" in said
    assert "1 errors, 0 warnings" in said


def test_check_says_that_nobody_can_be_told_where_the_site_sends_no_mail(mozchat, folder, monkeypatch):
    mozchat("new", "walk", "--preset", "mediaForum")
    (folder / "walk" / "notify.ini").write_text("Ann=ann@example.org\n")
    said = mozchat("check")
    assert "MOZCHAT_SMTP_URL is not set" in said
    assert "MOZCHAT_PUBLIC_URL is not set" in said
    monkeypatch.setenv("MOZCHAT_SMTP_URL", "sendmail:")
    monkeypatch.setenv("MOZCHAT_PUBLIC_URL", "https://example.org")
    assert "0 errors, 0 warnings" in mozchat("check")


def test_check_says_that_mail_was_touched_by_another_user(mozchat, folder, monkeypatch):
    mozchat("new", "walk")
    waiting = folder / ".mail" / "waiting"
    waiting.mkdir(parents=True)
    really = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != waiting and really(path, mode))
    assert f"mail cannot go out, because {waiting} belongs to another user" in mozchat("check", code=1)


def test_check_tells_of_mail_that_could_not_be_sent(mozchat, folder):
    mozchat("new", "walk")
    dead = folder / ".mail" / "dead"
    dead.mkdir(parents=True)
    (dead / "a.json").write_text("{}")
    assert f"1 mails could not be sent; they are in {dead}" in mozchat("check")


def test_check_of_a_thread_that_is_not_there_says_so(mozchat):
    assert "no thread called nothing" in mozchat("check", "nothing", code=1)


def test_a_readable_password_is_a_warning(mozchat, folder):
    mozchat("new", "walk")
    (folder / "walk" / ".ini").write_text("[auth]\npassword=secret\n")
    said = mozchat("check")
    assert "is readable in the file" in said
    assert "secret" not in said


def test_passwd_writes_a_hash_and_leaves_the_rest(mozchat, folder):
    mozchat("new", "walk")
    before = (folder / "walk" / ".ini").read_text()
    mozchat("passwd", "walk", text="swordfish\nswordfish\n")
    after = (folder / "walk" / ".ini").read_text()
    assert "swordfish" not in after
    assert set(before.splitlines()) - set(after.splitlines()) <= {";password=", "password="}
    site = SiteStore(folder)
    password = site.thread("walk").settings().password
    site.close()
    assert is_right(password, "swordfish")
    assert not is_right(password, "Swordfish")


def test_sweep_removes_what_is_over_and_only_that(mozchat, add, folder):
    mozchat("new", "walk")
    gone = add("walk", 1, expires=5)
    kept = add("walk", 2)
    lost = add("walk", 3)
    (folder / "walk" / "media" / lost.file).unlink()
    media = folder / "walk" / "media"
    old, young = media / "1700000000000-aaaaaaaaaaaaaaaa.webm", media / "1700000000000-bbbbbbbbbbbbbbbb.webm"
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (1, 1))
    os.utime(young, (time.time(), time.time()))
    dry = mozchat("sweep", "--dry-run")
    assert all(part in dry for part in (f"expired {gone.id}", f"lost {lost.id}", f"orphan {old.name}"))
    assert (media / gone.file).exists()
    mozchat("sweep")
    assert sorted(path.name for path in media.iterdir()) == sorted([kept.file, young.name])
    assert [clip["id"] for clip in json.loads((folder / "walk" / "catalog.json").read_text())["clips"]] == [
        kept.id
    ]
    assert mozchat("sweep") == ""


def test_clear_removes_all_clips_when_it_is_confirmed(mozchat, add, folder):
    mozchat("new", "walk")
    add("walk", 1)
    mozchat("clear", "walk", text="n\n", code=1)
    assert len(list((folder / "walk" / "media").iterdir())) == 1
    assert "1 clips removed" in mozchat("clear", "walk", "--yes")
    assert list((folder / "walk" / "media").iterdir()) == []


def test_check_says_what_is_wrong_with_the_hubs_settings(mozchat, folder):
    mozchat("new", "walk")
    ini = folder.parent / "wshub" / "ws.ini"
    ini.parent.mkdir()
    ini.write_text("[common]\nwsOn=maybe\ncomposerPath=x\n")

    text = mozchat("check", code=1)

    assert "error: ws.ini line 2: wsOn" in text
    assert "warning: ws.ini line 3: composerPath" in text
    assert "1 threads, 1 errors, 1 warnings" in text
