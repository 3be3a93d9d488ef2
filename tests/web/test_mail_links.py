"""Asking for mail on the page, confirming it, and ending it with one click."""

import json
import re

import pytest

from mozchat.domain.subscription import PENDING_MS
from mozchat.services.notify_send import drain

INI = "title=Saturday walk\nnotifyUsers=1\nallowSubscribe=1\nmaxClipSizeSec=20\nmaxBlobBytes=400000\n"
BOB = "bob@example.org"


@pytest.fixture
def mailing(site, tmp_path):
    """The site, whose mail becomes files."""
    site.public_url = "http://localhost"
    site.mail_url = f"file:{tmp_path}/mails"
    site._secret = "s" * 32
    return site


@pytest.fixture
def walk(mailing, make_thread):
    return make_thread("walk", INI)


@pytest.fixture
def ann(walk, join):
    return join("walk", "Ann")


@pytest.fixture
def bob(walk, join):
    return join("walk", "Bob")


@pytest.fixture
def mails(mailing, tmp_path):
    """Send what is due; gives the texts of the mails that came of it."""
    import email.policy

    def send():
        drain(mailing)
        texts = []
        for path in sorted((tmp_path / "mails").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            texts.append((message["To"].addresses[0].addr_spec, message.get_body(("plain",)).get_content()))
            path.unlink()
        return texts

    return send


def subscription(participant, method="GET", check=200, **fields):
    return participant.ask(method, participant.url("subscription"), check, **fields).json


def link_in(text, purpose):
    return re.search(rf"http://localhost(/walk/{purpose}/\S+)", text)[1]


@pytest.fixture
def confirmed(bob, mails, visitor):
    """Bob has asked for mail and said yes."""
    subscription(bob, "PUT", 202, json={"address": BOB})
    ((_, text),) = mails()
    visitor.ask("POST", link_in(text, "confirm"))
    return bob


@pytest.fixture
def publish(ann, sample, clock):
    def publish():
        clock.advance(60)
        return ann.upload(sample("chromium-audio.webm")).get("notified", 0)

    return publish


def test_mail_comes_only_after_a_yes_that_is_pressed(bob, publish, mails, visitor):
    assert subscription(bob) == {"state": "none", "address": None}
    pending = subscription(bob, "PUT", 202, json={"address": BOB})
    assert pending == subscription(bob) == {"state": "pending", "address": BOB}
    ((to, text),) = mails()
    assert to == BOB
    assert "Bob" not in text, "nothing that a participant chose goes to an address that may be anybody's"
    link = link_in(text, "confirm")

    for _ in range(2):
        assert "Yes, send me that mail" in visitor.ask("GET", link).get_data(as_text=True)
    assert publish() == 0
    visitor.ask("POST", link)

    assert subscription(bob)["state"] == "confirmed"
    assert publish() == 1
    assert [to for to, _ in mails()] == [BOB]
    assert publish() == 1


def test_whoever_subscribed_gets_no_mail_about_an_own_clip_also_under_another_name(confirmed, sample, clock):
    confirmed.rename("Robert")
    clock.advance(60)
    assert "notified" not in confirmed.upload(sample("chromium-audio.webm"))


def test_opening_the_link_to_unsubscribe_changes_nothing_and_pressing_its_button_does(
    confirmed, publish, mails, visitor
):
    publish()
    ((_, text),) = mails()
    link = link_in(text, "unsubscribe")

    page = visitor.ask("GET", link)
    assert "Stop mail about Saturday walk?" in page.get_data(as_text=True)
    assert '<form method="post">' in page.get_data(as_text=True)
    visitor.ask("HEAD", link)
    assert publish() == 1
    mails()
    assert "No more mail" in visitor.ask("POST", link).get_data(as_text=True)
    visitor.ask("POST", link)

    assert publish() == 0
    assert subscription(confirmed)["state"] == "none"


@pytest.mark.parametrize(
    "request_of",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://mail.example.net"},
        {"Origin": "null", "Cookie": "mozchat=aaaaaaaaaaaaaaaaaaaaaa"},
    ],
)
def test_a_mail_program_unsubscribes_with_a_post_of_its_own(confirmed, publish, mails, visitor, request_of):
    publish()
    link = link_in(mails()[0][1], "unsubscribe")
    answer = visitor.ask(
        "POST", link, data={"List-Unsubscribe": "One-Click"}, headers={**request_of, "Referer": "x"}
    )
    assert answer.headers.get("Set-Cookie") is None
    assert publish() == 0


def test_no_other_post_is_free_of_the_check_of_its_origin(bob, mails, visitor):
    subscription(bob, "PUT", 202, json={"address": BOB})
    link = link_in(mails()[0][1], "confirm")
    answer = visitor.send("POST", link, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert answer.mimetype == "text/html"
    assert subscription(bob)["state"] == "pending"


def test_whoever_is_named_in_notify_ini_can_unsubscribe_too_and_come_back(walk, bob, publish, mails, visitor):
    (walk / "notify.ini").write_text(f"Carol={BOB}\n")
    publish()
    visitor.ask("POST", link_in(mails()[0][1], "unsubscribe"))
    assert publish() == 0

    subscription(bob, "PUT", 202, json={"address": BOB.upper()})
    visitor.ask("POST", link_in(mails()[0][1], "confirm"))

    assert publish() == 1


def test_mail_that_waits_is_not_sent_to_who_has_unsubscribed_meanwhile(confirmed, publish, mails, visitor):
    publish()
    link = link_in(mails()[0][1], "unsubscribe")
    publish()
    visitor.ask("POST", link)
    assert mails() == []


def test_on_the_page_one_ends_it_oneself(confirmed, publish, ann):
    subscription(ann, "DELETE", 204)
    assert subscription(confirmed)["state"] == "confirmed"
    subscription(confirmed, "DELETE", 204)
    assert subscription(confirmed)["state"] == "none"
    assert publish() == 0


def test_to_ask_again_for_what_one_has_sends_nothing(confirmed, mails):
    assert subscription(confirmed, "PUT", 200, json={"address": BOB})["state"] == "confirmed"
    assert mails() == []


def test_a_link_is_good_for_its_own_purpose_thread_and_time(bob, mails, visitor, make_thread, clock):
    make_thread("cave", INI)
    subscription(bob, "PUT", 202, json={"address": BOB})
    link = link_in(mails()[0][1], "confirm")
    token = link.rpartition("/")[2]

    for bad in (
        f"/walk/unsubscribe/{token}",
        f"/cave/confirm/{token}",
        f"/nothing/confirm/{token}",
        f"/walk/confirm/{token[:-1]}",
        "/walk/confirm/x",
        "/walk/confirm/%C3%A9.%00",
    ):
        for method in ("GET", "POST"):
            assert visitor.send(method, bad).status_code == 404, bad
    clock.advance(PENDING_MS / 1000)
    assert visitor.send("POST", link).status_code == 404
    assert subscription(bob)["state"] == "none"


def test_mail_can_be_stopped_also_where_the_settings_have_a_mistake(walk, confirmed, publish, mails, visitor):
    publish()
    link = link_in(mails()[0][1], "unsubscribe")
    (walk / ".ini").write_text("[common]\nmaxClipCount=-5\n")
    visitor.ask("GET", link)
    visitor.ask("POST", link)
    (walk / ".ini").write_text("[common]\n" + INI)
    assert publish() == 0


@pytest.mark.parametrize("address", ["", "bob", "Bob <bob@example.org>", "a@b\r\nBcc: c@d", "ä@example.org"])
def test_what_is_no_address_is_refused(bob, address):
    assert "mail address" in subscription(bob, "PUT", 422, json={"address": address})["detail"]


@pytest.mark.parametrize("ini", ["notifyUsers=1\n", "allowSubscribe=1\n", INI + "allowStream=1\n"])
def test_where_the_thread_does_not_offer_it_nobody_can_ask(mailing, make_thread, join, ini):
    make_thread("walk", ini)
    subscription(join("walk", "Bob"), "PUT", 403, json={"address": BOB})


def test_a_site_that_sends_no_mail_says_so(bob, mailing):
    mailing.mail_url = ""
    assert "sends no mail" in subscription(bob, "PUT", 503, json={"address": BOB})["detail"]


def test_nobody_can_have_an_address_flooded(walk, join, mails, clock):
    people = [join("walk", f"P{number}") for number in range(5)]
    statuses = [
        p.status(
            "PUT", p.url("subscription"), json={"address": BOB}, environ_base={"REMOTE_ADDR": f"192.0.2.{n}"}
        )
        for n, p in enumerate(people)
    ]
    assert statuses == [202, 202, 202, 429, 429]
    assert len(mails()) == 3
    clock.advance(86_401)
    subscription(people[4], "PUT", 202, json={"address": BOB})


def test_nobody_can_ask_for_the_mail_of_many(walk, join):
    statuses = [
        join("walk", f"P{n}").status(
            "PUT", "/api/threads/walk/subscription", json={"address": f"a{n}@example.org"}
        )
        for n in range(12)
    ]
    assert statuses == [202] * 10 + [429] * 2


def test_only_participants_can_ask(walk, visitor):
    for method in ("GET", "PUT", "DELETE"):
        assert visitor.status(method, "/api/threads/walk/subscription", json={"address": BOB}) == 401


def test_subscriptions_that_cannot_be_read_send_no_mail_and_are_kept(walk, confirmed, publish, visitor):
    (walk / "subscriptions.json").write_text("{")
    assert publish() == 0
    assert subscription(confirmed, "GET", 503)["detail"]
    subscription(confirmed, "DELETE", 503)
    assert (walk / "subscriptions.json").read_text() == "{"


def test_of_an_address_that_unsubscribed_only_a_mark_is_kept(walk, confirmed, publish, mails, visitor):
    publish()
    visitor.ask("POST", link_in(mails()[0][1], "unsubscribe"))
    stored = (walk / "subscriptions.json").read_text()
    assert BOB not in stored
    assert json.loads(stored)["unsubscribed"]
