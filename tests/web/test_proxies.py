"""A site behind proxies, under its public address and under a path."""

import json

import pytest
from werkzeug.test import Client

from mozchat.services.reports import PER_MINUTE
from mozchat.settings import SettingsError, SiteSettings
from mozchat.web.proxies import Proxies, ProxiesApp

PUBLIC = "https://forum.example.org/forum"
DIRECT = "203.0.113.9"
NEAR, FAR = "127.0.0.1", "10.1.2.3"


@pytest.fixture(autouse=True)
def thread(make_thread):
    return make_thread("walk", "userStatusFadeS=600\nreportErrors=1\n")


@pytest.fixture
def behind(app):
    """A client of the site with these settings, which comes from the address `peer`."""

    def make(peer=DIRECT, **settings):
        environment = {f"MOZCHAT_{name.upper()}": value for name, value in settings.items()}
        proxies = Proxies.of(SiteSettings.from_environment(environment))
        client = Client(ProxiesApp(proxies, app) if proxies else app, use_cookies=False)
        client.peer = peer
        return client

    return make


def ask(client, path="/", method="GET", host="forum.example.org", body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(
        path,
        method=method,
        base_url=f"http://{host}",
        headers=named,
        environ_overrides={"REMOTE_ADDR": client.peer},
        buffered=True,
        **({"json": body} if body is not None else {}),
    )


def join(client, path="/api/threads/walk/session", name="Ann", **headers):
    return ask(client, path, "POST", body={"name": name}, **headers)


def cookie(answer):
    (cookie,) = answer.headers.getlist("Set-Cookie")
    return cookie


def settled(proxies, peer, **fields):
    environ = {"REMOTE_ADDR": peer, "PATH_INFO": "/", "HTTP_HOST": "a.example", "wsgi.url_scheme": "http"}
    environ |= {f"HTTP_X_FORWARDED_{name}": value for name, value in fields.items()}
    proxies.settle(environ)
    return environ


def trusting(*proxies):
    return Proxies.of(SiteSettings.from_environment({"MOZCHAT_TRUSTED_PROXIES": ",".join(proxies)}))


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ((), NEAR, "203.0.113.1", NEAR),
        ((NEAR,), NEAR, "203.0.113.1", "203.0.113.1"),
        ((NEAR,), DIRECT, "203.0.113.1", DIRECT),
        ((NEAR,), NEAR, "198.51.100.7, 203.0.113.1", "203.0.113.1"),
        ((NEAR, "10.0.0.0/8"), NEAR, "198.51.100.7, 203.0.113.1, 10.9.9.9", "203.0.113.1"),
        ((NEAR, "10.0.0.0/8"), NEAR, "10.0.0.7, 10.9.9.9", "10.0.0.7"),
        ((NEAR,), NEAR, "", NEAR),
        ((NEAR,), NEAR, "nonsense, 203.0.113.1", "203.0.113.1"),
        ((NEAR,), NEAR, "203.0.113.1, nonsense", NEAR),
        ((NEAR,), NEAR, "203.0.113.1:4711", "203.0.113.1"),
        ((NEAR,), NEAR, "[2001:db8::7]:4711", "2001:db8::7"),
        ((NEAR,), NEAR, "2001:db8::7", "2001:db8::7"),
        ((NEAR,), f"::ffff:{NEAR}", "203.0.113.1", "203.0.113.1"),
        (("2001:db8::/32",), "2001:db8::1", "203.0.113.1", "203.0.113.1"),
        (("unix",), "", "203.0.113.1", "203.0.113.1"),
        (("unix",), NEAR, "203.0.113.1", NEAR),
        ((NEAR,), "", "203.0.113.1", ""),
    ],
)
def test_the_participant_is_the_right_most_whom_no_trusted_proxy_has_written(
    trusted, peer, forwarded, client
):
    assert settled(trusting(*trusted), peer, FOR=forwarded)["REMOTE_ADDR"] == client


def test_what_a_trusted_proxy_says_counts_and_what_anybody_else_says_does_not():
    said = {"PROTO": "https", "HOST": "forum.example.org", "PREFIX": "/forum/"}

    believed = settled(trusting(NEAR), NEAR, **said)
    doubted = settled(trusting(NEAR), DIRECT, **said)

    assert [believed[key] for key in ("wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME")] == [
        "https",
        "forum.example.org",
        "/forum",
    ]
    assert (doubted["wsgi.url_scheme"], doubted["HTTP_HOST"]) == ("http", "a.example")
    assert "SCRIPT_NAME" not in doubted


@pytest.mark.parametrize("said", [{"PROTO": "javascript"}, {"PREFIX": "forum"}, {"PREFIX": "//evil.example"}])
def test_what_a_proxy_cannot_mean_is_passed_over(said):
    found = settled(trusting(NEAR), NEAR, **said)

    assert (found["wsgi.url_scheme"], found.get("SCRIPT_NAME", "")) == ("http", "")


def test_participants_behind_one_proxy_are_several(behind, caplog):
    """Of each address only so many reports are taken, so they are told apart by what is logged."""
    client = behind(NEAR, trusted_proxies=NEAR)
    bearer = {"Authorization": f"Bearer {join(client).json['token']}"}

    for client_address in (*["203.0.113.20"] * (PER_MINUTE + 1), "203.0.113.21"):
        report = {"message": f"it broke at {client_address}"}
        ask(
            client, "/api/threads/walk/reports", "POST", body=report, X_Forwarded_For=client_address, **bearer
        )

    assert caplog.text.count("it broke at 203.0.113.20") == PER_MINUTE
    assert caplog.text.count("it broke at 203.0.113.21") == 1


@pytest.mark.parametrize("path", ["/forum", ""])
def test_a_public_address_with_a_path_works_whether_the_proxy_passes_the_path_on_or_not(behind, path):
    client = behind(public_url=PUBLIC)
    token = join(client, f"{path}/api/threads/walk/session").json["token"]
    bearer = {"Authorization": f"Bearer {token}"}

    page = ask(client, f"{path}/walk/").get_data(as_text=True)
    events = ask(client, f"{path}/api/threads/walk/events", **bearer)
    many = ask(client, f"{path}/api/events?at=walk:", **bearer)
    refused = ask(client, f"{path}/api/threads/walk/uploads", "POST", body={}, **bearer)
    redirected = ask(client, f"{path}/walk", **bearer)

    assert '"/forum/static/' in page
    assert '"/static/' not in page
    assert (events.status_code, many.status_code) == (200, 200)
    assert refused.status_code == 400
    assert redirected.headers["Location"] == "/forum/walk/"


def test_the_links_in_answers_of_every_kind_have_the_public_path(behind, sample):
    client = behind(public_url=PUBLIC)
    bearer = {"Authorization": f"Bearer {join(client).json['token']}"}
    headers = {"Upload-Complete": "?1", **bearer}
    clip = client.post(
        "/forum/api/threads/walk/uploads",
        data=sample("chromium-audio.webm"),
        base_url="http://forum.example.org",
        headers=headers,
    )

    assert clip.status_code == 201
    media = f"/forum/api/threads/walk/clips/{clip.json['id']}/media"
    assert clip.json["media"] == media
    for path in ("/forum/api/threads/walk/events", "/forum/api/threads/walk/clips"):
        assert media in ask(client, path, **bearer).get_data(as_text=True)
    assert ask(client, media, **bearer).status_code == 200
    assert ask(client, "/forum/api/openapi.json").json["servers"] == [{"url": "/forum"}]


def test_a_thread_may_be_called_like_the_path(behind, make_thread):
    make_thread("forum")
    client = behind(NEAR, public_url=PUBLIC, trusted_proxies=NEAR)

    whole = ask(client, "/forum/forum/").get_data(as_text=True)
    stripped = ask(client, "/forum/", X_Forwarded_Prefix="/forum").get_data(as_text=True)

    assert '"name":"forum"' in whole.replace(" ", "")
    assert '"name":"forum"' in stripped.replace(" ", "")


@pytest.mark.parametrize(
    ("settings", "headers", "secure"),
    [
        ({}, {}, False),
        ({}, {"X_Forwarded_Proto": "https"}, False),
        ({"trusted_proxies": NEAR}, {"X_Forwarded_Proto": "https"}, True),
        ({"trusted_proxies": NEAR}, {"X_Forwarded_Proto": "http"}, False),
        ({"public_url": PUBLIC}, {}, True),
        ({"public_url": "http://forum.example.org"}, {}, False),
    ],
)
def test_the_cookie_is_secure_where_the_participant_is_on_https(behind, settings, headers, secure):
    found = cookie(join(behind(NEAR, **settings), **headers))

    assert ("Secure" in found) is secure
    assert f"Path={'/forum' if settings.get('public_url') == PUBLIC else '/'};" in found + ";"


@pytest.mark.parametrize(
    ("settings", "host", "headers", "status"),
    [
        ({}, "localhost:8000", {}, 403),
        ({"trusted_proxies": NEAR}, "localhost:8000", {"X_Forwarded_Host": "forum.example.org"}, 201),
        ({"trusted_proxies": FAR}, "localhost:8000", {"X_Forwarded_Host": "forum.example.org"}, 403),
        ({"public_url": PUBLIC}, "forum.example.org", {}, 201),
        ({"public_url": "https://forum.example.org:443/"}, "forum.example.org", {}, 201),
        ({"public_url": "https://forum.example.org:8443"}, "forum.example.org", {}, 403),
    ],
)
def test_a_change_from_our_own_pages_is_told_as_such_behind_a_proxy(behind, settings, host, headers, status):
    client = behind(NEAR, **settings)

    assert join(client, host=host, Origin="https://forum.example.org", **headers).status_code == status


def test_a_change_from_elsewhere_is_refused_behind_a_proxy_too(behind):
    client = behind(NEAR, public_url=PUBLIC, trusted_proxies=NEAR)

    assert join(client, Origin="https://evil.example").status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "forum.example.org.evil.example", "["])
def test_a_site_with_a_public_address_refuses_to_be_another(behind, host):
    client = behind(public_url=PUBLIC)

    for path in ("/", "/walk/", "/api/threads/walk/events", "/api/events", "/api/threads/walk/uploads"):
        answer = client.get(
            path, headers={"Host": host}, environ_overrides={"REMOTE_ADDR": DIRECT, "HTTP_HOST": host}
        )
        assert answer.status_code == 400
        problem = json.loads(answer.data)
        assert "MOZCHAT_TRUSTED_HOSTS" in problem["detail"]
        assert host in problem["detail"]


def test_another_host_is_refused_when_a_trusted_proxy_says_it_too(behind):
    client = behind(NEAR, public_url=PUBLIC, trusted_proxies=NEAR)

    assert ask(client, X_Forwarded_Host="evil.example").status_code == 400


def test_the_site_may_have_other_names_on_which_nothing_but_the_path_is_the_public_addresss(behind):
    client = behind(public_url=PUBLIC, trusted_hosts="forum.lan 192.0.2.7, [2001:db8::1]")

    for number, host in enumerate(("forum.lan", "FORUM.LAN:8000", "192.0.2.7:8000", "[2001:db8::1]:8000")):
        answer = join(client, name=f"Ann {number}", host=host, Origin=f"http://{host}")
        assert answer.status_code == 201, host
        assert "Secure" not in cookie(answer)
    assert ask(client, host="localhost").status_code == 400


def test_names_alone_are_enough(behind):
    client = behind(trusted_hosts="forum.lan")

    assert [ask(client, host=host).status_code for host in ("forum.lan", "evil.example")] == [200, 400]


def test_who_watches_the_site_from_its_own_machine_may_call_it_anything(behind):
    for peer, status in ((NEAR, 200), ("::1", 200), ("", 200), (DIRECT, 400)):
        client = behind(peer, public_url=PUBLIC)
        assert ask(client, "/healthz", host="127.0.0.1:8000").status_code == status
        assert ask(client, "/forum/healthz", host="127.0.0.1:8000").status_code == status
        assert ask(client, "/", host="127.0.0.1:8000").status_code == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOZCHAT_TRUSTED_PROXIES", "localhost"),
        ("MOZCHAT_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("MOZCHAT_TRUSTED_PROXIES", "*"),
        ("MOZCHAT_TRUSTED_HOSTS", "https://forum.example.org"),
        ("MOZCHAT_TRUSTED_HOSTS", "forum.example.org:8000"),
        ("MOZCHAT_TRUSTED_HOSTS", "forum.example.org/x"),
    ],
)
def test_a_proxy_or_host_that_is_none_is_named(name, value):
    with pytest.raises(SettingsError) as refused:
        SiteSettings.from_environment({name: f"127.0.0.1 {value}"})
    assert str(refused.value).startswith(f"{name}={value!r}: ")


def test_without_settings_nothing_stands_in_front():
    assert not Proxies.of(SiteSettings.from_environment({}))
