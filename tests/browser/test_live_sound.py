"""What is heard live is what was spoken: byte for byte, in a tone and in speech; and so it is stored."""

import itertools
import math
import subprocess
from operator import attrgetter
from typing import NamedTuple

import pytest

from tests.browser.mouth_and_ear import (
    FASTEST,
    JOINED_WITHIN,
    check_every_byte,
    ears,
    end_and_wait,
    wait_for_sound,
    wait_until_ready,
)
from tests.people import tool

SPEECH = (
    "One fine day an old farmer walked along the river to see whether the bridge was still there. "
    "Nobody had told him that it was mended in spring. Twelve geese crossed the field, shouting; "
    "a small dog watched them, yawned, and went back to sleep under the wooden bench."
)
STEP = 0.005
"""Seconds between two values of an envelope."""
WINDOW = 100
"""How many values of what was heard are looked for in what was spoken."""
QUIET = 0.01
SPEEDS = (0.95, 1, 1.05, 1.1, 1.25)
"""How fast the page plays, see lag-control.js."""
NEAR = 60
"""How many values a window may be from where it is looked for."""
OFF = 20
"""How many values it may be off: where an envelope is flat the best place is not the right one."""
SIMILAR = 0.6
"""The least correlation of what was spoken and the same as it was heard."""
UNLIKE = 0.1
"""Of the windows, how many may be unlike: a change of speed falls into them, or a silence that was cut out."""


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """Some sentences that do not repeat, as a sound file; in no room is it ever wholly silent between them."""
    folder = tmp_path_factory.mktemp("talk")
    subprocess.run([tool("espeak-ng"), "-w", folder / "dry.wav", SPEECH], check=True)
    room = [
        "-f",
        "lavfi",
        "-i",
        "anoisesrc=amplitude=0.001",
        "-filter_complex",
        "amix=duration=first:normalize=0",
    ]
    mixed = folder / "talk.wav"
    subprocess.run([tool("ffmpeg"), "-v", "error", "-i", folder / "dry.wav", *room, mixed], check=True)
    return mixed.read_bytes()


def correlation(one, other):
    """Pearson's, of two lists of the same length; 0 where nothing changes in one of them."""
    mean_one, mean_other = sum(one) / len(one), sum(other) / len(other)
    product = sum((a - mean_one) * (b - mean_other) for a, b in zip(one, other, strict=True))
    size = sum((a - mean_one) ** 2 for a in one) * sum((b - mean_other) ** 2 for b in other)
    return product / math.sqrt(size) if size else 0.0


class Found(NamedTuple):
    """Where a window of what was heard is in what was spoken, and how alike they are."""

    heard: int
    spoken: int
    similar: float


def sounding(envelope, above):
    """From the first sound to the last."""
    loud = [at for at, value in enumerate(envelope) if value > above]
    return envelope[loud[0] : loud[-1] + 1]


def windows_found(heard, spoken):
    """Look each window up where the one before leads to expect it."""
    found, expected = [], 0
    for at in range(0, len(heard) - WINDOW, WINDOW // 2):
        window, best = heard[at : at + WINDOW], Found(at, expected, 0.0)
        for place in range(max(0, expected - NEAR), expected + NEAR):
            for speed in SPEEDS:
                same = spoken[place : place + round(WINDOW * speed)]
                if len(same) >= WINDOW * speed - 1:
                    same = [same[min(len(same) - 1, round(n * speed))] for n in range(WINDOW)]
                    best = max(best, Found(at, place, correlation(window, same)), key=attrgetter("similar"))
        found.append(best)
        expected = best.spoken + WINDOW // 2
    return found


def test_every_byte_of_a_tone_is_played_once_and_in_order(make_thread, speak):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread), speak("Bob", thread)
    wait_until_ready(bob)
    ann.start_recording()
    wait_for_sound(bob, 4)
    end_and_wait(ann, bob)
    check_every_byte(ann, bob)


def test_speech_is_heard_as_it_was_spoken(make_thread, speak, talk):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread, talk), speak("Bob", thread)
    wait_until_ready(bob)
    ann.start_recording()
    wait_for_sound(bob, 5)
    end_and_wait(ann, bob)
    spoken = sounding(ears(ann, "envelopes")["spoken"], QUIET)
    # Where nothing has come nothing is played, and that is nothing at all; the silence of a room is more.
    heard = [value for value in sounding(ears(bob, "envelopes")["heard"], QUIET) if value]
    found = windows_found(heard, spoken)
    alike = [one for one in found if one.similar > SIMILAR]
    assert len(alike) > len(found) * (1 - UNLIKE), found
    for before, after in itertools.pairwise(alike):
        passed, went_on = after.heard - before.heard, after.spoken - before.spoken
        assert went_on > passed - OFF, f"nothing is heard twice: {before}, {after}"
        assert went_on < passed * FASTEST + OFF, f"nothing is left out: {before}, {after}"
    assert alike[0].spoken - alike[0].heard < JOINED_WITHIN / STEP, "from the first word on"
    rest = (len(heard) - alike[-1].heard) * FASTEST + OFF
    assert len(spoken) - alike[-1].spoken < rest, "to the last word"
