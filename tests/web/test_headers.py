"""What every answer carries so that nothing sent by a visitor is ever run in another's browser."""

import json
import re
from html.parser import HTMLParser

import pytest

MARKUP = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def thread(make_thread):
    return make_thread("walk", f'title={MARKUP}\ndescription="{MARKUP}"\n')


@pytest.fixture
def ann(join, sample):
    ann = join("walk", "Ann")
    ann.clip = ann.upload(sample("chromium-audio.webm"), description=MARKUP)
    return ann


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text of its scripts."""

    def __init__(self, answer):
        super().__init__()
        self.tags, self.scripts = [], []
        self.feed(answer.get_data(as_text=True))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.cdata_elem == "script":
            self.scripts.append(data)


PAGES = [
    "/",
    "/walk/",
    "/walk/?user=%3Cblink%3E&clip=%3C/script%3E%3Cblink%3E",
    "/help",
    "/nothing/",
    "/nothing/at/all",
]
DATA = [
    "/api/threads",
    "/api/threads/walk",
    "/api/threads/walk/clips",
    "/api/threads/walk/events",
    "/healthz",
]
DATA += [
    "/api/openapi.json",
    "/api/threads/nothing",
    "/api/nothing",
    "/static/nothing.js",
    "/api/threads/nothing/events",
]


def policy_of(answer):
    return dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))


@pytest.fixture(params=["visitor", "ann"])
def pages(request):
    """Every page, as a stranger and as a participant see it."""
    who = request.getfixturevalue(request.param)
    return [who.send("GET", path) for path in PAGES]


def test_a_page_may_load_from_its_own_site_alone_and_runs_nothing_inline(pages):
    for answer in pages:
        policy = policy_of(answer)
        assert answer.mimetype == "text/html"
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["media-src"] == "'self' blob:"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "microphone=(self)" in answer.headers["Permissions-Policy"]
        assert "camera=(self)" in answer.headers["Permissions-Policy"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_people_write_is_text_on_a_page_and_never_markup(pages):
    for page in map(Page, pages):
        assert not {"img", "blink"} & {tag for tag, _ in page.tags}
        scripts = [has for tag, has in page.tags if tag == "script"]
        assert all("src" in has or has.get("type") == "application/json" for has in scripts)
        assert all(json.loads(text) for text in page.scripts), "no text has ended a script before its end"


def test_a_page_has_nothing_that_its_policy_forbids(pages):
    for page in map(Page, pages):
        assert "style" not in {tag for tag, _ in page.tags}
        attributes = [(name, value or "") for _, has in page.tags for name, value in has.items()]
        assert not [name for name, _ in attributes if name == "style" or name.startswith("on")]
        links = [value for name, value in attributes if name in ("src", "href", "action")]
        assert links
        assert not [link for link in links if re.match(r"[a-z]+:|//", link, re.IGNORECASE)]


def test_data_is_never_a_page(ann):
    for path in DATA:
        answer = ann.send("GET", path)
        assert answer.mimetype in ("application/json", "application/problem+json")
        assert policy_of(answer) == {"default-src": "'none'", "frame-ancestors": "'none'"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_what_is_true_now_is_not_kept(ann):
    for path in DATA:
        if path.startswith("/api/threads"):
            assert ann.send("GET", path).headers["Cache-Control"] == "no-store"


def test_text_goes_through_the_api_as_it_was_written(ann, visitor):
    summary = visitor.ask("GET", "/api/threads").json["threads"][0]

    assert summary["title"] == summary["description"] == summary["newest"]["description"] == MARKUP


def test_pages_differ_by_cookie_and_language(ann):
    assert ann.ask("GET", "/walk/").headers["Vary"] == "Cookie, Accept-Language, Accept-Encoding"


def test_no_other_site_may_read_an_answer(ann):
    answer = ann.ask("GET", ann.url("clips"), headers={"Origin": "http://evil.example"})

    assert not any(name.startswith("Access-Control") for name, _ in answer.headers)


def test_a_preflight_is_not_answered_with_leave(ann):
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = ann.send("OPTIONS", ann.url("messages"), headers=asked)

    assert not any(name.startswith("Access-Control") for name, _ in answer.headers)
