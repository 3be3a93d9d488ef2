"""A real sound server whose loudspeaker is nowhere, but keeps time."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

STARTED_WITHIN = 20.0


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
            "module-null-sink sink_name=nowhere rate=48000",
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

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
        self._folder.cleanup()
