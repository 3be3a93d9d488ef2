"""Many tabs of one browser: one of them asks the server, all are alive, whatever becomes of it."""

import re
import time

import pytest
from playwright.sync_api import Error, expect

EVENTS = re.compile(r"/events\?(?:.*&)?wait=([0-9.]+)")
AT_ONCE = 8.0
"""Seconds in which a page stands on a machine that does much else; behind long polls it takes 15."""


class Tabs:
    """The tabs of one person's browser, and which of them hold a long poll."""

    def __init__(self, person):
        self.person = person
        self.context = person.page.context
        self.held = {}
        self.context.on("request", self._asked)
        for over in ("requestfinished", "requestfailed"):
            self.context.on(over, lambda request: self.held.pop(request, None))

    def _asked(self, request):
        wait = EVENTS.search(request.url)
        if wait and float(wait[1]):
            self.held[request] = request.frame.page

    def open(self, site, thread):
        """One more tab on a thread, which is joined under the same name; gives it, and the seconds it took."""
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        began = time.monotonic()
        page.goto(f"{site.url}/{thread}/?user={self.person.name}")
        enter = page.get_by_role("button", name="Enter", exact=True)
        if enter.is_visible():
            enter.click()
        expect(page.get_by_role("button", name="Record", exact=True)).to_be_enabled()
        return page, time.monotonic() - began

    def leader(self, gone=None):
        """The tab that holds the only long poll, as soon as there is one; what `gone` held does not count."""
        bystander = next(page for page in self.context.pages if page is not gone)
        for _ in range(500):
            holding = [page for page in self.held.values() if page is not gone]
            if len(holding) == 1:
                return holding[0]
            bystander.wait_for_timeout(50)
        raise AssertionError(f"long polls are held by {[page.url for page in holding]}")


def clips_of(page):
    return page.get_by_role("list", name="Clips").get_by_role("listitem")


def chat_of(page):
    return page.get_by_role("log", name="Chat")


def say(person, text):
    person.page.get_by_role("textbox", name="Message", exact=True).fill(text)
    person.button("Send").click()


@pytest.fixture
def open_tabs(site, make_thread, someone):
    """Give Ann so many tabs, every third one on a second thread; gives them by thread."""

    def open_some(count):
        walk, garden = make_thread("mediaChat"), make_thread("mediaChat")
        ann = someone("Ann").enter(site, walk)
        tabs = Tabs(ann)
        pages = {walk: [ann.page], garden: []}
        for n in range(1, count):
            thread = garden if n % 3 == 2 else walk
            pages[thread].append(tabs.open(site, thread)[0])
        return tabs, pages, (walk, garden)

    return open_some


def test_ten_tabs_hold_one_connection_and_all_are_alive(site, open_tabs, someone):
    tabs, pages, (walk, garden) = open_tabs(10)
    tabs.leader()
    _, seconds = tabs.open(site, walk)
    assert seconds < AT_ONCE, "an eleventh tab loads at once"
    bob, eve = someone("Bob").enter(site, walk), someone("Eve").enter(site, garden)
    bob.record(1)
    say(bob, "The lower path is dry.")
    say(eve, "The beans are up.")
    for page in pages[walk]:
        expect(clips_of(page)).to_have_count(1)
        expect(chat_of(page).get_by_text("The lower path is dry.")).to_have_count(1)
    for page in pages[garden]:
        expect(chat_of(page).get_by_text("The beans are up.")).to_have_count(1)
        expect(clips_of(page)).to_have_count(0)
    online = eve.page.get_by_role("list", name="Online").get_by_role("listitem")
    expect(online.filter(has_text="Ann")).to_have_count(1)
    tabs.leader()


@pytest.mark.parametrize("crashes", [False, True], ids=["closed", "crashed"])
def test_when_the_tab_that_asks_goes_another_goes_on(site, open_tabs, someone, crashes):
    tabs, pages, (walk, garden) = open_tabs(4)
    bob, eve = someone("Bob").enter(site, walk), someone("Eve").enter(site, garden)
    first = tabs.leader()
    if crashes:
        with pytest.raises(Error, match="crash"):
            first.goto("chrome://crash")
    else:
        first.close()
    say(bob, "Said in between.")
    tabs.leader(gone=first)
    say(eve, "Said afterwards.")
    for thread, text in ((walk, "Said in between."), (garden, "Said afterwards.")):
        for page in pages[thread]:
            if page is not first:
                expect(chat_of(page).get_by_text(text)).to_have_count(1)


def test_a_tab_that_stands_still_is_replaced_and_follows_when_it_goes_on(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann").enter(site, thread)
    tabs = Tabs(ann)
    others = [tabs.open(site, thread)[0] for _ in range(2)]
    bob = someone("Bob").enter(site, thread)
    assert tabs.leader() is ann.page
    dialogs = []
    ann.page.on("dialog", lambda dialog: dialogs.append(dialog))
    ann.page.evaluate("() => { setTimeout(() => alert('Nothing goes on here until this is closed.')); }")
    second = tabs.leader(gone=ann.page)
    say(bob, "Said while it stood still.")
    for page in others:
        expect(chat_of(page).get_by_text("Said while it stood still.")).to_have_count(1)
    dialogs[0].accept()
    expect(chat_of(ann.page).get_by_text("Said while it stood still.")).to_have_count(1)
    assert tabs.leader() is second


def plays_of(page):
    return page.evaluate("() => window.mozchatHeard.plays()")


def test_new_clips_are_heard_from_one_tab_and_from_the_next_when_it_is_closed(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann, bob = someone("Ann").enter(site, thread), someone("Bob").enter(site, thread)
    second, _ = Tabs(ann).open(site, thread)
    second.get_by_role("log", name="Chat").click()
    bob.record(6)  # long enough to be looked at while it is heard
    expect(second.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(ann.page.get_by_text("Plays in another tab.")).to_be_visible()
    expect(ann.button("Play here")).to_be_visible()
    expect(second.get_by_role("button", name="Stop", exact=True)).to_be_hidden(timeout=15_000)
    expect(ann.page.get_by_text("Plays in another tab.")).to_be_hidden()
    assert (len(plays_of(ann.page)), len(plays_of(second))) == (0, 1)
    second.close()
    bob.record(1)
    ann.wait_until_heard(1)
