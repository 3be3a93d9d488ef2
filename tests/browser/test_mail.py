"""Mail about new clips, as people meet it: asking for it on the page, reading it on a phone, ending it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_states import check, open_controls
from tests.mail_server import MailServer, within
from tests.running import Client, RunningSite

BOB = "bob@example.org"
INI = """[common]
title=Saturday walk
lang={lang}
notifyUsers=1
allowSubscribe=1
maxBlobBytes=400000
maxMediaFolderBytes=40000000
maxClipSizeSec=20
userStatusFadeS=1
"""


@pytest.fixture
def server():
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mailing(tmp_path, server):
    """A site that sends mail, with threads in English and Russian."""
    folder = tmp_path / "threads"
    for lang in ("en", "ru"):
        (folder / lang).mkdir(parents=True)
        (folder / lang / ".ini").write_text(INI.format(lang=lang))
    environment = {
        "MOZCHAT_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "MOZCHAT_PUBLIC_URL": "https://example.org",
        "MOZCHAT_TRUSTED_HOSTS": "localhost 127.0.0.1",
    }
    site = RunningSite(folder, "--workers", "1", environment=environment)
    site.start()
    yield site
    site.stop()


def link_in(text, site, purpose):
    """A link of a mail, as it is on the site that runs here."""
    return site.url + re.search(rf"https://example\.org(/\w+/{purpose}\S*)", text)[1]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_somebody_asks_for_mail_confirms_it_and_ends_it(mailing, server, someone, width, height):
    bob = someone("Bob", width=width, height=height).enter(mailing, "en")
    open_controls(bob)
    address = bob.page.get_by_role("textbox", name="Your mail address")
    address.fill("bob")
    bob.button("Send me mail").click()
    expect(bob.page.get_by_text("This is not a mail address.")).to_be_visible()
    bob.errors.clear()  # the browser's own line about the refusal
    address.fill(BOB)
    bob.button("Send me mail").click()
    expect(bob.page.get_by_text(f"A mail is on its way to {BOB}.")).to_be_visible()
    check(bob)

    within(20, lambda: server.to(BOB))
    reader = someone("whoever reads Bob's mail", width=width, height=height)
    reader.page.goto(link_in(server.to(BOB)[0].text(), mailing, "confirm"))
    check(reader)
    reader.button("Yes, send me that mail").click()
    expect(
        reader.page.get_by_role("heading", name="You will hear of new clips in Saturday walk")
    ).to_be_visible()
    check(reader)
    bob.page.reload()
    open_controls(bob)
    expect(bob.page.get_by_text(f"new clips are told to {BOB}")).to_be_visible()
    check(bob)
    bob.button("No more mail").click()
    expect(address).to_be_visible()


def test_who_speaks_is_told_that_others_hear_of_it_and_they_end_it_with_one_press(mailing, server, someone):
    (mailing.folder / "en" / "notify.ini").write_text(f"Bob={BOB}\n")
    ann = someone("Ann").enter(mailing, "en")
    ann.record(1)
    ann.button("Upload").click()
    expect(ann.page.get_by_text("One person who is away is told by mail.").first).to_be_visible()

    within(20, lambda: server.to(BOB))
    text = server.to(BOB)[0].text()
    bob = someone("Bob")
    bob.page.goto(link_in(text, mailing, "unsubscribe/"))
    bob.button("Stop this mail").click()
    expect(bob.page.get_by_role("heading", name="No more mail about Saturday walk")).to_be_visible()
    bob.page.goto(link_in(text, mailing, r"\?clip="))
    expect(bob.page.get_by_role("textbox", name="Your name")).to_have_value("Bob")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_mail_looks_right_on_a_phone(mailing, server, someone, sample, lang, scheme, tmp_path):
    (mailing.folder / lang / "notify.ini").write_text(f"Bob={BOB}\n")
    ann = Client(mailing).join(lang, "Ann")
    peaks = str([number % 17 * 6 for number in range(96)])
    long = "Verylongwordsthatnobodycanbreak" * 5
    assert ann.upload(lang, sample("chromium-audio.webm"), description=long, peaks=peaks)[0] == 201
    within(20, lambda: server.to(BOB))
    (tmp_path / "mail.html").write_text(server.to(BOB)[0].html())

    # As a mail program shows it: no script runs, nothing is loaded.
    bob = someone("Bob", width=390, height=844, color_scheme=scheme)
    asked = []
    bob.page.on("request", lambda request: asked.append(request.url))
    for width in (390, 320):
        bob.page.set_viewport_size({"width": width, "height": 844})
        bob.page.goto(f"file://{tmp_path}/mail.html")
        assert bob.page.evaluate("() => document.documentElement.scrollWidth") == width
        button = bob.page.get_by_role("link", name={"en": "Listen", "ru": "Послушать"}[lang])
        assert button.bounding_box()["height"] >= 44
    bars = bob.page.locator(".swell").evaluate_all("bars => bars.map((bar) => bar.offsetHeight)")
    assert 20 < len(bars) <= 30
    assert max(bars) > 20
    assert asked == [f"file://{tmp_path}/mail.html"] * 2
    check(bob)
