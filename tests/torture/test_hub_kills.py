"""The hub is killed with -9 and started again at random moments while people listen to it and others write:
whoever goes on from their cursor, over the hub or by polls, misses nothing and is told nothing twice.

`make torture` kills as many times as it says. A failure says the seed, as those of `test_kills.py` do.
"""

import contextlib
import http.client
import os
import random
import secrets
import threading
import time

import pytest
from websockets.exceptions import WebSocketException

from tests.process.hub_stage import Stage, until

pytestmark = [pytest.mark.process, pytest.mark.slow]

KILLS = max(int(os.environ.get("MOZCHAT_TORTURE_KILLS", "14")) // 3, 4)
EARS = 3
LONG = 60
"""Seconds after which something is not going to happen any more, on whatever machine."""


class Ear(threading.Thread):
    """A listener who is on the hub whenever it is there, and polls once whenever it is lost."""

    def __init__(self, stage, name):
        super().__init__(name=name, daemon=True)
        self.stage = stage
        self.person = stage.join(name)
        first = self.person.news()
        self.cursor = first["cursor"]
        self.heard = []
        self.faults = []
        self.pushed = self.lost = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with contextlib.ExitStack() as ends:
                    self._listen(ends)
            except (OSError, WebSocketException, http.client.HTTPException):
                self.lost += 1
                self._take(self.person.news(self.cursor) or {"cursor": self.cursor})
                self.over.wait(0.02)
            except Exception as error:
                self.faults.append(repr(error))
                return

    def _listen(self, ends):
        given = self.stage.ticket(self.person)
        push = self.stage.open({"ticket": given["ticket"], "cursor": self.cursor}, given["url"], ends=ends)
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                self._take(push.take(0.2))
                self.pushed += 1

    def _take(self, answer):
        if "reset" in answer:
            self.faults.append(f"{self.cursor} is not known any more")
        self.heard += [clip["id"] for clip in answer.get("clips", {}).get("added", ())]
        self.heard += [message["id"] for message in answer.get("messages", ())]
        self.cursor = answer["cursor"]


class Mouth(threading.Thread):
    """Somebody who writes and publishes until told to stop."""

    def __init__(self, person, dice):
        super().__init__(daemon=True)
        self.person = person
        self.dice = dice
        self.said = []
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.dice.uniform(0, 0.05)):
            self.say()

    def say(self):
        """One thing more, which counts once it is acknowledged."""
        if self.dice.random() < 0.2:
            self.said.append(self.person.publish()["id"])
        else:
            self.said.append(self.person.say("*", f"This is number {len(self.said)}.")["id"])


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    made.enter_new_thread()
    made.ini.write_text(
        made.ini.read_text() + "maxClipCount=0\nclipLifetimeSec=86400\nmessageLifetimeSec=86400\n"
    )
    with made.ends:
        yield made
    made.stop()


def test_nothing_is_lost_and_nothing_comes_twice_while_the_hub_is_killed(stage):
    seed = os.environ.get("MOZCHAT_TORTURE_SEED") or secrets.token_hex(4)
    dice = random.Random(seed)
    ears = [Ear(stage, f"Ear{number}") for number in range(EARS)]
    mouth = Mouth(stage.join("Ann"), random.Random(dice.random()))
    for thread in (*ears, mouth):
        thread.start()
    for number in range(KILLS):
        if number % 2 == 0:
            until(lambda: stage.hub.health()["connections"] == EARS or any(ear.faults for ear in ears), LONG)
        time.sleep(dice.uniform(0, 0.3))
        stage.hub.kill()
        time.sleep(dice.uniform(0, 0.3))
        stage.hub.start()
    mouth.over.set()
    mouth.join(LONG)
    before = [ear.pushed for ear in ears]
    until(lambda: all(ear.pushed > was or ear.faults for ear, was in zip(ears, before, strict=True)), LONG)
    mouth.say()
    until(lambda: all(mouth.said[-1] in ear.heard or ear.faults for ear in ears), LONG)
    for ear in ears:
        ear.over.set()
        ear.join(LONG)
    print(f"\nseed {seed}: {len(mouth.said)} said, {KILLS} kills, {[(ear.pushed, ear.lost) for ear in ears]}")
    assert [ear.faults for ear in ears] == [[]] * EARS, f"seed {seed}"
    for ear in ears:
        assert sorted(ear.heard) == sorted(mouth.said), f"seed {seed}: {ear.name}"
        assert ear.lost >= KILLS // 2, "it was not killed while they listened"
