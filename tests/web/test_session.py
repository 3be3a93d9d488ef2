"""Joining a thread under a name, whose the name is, and leaving."""

import hashlib

import pytest

from mozchat.domain.identity import is_token

NO_NAMES = ["", " ", "\u00a0\u3000", "x" * 31, "*"]
NO_NAMES += [f"An{character}n" for character in "<>&\"':;()"]
NO_NAMES += [f"An{character}n" for character in "\x00\x7f\x1b\u200b\u202e\u2066\ufeff\ue000\ud800\u3164"]


@pytest.fixture(autouse=True)
def thread(make_thread):
    return make_thread("walk", "nameHoldSec=100\nuserStatusFadeS=5\n")


def names_online(visitor):
    return visitor.ask("GET", "/api/threads").json["threads"][0]["online"]


def join_status(visitor, **fields):
    return visitor.status("POST", "/api/threads/walk/session", json=fields)


def test_joining_gives_a_name_a_mark_and_a_secret_to_come_back_with(join, visitor):
    ann = join("walk", "Ann")

    assert ann.ask("GET", "/api/threads/walk").json["me"] == {"name": "Ann", "authorId": ann.author_id}
    assert visitor.ask("GET", "/api/threads/walk").json["me"] is None


def test_only_a_hash_of_the_secret_is_kept(join, thread):
    ann = join("walk", "Ann")

    stored = b"".join(path.read_bytes() for path in thread.iterdir())
    assert ann.token.encode() not in stored
    assert hashlib.sha256(ann.token.encode()).hexdigest().encode() in stored


def test_the_mark_of_an_identity_is_another_in_every_thread(join, make_thread):
    make_thread("garden")
    here = join("walk", "Ann")
    there = join("garden", "Ann", token=here.token)

    assert there.token == here.token
    assert there.author_id != here.author_id


def test_what_is_no_name_is_refused(visitor):
    statuses = {name: join_status(visitor, name=name) for name in NO_NAMES}

    assert statuses == dict.fromkeys(NO_NAMES, 422)


def test_a_name_is_shown_in_order(join):
    shown = {
        "x" * 30: "x" * 30,
        "  Ann \t Lee ": "Ann Lee",
        "Bob\u00a0Lee": "Bob Lee",
        "Re\u0301my": "Rémy",
        "Анна Ильинична": "Анна Ильинична",
        "安娜 👋": "安娜 👋",
    }

    assert {sent: join("walk", sent).name for sent in shown} == shown


def test_case_width_and_blanks_do_not_make_another_name(join, visitor):
    join("walk", "Ann Lee")

    for same in ("Ann Lee", "ANN LEE", "Ａｎｎ　Ｌｅｅ", "ann\u2003lee", " Ann  Lee "):
        problem = visitor.ask("POST", "/api/threads/walk/session", 409, json={"name": same}).json
        assert "Ann Lee" in problem["detail"]


def test_whoever_holds_a_name_may_write_it_in_another_way(join):
    ann = join("walk", "ann")

    assert ann.rename("ANN")["name"] == "ANN"
    assert ann.events()["online"] == ["ANN"]


def test_a_name_is_held_for_nameHoldSec_and_then_free(join, visitor, clock):
    join("walk", "Ann")

    clock.advance(99)
    assert join_status(visitor, name="Ann") == 409
    clock.advance(2)
    assert join("walk", "Ann").name == "Ann"


def test_a_sign_of_life_holds_the_name_for_longer(join, visitor, clock):
    ann = join("walk", "Ann")

    clock.advance(60)
    ann.events()
    clock.advance(99)
    assert join_status(visitor, name="Ann") == 409


def test_another_name_leaves_the_identity_what_it_was(join, visitor):
    ann = join("walk", "Ann")
    anna = ann.rename("Anna")

    assert anna["authorId"] == ann.author_id
    assert ann.ask("GET", "/api/threads/walk").json["me"]["name"] == "Anna"
    assert join_status(visitor, name="Ann") == 409, "the old name stays held"


def test_whoever_takes_another_name_is_online_under_that_alone(join, clock):
    ann = join("walk", "Ann")
    clock.advance(1)
    ann.rename("Anna")

    assert ann.events()["online"] == ["Anna"]


def test_an_old_name_can_be_taken_again(join, clock):
    ann = join("walk", "Ann")
    clock.advance(1)
    ann.rename("Anna")
    clock.advance(1)

    assert ann.rename("Ann")["name"] == "Ann"
    assert ann.ask("GET", "/api/threads/walk").json["me"]["name"] == "Ann"


def test_leaving_is_being_offline_at_once_and_the_name_stays_held(join, visitor):
    ann = join("walk", "Ann")
    assert names_online(visitor) == ["Ann"]

    ann.leave()
    assert names_online(visitor) == []
    assert join_status(visitor, name="Ann") == 409


def test_whoever_has_left_can_come_back(join):
    ann = join("walk", "Ann")
    ann.leave()

    assert ann.rename("Ann")["authorId"] == ann.author_id
    assert ann.events()["online"] == ["Ann"]


def test_leaving_without_having_joined_is_no_error(visitor):
    assert visitor.ask("DELETE", "/api/threads/walk/session", 204).data == b""


def test_a_secret_that_is_not_of_our_form_is_replaced(join):
    assert join("walk", "Ann", token="guess me").token != "guess me"


def test_whoever_never_saw_the_answer_asks_again_with_the_same_key_and_is_who_they_were(visitor, make_thread):
    make_thread("vault", "[auth]\npassword=open sesame\n")
    for thread, fields in (("walk", {"name": "Ann"}), ("vault", {"name": "Ann", "password": "open sesame"})):

        def ask(key, check, thread=thread, fields=fields):
            headers = {"Idempotency-Key": key}
            return visitor.ask(
                "POST", f"/api/threads/{thread}/session", check, json=fields, headers=headers
            ).json

        first = ask("5bd1a6c4f0a94f6f9b8e0d4c", 201)

        assert ask("5bd1a6c4f0a94f6f9b8e0d4c", 201) == first
        assert is_token(first["token"])
        ask("5bd1a6c4f0a94f6f9b8e0d4d", 409)


def test_a_key_to_join_with_cannot_be_guessed(visitor, join):
    ann = join("walk", "Ann")
    for asking in (visitor, ann):
        for key, check in (("k" * 21, 422), ("k" * 129, 422)):
            asking.ask(
                "POST", ann.url("session"), check, json={"name": "Ann"}, headers={"Idempotency-Key": key}
            )


def test_whoever_has_a_secret_keeps_it_whatever_the_key_is(join):
    ann = join("walk", "Ann")
    headers = {"Idempotency-Key": "5bd1a6c4f0a94f6f9b8e0d4c"}

    again = ann.ask("POST", ann.url("session"), 201, json={"name": "Ann Lee"}, headers=headers).json

    assert again["token"] == ann.token


def test_a_name_from_a_php_folder_can_be_claimed_by_the_first_who_asks(join, thread, visitor):
    (thread / "users.json").write_text('{"online": {"Ann": [1795255200, "192.0.2.7"]}}')

    assert join("walk", "Ann").name == "Ann"
    assert join_status(visitor, name="ann") == 409


def test_a_session_has_a_name_that_is_a_string(visitor):
    strings = [
        {},
        {"name": None},
        {"name": 7},
        {"name": ["Ann"]},
        ["Ann"],
        "Ann",
        {"name": "Ann", "password": 7},
    ]
    for fields in strings:
        visitor.ask("POST", "/api/threads/walk/session", 422, json=fields)


def test_what_is_not_needed_is_passed_over(visitor):
    for number, fields in enumerate([{"password": None}, {"password": "not needed"}, {"shoe size": 40}]):
        visitor.ask("POST", "/api/threads/walk/session", 201, json={"name": f"Ann {number}", **fields})


def test_a_body_that_cannot_be_read_is_refused(visitor):
    for body, kind, status in (
        (b'{"name": "Ann"}', "text/plain", 415),
        (b"name=Ann", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"name": ' + b"1" * 5_000 + b"}", "application/json", 400),
        (b'{"name": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ):
        visitor.ask("POST", "/api/threads/walk/session", status, data=body, content_type=kind)
