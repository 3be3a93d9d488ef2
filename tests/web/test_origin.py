"""Who is asking, and whether a change comes from our own pages."""

import io

import pytest

COOKIE = "mozchat"
OWN = {"Origin": "http://localhost"}
OTHER = {"Origin": "http://evil.example"}


@pytest.fixture(autouse=True)
def thread(make_thread):
    return make_thread("walk", "reportErrors=1\n")


@pytest.fixture
def ann(join):
    return join("walk", "Ann")


def site_is(value):
    return {"Sec-Fetch-Site": value}


def cookie_of(ann):
    return {"Cookie": f"theme=dark; {COOKIE}={ann.token}"}


def say(visitor, headers, **request):
    message = {"to": "*", "type": "chat", "body": {"text": "hello"}}
    return visitor.status("POST", "/api/threads/walk/messages", json=message, headers=headers, **request)


BY_COOKIE = [
    ({}, 403),
    (site_is("same-origin"), 202),
    (site_is("none"), 202),
    (site_is("same-site"), 403),
    (site_is("cross-site"), 403),
    (site_is("something new"), 403),
    (site_is(""), 403),
    (OWN, 202),
    ({"Origin": "HTTP://LOCALHOST"}, 202),
    ({"Origin": "https://localhost"}, 202),
    ({"Origin": "http://localhost:8000"}, 403),
    ({"Origin": "http://localhost.evil.example"}, 403),
    ({"Origin": "http://evil.example/localhost"}, 403),
    ({"Origin": "http://localhost@evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
    ({"Origin": "http://[broken"}, 403),
    (OTHER, 403),
    (site_is("same-origin") | OTHER, 202),
    (site_is("cross-site") | OWN, 403),
    ({"Referer": "http://localhost/walk/"}, 403),
]


def test_a_change_by_cookie_must_come_from_our_own_pages(ann, visitor):
    seen = [(headers, say(visitor, cookie_of(ann) | headers)) for headers, _ in BY_COOKIE]

    assert seen == BY_COOKIE


def test_a_program_with_a_bearer_token_may_come_from_anywhere(ann):
    assert [say(ann, headers) for headers in ({}, site_is("cross-site"), OTHER)] == [202, 202, 202]


def test_nobody_is_made_to_join_by_another_site(visitor):
    for headers, status in ((site_is("cross-site"), 403), (OTHER, 403), (OWN, 201)):
        visitor.ask("POST", "/api/threads/walk/session", status, json={"name": "Eve"}, headers=headers)


def test_every_kind_of_change_is_checked(ann, visitor, sample):
    clip = ann.upload(sample("chromium-audio.webm"))["id"]
    changes = [
        ("POST", "session", {"json": {"name": "Eve"}}),
        ("DELETE", "session", {}),
        ("POST", "clips", {"data": {"blob": (io.BytesIO(b"x"), "clip")}}),
        ("DELETE", f"clips/{clip}", {}),
        ("POST", "messages", {"json": {}}),
        ("POST", "reports", {"json": {"message": "x"}}),
    ]

    statuses = [
        visitor.status(method, f"/api/threads/walk/{path}", headers=cookie_of(ann) | OTHER, **request)
        for method, path, request in changes
    ]

    assert statuses == [403] * len(changes)
    assert ann.clip_ids() == [clip]
    assert ann.events()["online"] == ["Ann"]


def test_reading_is_allowed_from_anywhere(ann, visitor):
    for headers in ({}, site_is("cross-site"), OTHER):
        seen = visitor.ask("GET", "/api/threads/walk", headers=cookie_of(ann) | headers).json
        assert seen["me"]["name"] == "Ann"


def test_a_site_under_another_name_is_the_host_that_was_asked(ann, visitor):
    own = cookie_of(ann) | {"Origin": "https://forum.example:8443"}

    assert say(visitor, own, base_url="https://forum.example:8443/") == 202
    assert say(visitor, own, base_url="https://forum.example/") == 403


# --- cookie and token


def join_by_browser(visitor, **request):
    answer = visitor.ask("POST", "/api/threads/walk/session", 201, json={"name": "Eve"}, **request)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    value, *attributes = cookie.split("; ")
    return answer.json["token"], value, set(attributes)


def test_a_browser_keeps_its_secret_where_no_script_and_no_other_site_reaches_it(visitor):
    token, value, attributes = join_by_browser(visitor)

    assert value == f"{COOKIE}={token}"
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
    assert "Max-Age=34560000" in attributes, "400 days, the longest that browsers keep a cookie"
    assert not any(attribute.startswith("Domain") for attribute in attributes)


@pytest.mark.parametrize(("base", "secure"), [("http://localhost/", False), ("https://localhost/", True)])
def test_on_https_the_cookie_never_goes_over_http(visitor, base, secure):
    _, _, attributes = join_by_browser(visitor, base_url=base)

    assert ("Secure" in attributes) is secure


def test_the_cookie_of_a_site_under_a_path_stays_below_it(visitor):
    _, _, attributes = join_by_browser(visitor, base_url="http://localhost/forum")

    assert "Path=/forum" in attributes


def test_the_secret_has_128_random_bits(join):
    tokens = {join("walk", f"Ann {n}").token for n in range(5)}

    assert len(tokens) == 5
    assert {len(token) for token in tokens} == {22}


def test_a_program_is_whom_its_token_says_whatever_cookie_it_carries(ann, join):
    bob = join("walk", "Bob")

    assert bob.ask("GET", bob.url(), headers=cookie_of(ann)).json["me"]["name"] == "Bob"


def test_the_scheme_of_a_token_may_be_written_in_any_case(ann, visitor):
    for scheme in ("Bearer", "bearer", "BEARER"):
        seen = visitor.ask("GET", ann.url(), headers={"Authorization": f"{scheme} {ann.token}"}).json
        assert seen["me"]["name"] == "Ann"


def test_what_is_no_token_is_nobody(ann, visitor):
    for value in (
        "",
        "Bearer",
        "Bearer ",
        "Basic QW5uOng=",
        "Bearer é",
        "Bearer a b",
        "Bearer " + "x" * 5_000,
    ):
        assert visitor.ask("GET", ann.url(), headers={"Authorization": value}).json["me"] is None


def test_what_is_no_cookie_of_ours_is_nobody(ann, visitor):
    for value in ("", COOKIE, f"{COOKIE}=", f"{COOKIE}=é", "theme=\xe9", f"{COOKIE}=a; {COOKIE}=b", "=;=;"):
        assert visitor.ask("GET", ann.url(), headers={"Cookie": value}).json["me"] is None


def test_a_cookie_of_another_program_on_the_host_does_no_harm(ann, visitor):
    for other in ("theme=\xe9", "\xff", 'a="b', "a=b=c; ;;"):
        seen = visitor.ask("GET", ann.url(), headers={"Cookie": f"{other}; {COOKIE}={ann.token}"}).json
        assert seen["me"]["name"] == "Ann"
