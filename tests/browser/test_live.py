"""A clip is heard while it is being spoken."""

import pytest
from playwright.sync_api import expect

VOICE = 0.01


@pytest.fixture
def two(site, make_thread, someone):
    """Ann, who speaks, and Bob, who listens."""

    def come(preset="audioStream", **changes):
        thread = make_thread(preset, **changes)
        return (
            someone("Ann").enter(site, thread),
            someone("Bob").enter(site, thread),
        )

    return come


def test_bob_hears_ann_while_she_speaks_and_sees_it_grow_and_it_is_a_clip_afterwards(two):
    ann, bob = two()
    ann.button("Record").click()
    expect(bob.clips.first).to_contain_text("live")
    bob.wait_until_heard(1, VOICE)
    expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    expect(bob.page.get_by_role("list", name="Online")).to_contain_text("speaking")
    expect(bob.clips.first).to_contain_text("0:03")
    ann.button("Record").click()
    expect(bob.clips.first).not_to_contain_text("live")
    expect(bob.clips).to_have_count(1)
    expect(ann.clips).to_have_count(1)
    assert ann.plays() == [], "one's own is never heard"
    bob.page.wait_for_function("() => window.mozchatHeard.plays().every((play) => play.ended)")
    assert len(bob.plays()) == 1, "it is not played again when it is complete"
