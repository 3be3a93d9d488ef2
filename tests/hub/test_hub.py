"""The hub's logic over a real site: what it pushes is what the events endpoint says."""

import contextlib
from functools import partial

import pytest

from mozchat.services import hub as tickets
from mozchat.services import upkeep
from tests.hub.conftest import INI, Desk
from wshub import hub as hubs
from wshub.hub import Hub
from wshub.room import Listener

# --- the first answer -----------------------------------------------------------------------------------


def test_the_first_answer_is_that_of_a_poll_without_a_cursor(desk, join, sample):
    ann = join("walk", "Ann")
    ann.upload(sample("firefox-audio.webm"))

    listener = desk.connect(ann)

    assert desk.take(listener) == [ann.events()]


def test_where_nothing_is_new_the_first_answer_has_the_cursor_alone(desk, join):
    ann = join("walk", "Ann")
    cursor = ann.events()["cursor"]

    listener = desk.connect(ann, cursor)

    assert desk.take(listener) == [{"cursor": cursor}]


def test_with_a_cursor_the_first_answer_has_what_is_new_since(desk, join):
    ann, bob = join("walk", "Ann"), join("walk", "Bob")
    cursor = ann.events()["cursor"]
    bob.say("*", "Bridge.")

    listener = desk.connect(ann, cursor)

    (first,) = desk.take(listener)
    assert first == ann.events(cursor)
    assert first["messages"][0]["body"] == {"text": "Bridge."}


def test_a_cursor_that_is_unknown_is_a_reset(desk, join):
    ann = join("walk", "Ann")

    listener = desk.connect(ann, "no such cursor \ud800")

    assert desk.take(listener)[0]["reset"] is True


def test_media_have_the_path_under_which_the_site_is_mounted(desk, join, sample):
    ann = join("walk", "Ann")
    ann.upload(sample("firefox-audio.webm"))
    given = ann.ask("GET", ann.url("hub"), base_url="https://example.org/forum/").json

    listener = desk.greet({"ticket": given["ticket"]})

    assert desk.take(listener)[0]["clips"]["added"][0]["media"].startswith("/forum/api/threads/walk/")
    ann.upload(sample("espeak.wav"))
    desk.look()
    assert desk.take(listener)[0]["clips"]["added"][0]["media"].startswith("/forum/api/threads/walk/")


# --- news -----------------------------------------------------------------------------------------------


def test_a_clip_goes_to_all_and_once(desk, join, sample):
    ann, bob = join("walk", "Ann"), join("walk", "Bob")
    hers, his, tab = desk.connect(ann), desk.connect(bob), desk.connect(ann)
    at = [desk.take(each)[0]["cursor"] for each in (hers, his, tab)]
    clip = bob.upload(sample("firefox-audio.webm"))
    desk.look()
    desk.look()

    for listener, cursor in zip((hers, his, tab), at, strict=True):
        (news,) = desk.take(listener)
        assert news == ann.events(cursor)
        assert [each["id"] for each in news["clips"]["added"]] == [clip["id"]]


def test_a_message_goes_to_whom_it_concerns(desk, join):
    ann, bob, eve = join("walk", "Ann"), join("walk", "Bob"), join("walk", "Eve")
    listeners = [desk.connect(each) for each in (ann, bob, eve)]
    at = [desk.take(each)[0]["cursor"] for each in listeners]
    ann.say("Bob", "Is the lower path dry?")
    desk.look()

    hers, his, eves = map(desk.take, listeners)
    assert hers == [ann.events(at[0])]
    assert his == [bob.events(at[1])]
    assert his[0]["messages"][0]["body"] == {"text": "Is the lower path dry?"}
    assert eves == []
    assert eve.nothing_new(at[2])
    bob.say("*", "It is.")
    desk.look()
    for listener in listeners:
        (news,) = desk.take(listener)
        assert [message["body"] for message in news["messages"]] == [{"text": "It is."}]


def test_those_who_were_told_up_to_different_cursors_are_each_told_the_rest(desk, join):
    ann, bob, eve = join("walk", "Ann"), join("walk", "Bob"), join("walk", "Eve")
    early = desk.connect(ann)
    bob.say("*", "One.")
    late = desk.connect(eve)
    desk.take(early), desk.take(late)
    bob.say("*", "Two.")
    desk.look()

    texts = [[m["body"]["text"] for m in desk.take(each)[0]["messages"]] for each in (early, late)]
    assert texts == [["One.", "Two."], ["Two."]]
    bob.say("*", "Three.")
    desk.look()
    assert len(desk.hub.rooms["walk"].groups) == 1
    assert [[m["body"]["text"] for m in desk.take(each)[0]["messages"]] for each in (early, late)] == [
        ["Three."]
    ] * 2


def test_who_comes_and_goes_is_told(desk, join, clock):
    ann = join("walk", "Ann")
    listener = desk.connect(ann)
    desk.take(listener)
    bob = join("walk", "Bob")
    desk.look()
    assert desk.take(listener)[0]["online"] == ["Ann", "Bob"]
    bob.leave()
    desk.look()
    assert desk.take(listener)[0]["online"] == ["Ann"]


def test_another_thread_is_not_looked_at(desk, join):
    ann, eve = join("walk", "Ann"), join("cave", "Eve")
    hers, eves = desk.connect(ann), desk.connect(eve)
    desk.take(hers), desk.take(eves)
    ann.say("*", "Bridge.")
    desk.look("cave")
    desk.look("nowhere")

    assert desk.take(eves) == desk.take(hers) == []


def test_a_thread_that_was_made_again_is_a_reset_for_each(desk, join, make_thread):
    import shutil

    ann = join("walk", "Ann")
    listener = desk.connect(ann)
    desk.take(listener)
    roster = (make_thread("walk", INI) / "users.json").read_bytes()
    shutil.rmtree(make_thread("walk"))
    (make_thread("walk", INI) / "users.json").write_bytes(roster)
    bob = join("walk", "Bob")
    bob.say("Ann", "Still there?")
    desk.look()

    (news,) = desk.take(listener)
    assert news["reset"] is True
    assert news["messages"][0]["body"] == {"text": "Still there?"}


# --- what a client says ---------------------------------------------------------------------------------


def test_what_was_seen_counts_as_delivered(desk, join, until):
    ann, bob = join("walk", "Ann"), join("walk", "Bob")
    listener = desk.connect(ann)
    at = bob.events()["cursor"]
    sent = bob.say("Ann", "Bridge.")
    desk.look()
    cursor = desk.take(listener)[-1]["cursor"]
    desk.say(listener, {"seen": cursor})

    until(lambda: any(m["type"] == "delivered" for m in bob.events(at).get("messages", ())))
    receipt = next(m for m in bob.events(at)["messages"] if m["type"] == "delivered")
    assert receipt["body"] == {"id": sent["id"]}


def test_a_ping_is_answered_with_what_it_carries(desk, join):
    listener = desk.connect(join("walk", "Ann"))
    desk.take(listener)
    for value in (7, "x", 0.5):
        desk.say(listener, {"ping": value})
    assert desk.take(listener) == [{"pong": 7}, {"pong": "x"}, {"pong": 0.5}]

    desk.say(listener, {"ping": [1]})
    assert desk.closed == {listener: hubs.POLICY}


def test_fields_that_are_not_known_are_passed_over(desk, join):
    listener = desk.connect(join("walk", "Ann"))
    desk.take(listener)
    desk.say(listener, {})
    desk.say(listener, {"future": 1})
    desk.say(listener, {"ticket": "again"})

    assert desk.closed == {}
    assert desk.take(listener) == []


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "7", "null", "[" * 15_000, '"ticket"'])
def test_what_is_no_object_is_closed(desk, join, text):
    before, behind = desk.greet(text), desk.connect(join("walk", "Ann"))
    desk.say(behind, text)

    assert [desk.closed[before], desk.closed[behind]] == [hubs.INVALID_DATA] * 2
    assert desk.hub.rooms == {}


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"ping": 1},
        {"ticket": None},
        {"ticket": "forged"},
        {"ticket": "\ud800"},
        {"ticket": ["a"]},
        {"seen": "x"},
    ],
)
def test_without_a_ticket_nobody_gets_in(desk, frame):
    listener = desk.greet(frame)

    assert desk.closed[listener] == hubs.POLICY
    assert desk.take(listener) == []


def test_a_ticket_that_is_over_lets_nobody_in(desk, join, clock):
    ann = join("walk", "Ann")
    text = ann.ask("GET", ann.url("hub")).json["ticket"]
    clock.advance(61)

    assert desk.closed[desk.greet({"ticket": text})] == hubs.POLICY


def test_a_cursor_that_is_no_text_is_closed(desk, join):
    ann = join("walk", "Ann")
    text = ann.ask("GET", ann.url("hub")).json["ticket"]
    wrong = desk.greet({"ticket": text, "cursor": 7})
    listener = desk.connect(ann)
    desk.say(listener, {"seen": 7})

    assert [desk.closed[wrong], desk.closed[listener]] == [hubs.POLICY] * 2


def test_pages_of_other_sites_are_kept_out(desk, join, site):
    ann = join("walk", "Ann")
    site.public_url = "https://forum.example.org/f"
    allowed = [
        None,
        "http://localhost",
        "https://LOCALHOST",
        "https://forum.example.org",
        "https://hub.example.org",
    ]
    kept_out = [
        "https://evil.example",
        "http://localhost:81",
        "null",
        "",
        "http://localhost.evil.example",
        "[",
        "//",
    ]

    inside = [desk.connect(ann, origin=origin, host="hub.example.org") for origin in allowed]
    outside = [desk.connect(ann, origin=origin, host="hub.example.org") for origin in kept_out]

    assert not set(inside) & set(desk.closed)
    assert [desk.closed[each] for each in outside] == [hubs.POLICY] * len(kept_out)


def test_too_many_frames_are_too_many(desk, join, clock):
    listener = desk.connect(join("walk", "Ann"))
    for _ in range(3):
        for number in range(hubs.MOST_FRAMES - 1):
            desk.say(listener, {"ping": number})
        clock.advance(10)
    assert desk.closed == {}
    for number in range(hubs.MOST_FRAMES):
        desk.say(listener, {"ping": number})
    assert desk.closed == {}
    desk.say(listener, {"ping": 0})
    assert desk.closed == {listener: hubs.POLICY}


# --- membership -----------------------------------------------------------------------------------------


def test_a_new_password_closes_those_who_have_not_given_it(desk, join, make_thread, site):
    make_thread("walk", "[auth]\npassword=old")
    ann = join("walk", "Ann", password="old")
    listener = desk.connect(ann)
    upkeep.set_password(site, "walk", "new")
    desk.look()
    assert desk.closed == {listener: hubs.POLICY}

    again = join("walk", "Ann", token=ann.token, password="new")
    assert desk.take(desk.connect(again))


def test_whoever_leaves_is_closed_and_may_come_back(desk, join, clock):
    ann, bob = join("walk", "Ann"), join("walk", "Bob")
    hers, tab, his = desk.connect(ann), desk.connect(ann), desk.connect(bob)
    clock.advance(1)
    ann.leave()
    desk.look()
    assert desk.closed == {hers: hubs.POLICY, tab: hubs.POLICY}
    assert desk.take(his)[-1]["online"] == ["Bob"]

    clock.advance(1)
    back = desk.connect(ann)
    desk.look()
    assert back not in desk.closed


def test_being_here_does_not_undo_leaving(desk, join, clock, until):
    ann, bob = join("walk", "Ann"), join("walk", "Bob")
    desk.connect(ann)
    his = desk.connect(bob)
    clock.advance(1)
    ann.leave()
    clock.advance(4)
    desk.hub.keep_online("walk")
    until(lambda: bob.events()["online"] == ["Bob"])
    desk.look()

    assert his not in desk.closed
    assert bob.events()["online"] == ["Bob"]


def test_a_thread_that_is_removed_closes_its_listeners(desk, join, make_thread):
    import shutil

    listener = desk.connect(join("walk", "Ann"))
    shutil.rmtree(make_thread("walk"))
    desk.look()

    assert desk.closed == {listener: hubs.POLICY}
    assert desk.hub.rooms == {}


def test_a_thread_with_a_mistake_in_its_settings_says_come_back(desk, join, make_thread):
    listener = desk.connect(join("walk", "Ann"))
    make_thread("walk", "maxBlobBytes=many")
    desk.look()

    assert desk.closed == {listener: hubs.TRY_AGAIN}


def test_after_a_fault_its_listeners_are_to_come_back(desk, join):
    listener, other = desk.connect(join("walk", "Ann")), desk.connect(join("cave", "Eve"))
    desk._do(desk.hub.refuse("walk", "a fault of the hub"))
    desk._do(desk.hub.refuse("nowhere", "a fault of the hub"))

    assert desk.closed == {listener: hubs.TRY_AGAIN}
    assert list(desk.hub.rooms) == ["cave"]
    desk.say(other, {"ping": 1})


def test_a_thread_that_the_hub_does_not_serve_is_kept_out(site, make_thread, join):
    make_thread("walk", INI)
    ini = site.store.folder.parent / "wshub" / "ws.ini"
    ini.parent.mkdir(exist_ok=True)
    ini.write_text("[common]\nwsOn=1\n[realms]\ncave=\n")
    desk = Desk(site)
    ini.write_text("[common]\nwsOn=1\n")

    with contextlib.closing(desk.source):
        assert desk.closed[desk.connect(join("walk", "Ann"))] == hubs.POLICY


def test_another_name_goes_on_with_the_same_connection(desk, join):
    ann, bob = join("walk", "Ann"), join("walk", "Bob")
    listener = desk.connect(ann)
    ann.rename("Anna")
    desk.look()
    bob.say("Anna", "A new hat?")
    desk.look()

    assert desk.take(listener)[-1]["messages"][0]["body"] == {"text": "A new hat?"}


# --- how many, and who is here --------------------------------------------------------------------------


def test_a_participant_has_so_many_connections_and_no_more(desk, join):
    ann, bob = join("walk", "Ann"), join("walk", "Bob")
    hers = [desk.connect(ann) for _ in range(hubs.MOST_OF_PARTICIPANT)]
    assert desk.closed == {}

    assert desk.closed[desk.connect(ann)] == hubs.POLICY
    assert desk.take(desk.connect(bob))
    desk.hub.closed(hers[0])
    assert desk.take(desk.connect(ann))


def test_an_address_has_so_many_connections_and_no_more():
    hub = Hub(None)
    listeners = [Listener("192.0.2.7") for _ in range(hubs.MOST_OF_ADDRESS)]
    assert all(map(hub.opened, listeners))

    assert not hub.opened(Listener("192.0.2.7"))
    assert hub.opened(Listener("192.0.2.8"))
    assert all(hub.opened(Listener("")) for _ in range(hubs.MOST_OF_ADDRESS + 1))
    hub.closed(listeners[0])
    assert hub.opened(Listener("192.0.2.7"))


class PromptWriter:
    """Writes at once what a hub's writer writes later."""

    def __init__(self, site):
        self.here = partial(tickets.keep_here, site)
        self.moved = partial(tickets.move_here, site)
        self.seen = partial(tickets.seen, site)

    def close(self):
        pass


@pytest.fixture
def watch(desk, join, clock):
    """Ann, a listener of hers on the hub, and Bob who looks who is online."""
    desk.source.close()
    desk.source._writer = PromptWriter(desk.site)
    return Watch(desk, clock, join("walk", "Ann"), join("walk", "Bob"))


class Watch:
    """Time that passes, in which those of `alive` are heard."""

    def __init__(self, desk, clock, ann, bob):
        self.desk, self.clock = desk, clock
        self.ann, self.bob = ann, bob
        self.listener = desk.connect(ann)
        self.alive = {self.listener}

    def pass_seconds(self, seconds):
        for _ in range(seconds):
            self.clock.advance(1)
            for listener in self.alive:
                listener.heard = self.clock.now
            self.desk.hub.keep_online("walk")
            self.desk.site.store.thread("walk").write_marks()

    def online(self):
        return self.bob.events()["online"]


def test_who_is_connected_is_online_and_who_is_not_any_more_fades(desk, watch):
    tab = desk.connect(watch.ann)
    watch.alive.add(tab)
    watch.pass_seconds(20)
    assert "Ann" in watch.online()
    watch.alive.remove(tab)
    desk.hub.closed(tab)
    watch.pass_seconds(20)
    assert "Ann" in watch.online()
    watch.alive.clear()
    desk.hub.closed(watch.listener)
    watch.pass_seconds(2)
    assert "Ann" in watch.online()
    watch.pass_seconds(3)
    assert watch.online() == ["Bob"]


def test_who_is_not_heard_any_more_fades_as_one_who_is_gone(desk, watch):
    watch.pass_seconds(3)
    watch.alive.clear()
    watch.pass_seconds(4)
    assert "Ann" in watch.online()
    watch.pass_seconds(1)
    assert watch.online() == ["Bob"]
    watch.alive.add(watch.listener)
    watch.pass_seconds(1)
    assert watch.online() == ["Ann", "Bob"]


def test_what_was_announced_by_a_poll_is_taken_back_by_whoever_goes_to_the_hub(desk, watch):
    watch.ann.poll(wait=15, listener="page")
    desk.say(watch.listener, {"listener": "page"})
    watch.pass_seconds(3)
    desk.hub.closed(watch.listener)
    watch.pass_seconds(4)
    assert "Ann" in watch.online()
    watch.pass_seconds(1)
    assert watch.online() == ["Bob"]


@pytest.mark.parametrize("other", [{"listener": "tab"}, {}])
def test_what_another_listener_has_announced_stays(desk, watch, other):
    watch.ann.poll(wait=15, **other)
    watch.ann.poll(wait=15, listener="page")
    desk.say(watch.listener, {"listener": "page"})
    desk.hub.closed(watch.listener)
    watch.pass_seconds(19)
    assert "Ann" in watch.online()
    watch.pass_seconds(1)
    assert watch.online() == ["Bob"]


@pytest.mark.parametrize("name", [7, None, "", "é", "a b", "x" * 33])
def test_a_listener_has_a_name_that_can_be_one(desk, join, name):
    listener = desk.connect(join("walk", "Ann"))
    desk.say(listener, {"listener": name})
    assert desk.closed == {listener: hubs.POLICY}
