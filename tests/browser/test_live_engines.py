"""Firefox and Chromium hear each other live, every word; WebKit, as Safari has it, hears Chromium."""

import pytest
from playwright.sync_api import expect

from tests.browser.live_firefox import FirefoxPerson
from tests.browser.mouth_and_ear import (
    FASTEST,
    check_every_byte,
    ears,
    heard_seconds,
    wait_for_sound,
    wait_until_ready,
)
from tests.browser.test_engines import CLIPS, NAMED, WebKit, enter
from tests.sound_server import stretches

PLAYED_3_S = "[...document.querySelectorAll('audio, video')].some((media) => media.currentTime > 3)"
TONE_HZ = 440


@pytest.fixture
def fay(site, tmp_path):
    """Somebody with a Firefox."""
    person = FirefoxPerson(tmp_path, site.port)
    yield person
    person.close()


def check(speaker, listener):
    """Everything that was spoken was heard."""
    listener.page.wait_for_function("() => window.mozchatMedia.ended", timeout=30_000)
    check_every_byte(speaker, listener)
    assert heard_seconds(listener) > ears(speaker, "spoken")["seconds"] / FASTEST - 1


def test_firefox_speaks_and_chromium_hears_and_the_reverse(site, make_thread, speak, fay):
    thread = make_thread("audioStream")
    bob = speak("Bob", thread)
    fay.enter("Fay", thread)
    wait_until_ready(bob)
    fay.press("Record")
    wait_for_sound(bob, 4)
    fay.press("Record")
    expect(bob.clips.first).not_to_contain_text("live")
    check(fay, bob)
    fay.page.wait_for(f"{CLIPS} === 1 && ({NAMED})('Record').getAttribute('aria-pressed') === 'false'")
    bob.start_recording()
    wait_for_sound(fay, 4)
    bob.button("Record").click()
    expect(bob.clips).to_have_count(2)
    check(bob, fay)


def test_webkit_hears_what_is_spoken_in_chromium(site, make_thread, speak, sound, display, monkeypatch):
    thread = make_thread("audioStream")
    ann = speak("Ann", thread)
    monkeypatch.setenv("PULSE_SERVER", f"unix:{sound.socket}")
    sue = WebKit()
    try:
        sue.goto(site.url + "/")
        sue.wait_for(f"!({NAMED})('Enter').disabled")
        sue.evaluate(enter("Sue", thread))
        sue.wait_for(f"location.pathname === '/{thread}/' && !!({NAMED})('Record')")
        with sound.heard() as heard:
            ann.start_recording()
            sue.let_it_play()
            sue.wait_for(PLAYED_3_S)
            expect(ann.button("Record")).to_have_attribute("aria-pressed", "true")
    finally:
        sue.close()
    tones = stretches(heard)
    assert sum(tone.seconds for tone in tones) > 2, tones
    assert max(tones, key=lambda tone: tone.seconds).hz == pytest.approx(TONE_HZ, rel=0.1)
