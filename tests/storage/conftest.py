import pytest

from mozchat.storage.site_store import SiteStore


@pytest.fixture
def open_site():
    """Open a site on a folder; one more of the same folder is what another process would have."""
    opened = []

    def open_one(folder):
        opened.append(SiteStore(folder))
        return opened[-1]

    yield open_one
    for site in opened:
        site.close()
