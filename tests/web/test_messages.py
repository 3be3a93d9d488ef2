"""Messages: what one participant writes to another, kept until it is delivered."""

import pytest


@pytest.fixture(autouse=True)
def thread(make_thread):
    return make_thread("walk", "messageLifetimeSec=300\nuserStatusFadeS=5\nnameHoldSec=1000\n")


@pytest.fixture
def ann(join):
    return join("walk", "Ann")


@pytest.fixture
def bob(join):
    return join("walk", "Bob")


def inbox(who, cursor=None):
    return [(m["from"], m["to"], m["body"]["text"]) for m in who.events(cursor).get("messages", [])]


def test_a_message_says_everything_about_itself(ann, bob):
    sent = ann.say("Bob", "Bridge. I have the thermos.")

    assert sent == {
        "id": sent["id"],
        "from": "Ann",
        "to": "Bob",
        "type": "chat",
        "sent": "2026-11-21T10:00:00.000Z",
        "body": {"text": "Bridge. I have the thermos."},
        "online": True,
        "expires": "2026-11-21T10:05:00.000Z",
    }
    received = bob.events()["messages"]
    assert received == [{key: sent[key] for key in ("id", "from", "to", "type", "sent", "body")}]


def test_messages_come_in_the_order_in_which_they_were_sent(ann, bob):
    numbers = [int(ann.say("Bob", text)["id"]) for text in ("one", "two", "three")]

    assert [text for _, _, text in inbox(bob)] == ["one", "two", "three"]
    assert numbers == sorted(set(numbers))


def test_a_message_to_one_is_seen_by_both_and_nobody_else(ann, bob, join):
    eve = join("walk", "Eve")
    ann.say("Bob", "psst")

    assert inbox(bob) == inbox(ann) == [("Ann", "Bob", "psst")]
    assert inbox(eve) == []


def test_a_message_to_everyone_is_seen_by_all(ann, bob):
    ann.say("*", "hello all")

    assert inbox(bob) == inbox(ann) == [("Ann", "*", "hello all")]


def test_whoever_comes_later_sees_what_was_said_to_everyone(ann, join):
    ann.say("*", "hello all")

    assert inbox(join("walk", "Eve")) == [("Ann", "*", "hello all")]


def test_the_name_is_found_however_it_is_written(ann, bob):
    assert ann.say(" ＢＯＢ ", "hello")["to"] == "Bob"
    assert inbox(bob) == [("Ann", "Bob", "hello")]


def test_whoever_has_never_been_here_is_no_addressee(ann):
    for name in ("Nobody", "", "**", "x" * 300, "<b>", "\ud800"):
        ann.say(name, "hello", 422)


def test_a_message_to_somebody_who_is_away_is_kept(ann, bob, clock):
    bob.leave()

    assert ann.say("Bob", "hello")["online"] is False
    clock.advance(299)
    assert inbox(bob) == [("Ann", "Bob", "hello")]


def test_a_message_is_kept_no_longer_than_messageLifetimeSec(ann, bob, clock):
    cursor = bob.events()["cursor"]
    ann.say("Bob", "hello")

    clock.advance(301)

    assert "messages" not in bob.events()
    assert "messages" not in bob.events(cursor)


def test_the_author_of_a_message_to_everyone_learns_whether_anybody_is_there(ann, bob, clock):
    assert ann.say("*", "hello")["online"] is True
    clock.advance(6)
    assert ann.say("*", "hello?")["online"] is False


def test_a_text_is_kept_as_it_is_but_for_what_cannot_be_seen(ann, bob):
    kept = {
        "x" * 1000: "x" * 1000,
        "  two\nlines  ": "two\nlines",
        "<script>alert(1)</script>": "<script>alert(1)</script>",
        "a\x00b\x1b[31m\u202ec": "a b [31m c",
        "Сухо ли внизу? 👋": "Сухо ли внизу? 👋",
        "\ud83d\ude00": "😀",
        "half of \ud83d": "half of",
    }
    for text in kept:
        ann.say("Bob", text)

    assert [text for _, _, text in inbox(bob)] == list(kept.values())


def test_what_is_no_text_is_refused(ann, bob):
    for text in ("", " ", "\n\t", "\u200b", "\x00\x07", "\ud800", "x" * 1001, None, 7, ["hello"], {}):
        ann.say("Bob", text, 422)

    assert "messages" not in bob.events()


def test_what_is_no_message_is_refused(ann, bob):
    text = {"text": "hello"}
    for message in (
        {},
        {"to": "Bob", "type": "chat"},
        {"to": "Bob", "body": text},
        {"type": "chat", "body": text},
        {"to": "Bob", "type": "chat", "body": {}},
        {"to": "Bob", "type": "chat", "body": "hello"},
        {"to": "Bob", "type": "chat", "body": ["hello"]},
        {"to": "Bob", "type": "chat", "body": None},
        {"to": ["Bob"], "type": "chat", "body": text},
        {"to": None, "type": "chat", "body": text},
        {"to": "Bob", "type": 7, "body": text},
        {"to": "Bob", "type": "", "body": text},
        {"to": "Bob", "type": "delivered", "body": {"id": "1"}},
        {"to": "Bob", "type": "no such type", "body": text},
        ["hello"],
        "hello",
    ):
        ann.post_message(message, 422)

    assert "messages" not in bob.events()


def test_a_body_that_cannot_be_read_is_refused(ann):
    for body, kind, status in (
        (b"to=Bob", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"to": "' + b"x" * 170_000 + b'"}', "application/json", 413),
    ):
        ann.ask("POST", ann.url("messages"), status, data=body, content_type=kind)


def test_only_the_fields_of_its_type_are_passed_on(ann, bob):
    body = {"text": "hello", "html": "<b>", "id": "1"}
    ann.post_message({"to": "Bob", "type": "chat", "body": body, "from": "Eve", "id": "7", "sent": "then"})

    message = bob.events()["messages"][0]

    assert message["body"] == {"text": "hello"}
    assert (message["from"], message["sent"]) == ("Ann", "2026-11-21T10:00:00.000Z")


def test_nobody_writes_without_having_joined(ann, visitor):
    message = {"to": "Ann", "type": "chat", "body": {"text": "hello"}}

    visitor.ask("POST", "/api/threads/walk/messages", 401, json=message)


def test_a_repeat_with_the_same_key_sends_nothing_twice(ann, bob, clock):
    first = ann.say("Bob", "hello", key="once")
    clock.advance(1)
    again = ann.say("Bob", "hello again", key="once")

    assert (again["id"], again["sent"], again["body"]) == (first["id"], first["sent"], {"text": "hello"})
    assert inbox(bob) == [("Ann", "Bob", "hello")]


def test_keys_of_different_people_are_different_keys(ann, bob):
    assert ann.say("Bob", "hello", key="once")["id"] != bob.say("Ann", "hello", key="once")["id"]


def test_one_key_may_stand_for_a_clip_and_for_a_message(ann, bob, sample):
    clip = ann.upload(sample("chromium-audio.webm"), key="once")
    message = ann.say("Bob", "hello", key="once")
    ann.delete(clip["id"])

    assert ann.say("Bob", "hello", key="once")["id"] == message["id"]
    assert ann.upload(sample("chromium-audio.webm"), key="once") == clip


def test_a_key_is_1_to_128_printable_ascii_characters(ann, bob):
    message = {"to": "Bob", "type": "chat", "body": {"text": "hello"}}

    for key in ("", "x" * 129, "é"):
        ann.ask("POST", ann.url("messages"), 422, json=message, headers={"Idempotency-Key": key})
