"""A live clip as it is seen, and as a screen reader tells of it."""

import re

import pytest
from playwright.sync_api import expect

TELL = """() => {
  window.told = [];
  for (const region of document.querySelectorAll("#status, #alert")) {
    const note = () => { if (region.textContent) window.told.push(region.textContent); };
    new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
  }
  window.shown = [];
  const show = (records) => {
    for (const { addedNodes } of records)
      for (const node of addedNodes) if (node.className === "toast") window.shown.push(node.textContent);
  };
  new MutationObserver(show).observe(document.body, { childList: true });
}"""


@pytest.fixture
def people(site, make_thread, someone):
    """Ann and Bob, in a thread of this preset, with all of its clips there."""

    def come(preset, width=1280):
        thread = make_thread(preset)
        both = [someone(name, width=width).enter(site, thread) for name in ("Ann", "Bob")]
        for one in both:
            everybody = one.page.get_by_role("list", name="Online", include_hidden=True)
            expect(everybody.get_by_role("listitem", include_hidden=True)).to_have_count(2, timeout=15_000)
            one.page.evaluate(TELL)
        return both

    return come


def wait_for_position(person, least=0, most=3600):
    """Wait until there is one number at the length of the clip, between these seconds."""
    person.page.wait_for_function(
        r"""([least, most]) => {
          const words = /^(\d):(\d\d)$/.exec(document.querySelector("#list .clip .len")?.textContent ?? "");
          const seconds = words && words[1] * 60 + Number(words[2]);
          return words && least <= seconds && seconds <= most;
        }""",
        arg=[least, most],
    )


def told(person):
    return person.page.evaluate("() => window.told")


def forgive_what_is_gone(person):
    """Whether a listener learns first from events or from the stream's end that a clip is gone is a matter of
    chance; in the latter case it asks once more, and the browser tells of the 404."""
    person.errors[:] = [error for error in person.errors if not ("404" in error and "/media?from=" in error)]


def begin(person):
    person.button("Record").click()
    expect(person.button("Record")).to_have_attribute("aria-pressed", "true", timeout=15_000)


def test_a_live_clip_grows_without_another_word_and_is_not_new_to_who_hears_it(people):
    ann, bob = people("audioStream")
    begin(ann)
    player = bob.page.get_by_role("region", name="Player")
    clip = bob.clips.first
    expect(clip).to_contain_text("live", timeout=15_000)
    expect(clip.get_by_role("button", name="Pause")).to_be_visible(timeout=15_000)
    expect(clip.get_by_role("button", name="From the start")).to_be_visible()
    wait_for_position(bob, least=3)  # one number: no end is known yet
    expect(player.locator(".mini .time")).to_have_text(re.compile(r"^\d:\d\d live$"))
    expect(bob.page.get_by_role("button", name="Play 1 new")).to_be_hidden()
    assert bob.page.title() == ann.page.title(), "no number of new clips in front"
    ribbon = clip.get_by_role("slider")
    assert float(ribbon.get_attribute("aria-valuemax")) >= 1
    at = ribbon.evaluate("(ribbon) => parseFloat(ribbon.style.getPropertyValue('--at'))")
    assert 0 < at < 75, "there is line beyond what was said"
    assert told(bob) == ["Ann is speaking."]

    ann.button("Record").click()
    expect(clip).not_to_contain_text("live", timeout=15_000)
    expect(ann.clips.first).not_to_contain_text("live", timeout=15_000)
    assert told(bob) == ["Ann is speaking."]
    assert told(ann) == ["Recording"]


@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_taken_back_is_said_to_have_been(people, width):
    ann, bob = people("mediaChat", width)
    begin(ann)
    expect(ann.page.get_by_text("Heard as you talk. Tap to stop. Cancel takes it back.")).to_be_visible()
    wait_for_position(bob, least=2)
    ann.button("Cancel").click()
    expect(bob.clips).to_have_count(0, timeout=15_000)
    bob.page.wait_for_function("() => window.told.at(-1) === 'Ann took it back.'")
    assert bob.page.evaluate("() => window.shown") == ["Ann took it back."]
    ann.page.wait_for_function("() => window.told.at(-1) === 'Taken back. Nothing was kept.'")
    forgive_what_is_gone(bob)


def test_live_is_spoken_heard_from_the_start_and_taken_back_by_keyboard_alone(people):
    ann, bob = people("audioStream")
    ann.button("Record").focus()
    ann.page.keyboard.press("Enter")
    expect(bob.clips.first).to_contain_text("live", timeout=15_000)
    wait_for_position(bob, least=4)
    bob.clips.first.get_by_role("button", name="Pause").focus()
    bob.page.keyboard.press("Tab")
    expect(bob.clips.first.get_by_role("slider")).to_be_focused()
    bob.page.keyboard.press("Tab")
    expect(bob.clips.first.get_by_role("button", name="From the start")).to_be_focused()
    bob.page.keyboard.press("Enter")
    wait_for_position(bob, most=2)
    ann.page.keyboard.press("Escape")
    expect(bob.clips).to_have_count(0, timeout=15_000)
    forgive_what_is_gone(bob)
