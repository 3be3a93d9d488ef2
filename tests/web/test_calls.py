"""The phone's part of the server: signals of calls, the servers to call through, the call log."""

import base64
import csv
import hashlib
import hmac
import os

import pytest

from mozchat.services import upkeep
from mozchat.storage import files

SECRET = "s3cret-of-the-turn-server"
SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"
HEADER = "started;ts;A;IPa;B;IPb;video;sid;secs;state"


@pytest.fixture(autouse=True)
def thread(make_thread):
    return make_thread("walk", "messageLifetimeSec=300\nuserStatusFadeS=60\n")


@pytest.fixture
def ann(join):
    return join("walk", "Ann")


@pytest.fixture
def bob(join):
    return join("walk", "Bob")


def send(who, to, kind, check=202, key=None, **body):
    body = {"call": "call-1", "tab": f"tab-of-{who.name}", **body}
    return who.post_message({"to": to, "type": kind, "body": body}, check, key)


def received(who, cursor=None):
    return [(m["from"], m["type"]) for m in who.events(cursor).get("messages", [])]


def invite(who, to, **body):
    return send(who, to, "invite", **{"video": False, **body})


def accept(who, to, **body):
    return send(who, to, "accept", **{"to_tab": "t", "video": False, **body})


# --- signals


def test_a_signal_reaches_the_other_and_ones_own_other_tabs(ann, bob, join):
    eve = join("walk", "Eve")
    sent = invite(ann, "Bob", video=True)

    assert sent["online"] is True
    assert sent["body"] == {"call": "call-1", "tab": "tab-of-Ann", "video": True}
    assert received(bob) == received(ann) == [("Ann", "invite")]
    assert received(eve) == []


def test_a_whole_call_is_set_up_in_order(ann, bob):
    invite(ann, "Bob")
    accept(bob, "Ann")
    send(ann, "Bob", "offer", to_tab="t", sdp=SDP)
    send(bob, "Ann", "answer", to_tab="t", sdp=SDP)
    send(ann, "Bob", "candidate", to_tab="t", candidates=[{"candidate": ""}])
    send(ann, "Bob", "hangup", reason="ended")

    assert [kind for _, kind in received(bob)] == [
        "invite",
        "accept",
        "offer",
        "answer",
        "candidate",
        "hangup",
    ]


def test_a_call_is_with_one_other_participant(ann, bob):
    for to in ("*", "Ann", "ＡＮＮ", "Nobody"):
        send(ann, to, "invite", 422, video=False)

    assert "messages" not in bob.events()


def test_nobody_signals_without_having_joined(ann, visitor):
    message = {"to": "Ann", "type": "invite", "body": {"call": "c", "tab": "t", "video": False}}

    visitor.ask("POST", "/api/threads/walk/messages", 401, json=message)


def test_the_longest_description_and_the_most_candidates_pass(ann, bob):
    line = {
        "candidate": "c" * 2000,
        "sdpMid": "m" * 64,
        "sdpMLineIndex": 1000,
        "usernameFragment": "u" * 256,
    }
    send(ann, "Bob", "offer", to_tab="t", sdp="\r\n" * 32_000)
    send(ann, "Bob", "candidate", to_tab="t", candidates=[line] * 50)

    offer, candidate = bob.events()["messages"]
    assert offer["body"]["sdp"] == "\r\n" * 32_000
    assert candidate["body"]["candidates"] == [line] * 50


def test_a_longer_one_does_not(ann, bob):
    send(ann, "Bob", "offer", 422, to_tab="t", sdp="x" * 64_001)
    send(ann, "Bob", "offer", 413, to_tab="t", sdp="x" * 170_000)


@pytest.mark.parametrize(
    ("kind", "body", "seconds"),
    [
        ("invite", {"video": False}, 45),
        ("offer", {"to_tab": "t", "sdp": SDP}, 60),
        ("hangup", {"reason": "cancelled"}, 300),
    ],
)
def test_a_signal_is_kept_as_long_as_it_is_of_use(ann, bob, clock, kind, body, seconds):
    bob.leave()
    send(ann, "Bob", kind, **body)

    clock.advance(seconds - 1)
    assert received(bob) == [("Ann", kind)]
    clock.advance(2)
    assert received(bob) == []


def test_a_missed_call_is_learnt_of_later(ann, bob, clock):
    bob.leave()
    invite(ann, "Bob")
    clock.advance(45)
    send(ann, "Bob", "hangup", reason="unanswered")
    clock.advance(200)

    assert received(bob) == [("Ann", "hangup")]


def test_of_signals_no_receipt_is_given(ann, bob):
    cursor = ann.events()["cursor"]
    invite(ann, "Bob")
    bob.poll(bob.events()["cursor"], 204)

    assert received(ann, cursor) == [("Ann", "invite")]


def test_a_repeated_signal_comes_once_and_is_answered_alike(ann, bob, clock):
    first = invite(ann, "Bob", key="once")
    clock.advance(3)

    assert invite(ann, "Bob", key="once", video=True) == first
    assert received(bob) == [("Ann", "invite")]


def test_what_was_answered_to_a_signal_is_remembered_without_its_text(ann, bob, site):
    send(ann, "Bob", "offer", key="once", to_tab="t", sdp="v=0 " + "x" * 40_000)
    site.store.thread("walk").checkpoint()

    assert len((site.store.thread("walk").path / "catalog.json").read_bytes()) < 2000


def test_more_than_60_signals_in_10_seconds_are_too_many_but_chat_goes_on(ann, bob, clock):
    for number in range(60):
        send(ann, "Bob", "candidate", to_tab="t", candidates=[{"candidate": ""}], call=f"c{number}")
        clock.advance(0.1)

    refused = ann.send(
        "POST",
        ann.url("messages"),
        json={"to": "Bob", "type": "hangup", "body": {"call": "c", "tab": "t", "reason": "ended"}},
    )
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "4")
    ann.say("Bob", "hello")
    send(bob, "Ann", "hangup", reason="ended")
    clock.advance(4.001)
    send(ann, "Bob", "hangup", reason="ended")


# --- the servers to call through


def ice(who, check=200, **request):
    return who.ask("GET", who.url("ice"), check, **request).json


def test_a_participant_is_told_whom_to_call_through(ann):
    assert ice(ann) == {
        "iceServers": [{"urls": ["stun:stun.l.google.com:19302"]}],
        "iceTransportPolicy": "all",
        "expires": None,
    }
    assert ann.send("GET", ann.url("ice")).headers["Cache-Control"] == "no-store"


def test_nobody_else_is(visitor, ann, make_thread):
    visitor.ask("GET", "/api/threads/walk/ice", 401)
    visitor.ask("GET", "/api/threads/nowhere/ice", 404)
    make_thread("walk", "[auth]\npassword=here-we-go\n")
    ice(ann, 401)


def test_credentials_are_for_this_participant_and_for_a_while(ann, bob, make_thread, clock):
    turn = '[{"urls": "turn:turn.example.org:3478"}]'
    make_thread("walk", f"turnSecret={SECRET}\nturnTtlSec=3600\niceString={turn}\n")
    found = ice(ann)
    (server,) = found["iceServers"]
    expires, _, who = server["username"].partition(":")

    assert (int(expires), who) == (clock.now // 1000 + 3600, ann.author_id)
    digest = hmac.new(SECRET.encode(), server["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(server["credential"]) == digest
    assert found["expires"] == "2026-11-21T11:00:00.000Z"
    assert ice(bob)["iceServers"][0]["username"] != server["username"]
    clock.advance(1)
    assert ice(ann)["iceServers"][0]["username"] != server["username"]


def test_this_host_is_the_one_that_the_site_is_reached_by(ann, make_thread):
    make_thread("walk", f"iceAddr=this\nturnSecret={SECRET}\nrelayOnly=1\n")
    for base, host in (
        ("https://forum.example.org", "forum.example.org"),
        ("http://[2001:db8::7]:8000", "[2001:db8::7]"),
    ):
        found = ice(ann, base_url=base)
        stun, turn = found["iceServers"]
        assert stun == {"urls": [f"stun:{host}:3478"]}
        assert turn["urls"] == [f"turn:{host}:3478?transport=udp", f"turn:{host}:3478?transport=tcp"]
        assert found["iceTransportPolicy"] == "relay"


@pytest.mark.parametrize("host", ["a b", "a@b", "a/b", "<b>", "[", "a:b:c", "x" * 300])
def test_a_host_that_is_none_is_bad_input(ann, host):
    assert ann.status("GET", ann.url("ice"), headers={"Host": host}) in (400, 422)


def test_the_secret_leaves_the_server_nowhere(ann, bob, visitor, make_thread, app):
    turn = '[{"urls": "turn:turn.example.org:3478"}]'
    make_thread("walk", f"turnSecret={SECRET}\niceString={turn}\nreportErrors=1\n")
    invite(ann, "Bob")
    paths = [
        rule.rule.replace("<thread>", "walk").replace("<clip_id>", "x").replace("<path:path>", "js/thread.js")
        for rule in app.url_map.iter_rules()
    ]
    paths += ["/api/threads/walk/events", "/walk/?user=Ann"]
    for who in (ann, visitor):
        for path in paths:
            for method in ("GET", "POST"):
                answer = who.send(method, path, json={} if method == "POST" else None)
                assert SECRET.encode() not in answer.data, path
                assert SECRET not in str(answer.headers), path
    assert "/api/threads/walk/ice" in paths
    make_thread("walk", f"turnSecret={SECRET * 20}\n")
    answer = visitor.ask("GET", "/walk/", 503)
    assert b"turnSecret" in answer.data
    assert SECRET.encode() not in answer.data


# --- the call log


def log(thread):
    """The lines of calls.csv below its header, each as `{field: text}`."""
    text = (thread / "calls.csv").read_text("utf-8")
    assert text.splitlines()[0] == HEADER
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def states(thread):
    return [(call["A"], call["B"], call["secs"], call["state"]) for call in log(thread)]


def talk(ann, bob, **body):
    invite(ann, bob.name, **body)
    accept(bob, ann.name, **body)


def test_a_call_is_logged_from_its_invitation_to_its_end(ann, bob, thread, clock):
    invite(ann, "Bob", video=True)
    assert states(thread) == [("Ann", "Bob", "0", "calling")]
    clock.advance(2)
    accept(bob, "Ann")
    assert states(thread) == [("Ann", "Bob", "0", "talking")]
    clock.advance(65)
    send(bob, "Ann", "hangup", reason="ended", secs=64.2)

    assert (thread / "calls.csv").read_text() == (
        f"{HEADER}\n2026-11-21T10:00:00.000Z;1795255202;Ann;;Bob;;1;call-1;64;ended\n"
    )


def test_addresses_are_logged_only_where_that_is_wanted(ann, bob, thread, make_thread):
    invite(ann, "Bob")
    make_thread("walk", "logAddresses=1\n")
    accept(bob, "Ann")
    invite(bob, "Ann", call="call-2")

    assert [(call["IPa"], call["IPb"]) for call in log(thread)] == [("", "127.0.0.1"), ("127.0.0.1", "")]


def test_only_the_last_callLogLimit_calls_are_kept(ann, bob, thread, make_thread):
    make_thread("walk", "callLogLimit=3\n")
    for number in range(5):
        invite(ann, "Bob", call=f"call-{number}")

    assert [call["sid"] for call in log(thread)] == ["call-2", "call-3", "call-4"]


def test_with_a_limit_of_0_nothing_is_logged(ann, bob, thread, make_thread):
    make_thread("walk", "callLogLimit=0\n")
    talk(ann, bob)
    ann.events()

    assert not (thread / "calls.csv").exists()


def test_lines_of_the_php_program_are_kept(ann, bob, thread):
    old = "2021-03-04T10:11:12+03:00;1614841872;Rosa;?;Kofi;192.0.2.9;"
    for header, line in (
        ("started;ts;A;IPa;B;IPb;sid;secs;state", f"{old}77;65;off"),
        (HEADER, f"{old}1;77;65;on"),
    ):
        (thread / "calls.csv").write_text(f"{header}\n{line}\n\n")
        invite(ann, "Bob", call=f"call-{len(line)}")

        php, ours = log(thread)
        assert (php["started"], php["ts"], php["A"], php["IPa"], php["B"], php["IPb"]) == tuple(
            old.split(";")[:6]
        )
        assert (php["sid"], php["secs"], php["state"]) == ("77", "65", line.rsplit(";", 1)[1])
        assert ours["state"] == "calling"


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff;\x80\n",
        b'"never closed;1;2\n',
        b"no header\n",
        b"a;b\r\n\r\n;;;;;;;;;\n",
        b'"' + b"x" * 200_000,
    ],
    ids=["binary", "quote", "line", "cells", "long"],
)
def test_a_log_that_is_none_harms_nobody(ann, bob, thread, content):
    (thread / "calls.csv").write_bytes(content)
    talk(ann, bob)
    ann.events()

    assert log(thread)[-1]["state"] == "talking"


def test_a_name_is_one_field_whatever_is_in_it(ann, join, thread):
    name = "a,b|c=1+2\\n #@"
    join("walk", name)
    invite(ann, name)

    assert [call["B"] for call in log(thread)] == [name]
    assert len((thread / "calls.csv").read_text().splitlines()) == 2


def test_every_poll_of_either_keeps_the_length_current(ann, bob, thread, clock):
    talk(ann, bob)
    cursors = {who: who.events()["cursor"] for who in (ann, bob)}
    lengths = []
    for who in (ann, bob, ann, bob):
        clock.advance(5)
        who.nothing_new(cursors[who])
        lengths.append(log(thread)[0]["secs"])

    assert lengths == ["5", "10", "15", "20"]


def test_a_poll_sooner_than_that_does_not_write(ann, bob, thread, clock):
    talk(ann, bob)
    cursor = ann.events()["cursor"]
    before = (thread / "calls.csv").stat()
    for _ in range(4):
        clock.advance(1)
        ann.nothing_new(cursor)

    assert (thread / "calls.csv").stat().st_mtime_ns == before.st_mtime_ns
    clock.advance(1)
    ann.nothing_new(cursor)
    assert log(thread)[0]["secs"] == "5"


def test_a_poll_of_somebody_else_does_not_touch_the_log(ann, bob, join, thread, clock, monkeypatch):
    eve = join("walk", "Eve")
    talk(ann, bob)
    cursor = eve.events()["cursor"]
    read = []
    monkeypatch.setattr("mozchat.storage.call_log.read_bytes", lambda path: read.append(path))
    before = (thread / "calls.csv").stat()
    for _ in range(10):
        clock.advance(5)
        eve.nothing_new(cursor)

    assert (thread / "calls.csv").stat().st_mtime_ns == before.st_mtime_ns
    assert read == []


def test_with_shouldLogPolls_0_the_length_is_known_at_the_end_only(ann, bob, thread, make_thread, clock):
    make_thread("walk", "shouldLogPolls=0\nuserStatusFadeS=60\n")
    talk(ann, bob)
    cursor = ann.events()["cursor"]
    clock.advance(30)
    ann.nothing_new(cursor)
    assert states(thread) == [("Ann", "Bob", "0", "talking")]

    send(ann, "Bob", "hangup", reason="ended")
    assert states(thread) == [("Ann", "Bob", "30", "ended")]


def test_a_crash_leaves_the_old_log_or_the_new_one(ann, bob, thread, monkeypatch, clock):
    talk(ann, bob)
    old = (thread / "calls.csv").read_bytes()
    clock.advance(30)
    for name in ("fsync", "fchmod"):
        with monkeypatch.context() as broken:
            broken.setattr(files.os, name, crash)
            with pytest.raises(KeyboardInterrupt):
                send(ann, "Bob", "hangup", reason="ended")
        assert (thread / "calls.csv").read_bytes() == old

    send(ann, "Bob", "hangup", reason="ended")
    assert states(thread) == [("Ann", "Bob", "30", "ended")]
    assert [path.name for path in thread.iterdir() if path.name.endswith(".tmp")] == []


def crash(*_):
    raise KeyboardInterrupt


def test_a_log_that_cannot_be_written_stops_no_call(ann, bob, thread, monkeypatch):
    talk(ann, bob)

    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("mozchat.storage.call_log.write_atomically", full)
    send(ann, "Bob", "hangup", reason="ended")

    assert received(bob)[-1] == ("Ann", "hangup")
    assert states(thread) == [("Ann", "Bob", "0", "talking")]


def test_a_log_that_cannot_be_read_stops_nothing_and_is_not_overwritten(ann, bob, thread, monkeypatch, site):
    talk(ann, bob)
    before = (thread / "calls.csv").read_bytes()

    def barred(path):
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr("mozchat.storage.call_log.read_bytes", barred)
    os.utime(thread / "calls.csv", (0, 0))
    ann.events()
    send(ann, "Bob", "hangup", reason="ended")
    assert received(bob)[-1] == ("Ann", "hangup")
    assert upkeep.check(site, "walk") == []
    assert (thread / "calls.csv").read_bytes() == before


def test_a_folder_in_the_place_of_the_log_stops_nothing(ann, bob, thread):
    (thread / "calls.csv").mkdir()
    talk(ann, bob)

    assert received(bob) == [("Ann", "invite"), ("Bob", "accept")]


def test_check_names_the_lines_of_the_log_that_are_none(ann, bob, thread, site):
    talk(ann, bob)
    assert upkeep.check(site, "walk") == []
    with (thread / "calls.csv").open("a") as file:
        file.write("what;is;this\nx;y;Ann;;Bob;;0;c;z;talking\n")

    assert [str(finding) for finding in upkeep.check(site, "walk")] == [
        "warning: walk: call 2 in calls.csv has 3 fields, not 10",
        "warning: walk: call 3 in calls.csv has no whole numbers for ts and secs",
    ]


def test_a_log_is_not_written_into_a_thread_that_was_removed(ann, bob, thread, site):
    talk(ann, bob)
    store = site.store.thread("walk")
    (thread / ".ini").unlink()
    before = (thread / "calls.csv").read_bytes()
    send(ann, "Bob", "hangup", 404, reason="ended")

    assert (thread / "calls.csv").read_bytes() == before
    with pytest.raises(Exception, match="There is no thread called walk"):
        store.call_log.change(lambda log: log.trimmed(0), durable=False)
    assert (thread / "calls.csv").read_bytes() == before
