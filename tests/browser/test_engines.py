"""Record, upload and play once on the other engines, and across them: Firefox, and WebKit as Safari has it."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.browser.firefox import Firefox
from tests.people import tool

# What stands on the page, as JavaScript: the same names as in the contract, without a library.
NAMED = """(name) => [...document.querySelectorAll('button, input')].find((element) =>
  (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim() === name
  && element.checkVisibility())"""
ENTER = """(({named}), () => {{
  const find = {named};
  find('Your name').value = '{name}';
  find('Thread').value = '{thread}';
  for (const field of ['Your name', 'Thread']) find(field).dispatchEvent(new Event('input', {{ bubbles: true }}));
  find('Enter').click();
  return true;
}})()"""
SPOKEN_SECONDS = 3
"""Under load these engines give their recorder nothing for the first second or so."""
SAID = "document.querySelector('#recorder, main').innerText.slice(-400)"
START_LISTENING = (By.XPATH, "//button[normalize-space()='Start listening']")
PRESS = "(() => {{ ({named})('{name}').click(); return true; }})()"
CLIPS = "document.querySelectorAll('ol[aria-label=\"Clips\"] > li').length"
FOLLOW = """(() => {
  const play = HTMLMediaElement.prototype.play;
  window.mozchatPlayed = [];
  HTMLMediaElement.prototype.play = function () {
    window.mozchatPlayed.push(this);
    return play.call(this);
  };
  return true;
})()"""
PLAYED = """(window.mozchatPlayed).map((media) =>
  ({ time: media.currentTime, error: media.error?.message ?? null })).find(({ time }) => time > 0.3)"""


def press(name):
    return PRESS.format(named=NAMED, name=name)


def enter(name, thread):
    return ENTER.format(named=NAMED, name=name, thread=thread)


def record_and_play(browser, site, thread, name, someone):
    """Enter, record, hear what was said in Chromium there, and the other way round."""
    bob = someone("Bob").enter(site, thread)
    browser.goto(site.url + "/")
    browser.wait_for(f"!({NAMED})('Enter').disabled")
    browser.evaluate(enter(name, thread))
    browser.wait_for(f"location.pathname === '/{thread}/' && !!({NAMED})('Record')")
    browser.evaluate(FOLLOW)
    browser.wait_for(f"!({NAMED})('Record').disabled")
    browser.evaluate(press("Record"))
    browser.wait_for(f"({NAMED})('Record')?.getAttribute('aria-pressed') === 'true'")
    time.sleep(SPOKEN_SECONDS)
    browser.evaluate(press("Record"))
    browser.wait_for(f"{CLIPS} === 1", said=SAID)
    expect(bob.clips).to_have_count(1)
    expect(bob.clips.first).to_contain_text(name)
    bob.wait_until_heard(1, 0.001)
    bob.record(2)
    browser.wait_for(f"{CLIPS} === 2")
    browser.let_it_play()
    return browser.wait_for(PLAYED)


@pytest.fixture
def firefox(tmp_path):
    browser = Firefox(tool("firefox-esr"), tmp_path)
    yield browser
    browser.close()


def test_firefox_and_chromium_hear_each_other(site, make_thread, someone, firefox):
    thread = make_thread("mediaChat")
    played = record_and_play(firefox, site, thread, "Fay", someone)
    assert played["error"] is None


class WebKit:
    """WebKitGTK's MiniBrowser by WebDriver, with the same few verbs as our Firefox."""

    def __init__(self):
        options = Options()
        options.binary_location = _mini_browser()
        for argument in ("--automation", "--enable-mock-capture-devices=true", "--enable-media-stream=true"):
            options.add_argument(argument)
        self._driver = webdriver.WebKitGTK(
            options=options, service=Service(tool("WebKitWebDriver", "webkit2gtk-driver"))
        )
        self._driver.set_script_timeout(30)

    def goto(self, url):
        self._driver.get(url)

    def evaluate(self, expression):
        return self._driver.execute_script(f"return {expression}")

    def let_it_play(self):
        """Without a press by a person this engine plays nothing: the page then offers one button for it."""
        WebDriverWait(self._driver, 20).until(element_to_be_clickable(START_LISTENING)).click()

    wait_for = Firefox.wait_for

    def close(self):
        self._driver.quit()


def _mini_browser():
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"):
        for version in ("4.1", "4.0", "6.0"):
            path = f"{folder}/webkit2gtk-{version}/MiniBrowser"
            if Path(path).exists():
                return path
    pytest.fail("WebKit's MiniBrowser is missing: apt-get install webkit2gtk-driver libwebkit2gtk-4.1-0")


@pytest.fixture
def webkit(display):
    browser = WebKit()
    yield browser
    browser.close()


def test_webkit_and_chromium_hear_each_other(site, make_thread, someone, webkit):
    thread = make_thread("mediaChat")
    played = record_and_play(webkit, site, thread, "Sue", someone)
    assert played["error"] is None
