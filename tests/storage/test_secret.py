"""The site's secret: made once, whoever asks, and readable by its owner alone."""

import stat
import threading

import pytest

from mozchat.domain.errors import Unavailable
from mozchat.services.site import SECRET_FILE, Site
from mozchat.storage.secret import kept_secret


def test_it_is_made_once_and_its_owner_alone_may_read_it(tmp_path):
    path = tmp_path / "threads" / ".secret"

    first = kept_secret(path)

    assert len(first) >= 32
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [".secret"]


def test_all_who_ask_at_once_get_the_same(tmp_path):
    path, start = tmp_path / ".secret", threading.Barrier(8)
    found = []

    def ask():
        start.wait()
        found.append(kept_secret(path))

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_an_empty_file_is_no_secret(tmp_path):
    path = tmp_path / ".secret"
    path.touch()

    with pytest.raises(Unavailable):
        kept_secret(path)


def test_a_site_keeps_it_beside_its_threads_or_takes_the_one_of_its_settings(tmp_path):
    site, other = Site(tmp_path), Site(tmp_path, secret_key="k" * 32)
    try:
        assert site.secret == (tmp_path / SECRET_FILE).read_text().strip()
        assert other.secret == "k" * 32
        assert site.store.names() == []
    finally:
        site.close()
        other.close()
