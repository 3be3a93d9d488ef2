"""Somebody with a Firefox in a thread, with a known voice and ears at what is played, see `mouth_and_ear`."""

from __future__ import annotations

from pathlib import Path

from tests.browser.firefox import Firefox
from tests.browser.mouth_and_ear import script
from tests.browser.test_engines import NAMED, enter, press
from tests.nginx_front import WITHOUT_POLICY, NginxFront
from tests.people import tool
from tests.sound_server import SoundServer


class FirefoxPerson:
    """`page` has of Playwright's pages what the ears want."""

    def __init__(self, folder: Path, port: int, voice: str = "tone") -> None:
        self._sound = SoundServer()
        (folder / "nginx").mkdir()
        self._front = NginxFront(folder / "nginx", port, WITHOUT_POLICY)
        self._front.start()
        self.page = Firefox(tool("firefox-esr"), folder, self._sound.socket)
        self.page.before_every_page(script(voice))

    def enter(self, name: str, thread: str) -> None:
        """From the front page into a thread."""
        self.page.goto(self._front.url + "/")
        self.page.wait_for(f"!({NAMED})('Enter').disabled")
        self.page.evaluate(enter(name, thread))
        self.page.wait_for(f"location.pathname === '/{thread}/' && !!({NAMED})('Record')")
        self.page.wait_for(f"!({NAMED})('Record').disabled")

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.evaluate(press(name))

    def close(self) -> None:
        """End what belongs to it."""
        self.page.close()
        self._front.stop()
        self._sound.stop()
