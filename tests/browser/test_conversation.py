"""The main job: somebody records a clip, and somebody else hears it."""

import itertools
import re

import pytest
from playwright.sync_api import expect

VOICE = 0.01
"""The loudness (RMS) from which a sound counts as a voice; the spoken sentence reaches about 0.08."""


def test_what_ann_says_in_mediachat_bob_hears(site, make_thread, someone):
    thread = make_thread("mediaChat")
    bob = someone("Bob").enter(site, thread)
    ann = someone("Ann", width=390, height=844).enter(site, thread)
    ann.record(2.5)
    sent = ann.page.evaluate("performance.now() + performance.timeOrigin")
    expect(bob.clips).to_have_count(1)
    heard = bob.wait_until_heard(1, VOICE)
    began = bob.page.evaluate("(started) => started + performance.timeOrigin", heard[0]["started"])
    assert began - sent < 2000, "Bob hears it within two seconds"
    expect(ann.clips).to_have_count(1)
    assert ann.plays() == [], "one's own clip is not played"
    expect(bob.clips.first).to_contain_text("Ann")


def test_in_mediaforum_the_author_listens_first(site, make_thread, someone):
    thread = make_thread("mediaForum")
    ann = someone("Ann").enter(site, thread)
    bob = someone("Bob", width=390, height=844).enter(site, thread)
    ann.record(1.5)
    expect(ann.button("Upload")).to_be_visible()
    expect(ann.clips).to_have_count(0)
    ann.button("Preview").click()
    ann.wait_until_heard(1, VOICE)
    ann.page.get_by_role("textbox", name="Description").fill("Weather, and who brings soup")
    ann.button("Upload").click()
    expect(bob.clips).to_have_count(1)
    expect(bob.clips.first).to_contain_text("Weather, and who brings soup")
    assert bob.plays() == [], "mediaForum does not play by itself"
    bob.clips.first.get_by_role("button", name="Play", exact=True).click()
    bob.wait_until_heard(1, VOICE)


def test_a_tap_that_stops_does_not_press_what_opens_under_the_finger(site, make_thread, someone):
    thread = make_thread("mediaForum")
    ann = someone("Ann", width=390, height=844, has_touch=True, is_mobile=True).enter(site, thread)
    ann.page.evaluate(
        """() => {
          window.clicked = [];
          addEventListener("click", ({ target }) => window.clicked.push(target.outerHTML), true);
        }"""
    )
    ann.button("Record").tap()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    ann.page.wait_for_timeout(1200)
    ann.button("Record").tap()
    expect(ann.button("Upload")).to_be_visible()
    assert ann.page.evaluate("window.clicked") == [], "a tap on Record is no click for anything else"
    ann.button("Upload").tap()
    expect(ann.clips).to_have_count(1)


def test_what_is_discarded_is_never_sent(site, make_thread, someone):
    thread = make_thread("mediaForum")
    ann = someone("Ann").enter(site, thread)
    ann.record(1)
    ann.button("Discard").click()
    expect(ann.button("Upload")).to_be_hidden()
    expect(ann.button("Record")).to_be_enabled()
    expect(ann.clips).to_have_count(0)


FORMER_STREAM = """[common]
mediaFolder=media
maxBlobBytes=50000
maxMediaFolderBytes=2000000
clipLifetimeSec=300
maxClipCount=60
durability=os
allowStream=1
[client]
title="Audio stream"
allowVideo=0
maxClipSizeSec=1
onRecorded=upload
playNew=1
pollFactor=l
"""
"""The preset audioStream before clips were live: folders that were made after it are still there."""


def test_a_stream_of_short_clips_goes_on_until_record_is_pressed_again(site, make_thread, someone):
    thread = make_thread("audioStream")
    (site.folder / thread / ".ini").write_text(FORMER_STREAM)
    bob = someone("Bob").enter(site, thread)
    ann = someone("Ann").enter(site, thread)
    ann.button("Record").click()
    expect(bob.clips.nth(3)).to_be_attached(timeout=30_000)
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    ann.button("Record").click()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "false")
    plays = bob.wait_until_heard(3, VOICE / 4)
    for before, after in itertools.pairwise(plays):
        assert before["ended"] is not None
        assert before["ended"] <= after["started"] + 1, "never two at once"


def test_a_video_is_seen_and_heard(site, make_thread, someone):
    thread = make_thread("videoChat")
    bob = someone("Bob").enter(site, thread)
    ann = someone("Ann").enter(site, thread)
    expect(ann.page.get_by_role("checkbox", name="Video", exact=True)).to_be_checked()
    ann.record(2)
    expect(bob.clips).to_have_count(1)
    bob.wait_until_heard(1, VOICE)
    size = bob.page.evaluate(
        "() => [...document.querySelectorAll('video')].map((v) => [v.videoWidth, v.videoHeight])"
        ".find(([width]) => width > 0)"
    )
    assert size[0] >= 320


def test_only_the_author_can_delete_and_it_is_gone_for_all(site, make_thread, someone):
    thread = make_thread("mediaChat")
    bob = someone("Bob").enter(site, thread)
    ann = someone("Ann").enter(site, thread)
    ann.record(1)
    expect(bob.clips).to_have_count(1)
    expect(bob.clips.first.get_by_role("button", name="Delete")).to_have_count(0)
    ann.clips.first.get_by_role("button", name="Delete", exact=True).click()
    expect(bob.clips).to_have_count(0, timeout=15_000)
    expect(ann.clips).to_have_count(0)


def test_new_clips_are_played_in_order_one_after_the_other(site, make_thread, someone):
    thread = make_thread("mediaChat")
    bob = someone("Bob").enter(site, thread)
    speakers = [someone(name).enter(site, thread) for name in ("Ann", "Eve")]
    for speaker in speakers:
        speaker.button("Record").click()
    for speaker in speakers:
        speaker.page.wait_for_timeout(1200)
        speaker.button("Record").click()
    expect(bob.clips).to_have_count(2)
    plays = bob.wait_until_heard(2, VOICE)
    listed = bob.clips.evaluate_all("(items) => items.map((item) => item.textContent)")
    assert plays[0]["src"] != plays[1]["src"]
    assert plays[0]["ended"] <= plays[1]["started"] + 1
    assert ("Ann" in listed[0]) != ("Ann" in listed[1])


def test_play_from_here_goes_on_to_the_newest(site, make_thread, someone):
    thread = make_thread("mediaChat", playNew=0)
    bob = someone("Bob").enter(site, thread)
    ann = someone("Ann").enter(site, thread)
    for count in (1, 2, 3):
        ann.record(1)
        expect(bob.clips).to_have_count(count)
    bob.clips.nth(1).get_by_role("button", name="More", exact=True).click()
    bob.button("Play from here").click()
    plays = bob.wait_until_heard(2, VOICE)
    expect(bob.button("Stop")).to_be_hidden()
    assert len({play["src"] for play in plays}) == len(plays) == 2


def test_the_space_bar_is_push_to_talk_and_nothing_in_a_text_field(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann").enter(site, thread)
    message = ann.page.get_by_role("textbox", name="Message", exact=True)
    message.focus()
    ann.page.keyboard.press("Space")
    expect(message).to_have_value(" ")
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "false")
    message.fill("")
    message.evaluate("(field) => field.blur()")
    ann.page.keyboard.down("Space")
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    ann.page.wait_for_timeout(1200)
    ann.page.keyboard.up("Space")
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "false")
    expect(ann.clips).to_have_count(1)


def test_a_held_button_is_push_to_talk(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann").enter(site, thread)
    box = ann.button("Record").bounding_box()
    ann.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    ann.page.mouse.down()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    ann.page.wait_for_timeout(1500)
    ann.page.mouse.up()
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "false")
    expect(ann.clips).to_have_count(1)


def test_chat_reaches_the_other_and_says_so(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann").enter(site, thread)
    bob = someone("Bob").enter(site, thread)
    online = ann.page.get_by_role("list", name="Online")
    expect(online.get_by_role("listitem").filter(has_text="Bob")).to_have_count(1)
    ann.page.get_by_role("textbox", name="To", exact=True).fill("Bob")
    ann.page.get_by_role("textbox", name="Message", exact=True).fill("Is the <b>lower</b> path dry?")
    ann.button("Send").click()
    expect(bob.page.get_by_role("log", name="Chat")).to_contain_text("Is the <b>lower</b> path dry?")
    expect(ann.page.get_by_role("log", name="Chat")).to_contain_text("delivered")


def test_whoever_had_no_answer_to_their_name_enters_under_it_at_the_next_press(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann")
    lost = []

    def lose(route):
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch(headers={**route.request.headers, "cookie": ""}).status)
            route.abort()

    ann.page.context.route("**/session", lose)
    ann.page.goto(f"{site.url}/{thread}/")
    ann.page.get_by_role("textbox", name="Your name").fill("Ann")
    ann.button("Enter").click()
    expect(ann.page.get_by_text("The site does not answer")).to_be_visible()
    assert lost == [201]
    ann.errors.clear()
    ann.page.context.clear_cookies()
    ann.button("Enter").click()

    expect(ann.button("Record")).to_be_enabled()


def test_a_link_to_a_thread_leads_back_to_it_after_entering(site, make_thread, someone):
    thread = make_thread("mediaChat")
    ann = someone("Ann")
    ann.page.goto(f"{site.url}/{thread}/?user=Ann&clip=nothing")
    expect(ann.page.get_by_role("textbox", name="Your name")).to_have_value("Ann")
    ann.button("Enter").click()
    expect(ann.button("Record")).to_be_enabled()
    assert re.search(rf"/{thread}/\?.*clip=nothing", ann.page.url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_reload_keeps_the_name_and_the_clips(site, make_thread, someone, scheme):
    thread = make_thread("mediaChat")
    ann = someone("Ann", color_scheme=scheme).enter(site, thread)
    ann.record(1)
    expect(ann.clips).to_have_count(1)
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    ann.page.reload()
    expect(ann.clips).to_have_count(1)
    expect(ann.clips.first.get_by_role("button", name="Delete", exact=True)).to_be_visible()
