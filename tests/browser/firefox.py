"""A Firefox driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), as much of it as the tests need."""

import contextlib
import itertools
import json
import os
import re
import subprocess
import time
from pathlib import Path

from websockets.sync.client import connect

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.autoplay.block-webaudio": False,
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
SILENT_SOUND_CARD = "pcm.!default { type null }\nctl.!default { type null }\n"
STARTED_WITHIN = 60.0


class Firefox:
    """One window. `folder` takes the profile and the log; `sound` is the socket of a sound server, without
    which sound runs much too fast, and not at all through an AudioContext."""

    def __init__(self, program: str, folder: Path, sound: Path | None = None) -> None:
        profile = folder / "profile"
        profile.mkdir()
        lines = (
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()
        )
        (profile / "user.js").write_text("\n".join(lines))
        (folder / "asound.conf").write_text(SILENT_SOUND_CARD)
        self._log = folder / "firefox.log"
        command = [
            program,
            "--headless",
            "--no-remote",
            "--profile",
            profile,
            "--remote-debugging-port",
            "0",
            "about:blank",
        ]
        environment = {**os.environ, "HOME": str(folder)}
        if sound:
            environment["PULSE_SERVER"] = f"unix:{sound}"
        else:
            environment["ALSA_CONFIG_PATH"] = str(folder / "asound.conf")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._numbers = itertools.count(1)
        self._stack = contextlib.ExitStack()
        try:
            self._socket = self._stack.enter_context(connect(self._address() + "/session", max_size=None))
        except BaseException:
            self._process.kill()
            raise
        self._send("session.new", {"capabilities": {}})
        self._context = self._send("browsingContext.getTree", {})["contexts"][0]["context"]

    def _address(self) -> str:
        end = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < end:
            found = re.search(
                r"WebDriver BiDi listening on (ws://\S+)", self._log.read_text(errors="replace")
            )
            if found:
                return found[1]
            assert self._process.poll() is None, self._log.read_text(errors="replace")
            time.sleep(0.05)
        raise AssertionError(f"Firefox does not listen: {self._log.read_text(errors='replace')}")

    def _send(self, method: str, params: dict) -> dict:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == number:
                assert answer.get("type") != "error", answer
                return answer["result"]

    def goto(self, url: str) -> None:
        """Load a page and wait until it is complete."""
        self._send("browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"})

    def before_every_page(self, script: str) -> None:
        """Run a script in each page from now on, before the page's own."""
        self._send("script.addPreloadScript", {"functionDeclaration": f"() => {{ {script} }}"})

    def evaluate(self, expression: str):
        """The value of a JavaScript expression, or of a function called, by way of JSON."""
        told = f"(value => typeof value === 'function' ? value() : value)({expression})"
        wrapped = f"(async () => JSON.stringify((await {told}) ?? null))()"
        target = {"context": self._context}
        params = {"expression": wrapped, "target": target, "awaitPromise": True, "userActivation": True}
        answer = self._send("script.evaluate", params)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def let_it_play(self) -> None:
        """Its preferences let every page play."""

    def wait_for(self, expression: str, seconds: float = 20.0, said: str = "null"):
        """Wait until an expression is true; gives its value. `said` is what to look at when it never is."""
        end = time.monotonic() + seconds
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            assert time.monotonic() < end, f"never true: {expression}; the page has: {self.evaluate(said)}"
            time.sleep(0.05)

    def wait_for_function(self, function: str, arg: object = None, timeout: float = 20_000) -> None:
        """As Playwright's: wait until a function gives something true; `timeout` in ms."""
        self.wait_for(f"({function})({json.dumps(arg)})", timeout / 1000)

    def close(self) -> None:
        """End it."""
        self._stack.close()
        self._process.terminate()
        self._process.wait(20)
