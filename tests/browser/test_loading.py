"""The thread's page comes in parts: each works as soon as it is there, and misses nothing of what came before."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

GIVEN = """
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await ask(wish);
    setTimeout(() => { window.microphoneGiven = true; }, 100);
    return stream;
  };
"""
"""Tells, a moment after it, that the page was given the microphone."""


class Held:
    """A script that the network keeps back."""

    def __init__(self, person, script):
        self.fate = None
        self.waiting = []
        person.page.route(re.compile(rf"/static/[0-9a-f]+/js/{script}$"), self._asked)

    def _asked(self, route):
        if self.fate:
            self.fate(route)
        else:
            self.waiting.append(route)

    def come(self):
        self._decide(lambda route: route.continue_())

    def fail(self):
        self._decide(lambda route: route.abort())

    def _decide(self, fate):
        self.fate = fate
        for route in self.waiting:
            fate(route)
        self.waiting.clear()


@pytest.fixture
def arrive(someone, site, make_thread):
    """A person opens a thread's page, of which one script is held."""

    def come(script, thread=None, preset="mediaChat", **changes):
        thread = thread or make_thread(preset, **changes)
        person = someone("Ann")
        person.page.add_init_script(GIVEN)
        held = Held(person, script)
        origin = {"Origin": site.url}
        joined = person.page.context.request.post(
            f"{site.url}/api/threads/{thread}/session", data={"name": person.name}, headers=origin
        )
        assert joined.ok
        person.page.goto(f"{site.url}/{thread}/", wait_until="commit")
        return person, held, thread

    return come


@pytest.fixture
def bob(playwright, site):
    """Joins a thread and sends messages there, without a page."""
    with contextlib.ExitStack() as over:

        def send(thread, *messages):
            client = playwright.request.new_context(
                base_url=f"{site.url}/api/threads/{thread}/", extra_http_headers={"Origin": site.url}
            )
            over.callback(client.dispose)
            assert client.post("session", data={"name": "Bob"}).ok
            for message in messages:
                assert client.post("messages", data=message).ok

        yield send


def test_the_microphone_is_asked_for_and_nothing_recorded_before_there_is_what_keeps_it(arrive):
    ann, takes, _ = arrive("thread-takes.js", onRecorded="upload")

    ann.button("Record").click()
    recorder = ann.page.locator("#recorder")
    ann.page.wait_for_function("() => window.microphoneGiven")
    expect(recorder).to_have_attribute("data-state", "asking")
    takes.come()

    expect(recorder).to_have_attribute("data-state", "recording")
    ann.page.wait_for_timeout(800)
    ann.button("Record").click()
    expect(ann.clips).to_have_count(1)


def test_what_is_recorded_before_the_clips_are_there_is_offered_when_they_are(arrive):
    ann, clips, _ = arrive("thread-clips.js", preset="mediaForum")

    ann.record(1)
    recorder = ann.page.locator("#recorder")
    expect(recorder).to_have_attribute("data-state", "preview")
    expect(ann.button("Upload")).to_have_count(0)
    clips.come()

    ann.button("Upload").click()
    expect(ann.clips).to_have_count(1)


def test_who_is_there_what_was_said_and_a_call_are_known_to_a_part_that_comes_late(arrive, bob):
    ann, later, thread = arrive("thread-later.js")
    with ann.page.expect_response(re.compile(r"/events\?.*cursor=")) as answer:
        expect(ann.page.locator("#empty")).to_be_visible()
        invite = {"call": "a-call", "tab": "a-tab", "video": False}
        bob(
            thread,
            {"to": "*", "type": "chat", "body": {"text": "Are you there?"}},
            {"to": "Ann", "type": "invite", "body": invite},
        )
    assert answer.value.ok
    expect(ann.button("Send")).to_be_disabled()
    expect(ann.page.locator("#controls")).to_be_disabled()
    later.come()

    expect(ann.page.get_by_role("log", name="Chat")).to_contain_text("Are you there?")
    expect(ann.page.get_by_role("list", name="Online")).to_contain_text("Bob")
    expect(ann.page.get_by_role("button", name="Decline")).to_be_visible()
    expect(ann.page.locator("#controls")).to_be_enabled()


def test_where_a_part_that_recording_needs_does_not_come_that_is_said_and_nothing_recorded(arrive):
    ann, clips, _ = arrive("thread-clips.js")
    expect(ann.button("Record")).to_be_enabled()
    clips.fail()

    expect(ann.page.get_by_text("The page did not load whole.")).to_be_visible()
    expect(ann.button("Record")).to_be_disabled()
    ann.errors.clear()


def test_where_only_the_phone_does_not_come_the_page_can_be_loaded_again_and_used_meanwhile(arrive):
    ann, later, _ = arrive("thread-later.js", onRecorded="upload")
    expect(ann.page.locator("#empty")).to_be_visible()
    later.fail()

    expect(ann.page.get_by_text("The page did not load whole.")).to_be_visible()
    ann.record(1)
    expect(ann.clips).to_have_count(1)
    later.come()
    ann.page.get_by_role("button", name="Load again").click()
    expect(ann.button("Send")).to_be_enabled()
    ann.errors.clear()
