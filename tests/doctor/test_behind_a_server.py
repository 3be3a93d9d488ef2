"""What stands in front of a site, right and wrong in many ways, as the doctor sees it."""

import pytest

from tests.running import Client

pytestmark = pytest.mark.process

WEB = "Through the public URL"
ALL = {
    "https", "Reached", "Clock", "Entering", "Programs", "News", "Range", "Pieces of clips", "Big clips", "Files",
    "Long polls",
}  # fmt: skip


@pytest.fixture
def through(examine, site, nginx):
    """The report on the site as it is reached through nginx in one of its ways."""

    def report(way, **how):
        found = examine(site.folder, "--url", nginx.url(way), **how)
        assert [path.name for path in site.folder.iterdir() if "doctor" in path.name] == []
        return found

    return report


def test_everything_is_right_without_a_server_in_front(examine, site):
    report = examine(site.folder, "--url", site.url)

    assert report.abouts("error") | report.abouts("warning") == set()
    assert report.code == 0
    assert {f["about"] for f in report.findings if f["group"] == WEB and f["level"] == "right"} == ALL
    assert "Held for 1 s" in report.text("Long polls")


def test_everything_is_right_behind_a_server_that_is_set_up_well(through):
    report = through("right")

    assert report.abouts("error") | report.abouts("warning") == set()
    assert report.code == 0


@pytest.mark.parametrize(
    ("way", "about", "words"),
    [
        ("small bodies", "Big clips", ("with 413", "3,000,000", "client_max_body_size")),
        ("short polls", "Long polls", ("of 1 s was cut after 0.", "504", "proxy_read_timeout")),
        (
            "serves the folder",
            "Files",
            ("/threads/THREAD/users.json", "/threads/THREAD/.ini", "MOZCHAT_THREADS"),
        ),
        ("serves all", "Files", ("/threads/THREAD/users.json",)),
        ("eats Range", "Range", ("the whole clip came",)),
        ("bars methods", "Pieces of clips", ("PATCH does not come through (405",)),
        ("eats the cookie", "Cookie", ("Set-Cookie",)),
        ("other path", "Path", ("reach the site at /forum, and it takes itself to be at /",)),
        ("nobody behind", "Reached", ("not the site behind it (502)",)),
        ("leads on", "Reached", ("MOZCHAT_PUBLIC_URL=https://forum.example",)),
        ("something else", "Reached", ("is not mozchat",)),
    ],
)
def test_it_says_what_is_wrong_in_front_and_nothing_else(through, way, about, words):
    report = through(way)

    assert report.abouts("error") == {about}
    assert report.abouts("warning") == set()
    assert report.code == 1
    for word in words:
        assert word in report.text(about)


def test_the_sites_own_secrets_are_the_first_that_are_named(through, nginx):
    assert f"{nginx.url('serves all')}/.env" in through("serves all").text("Files")


def test_programs_that_are_not_known_are_a_warning(through):
    report = through("eats Authorization")

    assert (report.abouts("error"), report.abouts("warning")) == (set(), {"Programs"})
    assert report.code == 0


def test_a_certificate_of_no_known_authority_is_an_error_and_the_rest_is_looked_at(through):
    report = through("certificate")

    assert report.abouts("error") == {"https"}
    assert "self-signed certificate" in report.text("https")
    assert report.abouts("right") >= ALL - {"https"}


def test_a_valid_certificate_is_right_but_the_site_must_know_of_it(through, nginx):
    report = through("certificate", environment={"SSL_CERT_FILE": str(nginx.authority)})

    assert report.abouts("error") == set()
    assert "valid for another 299 days" in report.text("https")
    assert report.abouts("warning") == {"Cookie"}
    assert "MOZCHAT_TRUSTED_PROXIES" in report.text("Cookie")


def test_a_certificate_that_is_about_to_end_is_a_warning(through, nginx):
    report = through(
        "old certificate", environment={"SSL_CERT_FILE": str(nginx.authority.with_name("old.pem"))}
    )

    assert "for 2 days only" in report.text("https")
    assert "https" in report.abouts("warning")


def test_plain_http_for_others_is_an_error(examine, run_site, network, folder):
    network.host("ann")
    address = network.gateway("ann")
    site = run_site("--host", "0.0.0.0")

    report = examine(folder, "--url", f"http://{address}:{site.port}")

    assert report.abouts("error") == {"https"}
    assert "no microphone" in report.text("https")


def test_another_folder_than_the_sites_is_noticed(examine, folder, site):
    report = examine(folder, "--url", site.url)

    assert report.abouts("error") == {"Entering"}
    assert str(folder) in report.text("Entering")
    assert "News" in report.text("Left out")


def test_a_site_without_room_for_listeners_is_a_warning(examine, run_site, folder):
    site = run_site("--listeners", "0")

    report = examine(folder, "--url", site.url)

    assert report.abouts("error") == set()
    assert report.abouts("warning") == {"Long polls"}
    assert "no room for listeners" in report.text("News")


def test_nobody_sees_the_trial_and_nothing_of_it_is_left(examine, site, until):
    def there():
        """All but what a running site needs."""
        paths = site.folder.rglob("*")
        return sorted(str(p) for p in paths if p.name != ".run" and not p.name.endswith(".bell"))

    before = there()
    examine(site.folder, "--url", site.url)

    until(lambda: there() == before)
    assert [t["name"] for t in Client(site).request("GET", "/api/threads")[1]["threads"]] == ["walk"]
