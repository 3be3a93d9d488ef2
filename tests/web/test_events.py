"""Events: what is new since a cursor, by short and long poll."""

import gzip
import sys
import time
from types import SimpleNamespace

import pytest

from mozchat.services.site import Site
from mozchat.web.app import create_app
from mozchat.web.events import server_threads

SETTINGS = "longPollPeriodS=20\nuserStatusFadeS=5\nmessageLifetimeSec=300\nmaxMediaFolderBytes=400000\n"
LONG = 30
"""Seconds that no listener in these tests ever waits."""


@pytest.fixture
def thread(make_thread):
    return make_thread("walk", SETTINGS)


@pytest.fixture
def ann(thread, join):
    return join("walk", "Ann")


@pytest.fixture
def bob(thread, join):
    return join("walk", "Bob")


@pytest.fixture
def voice(sample):
    return sample("chromium-audio.webm")


@pytest.fixture
def listening(site, meanwhile, until):
    """Have somebody listen until there is news; returns when the server holds the listener."""

    def listen(who, cursor, check=200):
        held = site.admission.held
        future = meanwhile(who.poll, cursor, check, wait=LONG)
        until(lambda: site.admission.held > held)
        return future

    return listen


def online(who):
    return who.events()["online"]


def texts(changes):
    return [message["body"]["text"] for message in changes.get("messages", []) if message["type"] == "chat"]


# --- the cursor


def test_without_a_cursor_everything_is_told(ann, voice):
    clip = ann.upload(voice)

    changes = ann.events()

    assert changes == {
        "cursor": changes["cursor"],
        "reset": True,
        "clips": {"added": [clip], "removed": []},
        "online": ["Ann"],
        "free": 400_000 - clip["bytes"],
    }


def test_when_nothing_is_new_nothing_is_sent(ann):
    answer = ann.poll(ann.events()["cursor"], 204)

    assert answer.data == b""
    assert "Content-Type" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_only_what_changed_is_told(ann, bob, voice):
    cursor = bob.events()["cursor"]
    clip = ann.upload(voice)

    changes = bob.events(cursor)

    assert changes.keys() == {"cursor", "clips", "free"}
    assert changes["clips"] == {"added": [clip], "removed": []}
    assert changes["free"] == 400_000 - clip["bytes"]
    assert bob.nothing_new(changes["cursor"])


def test_the_cursor_of_the_list_of_clips_goes_on_from_there(ann, bob, voice):
    ann.upload(voice)
    listed = bob.clips()
    second = ann.upload(voice)

    changes = bob.events(listed["cursor"])

    assert "reset" not in changes
    assert changes["clips"] == {"added": [second], "removed": []}


def test_a_clip_that_came_and_went_in_between_is_not_told_of(ann, bob, voice):
    cursor = bob.clips()["cursor"]
    ann.delete(ann.upload(voice)["id"])

    assert bob.nothing_new(cursor)


def test_one_cursor_may_be_used_any_number_of_times(ann, bob, voice):
    cursor = bob.clips()["cursor"]
    ann.upload(voice)

    assert bob.events(cursor)["clips"] == bob.events(cursor)["clips"]


def test_a_forged_cursor_is_a_reset(ann, voice):
    clip = ann.upload(voice)
    forged = [
        "",
        "x",
        "0.0.0",
        "a.b.c",
        "..",
        "1" * 5_000,
        "\x00",
        "é.1.é",
        "-1.-1.-1",
        "0.99999999999999999999.0",
    ]

    for cursor in forged:
        changes = ann.events(cursor)
        assert changes["reset"] is True
        assert changes["clips"] == {"added": [clip], "removed": []}
        assert changes["online"] == ["Ann"]


def test_a_cursor_with_a_forged_position_is_a_reset(ann, voice):
    ann.upload(voice)
    epoch, position, roster = ann.clips()["cursor"].split(".")

    for change in (+1, -1, 10**9):
        changes = ann.events(f"{epoch}.{int(position) + change}.{roster}")
        assert changes["reset"] is True
        assert len(changes["clips"]["added"]) == 1


def test_a_forged_cursor_does_not_make_messages_count_as_delivered(ann, bob):
    bob.say("Ann", "Is the lower path dry?")
    epoch, position, roster = bob.clips()["cursor"].split(".")

    ann.poll(f"{epoch}.{int(position) + 10**9}.{roster}")

    assert texts(ann.events()) == ["Is the lower path dry?"]


def test_a_cursor_of_another_thread_is_a_reset(ann, voice, make_thread, join):
    make_thread("garden")
    eve = join("garden", "Eve")
    eve.upload(voice)
    ann.upload(voice)

    assert ann.events(eve.events()["cursor"])["reset"] is True


def test_a_cursor_from_before_the_catalogue_was_lost_is_a_reset(ann, make_thread, voice):
    thread = make_thread("walk", "hideExpired=0\n")
    cursor = ann.clips()["cursor"]
    ann.upload(voice)
    for name in ("catalog.json", "journal.jsonl"):
        (thread / name).unlink()

    changes = ann.events(cursor)

    assert changes["reset"] is True
    assert len(changes["clips"]["added"]) == 1


@pytest.mark.parametrize("key", ["wait", "next"])
def test_what_is_no_number_of_seconds_is_refused(ann, key):
    cursor = ann.events()["cursor"]

    for value in ("-1", "soon", "NaN", "inf", "1e999", "null", ""):
        for others in ({}, {"wait": "0.01"}):
            assert key in ann.poll(cursor, 422, **{**others, key: value}).json["detail"]


def test_a_long_answer_is_compressed_for_those_who_take_it_and_a_short_one_is_not(ann, voice):
    for _ in range(8):
        ann.upload(voice)
    takes_gzip = {"Accept-Encoding": "gzip, deflate, br"}

    plain = ann.ask("GET", ann.url("events"))
    small = ann.ask("GET", ann.url("events"), headers=takes_gzip)

    assert small.headers["Content-Encoding"] == "gzip"
    assert small.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    ann.say("*", "hello")
    short = ann.ask(
        "GET", ann.url("events"), query_string={"cursor": plain.json["cursor"]}, headers=takes_gzip
    )
    assert "Content-Encoding" not in short.headers


def test_a_head_request_gives_no_body(ann):
    answer = ann.ask("HEAD", ann.url("events"))

    assert answer.data == b""
    assert answer.content_type == "application/json"


# --- presence


def test_whoever_joins_is_told_to_those_who_are_there(ann, join):
    cursor = ann.events()["cursor"]
    join("walk", "Bob")

    changes = ann.events(cursor)

    assert changes.keys() == {"cursor", "online"}
    assert changes["online"] == ["Ann", "Bob"]


def test_whoever_is_silent_fades(ann, bob, clock):
    cursor = ann.events()["cursor"]
    clock.advance(4)
    assert ann.nothing_new(cursor)

    clock.advance(2)
    assert ann.events(cursor)["online"] == ["Ann"]


def test_whoever_asks_again_and_again_stays(ann, bob, clock):
    for _ in range(4):
        clock.advance(4)
        bob.poll()

    assert online(ann) == ["Ann", "Bob"]


def test_whoever_says_when_they_ask_next_stays_until_then(ann, bob, clock):
    bob.poll(next=10)
    clock.advance(14)
    assert online(ann) == ["Ann", "Bob"]

    clock.advance(2)
    assert online(ann) == ["Ann"]


def test_a_listener_with_a_name_of_its_own_stays_as_long_and_what_it_says_later_takes_the_place_of_that(
    ann, bob, clock
):
    bob.poll(next=30, listener="page")
    clock.advance(34)
    assert online(ann) == ["Ann", "Bob"]
    bob.poll(next=30, listener="page")
    bob.poll(next=10, listener="tab-2")
    clock.advance(15)
    assert online(ann) == ["Ann", "Bob"]
    clock.advance(20)
    assert online(ann) == ["Ann"]


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "é", "a\n"])
def test_a_listener_has_a_name_that_can_be_one(ann, name):
    cursor = ann.events()["cursor"]
    assert "listener" in ann.poll(cursor, 422, listener=name).json["detail"]


def test_a_sign_of_life_is_written_only_where_somebody_is_not_online_for_long_enough(
    ann, make_thread, site, clock
):
    users = make_thread("walk") / "users.json"
    site.store.thread("walk").write_marks()
    before = users.read_bytes()
    for what in ({}, {"wait": 15, "listener": "page"}):
        ann.poll(**what)
        site.store.thread("walk").write_marks()
        assert (users.read_bytes() == before) is (not what), what
    before = users.read_bytes()
    clock.advance(1)
    for what in ({}, {"wait": 15, "listener": "page"}, {"next": 3, "listener": "page"}):
        ann.poll(**what)
        site.store.thread("walk").write_marks()
        assert users.read_bytes() == before, what


def test_nobody_stays_for_longer_than_a_minute_ahead(ann, bob, clock):
    bob.poll(next=10_000)

    clock.advance(66)
    assert online(ann) == ["Ann"]


def test_whoever_comes_back_is_online_again(ann, bob, clock):
    clock.advance(60)
    cursor = ann.events()["cursor"]
    bob.poll()

    assert ann.events(cursor)["online"] == ["Ann", "Bob"]


def test_publishing_and_writing_are_signs_of_life(ann, bob, clock, voice):
    for act in (lambda: bob.say("*", "hello"), lambda: bob.upload(voice)):
        clock.advance(60)
        act()
        assert online(ann) == ["Ann", "Bob"]


def test_whoever_has_not_joined_can_listen_without_being_seen(ann, visitor):
    path = "/api/threads/walk/events"

    assert visitor.ask("GET", path).json["online"] == ["Ann"]
    assert online(ann) == ["Ann"]


def test_whoever_has_not_joined_gets_no_messages(ann, bob, visitor):
    path = "/api/threads/walk/events"
    cursor = visitor.ask("GET", path).json["cursor"]
    ann.say("Bob", "for you alone")
    ann.say("*", "for all of us")

    assert "messages" not in visitor.ask("GET", path).json
    visitor.ask("GET", path, 204, query_string={"cursor": cursor})


def test_presence_is_not_written_at_every_poll(ann, thread, clock, until):
    users = thread / "users.json"
    before = users.stat().st_mtime_ns
    for _ in range(4):
        clock.advance(0.5)
        ann.poll()
    assert users.stat().st_mtime_ns == before

    clock.advance(1)
    ann.poll()
    until(lambda: users.stat().st_mtime_ns != before)


# --- messages


def test_a_message_comes_again_until_the_cursor_behind_it_comes_back(ann, bob):
    cursor = ann.events()["cursor"]
    bob.say("Ann", "Is the lower path dry?")

    first, second = ann.events(cursor), ann.events(cursor)

    assert texts(first) == texts(second) == ["Is the lower path dry?"]
    assert ann.nothing_new(first["cursor"])
    assert texts(ann.events()) == []


def test_both_tabs_of_one_participant_get_a_message(ann, bob):
    one, other = ann.events()["cursor"], ann.events()["cursor"]
    bob.say("Ann", "hello")

    first = ann.events(one)
    assert texts(first) == ["hello"]
    ann.poll(first["cursor"], 204)
    assert texts(ann.events(other)) == ["hello"]


def test_the_author_is_told_that_a_message_was_delivered(ann, bob):
    cursor = bob.events()["cursor"]
    sent = bob.say("Ann", "hello")
    received = ann.events()
    before = bob.events(cursor)
    assert [message["type"] for message in before["messages"]] == ["chat"]

    ann.poll(received["cursor"], 204)

    receipt = bob.events(before["cursor"])["messages"][0]
    assert (receipt["from"], receipt["to"], receipt["type"]) == ("Ann", "Bob", "delivered")
    assert receipt["body"] == {"id": sent["id"]}


def test_one_message_has_one_receipt(ann, bob):
    cursor = bob.events()["cursor"]
    bob.say("Ann", "hello")
    behind = ann.events()["cursor"]
    for _ in range(3):
        ann.poll(behind, 204)

    receipts = [m for m in bob.events(cursor)["messages"] if m["type"] == "delivered"]
    assert len(receipts) == 1


def test_nobody_but_the_author_sees_a_receipt(ann, bob, join):
    eve = join("walk", "Eve")
    cursor = eve.events()["cursor"]
    bob.say("Ann", "hello")
    ann.poll(ann.events()["cursor"], 204)

    assert eve.nothing_new(cursor)


def test_a_message_to_everyone_has_no_receipts(ann, bob):
    bob.say("*", "hello all")
    cursor = bob.events()["cursor"]
    ann.poll(ann.events()["cursor"], 204)

    assert bob.nothing_new(cursor)


# --- the long poll


def test_a_clip_wakes_a_listener_at_once(ann, bob, voice, listening):
    listener = listening(bob, bob.events()["cursor"])
    began = time.monotonic()
    clip = ann.upload(voice)

    changes = listener.result(LONG).json

    assert changes["clips"] == {"added": [clip], "removed": []}
    assert time.monotonic() - began < 0.9, "woken by the bell, not by looking once a second"


def test_a_message_wakes_its_addressee_and_nobody_else(ann, bob, join, listening):
    eve = join("walk", "Eve")
    addressee, other = (listening(who, who.events()["cursor"]) for who in (bob, eve))

    ann.say("Bob", "hello")
    assert texts(addressee.result(LONG).json) == ["hello"]
    assert not other.done()
    ann.say("*", "hello all")
    assert texts(other.result(LONG).json) == ["hello all"]


def test_whoever_comes_or_goes_wakes_the_listeners(ann, bob, join, listening):
    listener = listening(ann, ann.events()["cursor"])
    eve = join("walk", "Eve")
    changes = listener.result(LONG).json
    assert changes["online"] == ["Ann", "Bob", "Eve"]

    listener = listening(ann, changes["cursor"])
    eve.leave()
    assert listener.result(LONG).json["online"] == ["Ann", "Bob"]


def test_a_write_in_another_process_wakes_a_listener(ann, bob, voice, listening, site, clock):
    """Two sites on one folder are to each other what two processes are."""
    listener = listening(bob, bob.events()["cursor"])
    other = Site(site.store.folder, 0, clock)
    try:
        elsewhere = type(ann)(create_app(other), "walk", "Ann", ann.token)
        clip = elsewhere.upload(voice)
    finally:
        other.close()

    assert listener.result(LONG).json["clips"]["added"] == [clip]


def test_a_listener_is_told_nothing_when_the_time_is_over(ann):
    cursor = ann.events()["cursor"]
    began = time.monotonic()

    answer = ann.poll(cursor, 204, wait=0.05)

    assert "Retry-After" not in answer.headers
    assert 0.05 <= time.monotonic() - began < 5


def test_whoever_waits_stays_online_for_the_longest_wait_of_the_thread(ann, bob, clock, voice, listening):
    listener = listening(bob, bob.events()["cursor"])
    ann.upload(voice)
    listener.result(LONG)

    clock.advance(24)
    assert online(ann) == ["Ann", "Bob"]
    clock.advance(2)
    assert online(ann) == ["Ann"]


def test_a_listener_beyond_the_room_is_sent_away_at_once(ann, bob, voice, listening, site):
    cursor = ann.events()["cursor"]
    listeners = [listening(bob, cursor) for _ in range(site.admission.room(None))]

    answer = ann.poll(cursor, 204, wait=LONG)

    assert int(answer.headers["Retry-After"]) > 0
    clip = ann.upload(voice)
    assert ann.events(cursor, wait=LONG)["clips"]["added"] == [clip], "it loses nothing"
    assert all(listener.result(LONG).json["clips"]["added"] == [clip] for listener in listeners)
    assert site.admission.held == 0


def test_a_stopping_server_lets_its_listeners_go(ann, site, listening):
    listener = listening(ann, ann.events()["cursor"], 204)
    began = time.monotonic()

    site.stop()

    assert listener.result(LONG).data == b""
    assert time.monotonic() - began < 1


def test_whoever_goes_on_listening_learns_that_the_thread_was_removed(ann, thread, site, until, meanwhile):
    def listen_on(cursor):
        answer = ann.send("GET", ann.url("events"), query_string={"cursor": cursor, "wait": LONG})
        return listen_on(answer.json["cursor"]) if answer.status_code == 200 else answer

    listener = meanwhile(listen_on, ann.events()["cursor"])
    until(lambda: site.admission.held)
    thread.rename(thread.parent.parent / "removed")
    until(lambda: site.store.bell.ring("walk") or listener.done())

    assert listener.result().status_code == 404


def test_a_listener_learns_that_an_administrator_has_removed_a_file(
    ann, bob, thread, voice, listening, site, until
):
    clip = ann.upload(voice)
    listener = listening(bob, bob.events()["cursor"])
    until(lambda: site.store.bell.follows("walk"))

    next((thread / "media").iterdir()).unlink()

    assert listener.result(LONG).json["clips"]["removed"] == [clip["id"]]


def test_a_listener_learns_that_its_thread_has_a_mistake_in_its_ini(ann, make_thread, site, until, listening):
    listener = listening(ann, ann.events()["cursor"], 503)

    make_thread("walk", "maxClipCount=many\n")
    until(lambda: site.store.bell.ring("walk") or listener.done())

    assert "line 2" in listener.result().json["errors"][0]


# --- several threads at once


@pytest.fixture
def garden(make_thread, join, ann):
    make_thread("garden", SETTINGS)
    return join("garden", "Ann", token=ann.token)


def at(*places):
    return {"at": [f"{who.thread}:{cursor}" for who, cursor in places]}


def poll_some(who, check=200, **query):
    return who.ask("GET", "/api/events", check, query_string=query)


def cursor_of(who):
    return who.events()["cursor"]


def test_one_question_is_for_several_threads(ann, garden, voice):
    places = at((ann, cursor_of(ann)), (garden, cursor_of(garden)))
    poll_some(ann, 204, **places)
    clip = garden.upload(voice)

    threads = poll_some(ann, **places).json["threads"]

    assert threads.keys() == {"garden"}, "only where something is new"
    assert threads["garden"]["clips"]["added"] == [clip]
    assert threads["garden"]["cursor"] == cursor_of(garden)


def test_a_thread_without_a_cursor_is_told_whole(ann, garden):
    threads = poll_some(ann, at=["walk:", f"garden:{cursor_of(garden)}"]).json["threads"]

    assert threads == {"walk": ann.events()}


def test_news_of_any_of_them_end_the_wait(ann, garden, bob, voice, site, meanwhile, until):
    places = at((ann, cursor_of(ann)), (garden, cursor_of(garden)))
    listener = meanwhile(poll_some, ann, **places, wait=LONG)
    until(lambda: site.admission.held)

    clip = bob.upload(voice)

    assert listener.result(LONG).json["threads"]["walk"]["clips"]["added"] == [clip]


def test_whoever_asks_is_online_in_all_of_them(ann, garden, clock):
    places = at((ann, cursor_of(ann)), (garden, cursor_of(garden)))
    for _ in range(4):
        clock.advance(4)
        poll_some(ann, 204, **places)

    assert online(ann) == online(garden) == ["Ann"]


def test_what_is_wrong_with_one_thread_is_said_beside_the_news_of_the_others(ann, make_thread, visitor):
    make_thread("cave", "[auth]\npassword=mellon")
    make_thread("ruin", "maxClipCount=many\n")

    threads = poll_some(ann, at=["nowhere:", "cave:", "ruin:", "walk:"]).json["threads"]

    problems = {name: told["problem"]["status"] for name, told in threads.items() if "problem" in told}
    assert problems == {"nowhere": 404, "cave": 401, "ruin": 503}
    assert threads["walk"]["online"] == ["Ann"]
    assert (
        threads["nowhere"]["problem"]["detail"]
        == ann.ask("GET", "/api/threads/nowhere/events", 404).json["detail"]
    )


def test_the_shortest_of_the_threads_longest_waits_counts(ann, make_thread, join):
    make_thread("garden", "longPollPeriodS=1\n")
    garden = join("garden", "Ann", token=ann.token)
    began = time.monotonic()

    poll_some(ann, 204, **at((ann, cursor_of(ann)), (garden, cursor_of(garden))), wait=LONG)

    assert 1 <= time.monotonic() - began < 10


def test_a_listener_to_several_threads_takes_one_place(ann, garden, bob, site, meanwhile, until):
    places = at((ann, cursor_of(ann)), (garden, cursor_of(garden)))
    listeners = [meanwhile(poll_some, ann, **places, wait=LONG) for _ in range(site.admission.room(None))]
    until(lambda: site.admission.held == len(listeners))

    assert int(poll_some(ann, 204, **places, wait=LONG).headers["Retry-After"]) > 0

    bob.leave()
    assert all(listener.result(LONG).json["threads"].keys() == {"walk"} for listener in listeners)


@pytest.mark.parametrize(
    "places",
    [
        [],
        ["walk"],
        [""],
        [":"],
        ["../walk:x"],
        [f"t{number}:" for number in range(21)],
    ],
)
def test_what_names_no_threads_is_refused(ann, places):
    assert poll_some(ann, 422, at=places).json["detail"]


def test_of_a_thread_that_is_named_twice_the_last_cursor_counts(ann):
    poll_some(ann, 204, at=["walk:", f"walk:{cursor_of(ann)}"])


def test_twenty_threads_can_be_asked_after(ann):
    places = [f"t{number}:" for number in range(20)]

    assert poll_some(ann, at=places).json["threads"].keys() == {place[:-1] for place in places}


# --- what is remembered between two questions


def test_a_question_that_was_asked_before_is_answered_as_if_it_were_new(
    ann, bob, thread, voice, clock, make_thread
):
    """Nothing new is remembered for as long as nothing has changed; whatever changes ends that."""
    changes = {
        "a clip": lambda: ann.upload(voice),
        "a message": lambda: ann.say("Bob", "hello"),
        "somebody who leaves": lambda: ann.leave(),
        "somebody who comes back": lambda: ann.poll(),
        "somebody who fades": lambda: clock.advance(6),
        "a file that is deleted": lambda: next((thread / "media").iterdir()).unlink(),
        "a catalogue that is lost": lambda: [
            (thread / name).unlink() for name in ("catalog.json", "journal.jsonl")
        ],
    }
    for what, change in changes.items():
        clock.advance(1)
        bob.poll(next=60)
        cursor = bob.events()["cursor"]
        for _ in range(3):
            bob.poll(cursor, 204, next=60)
        change()
        assert bob.poll(cursor, next=60).json, what


def test_a_file_that_is_removed_just_after_a_look_at_the_folder_is_missed_at_the_next(
    ann, thread, voice, clock
):
    """Names are listed once a second at most; until the next time nothing is taken for granted."""
    clip = ann.upload(voice)
    clock.advance(1)
    cursor = ann.events()["cursor"]
    next((thread / "media").iterdir()).unlink()
    for _ in range(3):
        ann.poll(cursor, 204)

    clock.advance(1)
    assert ann.poll(cursor).json["clips"]["removed"] == [clip["id"]]


def test_a_question_that_was_asked_before_is_refused_when_it_must_be(ann, thread, make_thread):
    cursor = ann.events()["cursor"]
    ann.poll(cursor, 204)

    make_thread("walk", SETTINGS + "[auth]\npassword=mellon")
    ann.poll(cursor, 401)
    (thread / ".ini").unlink()
    ann.poll(cursor, 404)


@pytest.mark.parametrize(
    ("several", "said", "threads"), [(False, 15, 1), (True, 15, 15), (True, None, None), (False, None, 1)]
)
def test_the_server_in_front_says_how_many_threads_it_has(monkeypatch, several, said, threads):
    if said:
        monkeypatch.setitem(sys.modules, "mod_wsgi", SimpleNamespace(threads_per_process=said))
    assert server_threads({"wsgi.multithread": several}) == threads


@pytest.mark.parametrize(("threads", "room"), [(None, 0), (1, 0), (2, 1), (4, 3), (15, 11), (64, 48)])
def test_a_quarter_of_the_threads_is_kept_for_ordinary_requests(tmp_path, threads, room):
    site = Site(tmp_path)
    try:
        assert site.admission.room(threads) == room
    finally:
        site.close()
