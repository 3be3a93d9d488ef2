"""Tickets for the hub: who gets one, and whom it lets in."""

import json
from urllib.parse import urlsplit

import pytest

from mozchat.domain.errors import Forbidden
from mozchat.outside import hub as calls
from mozchat.services import hub
from mozchat.services.hub import Admission
from mozchat.services.site import Site


@pytest.fixture
def ws_ini(site, make_thread):
    """Say what `ws.ini` says."""
    make_thread("walk")
    make_thread("cave")

    def write(common="wsOn=1", rest=""):
        path = site.store.folder.parent / "wshub" / "ws.ini"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"[common]\n{common}\n{rest}\n")
        return path

    return write


def ticket(who, check=200, **request):
    return who.ask("GET", who.url("hub"), check, **request).json


def test_without_a_hub_there_are_no_tickets(ws_ini, join):
    ann = join("walk", "Ann")

    assert ticket(ann, 404)["detail"] == "There is no hub for this thread."

    path = ws_ini("wsOn=0")
    assert ticket(ann, 404)
    ws_ini("wsOn=1")
    assert ticket(ann)
    ws_ini("wsOn=1", "[realms]\ncave=")
    assert ticket(ann, 404)
    ws_ini("wsOn=1\nwsServerUri=nonsense")
    assert ticket(ann, 404)
    path.unlink()
    assert ticket(ann, 404)


def test_a_file_that_cannot_be_read_is_no_hub_and_no_fault(ws_ini, join):
    path = ws_ini()
    ann = join("walk", "Ann")
    path.unlink()
    path.mkdir()

    assert ticket(ann, 404)


def test_a_participant_gets_a_ticket_that_lets_in_that_identity_to_that_thread(ws_ini, join, site):
    ws_ini()
    ann = join("walk", "Ann")

    given = ticket(ann)

    identity = site.store.thread("walk").roster().get("Ann").identity
    assert given["url"] == "ws://localhost/hub"
    assert given["expires"] == "2026-11-21T10:01:00.000Z"
    assert hub.redeem(site, given["ticket"]) == Admission("walk", identity, "localhost", "")
    assert ann.send("GET", ann.url("hub")).headers["Cache-Control"] == "no-store"


def test_whoever_has_not_joined_gets_none(ws_ini, visitor, make_thread, join):
    ws_ini()
    visitor.ask("GET", "/api/threads/walk/hub", 401)
    visitor.ask("GET", "/api/threads/nowhere/hub", 404)
    ann = join("walk", "Ann")
    make_thread("walk", "[auth]\npassword=open sesame\n")

    ticket(ann, 401)


@pytest.mark.parametrize(
    ("common", "public", "request_to", "url"),
    [
        ("", "", {}, "ws://localhost/hub"),
        ("", "", {"base_url": "https://example.org/"}, "wss://example.org/hub"),
        ("", "", {"base_url": "https://example.org:8443/forum/"}, "wss://example.org:8443/forum/hub"),
        ("", "https://example.org/forum", {}, "wss://example.org/forum/hub"),
        ("wsServerUri=wss://hub.example.org:8080", "https://example.org", {}, "wss://hub.example.org:8080"),
    ],
)
def test_the_url_is_what_the_settings_say_else_below_the_site(
    ws_ini, join, site, common, public, request_to, url
):
    ws_ini(f"wsOn=1\n{common}")
    site.public_url = public

    assert ticket(join("walk", "Ann"), **request_to)["url"] == url


def test_a_ticket_is_over_after_a_minute(ws_ini, join, site, clock):
    ws_ini()
    text = ticket(join("walk", "Ann"))["ticket"]
    clock.advance(59.9)
    assert hub.redeem(site, text)
    clock.advance(0.1)

    with pytest.raises(Forbidden):
        hub.redeem(site, text)


def test_a_ticket_that_was_changed_or_is_of_another_site_is_none(ws_ini, join, site, tmp_path, clock):
    ws_ini()
    text = ticket(join("walk", "Ann"))["ticket"]
    other = Site(tmp_path / "threads", now=clock)
    other.store.folder.mkdir()

    for forged in ("", "x", "é", text[:-1], text[1:], text.swapcase(), f"{text}.x", text.rpartition(".")[0]):
        with pytest.raises(Forbidden):
            hub.redeem(site, forged)
    with pytest.raises(Forbidden):
        hub.redeem(other, text)
    other.close()


def test_what_the_site_signs_for_other_ends_is_no_ticket(site, ws_ini):
    ws_ini()
    from itsdangerous import URLSafeSerializer

    text = URLSafeSerializer(site.secret, salt="mail").dumps({"thread": "walk"})

    with pytest.raises(Forbidden):
        hub.redeem(site, text)


def test_a_hub_elsewhere_is_called_with_every_change(ws_ini, join, site, sample, clock):
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.settimeout(5)
        ws_ini(f"wsOn=1\nwsCommandUri=udp://127.0.0.1:{elsewhere.getsockname()[1]}")
        ann = join("walk", "Ann")
        ann.say("*", "Bridge.")

        heard = [elsewhere.recv(1000), elsewhere.recv(1000)]

    assert [calls.thread_of(site.secret, each, clock.now) for each in heard] == ["walk", "walk"]


def test_a_dead_hub_elsewhere_is_no_error(ws_ini, join):
    ws_ini("wsOn=1\nwsCommandUri=udp://127.0.0.1:9")
    ann = join("walk", "Ann")

    for number in range(5):
        assert ann.say("*", f"Bridge {number}.")


def test_a_command_counts_only_when_it_is_signed_and_of_now():
    command = calls.command("a secret", "walk", 1_000_000)

    assert calls.thread_of("a secret", command, 1_029_000) == "walk"
    assert calls.thread_of("a secret", command, 971_000) == "walk"
    assert calls.thread_of("a secret", command, 1_031_000) is None
    assert calls.thread_of("another secret", command, 1_000_000) is None
    assert calls.thread_of("a secret", command.replace(b"walk", b"cave"), 1_000_000) is None
    assert calls.thread_of("a secret", b"", 1_000_000) is None
    assert calls.thread_of("a secret", b"walk 1000000 " + b"0" * 64, 1_000_000) is None


def test_the_ticket_does_not_hold_the_secret_of_the_participant(ws_ini, join):
    ws_ini()
    ann = join("walk", "Ann")

    given = json.dumps(ticket(ann))

    assert ann.token not in given
    assert not urlsplit(ticket(ann)["url"]).query
