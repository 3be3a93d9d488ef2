"""The pages as they are before any script runs, and the files that they load."""

import gzip
import json
import os
import re
from itertools import chain

import pytest

from mozchat import __version__
from mozchat.storage.hub_file import HubFile
from mozchat.web.pages import THREAD_SCRIPTS


@pytest.fixture
def walk(make_thread):
    return make_thread("walk", "title=Saturday walk\ndescription=Where we meet.\n")


@pytest.fixture
def ann(walk, join):
    return join("walk", "Ann")


def text_of(visitor, path, **request):
    return visitor.ask("GET", path, **request).get_data(as_text=True)


def data_of(page, name):
    """What a page hands to its scripts."""
    return json.loads(re.search(rf'<script[^>]*id="{name}"[^>]*>(.*?)</script>', page, re.DOTALL)[1])


def test_the_front_page_leads_to_the_public_threads_without_any_script(walk, make_thread, visitor):
    make_thread("secret", "title=The hidden room\npublic=0\n")

    page = text_of(visitor, "/")

    assert 'href="/walk/"' in page
    assert "Saturday walk" in page
    assert "Where we meet." in page
    assert "hidden room" not in page


def test_a_thread_that_is_not_public_can_be_entered_by_whoever_knows_it(make_thread, join, visitor):
    make_thread("secret", "public=0\n")
    ann = join("secret", "Ann")

    assert ann.clips()["clips"] == []
    assert visitor.ask("GET", "/api/threads").json["threads"] == []
    text_of(visitor, "/secret/")


def test_the_scripts_of_the_front_page_are_told_the_threads(ann, visitor):
    told = data_of(text_of(visitor, "/?user=Rosa"), "page-config")

    assert (told["page"], told["thread"], told["user"]) == ("front", None, "Rosa")
    assert told["threads"] == visitor.ask("GET", "/api/threads").json["threads"]


def test_a_page_carries_the_words_of_its_own_scripts_only(ann, visitor):
    front = data_of(text_of(visitor, "/"), "page-strings")
    thread = data_of(text_of(ann, "/walk/"), "page-strings")

    assert {key.partition(".")[0] for key in front if "." in key} == {"front"}
    assert {"call.hangUp", "clip.play", "chat.from"} < set(thread)
    assert not {key for key in thread if key.startswith(("page.", "front."))}
    assert "retry" in front
    assert "retry" in thread


def test_a_link_to_a_thread_leads_somebody_new_to_its_door_with_what_the_link_says(walk, visitor):
    page = text_of(visitor, "/walk/?user=Rosa&clip=abc")
    told = data_of(page, "page-config")

    assert (told["page"], told["thread"]["name"], told["user"], told["clip"]) == (
        "front",
        "walk",
        "Rosa",
        "abc",
    )
    assert 'value="Rosa"' in page
    assert 'value="walk"' in page


def test_a_participant_is_shown_the_thread(ann):
    page = text_of(ann, "/walk/?clip=abc")
    told = data_of(page, "page-config")

    assert (told["page"], told["base"], told["lang"], told["clip"]) == ("thread", "", "en", "abc")
    assert told["thread"] == ann.ask("GET", ann.url()).json
    assert "Saturday walk" in page


def test_whoever_can_be_recognised_by_the_cookie_is_a_participant(ann, visitor):
    page = text_of(visitor, "/walk/", headers={"Cookie": f"mozchat={ann.token}"})

    assert data_of(page, "page-config")["thread"]["me"]["name"] == "Ann"


@pytest.mark.parametrize("path", ["/", "/walk/"])
def test_under_a_path_every_address_has_that_path_in_front(ann, path):
    page = text_of(ann, path, base_url="http://localhost/forum")

    assert data_of(page, "page-config")["base"] == "/forum"
    addresses = re.findall(r'(?:src|href|action)="(/[^"]*)"', page)
    assert addresses
    assert all(address.startswith("/forum/") for address in addresses)


@pytest.mark.parametrize("base", ["", "/forum"])
def test_an_address_without_the_last_slash_leads_to_the_thread(walk, visitor, base):
    answer = visitor.ask("GET", "/walk?user=R%C3%B3sa&clip=1", 308, base_url=f"http://localhost{base}")

    assert answer.headers["Location"] == f"{base}/walk/?user=R%C3%B3sa&clip=1"


def test_a_thread_speaks_its_own_language(make_thread, join, visitor):
    make_thread("walk", "lang=ru\n")
    ann = join("walk", "Анна")

    for who in (ann, visitor):
        assert '<html lang="ru"' in text_of(who, "/walk/", headers={"Accept-Language": "en"})


def test_other_pages_speak_the_language_of_the_browser(visitor):
    accepted = {
        "": "en",
        "ru": "ru",
        "de, ru;q=0.5, en;q=0.1": "ru",
        "ru-RU": "ru",
        "de": "en",
        "*;q=x,,": "en",
    }

    for header, language in accepted.items():
        for path in ("/", "/help", "/nothing/"):
            answer = visitor.send("GET", path, headers={"Accept-Language": header})
            assert f'<html lang="{language}"' in answer.get_data(as_text=True)


def test_whoever_watches_the_site_learns_that_it_runs(visitor):
    assert visitor.ask("GET", "/healthz").json == {
        "status": "ok",
        "version": __version__,
        "process": os.getpid(),
        "listeners": 0,
    }


# --- files


def file_of(page, name):
    return re.search(rf'"(/static/[0-9a-f]+/{name})"', page)[1]


def test_a_file_may_be_kept_for_ever_under_the_address_of_its_release(visitor):
    address = file_of(text_of(visitor, "/"), "css/front.css")

    assert visitor.ask("GET", address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    older = re.sub(r"/static/[0-9a-f]+/", "/static/0123456789/", address)
    assert visitor.ask("GET", older).headers["Cache-Control"] == "no-cache"


def test_a_file_is_sent_compressed_to_whoever_can_read_that(visitor):
    address = file_of(text_of(visitor, "/"), "js/front.js")
    plain = visitor.ask("GET", address)
    small = visitor.ask("GET", address, headers={"Accept-Encoding": "br, gzip"})

    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert plain.headers["ETag"] != small.headers["ETag"]
    assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
    assert plain.content_type == "text/javascript; charset=utf-8"
    visitor.ask("GET", address, 304, headers={"If-None-Match": plain.headers["ETag"]})


def test_no_file_but_those_of_the_pages_is_to_be_had(visitor):
    for name in ("nothing.js", "../pyproject.toml", "%2e%2e/pyproject.toml", ".hidden", "js", "js/"):
        visitor.ask("GET", f"/static/0123456789/{name}", 404)


def test_every_script_and_style_that_a_page_names_is_there(ann, visitor):
    for page in (text_of(visitor, "/"), text_of(ann, "/walk/"), text_of(visitor, "/help")):
        for address in set(re.findall(r'"(/static/[^"]+)"', page)):
            visitor.ask("GET", address)


@pytest.fixture
def assets(app):
    return app.extensions["mozchat-assets"]


def test_the_scripts_of_record_are_fetched_with_the_page_and_the_others_named_in_the_order_of_need(
    ann, assets
):
    page = text_of(ann, "/walk/")
    fetched = re.findall(r'<link rel="modulepreload" href="/static/[0-9a-f]+/([^"]+)">', page)
    later = data_of(page, "page-config")["later"]
    first, *rest = assets.stages(*THREAD_SCRIPTS)

    assert fetched == first
    assert later == list(chain(*rest))
    assert later[0] == THREAD_SCRIPTS[1]
    assert len({*fetched, *later}) == len(fetched) + len(later) > 100


def test_each_script_of_a_thread_is_loaded_by_one_before_it(assets):
    loaded = [THREAD_SCRIPTS[0]]
    for name in THREAD_SCRIPTS:
        assert name in loaded
        called = re.findall(r'import\("\./([^"/]+)"\)(?!\.[A-Z])', assets.get(name).content.decode())
        loaded += [f"js/{script}" for script in called]

    assert loaded == list(THREAD_SCRIPTS)


def test_what_record_waits_for_is_little(ann, assets):
    """On a slow telephone each six requests are a wait of their own: this is the budget of a second."""
    first = assets.stages(*THREAD_SCRIPTS)[0]
    page = text_of(ann, "/walk/")
    styles = re.findall(r'<link rel="stylesheet" href="/static/[0-9a-f]+/([^"]+)"', page)
    files = [assets.get(name) for name in [*styles, *first]]

    assert len(styles) > 3
    assert len(files) <= 25
    assert sum(len(file.compressed or file.content) for file in files) <= 41_000


def test_what_a_recording_is_kept_with_comes_right_after_record_and_is_little(assets):
    takes = assets.stages(*THREAD_SCRIPTS)[1]

    assert "js/recorder/outbox.js" in takes
    assert len(takes) <= 20
    assert sum(len(assets.get(name).compressed) for name in takes) <= 33_000


def test_a_browser_that_asks_for_an_icon_is_shown_where_it_is(visitor):
    answer = visitor.ask("GET", "/favicon.ico", 302)

    assert visitor.ask("GET", answer.headers["Location"]).content_type == "image/svg+xml"


@pytest.fixture
def write_hub_ini(site, tmp_path, monkeypatch):
    """Write the settings of a hub."""
    monkeypatch.setattr(site, "hub_file", HubFile(tmp_path / "ws.ini"))
    return (tmp_path / "ws.ini").write_text


def connects_to(answer):
    return re.search(r"connect-src ([^;]*);", answer.headers["Content-Security-Policy"])[1]


def test_a_page_is_told_that_there_is_a_hub_and_may_connect_to_it_wherever_it_is(ann, write_hub_ini):
    for uri, origin in (("", "ws://localhost"), ("wss://hub.example:8080/a", "wss://hub.example:8080")):
        write_hub_ini(f"[common]\nwsOn=1\nwsServerUri={uri}\n")
        answer = ann.ask("GET", "/walk/")
        assert data_of(answer.get_data(as_text=True), "page-config")["hub"] is True
        assert connects_to(answer) == f"'self' {origin}"


@pytest.mark.parametrize("ini", ["", "[common]\nwsOn=0\n", "[common]\nwsOn=1\n[realms]\ncave=\n"])
def test_a_thread_without_a_hub_connects_to_its_site_alone(ann, write_hub_ini, ini):
    write_hub_ini(ini)
    answer = ann.ask("GET", "/walk/")

    assert data_of(answer.get_data(as_text=True), "page-config")["hub"] is False
    assert connects_to(answer) == "'self'"
