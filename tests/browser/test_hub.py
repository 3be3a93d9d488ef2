"""A site with a hub: what happens is pushed to the pages, and polled for whenever the hub is not there."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import test_calls as calls
from tests.browser.test_tabs import chat_of, say
from tests.running import RunningHub, RunningSite

VOICE = 0.01
FAILED = re.compile(r"WebSocket connection to|Failed to load resource")
"""What a browser itself says in the console of a server that is away."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of these tests' own, in whose folder there is a hub's `ws.ini`."""
    running = RunningSite(tmp_path_factory.mktemp("hub") / "threads", "--listeners", "120")
    running.hub = RunningHub(running.folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def hub(site):
    """The hub beside it; a test may kill it."""
    site.hub.start()
    yield site.hub
    site.hub.kill()


class Link:
    """What comes to a page by its websocket, and what it asks for beside that."""

    def __init__(self, person):
        self.person = person
        self.is_live = False
        self.times = 0
        """How often it has come to the hub."""
        self.asked = []
        person.page.on("websocket", self._opened)
        person.page.on(
            "request", lambda request: "/events?" in request.url and self.asked.append(request.url)
        )

    def _opened(self, socket):
        socket.on("framereceived", lambda _: self._became(True))
        socket.on("close", lambda _: self._became(False))

    def _became(self, live):
        if live != self.is_live:
            self.is_live = live
            self.times += live
            self.asked.clear()

    def wait_for(self, times):
        """Wait until the page is on the hub, for the so-manieth time."""
        for _ in range(600):
            if self.is_live and self.times >= times:
                return
            self.person.page.wait_for_timeout(50)
        raise AssertionError(f"{self.person.name} has come to the hub {self.times} times")

    def come_back(self):
        """The network says that it is back: the hub is tried at once, however often that has failed."""
        self.person.page.evaluate("window.dispatchEvent(new Event('online'))")
        self.wait_for(self.times + (not self.is_live))


@pytest.fixture
def enter(site, someone):
    """`enter("Ann", thread)`: somebody whose page is on the hub, with its link. What a browser says in the console
    of servers that are away is no fault of the page."""
    people = []

    def arrive(name, thread):
        person = someone(name)
        person.page.context.add_init_script(calls.CALLING)
        person.link = Link(person)
        people.append(person.enter(site, thread))
        person.link.wait_for(1)
        return person

    yield arrive
    for person in people:
        person.errors[:] = [error for error in person.errors if not FAILED.match(error)]


@pytest.fixture
def two(hub, make_thread, enter):
    """Ann and Bob in a thread, both on the hub."""
    thread = make_thread("mediaChat", userStatusFadeS=5, longPollPeriodS=3)
    people = enter("Ann", thread), enter("Bob", thread)
    for person, other in zip(people, ("Bob", "Ann"), strict=True):
        calls.choose(person, other)
    return people


def come_back(people):
    """All are on the hub again, and nobody has a poll on the way any more."""
    for person in people:
        person.link.come_back()
    first, second = people
    say(first, f"Back for the {first.link.times}th time.")
    said_once(second, f"Back for the {first.link.times}th time.")
    for person in people:
        person.link.asked.clear()


def said_once(person, text):
    expect(chat_of(person.page).get_by_text(text, exact=True)).to_have_count(1)


def test_a_clip_a_line_and_a_call_go_over_the_hub_and_nobody_polls(two):
    ann, bob = two
    say(ann, "Is the lower path dry?")
    said_once(bob, "Is the lower path dry?")
    ann.record(1)
    expect(bob.clips).to_have_count(1)
    bob.wait_until_heard(1, VOICE)
    calls.call(bob, ann)
    ann.button("Hang up").click()
    for person in two:
        calls.no_call(person)
    assert [person.link.asked for person in two] == [[], []]


def test_a_thread_of_short_polls_is_pushed_to_as_well_and_one_that_is_asked_for_is_not(
    hub, make_thread, enter, site, someone
):
    ann = enter("Ann", make_thread("mediaChat", pollFactor=30))
    ann.button("Controls").click()
    expect(ann.page.get_by_label("Look for clips")).to_have_value("long")
    bob = someone("Bob")
    sockets = []
    bob.page.on("websocket", lambda socket: sockets.append(socket.url))
    bob.enter(site, make_thread("mediaChat", pollFactor="off"))
    expect(bob.page.get_by_role("list", name="Online").get_by_role("listitem")).to_have_count(1)
    assert sockets == []


def test_who_wrote_learns_over_the_hub_that_it_was_delivered(two):
    ann, _ = two
    ann.page.get_by_role("textbox", name="To", exact=True).fill("Bob")
    say(ann, "The bridge, at ten.")
    expect(chat_of(ann.page)).to_contain_text("delivered")
    assert ann.link.asked == []


def test_who_goes_is_missed_over_the_hub(two):
    ann, bob = two
    online = ann.page.get_by_role("list", name="Online").get_by_role("listitem")
    expect(online).to_have_count(2)
    bob.page.close()
    expect(online).to_have_count(1, timeout=30_000)
    assert ann.link.asked == []


def test_a_line_is_not_lost_when_the_hub_is_killed_and_comes_once_when_it_is_back(hub, two):
    ann, bob = two
    ann.page.get_by_role("textbox", name="Message", exact=True).fill("Said as it died.")
    hub.kill()
    ann.button("Send").click()
    said_once(bob, "Said as it died.")
    say(bob, "Said while it was dead.")
    said_once(ann, "Said while it was dead.")
    hub.start()
    come_back(two)
    say(ann, "Said over the new one.")
    said_once(bob, "Said over the new one.")
    assert [person.link.asked for person in two] == [[], []]
    for text in ("Said as it died.", "Said while it was dead."):
        for person in two:
            said_once(person, text)


def test_a_clip_is_not_lost_when_the_hub_is_killed_while_it_is_spoken(hub, two):
    ann, bob = two
    ann.button("Record").click()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    hub.kill()
    ann.page.wait_for_timeout(1000)
    ann.button("Record").click()
    expect(bob.clips).to_have_count(1)
    bob.wait_until_heard(1, VOICE)
    hub.start()
    come_back(two)
    ann.record(1)
    expect(bob.clips).to_have_count(2)
    bob.wait_until_heard(2, VOICE)
    assert bob.link.asked == []


def test_a_call_goes_on_when_the_hub_is_killed_while_it_rings_and_while_they_talk(hub, two):
    ann, bob = two
    calls.ring(ann, "Bob")
    expect(calls.card(bob, "Ann")).to_be_visible()
    hub.kill()
    calls.answer(bob, "Ann")
    for person in two:
        calls.talking(person)
        calls.flows(person, "energy")
    hub.start()
    come_back(two)
    hub.kill()
    calls.flows(bob, "energy")
    ann.button("Hang up").click()
    for person in two:
        calls.no_call(person)
        expect(chat_of(person.page)).to_contain_text("Call,")


def test_a_hub_that_is_started_again_in_order_is_come_back_to_by_itself(hub, two):
    hub.stop()
    hub.start()
    for person in two:
        person.link.wait_for(2)
    ann, bob = two
    say(ann, "All of us are back.")
    said_once(bob, "All of us are back.")


def test_the_site_is_restarted_and_the_pages_stay_on_the_hub(site, two):
    ann, bob = two
    say(ann, "Before.")
    said_once(bob, "Before.")
    site.stop()
    site.start()
    say(bob, "After.")
    said_once(ann, "After.")
    ann.record(1)
    expect(bob.clips).to_have_count(1)
    bob.wait_until_heard(1, VOICE)
    assert all(person.link.is_live for person in two)
    assert [person.link.asked for person in two] == [[], []]
    said_once(bob, "Before.")


def test_those_on_the_hub_and_those_who_poll_hear_each_other(hub, two, site, someone):
    ann, bob = two
    thread = re.search(r"/([^/?]+)/(?:\?|$)", ann.page.url)[1]
    eve = someone("Eve")
    eve.page.add_init_script("window.WebSocket = class { constructor() { throw new Error('not here'); } };")
    eve.enter(site, thread)
    say(eve, "I have no websockets.")
    for person in two:
        said_once(person, "I have no websockets.")
    say(bob, "Nor need you.")
    said_once(eve, "Nor need you.")
    for person in (ann, eve):
        expect(person.page.get_by_role("list", name="Online").get_by_role("listitem")).to_have_count(3)
