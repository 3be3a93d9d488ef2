"""Pages that speak with a known voice and pages that are listened to (see the scripts beside this)."""

import base64
import json
from pathlib import Path

from playwright.sync_api import expect

EARS = (Path(__file__).parent / "mouth_and_ear.js").read_text()
BYTES = (Path(__file__).parent / "recorded_and_fed.js").read_text()
HEAD_BYTES = 200
"""What a decoder is given at most that begins in the middle."""
JOINED_WITHIN = 3
"""Seconds of the beginning that somebody may miss whose page is told late of a clip: where a machine is busy."""
FASTEST = 1.25
"""How fast what came late is played."""


def script(voice="tone"):
    """What a page is given before anything else: `voice` is "tone", "beeps", the content of a sound file, or with
    "device" what the browser has for a microphone."""
    spoken = voice if isinstance(voice, str) else base64.b64encode(voice).decode()
    return "\n".join([f"window.mozchatVoice = {json.dumps(spoken)};", EARS, BYTES])


def wait_until_ready(person):
    """Wait until somebody's page has the clips, and what plays one that is live."""
    person.page.wait_for_selector("#empty, #clips > *", state="attached")
    person.page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/lag-control.js'))"
    )


def ears(person, what):
    """What the ears at somebody's page have heard, see mouth_and_ear.js."""
    return person.page.evaluate(f"() => window.mozchatEars.{what}()")


def hears(person, timeout=15_000):
    """Wait until there is sound at somebody's page."""
    person.page.wait_for_function("() => window.mozchatEars.sounds()", timeout=timeout)


def wait_for_sound(person, seconds, timeout=40_000):
    """Wait until somebody has heard so many seconds of sound, silences between not counted."""
    person.page.wait_for_function(
        """(seconds) => {
          const { seconds: all, gaps } = window.mozchatEars.tone();
          return all - gaps.reduce((sum, { ms }) => sum + ms / 1000, 0) >= seconds;
        }""",
        arg=seconds,
        timeout=timeout,
    )


def wait_for_beeps(person, count):
    """Wait until so many beeps were heard at somebody's page."""
    person.page.wait_for_function(
        "(count) => window.mozchatEars.ear().length >= count", arg=count, timeout=40_000
    )


def end_and_wait(speaker, *listeners):
    """Press Record again; everybody has the complete clip, and whoever played it has come to its end."""
    speaker.button("Record").click()
    for person in (speaker, *listeners):
        expect(person.clips).to_have_count(1)
        expect(person.clips.first).not_to_contain_text("live")
        person.page.wait_for_function("() => window.mozchatMedia?.ended ?? true", timeout=30_000)


def heard_seconds(person):
    """How long there was sound at somebody's page, silences not counted."""
    heard = ears(person, "tone")
    return heard["seconds"] - sum(gap["ms"] for gap in heard["gaps"]) / 1000


def recorded_by(person):
    """All bytes that somebody's recorder gave."""
    return base64.b64decode(person.page.evaluate("() => window.mozchatBytes.recorded()"))


def fed_to(person):
    """All bytes with which somebody's player was fed."""
    return base64.b64decode(person.page.evaluate("() => window.mozchatBytes.fed()"))


def check_every_byte(speaker, listener):
    """What was recorded was fed to the player once and in order, from the first second on."""
    recorded, fed = recorded_by(speaker), fed_to(listener)
    same = 0
    for one, other in zip(reversed(recorded), reversed(fed), strict=False):
        if one != other:
            break
        same += 1
    missed = (len(recorded) - same) * ears(speaker, "spoken")["seconds"] / len(recorded)
    assert len(fed) - same < HEAD_BYTES, f"recorded {len(recorded)}, fed {len(fed)}, the same {same}"
    assert missed < JOINED_WITHIN, f"{missed:.1f} s of the beginning were missed"
    assert listener.page.evaluate("() => window.mozchatBytes.holes()") == 0
