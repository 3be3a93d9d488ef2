"""A site whose processes are killed while people use it, and what must be true of it all the while."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mozchat.services.site import Site
from mozchat.services.upkeep import ORPHAN_SECONDS, check
from tests.running import Client, RunningSite
from tests.torture.people import PATIENCE, THREAD, Gate, Listener, Somebody, Speaker
from tests.torture.told import MEDIA, SAMPLES, Told

INI = """[common]
maxBlobBytes=60000
maxMediaFolderBytes=700000
maxClipCount=30
clipLifetimeSec=86400
messageLifetimeSec=600
userStatusFadeS=2
longPollPeriodS=2
[client]
live=1
maxClipSizeSec=60
"""
MOST_CLIPS, MOST_BYTES = 30, 700_000
BACK_WITHIN = 15.0
"""Seconds from a kill to the next answer: two are usual, and what a machine with much else to do takes is not
what this is about; a lock that stays behind would never end."""
SPEAKERS = 4


class Pulse(Somebody):
    """Whoever kills writes a message afterwards: how long it takes is how long the site was away."""

    def run(self) -> None:
        """It lives in the OS thread of the test."""


class Siege:
    """`sites` serve one folder. Everything random follows from `seed`."""

    def __init__(self, sites: list[RunningSite], path: Path, seed: str) -> None:
        self.sites = sites
        self.folder = sites[0].folder
        self.thread = self.folder / "walk"
        self.told = Told(path / "told.jsonl")
        self.dice = random.Random(seed)
        self.gate = Gate()
        calm = Client(sites[0]).join("calm", "Ann")
        self.sound = {name: _sound(calm, name) for name in MEDIA}
        of = [(site, self.told, self.gate, seed) for site in sites]
        self.listeners = [Listener(f"Listener{n}", *of[n % len(of)]) for n in range(2)]
        self.speakers = [Speaker(f"Speaker{n}", *of[n % len(of)]) for n in range(SPEAKERS)]
        self.pulses = [Pulse(f"Pulse{n}", *each) for n, each in enumerate(of)]
        self.everybody: list[Somebody] = [*self.listeners, *self.speakers]
        self.kills = 0
        self.longest_away = 0.0
        self._sweep: subprocess.Popen[bytes] | None = None

    def run(self, kills: int, between_checks: int) -> None:
        """Kill so many times, and check now and then; then let it run without, and check that it heals."""
        for someone in self.pulses:
            someone.join_thread()
        for someone in self.listeners:
            someone.start()
        wait_until(lambda: all(listener.cursor for listener in self.listeners))
        for someone in self.speakers:
            someone.start()
        for number in range(1, kills + 1):
            self.kill()
            if number % between_checks == 0:
                with self.quiet():
                    self.check()
            if self.told.faults:
                break
        self.end_sweep(kill=False)
        with self.quiet():
            self.check()
            before = self.orphans()
        published = len(self.told.published)
        wait_until(lambda: len(self.told.published) > published + 20 or self.told.faults)
        with self.quiet():
            self.check()
            grown = self.orphans() - before
            if grown:
                self.told.fault("folder", f"without a kill these files have lost their record: {grown}")
        self._heal()
        self.end()

    def kill(self) -> None:
        """Kill a process at a random moment; over when the site works again."""
        time.sleep(self.dice.uniform(0, 0.2))
        number = self.dice.randrange(len(self.sites))
        site = self.sites[number]
        workers = children(site.process.pid)
        ways = {"worker": 80, "workers": 10, "site": 4, "sweep": 6 if self._sweep else 0}
        what = self.dice.choices(list(ways), list(ways.values()))[0]
        self.told.note("killer", kills=what, of=number)
        began = time.monotonic()
        if what == "sweep":
            self.end_sweep(kill=True)
        elif what == "site":
            kill_whole(site)
            site.start()
        else:
            for pid in workers if what == "workers" else self.dice.sample(workers, min(1, len(workers))):
                kill_process(pid)
        self.kills += 1
        self.pulses[number].say("*")
        away = time.monotonic() - began
        self.longest_away = max(self.longest_away, away)
        if away > BACK_WITHIN:
            self.told.fault("killer", f"after a kill it took {away:.1f} s until the site worked")
        if self._sweep is None and self.dice.random() < 0.1:
            self._sweep = subprocess.Popen(self._command("sweep"), stdout=subprocess.DEVNULL)

    def end_sweep(self, *, kill: bool) -> None:
        """Wait for a sweep that is under way, or kill it."""
        if self._sweep is None:
            return
        if kill:
            self._sweep.kill()
        ended = self._sweep.wait(PATIENCE)
        if ended and not kill:
            self.told.fault("sweep", f"ended with {ended}")
        self._sweep = None

    @contextlib.contextmanager
    def quiet(self):
        """Nobody changes anything, and the listeners have been told everything."""
        self.gate.open.clear()
        for someone in self.speakers:
            assert someone.idle.wait(PATIENCE), f"{someone.name} does not come to an end"
        for listener in self.listeners:
            assert listener.idle.wait(PATIENCE), f"{listener.name} does not come to an end"
            end = time.monotonic() + PATIENCE
            before = listener.caught_up
            while listener.caught_up == before and time.monotonic() < end:
                listener.deed()
        try:
            yield
        finally:
            self.gate.open.set()

    def check(self) -> None:
        """Hold catalogue, folder, media and what the listeners know against each other and what was told."""
        told, say = self.told, lambda what: self.told.fault("check", what)
        views = self._ask("/clips")["clips"]
        listed = [clip["id"] for clip in views]
        live = {clip["id"] for clip in views if clip.get("live")}
        for listener in self.listeners:
            if listener.clips != listed:
                say(f"{listener.name} knows {listener.clips}, and there is {listed}")
            if listener.live != live:
                say(f"{listener.name} takes {listener.live} for live, and {live} are")
            lost = told.published - listener.seen - told.unwanted
            if lost and not listener.turnovers:
                say(f"{listener.name} was never told of {lost}")
            self._check_messages(listener)
        if len(listed) != len(set(listed)) or len(listed) - len(live) > MOST_CLIPS:
            say(f"too many clips: {listed}")
        if back := told.deleted & set(listed):
            say(f"deleted, and there again: {back}")
        if strange := set(listed) - set(told.tried):
            say(f"from nowhere: {strange}")
        for clip in listed:
            (self._check_growing if clip in live else self._check_media)(clip)
        site = Site(self.folder)
        try:
            store = site.store.thread("walk")
            taken = store.total_bytes() + store.uploads.bytes()
            if taken > MOST_BYTES:
                say(f"clips and uploads take {taken} bytes")
            if findings := [str(each) for each in check(site, "walk")]:
                say(f"mozchat check: {findings}")
        finally:
            site.close()
        told.note("check", clips=len(listed), faults=len(told.faults))

    def orphans(self) -> set[str]:
        """The files that no record names."""
        site = Site(self.folder)
        try:
            store = site.store.thread("walk")
            return store.media().names() - {clip.file for clip in store.clips()}
        finally:
            site.close()

    def end(self) -> None:
        """Have everybody finish what they have begun, and leave."""
        self.gate.open.clear()
        for someone in self.everybody:
            assert someone.idle.wait(PATIENCE), f"{someone.name} does not come to an end"
        for speaker in self.speakers:
            speaker.end_all()
            speaker.leave_thread()
        with self.quiet():
            self.check()
            for listener in self.listeners:
                if ghosts := set(listener.online) & {speaker.name for speaker in self.speakers}:
                    self.told.fault("check", f"{listener.name} takes {ghosts} for online, who have left")
            if left := [path.name for path in (self.thread / ".uploads").glob("*.part")]:
                self.told.fault("folder", f"uploads that were brought to an end are still there: {left}")
            self.gate.over.set()

    def close(self) -> None:
        """Everybody stops."""
        self.gate.over.set()
        self.gate.open.set()
        self.end_sweep(kill=True)
        for someone in self.everybody:
            if someone.ident:
                someone.join(PATIENCE)
        self.told.close()

    def figures(self) -> str:
        """What has been done, in a line."""
        told = self.told
        return (
            f"{self.kills} kills, {told.counts['requests']:,} requests of which {told.counts['cut off']:,} were "
            f"cut off, {len(told.published):,} clips and {told.counts['messages']:,} messages acknowledged, "
            f"{told.counts['resumed']:,} uploads resumed, at most {self.longest_away:.1f} s away"
        )

    def _check_messages(self, listener: Listener) -> None:
        told = self.told
        ids = [int(number) for number, _ in listener.messages]
        times = Counter(text for _, text in listener.messages)
        if twice := [text for text, number in times.items() if number > 1]:
            told.fault("check", f"{listener.name} was told more than once: {twice}")
        if ids != sorted(ids):
            told.fault("check", f"{listener.name} was told messages out of order")
        wanted = {number for number, (to, _) in told.messages.items() if to in ("*", listener.name)}
        if missing := wanted - {number for number, _ in listener.messages}:
            told.fault("check", f"{listener.name} was never told the messages {missing}")

    def _check_media(self, clip: str) -> None:
        recording = self.told.tried[clip]
        sent = recording.content
        media = self._ask(f"/clips/{clip}/media")
        sound = self.sound.get(recording.sample, range(1, len(sent) + 1))
        if len(media) < len(sent) or any(media[-at] != sent[-at] for at in sound):
            self.told.fault("check", f"the clip {clip} is not what was sent")

    def _check_growing(self, clip: str) -> None:
        """What is heard of it is the beginning of what was sent, as far as that has come."""
        heard = self._ask(f"/clips/{clip}/media?from=0&wait=0") or b""
        if not self.told.tried[clip].content.startswith(heard):
            self.told.fault("check", f"what is heard of the live clip {clip} is not what was sent")

    def _ask(self, path: str):
        status, body, _ = self.pulses[0].insist("GET", THREAD + path)
        assert status in (200, 204), (path, status, body)
        return body

    def _heal(self) -> None:
        """What kills have left in the folder is swept when it is old."""
        old = time.time() - 2 * ORPHAN_SECONDS
        with self.quiet():
            for file in self.orphans():
                os.utime(self.thread / "media" / file, (old, old))
            unfinished = self._age_unfinished(old)
            subprocess.run(self._command("sweep"), stdout=subprocess.DEVNULL, check=True)
            if left := self.orphans():
                self.told.fault("sweep", f"files without a record stay: {left}")
            if stay := [path.name for path in unfinished if path.exists()]:
                self.told.fault("sweep", f"files that were never finished stay: {stay}")
            checked = subprocess.run(self._command("check"), capture_output=True, text=True)
            if checked.returncode or "warning" in checked.stdout.splitlines()[:-1]:
                self.told.fault("check", checked.stdout)
            self.check()

    def _age_unfinished(self, old: float) -> list[Path]:
        """Make old what kills have left of whole files; those that are being written now go by themselves."""
        unfinished = list(self.thread.glob(".*.tmp"))
        for path in unfinished:
            with contextlib.suppress(FileNotFoundError):
                os.utime(path, (old, old))
        return unfinished

    def _command(self, name: str) -> list[str]:
        return [sys.executable, "-m", "mozchat", "--threads", str(self.folder), name]


def _sound(client: Client, sample: str) -> list[int]:
    """Which bytes of a recorder's file, counted from its end, the site leaves as they are: behind the header, that
    is all but the few that say how long a part is."""
    content = (SAMPLES / sample).read_bytes()
    media = client.request("GET", client.upload("calm", content)[1]["media"])[1]
    sound = [at for at in range(1, len(content) * 9 // 10) if media[-at] == content[-at]]
    assert len(sound) > 0.88 * len(content)
    return sound


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_process(pid: int) -> None:
    """Kill a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_whole(site: RunningSite) -> None:
    """Kill a site with all its processes: stopped first, so that none is started meanwhile."""
    site.process.send_signal(signal.SIGSTOP)
    workers = children(site.process.pid)
    site.process.kill()
    for pid in workers:
        kill_process(pid)
    site.process.wait(PATIENCE)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it has not come to that"
        time.sleep(0.01)
