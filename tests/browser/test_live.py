"""A clip is heard while it is being spoken: by those who are there, by who comes late, and through what breaks."""

import os
import re
import signal
import time

import pytest
from playwright.sync_api import expect

from tests.browser.mouth_and_ear import (
    FASTEST,
    ears,
    end_and_wait,
    heard_seconds,
    hears,
    wait_for_beeps,
    wait_for_sound,
)
from tests.running import RunningHub, RunningSite

TONE_BEFORE_BREAK = 3
"""Seconds of undisturbed listening in tests that then break something."""

AT_LEAST_1_S, AT_LEAST_2_S = (re.compile(rf"0:(0[{least}-9]|[1-9]\d)") for least in (1, 2))
"""What a recorder, or a clip, shows of a time; a busy machine may not show every second."""

NO_MEDIA_SOURCE = "delete window.MediaSource; delete window.ManagedMediaSource;"
"""A script for the page of a browser that has none."""


@pytest.fixture
def place(tmp_path):
    """A site that a test may restart."""
    running = RunningSite(tmp_path / "threads")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def hub(place):
    """A hub beside that site."""
    running = RunningHub(place.folder)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def full(tmp_path):
    """A site that has no room for anybody who waits."""
    running = RunningSite(tmp_path / "threads", "--listeners", "0")
    running.start()
    yield running
    running.stop()


def test_bob_hears_ann_while_she_speaks_and_it_is_an_ordinary_clip_afterwards(make_thread, speak):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread), speak("Bob", thread)
    ann.start_recording()
    expect(bob.clips.first).to_contain_text("live")
    hears(bob)
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    expect(bob.page.get_by_role("list", name="Online")).to_contain_text("speaking")
    expect(bob.clips.first).to_contain_text(AT_LEAST_2_S)
    end_and_wait(ann, bob)
    expect(bob.page.get_by_role("list", name="Online")).not_to_contain_text("speaking")
    assert not ears(ann, "sounds"), "one's own is never heard"
    heard = heard_seconds(bob)
    assert 1 < heard < ears(ann, "spoken")["seconds"] + 0.5, "and once"
    bob.clips.first.get_by_role("button", name="Play", exact=True).click()
    wait_for_sound(bob, heard + 1)
    assert bob.page.evaluate("() => Number.isFinite(window.mozchatMedia.duration)")


def test_who_comes_late_hears_what_is_said_now_and_with_one_press_all_of_it(make_thread, speak):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread), speak("Bob", thread)
    ann.start_recording()
    wait_for_sound(bob, 5)
    eve = speak("Eve", thread)
    hears(eve)
    position = eve.page.evaluate("() => window.mozchatMedia.currentTime")
    assert position > 4, "at what is said now"
    eve.button("From the start").click()
    eve.page.wait_for_function("() => window.mozchatMedia.currentTime < 3 && !window.mozchatMedia.paused")
    end_and_wait(ann, bob, eve)


def test_what_ann_takes_back_is_silent_at_once_and_gone(make_thread, speak):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread), speak("Bob", thread)
    ann.start_recording()
    hears(bob)
    ann.page.keyboard.press("Escape")
    expect(bob.clips).to_have_count(0)
    assert bob.page.evaluate("() => window.mozchatMedia.paused")
    expect(ann.clips).to_have_count(0)


def test_of_two_who_speak_the_first_is_heard_live_and_the_second_from_its_start_afterwards(
    make_thread, speak
):
    thread = make_thread("audioStream")
    bob, ann, eve = speak("Bob", thread), speak("Ann", thread), speak("Eve", thread)
    ann.start_recording()
    hears(bob)
    eve.start_recording()
    expect(bob.clips).to_have_count(2)
    source = bob.page.evaluate("() => window.mozchatMedia.src")
    bob.page.wait_for_timeout(2000)
    assert bob.page.evaluate("() => window.mozchatMedia.src") == source, "Ann is heard to her end"
    ann.button("Record").click()
    bob.page.wait_for_function("(source) => window.mozchatMedia.src !== source", arg=source)
    assert bob.page.evaluate("() => window.mozchatMedia.currentTime") < 2, "Eve from her start"
    expect(bob.clips.nth(1)).to_contain_text("live")
    eve.button("Record").click()
    bob.page.wait_for_function("() => window.mozchatMedia.ended", timeout=30_000)


def test_a_server_that_is_killed_in_mid_sentence_costs_a_pause_but_no_word(place, speak, unreached):
    ann, bob = speak("Ann", "audioStream", at=place), speak("Bob", "audioStream", at=place)
    unreached += [ann, bob]
    ann.start_recording()
    wait_for_sound(bob, TONE_BEFORE_BREAK)
    for process in (*place.workers(), place.process.pid):
        os.kill(process, signal.SIGKILL)
    place.process.wait()
    bob.page.wait_for_timeout(1500)
    place.start()
    wait_for_sound(bob, TONE_BEFORE_BREAK + 5)
    end_and_wait(ann, bob)
    spoken = ears(ann, "spoken")["seconds"]
    assert heard_seconds(bob) > spoken / FASTEST - 1, "what came late was played faster, not left out"


def test_over_the_hub_bob_hears_ann_and_when_it_is_killed_in_mid_sentence_no_word_is_lost(
    place, hub, speak, unreached
):
    ann, bob = speak("Ann", "audioStream", at=place), speak("Bob", "audioStream", at=place)
    unreached += [ann, bob]
    expect(bob.page.get_by_role("list", name="Online")).to_contain_text("Ann")
    if not bob.wire.texts:
        bob.wire.wait_for("texts", 1)
    ann.start_recording()
    wait_for_sound(bob, TONE_BEFORE_BREAK)
    assert bob.wire.pieces > 10
    assert bob.wire.asked == []
    hub.kill()
    wait_for_sound(bob, TONE_BEFORE_BREAK + 5)
    assert bob.wire.asked
    end_and_wait(ann, bob)
    spoken = ears(ann, "spoken")["seconds"]
    assert heard_seconds(bob) > spoken / FASTEST - 1, "what came late was played faster, not left out"

    hub.start()
    bob.page.evaluate("window.dispatchEvent(new Event('online'))")
    bob.wire.wait_for("texts", 1)
    bob.wire.asked.clear()
    ann.start_recording()
    bob.wire.wait_for("pieces", 10)
    assert bob.wire.asked == []
    ann.button("Record").click()
    expect(bob.clips.nth(1)).not_to_contain_text("live")


@pytest.mark.parametrize("who", ["the speaker", "the listener"])
def test_ten_seconds_without_a_network_cost_a_pause_but_no_word(who, make_thread, speak, unreached):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread), speak("Bob", thread)
    unreached += [ann, bob]
    ann.start_recording()
    wait_for_sound(bob, TONE_BEFORE_BREAK)
    cut_off = ann if who == "the speaker" else bob
    cut_off.page.context.set_offline(True)
    bob.page.wait_for_timeout(10_000)
    cut_off.page.context.set_offline(False)
    wait_for_sound(bob, TONE_BEFORE_BREAK + 8)
    end_and_wait(ann, bob)
    spoken = ears(ann, "spoken")["seconds"]
    assert heard_seconds(bob) > spoken / FASTEST - 1, "what came late was played faster, not left out"


def test_what_its_author_hears_first_is_neither_seen_nor_heard_by_others(site, make_thread, speak):
    thread = make_thread("mediaForum", playNew=1)
    ann, bob = speak("Ann", thread), speak("Bob", thread)
    threads, bobs = f"{site.url}/api/threads/{thread}", bob.page.context.request
    cursor = bobs.get(f"{threads}/clips").json()["cursor"]
    with ann.page.expect_response(lambda answer: answer.url.endswith("/uploads")) as begun:
        ann.record(2)
    expect(ann.button("Upload")).to_be_visible()
    upload = begun.value.json()["id"]
    expect(bob.clips).to_have_count(0)
    assert "clips" not in bobs.get(f"{threads}/events?cursor={cursor}").text()
    assert bobs.get(f"{threads}/clips").json()["clips"] == []
    for place in ("", "/media", "/media?from=0&wait=0", "/media?from=live"):
        assert bobs.get(f"{threads}/clips/{upload}{place}").status == 404, place
    assert bobs.head(f"{threads}/uploads/{upload}").status == 404
    ann.button("Upload").click()
    expect(bob.clips).to_have_count(1)


def test_without_media_source_bob_hears_ann_live_all_the_same(make_thread, speak):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread, "beeps"), speak("Bob", thread, more=NO_MEDIA_SOURCE)
    ann.start_recording()
    wait_for_beeps(bob, 3)
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    clip = bob.clips.first
    clip.get_by_role("button", name="Pause", exact=True).click()
    bob.page.wait_for_function("() => window.mozchatOutput.state === 'suspended'")
    clip.get_by_role("button", name="Play", exact=True).click()
    wait_for_beeps(bob, 5)
    first, before = ears(ann, "mouth")[0]["hz"], len(ears(bob, "ear"))
    bob.button("From the start").click()
    bob.page.wait_for_function(
        "([first, from]) => window.mozchatEars.ear().slice(from).some(({ hz }) => Math.abs(hz - first) < 40)",
        arg=[first, before],
    )
    assert bob.page.evaluate("() => window.mozchatMedia === undefined"), "without the media element"
    ann.button("Record").click()
    expect(clip).not_to_contain_text("live")
    expect(clip.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=40_000)
    clip.get_by_role("button", name="Play", exact=True).click()
    bob.page.wait_for_function("() => window.mozchatMedia?.currentTime > 0.5")


def test_a_browser_that_can_play_nothing_live_says_so_and_plays_it_when_it_is_done(make_thread, speak):
    thread = make_thread("audioStream")
    ann = speak("Ann", thread)
    bob = speak("Bob", thread, more=f"{NO_MEDIA_SOURCE} delete window.AudioDecoder;")
    ann.start_recording()
    expect(bob.clips.first).to_contain_text("This browser plays it when it is done.")
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    expect(recorder(ann)).to_contain_text(AT_LEAST_1_S)
    assert not ears(bob, "sounds")
    ann.button("Record").click()
    hears(bob)
    expect(bob.clips.first).not_to_contain_text("when it is done")


def recorder(person):
    """What somebody sees while they record."""
    return person.page.get_by_role("region", name="Recorder")


def pause_button(person, name):
    """Pauses a recording, or goes on."""
    return recorder(person).get_by_role("button", name=name, exact=True)


def test_while_ann_pauses_bob_sees_it_and_when_she_goes_on_he_hears_it(make_thread, speak):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread), speak("Bob", thread)
    online = bob.page.get_by_role("list", name="Online")
    ann.start_recording()
    wait_for_sound(bob, 2)
    pause_button(ann, "Pause").click()
    expect(bob.clips.first).to_contain_text("paused")
    expect(online).not_to_contain_text("speaking")
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    so_far = heard_seconds(bob)
    pause_button(ann, "Go on").click()
    expect(online).to_contain_text("speaking")
    wait_for_sound(bob, so_far + 3)
    end_and_wait(ann, bob)


def test_a_pause_is_not_in_the_clip(make_thread, speak):
    thread = make_thread("mediaForum")
    ann = speak("Ann", thread)
    ann.start_recording()
    began = time.monotonic()
    expect(recorder(ann)).to_contain_text(AT_LEAST_1_S)
    pause_button(ann, "Pause").click()
    ann.page.wait_for_timeout(6000)
    pause_button(ann, "Go on").click()
    expect(recorder(ann)).to_contain_text(AT_LEAST_2_S)
    ann.button("Record").click()
    elapsed = time.monotonic() - began
    ann.button("Upload").click()
    expect(ann.clips).to_have_count(1)
    expect(ann.clips.first.get_by_role("button", name="Delete")).to_be_visible()
    answer = ann.page.evaluate(
        "(url) => fetch(url).then((answer) => answer.json())", f"/api/threads/{thread}/clips"
    )
    assert 1 < answer["clips"][0]["duration"] < elapsed - 5


def test_a_listener_beyond_the_room_is_told_so_and_hears_the_clip_when_it_is_done(full, speak):
    ann, bob = speak("Ann", "audioStream", at=full), speak("Bob", "audioStream", at=full)
    ann.start_recording()
    expect(bob.clips.first).to_contain_text("Too many are listening just now. You hear it when it is done.")
    expect(recorder(ann)).to_contain_text(AT_LEAST_2_S)
    assert not ears(bob, "sounds")
    ann.button("Record").click()
    hears(bob)
    expect(bob.clips.first).not_to_contain_text("Too many")
