"""A real sound server whose loudspeaker is nowhere, but keeps time."""

from __future__ import annotations

import array
import contextlib
import math
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

STARTED_WITHIN = 20.0
RATE = 48000
"""Samples a second."""
WINDOW = RATE // 20
LOUD = 0.02


@dataclass(frozen=True)
class Stretch:
    """Sound between two silences: how long it was, and the pitch of a pure tone soon after its beginning."""

    seconds: float
    hz: float


def stretches(samples: Sequence[float]) -> list[Stretch]:
    """What is longer than a fifth of a second of what was heard, in order."""
    windows = [samples[at : at + WINDOW] for at in range(0, len(samples) - WINDOW, WINDOW)]
    parts = [list(part) for loud, part in groupby(windows, lambda window: _rms(window) > LOUD) if loud]
    return [Stretch(len(part) * WINDOW / RATE, _pitch(part[2])) for part in parts if len(part) > 4]


def _rms(window: Sequence[float]) -> float:
    return math.sqrt(sum(sample * sample for sample in window) / len(window))


def _pitch(window: Sequence[float]) -> float:
    """By where it rises through zero."""
    rises = [at for at in range(1, len(window)) if window[at - 1] < 0 <= window[at]]
    return RATE * (len(rises) - 1) / (rises[-1] - rises[0])


class SoundServer:
    """PulseAudio with a null sink. Its socket's path must be short, so it has a folder of its own."""

    def __init__(self) -> None:
        program = shutil.which("pulseaudio")
        if program is None:
            raise RuntimeError("pulseaudio is missing: apt-get install pulseaudio (or `make test` as root)")
        self._folder = tempfile.TemporaryDirectory(prefix="mozchat-sound-")
        folder = Path(self._folder.name)
        self.socket = folder / "native"
        modules = [
            f"module-null-sink sink_name=nowhere rate={RATE}",
            f"module-native-protocol-unix socket={self.socket} auth-anonymous=1",
        ]
        command = [program, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += [part for module in modules for part in ("-L", module)]
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + STARTED_WITHIN
        while True:
            assert self._process.poll() is None, self._log.read_text()
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self.socket)) == 0:
                    return
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.02)

    @contextlib.contextmanager
    def heard(self) -> Iterator[array.array]:
        """What its loudspeaker gives meanwhile: samples from -1 to 1, there when it is over."""
        program = shutil.which("ffmpeg")
        if program is None:
            raise RuntimeError("ffmpeg is missing: apt-get install ffmpeg (or `make test` as root)")
        samples = array.array("f")
        file = self.socket.with_name("heard")
        source = ["-f", "pulse", "-server", f"unix:{self.socket}", "-i", "nowhere.monitor"]
        command = [
            program,
            "-v",
            "error",
            "-y",
            *source,
            "-ac",
            "1",
            "-ar",
            str(RATE),
            "-f",
            "f32le",
            str(file),
        ]
        process = subprocess.Popen(command)
        try:
            end = time.monotonic() + STARTED_WITHIN
            while not (file.exists() and file.stat().st_size):
                assert process.poll() is None, "it cannot be listened to"
                assert time.monotonic() < end, "nothing is heard"
                time.sleep(0.02)
            yield samples
        finally:
            process.terminate()
            process.wait(20)
        content = file.read_bytes()
        samples.frombytes(content[: len(content) // 4 * 4])

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
        self._folder.cleanup()
