"""The site tried on a phone in the same network: by the machine's address, with a certificate of its own."""

import pytest
from playwright.sync_api import expect

from mozchat.certificate import own_address
from tests.running import RunningSite

VOICE = 0.01


@pytest.fixture
def secure_site(tmp_path):
    site = RunningSite(tmp_path / "threads", "--https")
    site.start()
    site.url = f"https://{own_address()}:{site.port}"
    yield site
    site.stop()


def test_a_phone_records_and_another_hears_it(secure_site, someone):
    bob = someone("Bob", ignore_https_errors=True).enter(secure_site, "mediaChat")
    ann = someone("Ann", width=390, height=844, has_touch=True, is_mobile=True, ignore_https_errors=True)
    ann.enter(secure_site, "mediaChat")

    assert ann.page.evaluate("isSecureContext")
    ann.record(2)

    expect(bob.clips).to_have_count(1)
    bob.wait_until_heard(1, VOICE)
