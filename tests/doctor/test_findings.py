"""The verdicts, on what was found out."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from mozchat import __version__
from mozchat.doctor import calls, front, hub, locks, machine, passing, rights, served, stun
from mozchat.doctor.client import Answer
from mozchat.domain.ice import GOOGLE
from mozchat.services.site import Site

BLOCKED = Answer(403, {"content-type": "text/html"}, b"<html>", 0.1)


def answer(status, content=b"", seconds=0.1, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        status, named, content if isinstance(content, bytes) else json.dumps(content).encode(), seconds
    )


def problem(status, detail="No."):
    return answer(status, {"status": status, "detail": detail}, content_type="application/problem+json")


@pytest.mark.parametrize(
    ("needed", "installed", "level"),
    [
        ("3.1.3", "3.1.3", "right"),
        ("3.1.3", "3.10", "right"),
        ("23", "23.0.0", "right"),
        ("8.1", "8.1.0rc1", "right"),
        ("3.1.3", "3.1.2", "error"),
        ("3.1.3", "", "error"),
    ],
)
def test_packages(needed, installed, level):
    (finding,) = machine.package_findings([("flask", needed)], {"flask": installed})
    assert finding.level == level


@pytest.mark.parametrize(
    ("free", "floor", "promised", "level"),
    [
        (100, 50, 50, "right"),
        (100, 50, 51, "warning"),
        (50, 50, 0, "error"),
        (1, 0, 1, "right"),
        (0, 0, 0, "error"),
    ],
)
def test_disk(free, floor, promised, level):
    assert machine.disk_finding(free, floor, promised).level == level


@pytest.mark.parametrize(
    ("written", "level"), [(99.0, "right"), (100.5, "right"), (103.5, "error"), (96.0, "error")]
)
def test_the_clock_of_files(written, level):
    finding = machine.file_clock_finding(written, 100.0, 101.0)
    assert finding.level == level
    if level == "error":
        assert ("ahead" if written > 100 else "behind") in finding.text


@pytest.mark.parametrize(("mode", "level"), [(0o600, "right"), (0o640, "warning"), (0o604, "error")])
def test_the_secret_file(tmp_path, mode, level):
    (tmp_path / ".secret").write_text("s" * 43)
    (tmp_path / ".secret").chmod(mode)
    with closing(Site(tmp_path)) as site:
        (finding,) = rights.secret_key(site, from_settings=False)
    assert finding.level == level


def test_an_empty_secret_file_is_an_error(tmp_path):
    (tmp_path / ".secret").touch(0o600)
    with closing(Site(tmp_path)) as site:
        (finding,) = rights.secret_key(site, from_settings=False)
    assert finding.level == "error"


@pytest.mark.parametrize(
    ("race", "kind", "level"),
    [
        (locks.Race(400, 400, False, 0), "ext4", "right"),
        (locks.Race(400, 400, True, 0), "ext4", "warning"),
        (locks.Race(400, 400, False, 0), "nfs4", "warning"),
        (locks.Race(400, 399, False, 0), "ext4", "error"),
        (locks.Race(400, 300, False, 1), "ext4", "error"),
    ],
)
def test_locks(race, kind, level):
    assert locks.race_finding(race, kind).level == level


def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/a / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\nb /srv/my\\040disk xfs rw 0 0\n")
    kinds = {
        path: locks.kind_of(Path(path), mounts) for path in ("/home/x", "/srv/x", "/srv/my disk/x", "/srvx")
    }
    assert kinds == {"/home/x": "ext4", "/srv/x": "nfs4", "/srv/my disk/x": "xfs", "/srvx": "ext4"}


@pytest.mark.parametrize(
    ("host", "level"),
    [
        ("localhost", "right"),
        ("a.localhost", "right"),
        ("127.0.0.9", "right"),
        ("::1", "right"),
        ("10.0.0.1", "error"),
        ("localhost.example", "error"),
    ],
)
def test_plain_http(host, level):
    assert front.plain_http_finding(host).level == level


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        (answer(200, {"status": "ok", "version": __version__}), "right", "answers"),
        (answer(200, {"status": "ok", "version": "0.0.1"}), "error", "Restart"),
        (answer(301, location="https://b.example/healthz"), "error", "MOZCHAT_PUBLIC_URL=https://b.example"),
        (answer(502), "error", "not the site behind it"),
        (answer(404, b"<html>"), "error", "is not mozchat"),
        (answer(200, b"[1]"), "error", "is not mozchat"),
    ],
)
def test_reached(found, level, words):
    finding = front.health_finding("https://a.example", found)
    assert finding.level == level
    assert words in finding.text + finding.remedy


def test_the_clock_that_the_front_tells():
    assert [front.date_finding(told, 100.0).level for told in (97, 104, 106, 94)] == [
        "right", "right", "error", "error",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "path", "secure", "abouts"),
    [
        ("; Secure; HttpOnly; Path=/forum; SameSite=Lax", "/forum", True, []),
        ("; HttpOnly; Path=/", "", False, []),
        ("; HttpOnly; Path=/", "/forum", False, ["Path"]),
        ("; HttpOnly; Path=/forum", "/forum", True, ["Cookie"]),
    ],
)
def test_the_cookie(attributes, path, secure, abouts):
    assert [finding.about for finding in front.cookie_findings(attributes, path, secure)] == abouts


@pytest.mark.parametrize(
    ("found", "words"),
    [(problem(503, "Not writable."), "503, Not writable"), (BLOCKED, "403 from the server in front")],
)
def test_a_visit_refused(found, words):
    assert words in front.refused_finding(found).text


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (answer(204, seconds=15.0), "right"),
        (answer(204, seconds=5.0), "error"),
        (answer(504, seconds=5.0), "error"),
        (answer(204, seconds=0.0, retry_after="3"), "warning"),
    ],
)
def test_polls(found, level):
    assert passing.held_finding(found, 15).level == level


@pytest.mark.parametrize(("seconds", "level"), [(0.0, "right"), (9.0, "warning"), (None, "error")])
def test_news(seconds, level):
    assert passing.news_finding(seconds).level == level


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (answer(206, b"abc"), "right"),
        (answer(206, b"ab"), "error"),
        (answer(200, b"abc"), "error"),
        (BLOCKED, "error"),
    ],
)
def test_range(found, level):
    assert passing.range_finding(found, b"abc").level == level


@pytest.mark.parametrize(
    ("found", "level"),
    [(problem(415), "right"), (problem(507), "warning"), (BLOCKED, "error"), (answer(413), "error")],
)
def test_big_clips(found, level):
    assert passing.body_finding(found, 1000).level == level


def test_where_a_server_may_have_a_folder():
    assert served.addresses("/forum", Path("/home/u/my site/threads")) == [
        "/forum", "/forum/threads", "/forum/my%20site/threads", "/forum/u/my%20site/threads",
        "/forum/home/u/my%20site/threads",
        "", "/threads", "/my%20site/threads", "/u/my%20site/threads", "/home/u/my%20site/threads",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (answer(200, b"[common]"), True),
        (answer(200, b"changed"), True),
        (answer(200, b"\n<!DOCTYPE html>"), False),
        (answer(404, b"[common]"), False),
        (answer(200, b""), False),
    ],
)
def test_whether_an_answer_is_a_file(found, is_it):
    assert served.is_file(found, b"[common]") is is_it


@pytest.mark.parametrize(
    ("url", "code", "level", "words"),
    [
        ("stun:a", 0, "right", "answers"),
        ("turn:a", 0, "right", "gives a relay"),
        ("turn:a", 401, "error", "static-auth-secret"),
        ("turn:a", 486, "error", "486 quota"),
    ],
)
def test_calls(url, code, level, words):
    finding = calls.server_finding(calls.Asked(url, "n", "p", True), stun.Message(code, "quota"), "walk")
    assert finding.level == level
    assert words in finding.text + finding.remedy


def test_a_silent_server_of_ones_own_is_worse_than_googles():
    assert calls.silent_finding(f"stun:{GOOGLE}:19302", "no answer", "walk").level == "warning"
    assert calls.silent_finding("stun:a", "no answer", "walk").level == "error"


def test_a_page_on_https_opens_no_websocket_without_encryption():
    assert "not encrypted" in hub.opened("ws://localhost:1", "https://localhost").text


def test_a_websocket_that_nobody_answers_is_an_error():
    finding = hub.opened("ws://localhost:1", "http://localhost")
    assert finding.level == "error"
    assert "nobody listens there" in finding.text
