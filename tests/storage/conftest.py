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


@pytest.fixture
def site(tmp_path, open_site):
    return open_site(tmp_path / "threads")


@pytest.fixture
def store(site):
    return site.create("walk", b"[common]\ntitle=Walk\n")


@pytest.fixture
def another_process(open_site):
    """The same thread as another process sees it: nothing remembered."""
    return lambda store: open_site(store.path.parent).thread(store.name)
