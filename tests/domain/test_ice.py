"""What a participant's browser calls with."""

import base64
import hmac

import pytest

from mozchat.domain.ice import host_of, ice_configuration, minted_credentials
from mozchat.domain.options import IceServer, parse_settings

NOW = 1_795_255_200
SECRET = "a secret of the site"
TURN = "turn:turn.example.org:3478"


def configuration(*lines):
    settings, problems = parse_settings("\n".join(("[client]", *lines)), ".ini")
    assert [problem for problem in problems if problem.level == "error"] == []
    return ice_configuration(settings, "forum.example.org", "b1946ac92492", NOW)


def warnings(*lines):
    return [problem.key for problem in parse_settings("\n".join(("[client]", *lines)), ".ini")[1]]


def credentials(expires, who="b1946ac92492"):
    name = f"{expires}:{who}"
    return name, base64.b64encode(hmac.digest(SECRET.encode(), name.encode(), "sha1")).decode()


def test_by_default_there_is_googles_stun_server():
    found = configuration()
    assert found.servers == (IceServer(("stun:stun.l.google.com:19302",)),)
    assert (found.relay_only, found.expires) == (False, None)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("google", "stun.l.google.com"),
        ("this", "forum.example.org"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "[2001:db8::1]"),
    ],
)
def test_the_place_in_iceString_is_put_in_wherever_it_stands(address, host):
    found = configuration(f"iceAddr={address}", 'iceString=[{"urls": ["stun:@ip@:1", "stuns:@ip@"]}]')
    assert found.servers == (IceServer((f"stun:{host}:1", f"stuns:{host}")),)


def test_where_iceString_is_empty_the_host_of_iceAddr_has_the_usual_port():
    assert configuration("iceAddr=this").servers == (IceServer(("stun:forum.example.org:3478",)),)


def test_with_a_turnSecret_that_host_has_turn_too():
    stun, turn = configuration("iceAddr=turn.example.org", f"turnSecret={SECRET}").servers
    assert stun == IceServer(("stun:turn.example.org:3478",))
    assert turn.urls == (f"{TURN}?transport=udp", f"{TURN}?transport=tcp")
    assert (turn.username, turn.credential) == credentials(NOW + 14400)


def test_a_password_is_minted_for_every_turn_server_that_has_none():
    found = configuration(
        f"turnSecret={SECRET}",
        "turnTtlSec=3600",
        f'iceString=[{{"urls": "{TURN}"}}, {{"urls": ["turns:b:443"]}}, {{"urls": "stun:c"}}]',
    )
    name, credential = credentials(NOW + 3600)
    assert found.servers == (
        IceServer((TURN,), name, credential),
        IceServer(("turns:b:443",), name, credential),
        IceServer(("stun:c",)),
    )
    assert found.expires == NOW + 3600


def test_what_is_minted_is_what_openssl_makes_of_it():
    # printf 1795258800:b1946ac92492 | openssl dgst -sha1 -hmac "a secret of the site" -binary | base64
    assert minted_credentials(SECRET, "b1946ac92492", NOW + 3600) == (
        "1795258800:b1946ac92492",
        "JuL3HEeRKU6bIcwyWPEPhYYO00E=",
    )


def test_a_password_in_iceString_stays():
    own = f'{{"urls": "{TURN}", "username": "u", "credential": "c"}}'
    found = configuration(f"turnSecret={SECRET}", f"iceString=[{own}]")
    assert found.servers == (IceServer((TURN,), "u", "c"),)
    assert found.expires is None


def test_a_turn_server_without_any_password_is_left_out():
    found = configuration(f'iceString=[{{"urls": "{TURN}"}}, {{"urls": ["stun:a", "{TURN}"]}}]')
    assert found.servers == (IceServer(("stun:a",)),)


def test_relayOnly_is_passed_on():
    assert configuration("relayOnly=1").relay_only is True


@pytest.mark.parametrize(
    ("lines", "keys"),
    [
        ((f"turnSecret={SECRET}",), ["turnSecret"]),
        ((f"turnSecret={SECRET}", "iceAddr=this"), []),
        ((f"turnSecret={SECRET}", f'iceString=[{{"urls": "{TURN}"}}]'), []),
        ((f"turnSecret={SECRET}", 'iceString=[{"urls": "stun:a"}]', "iceAddr=this"), ["turnSecret"]),
        ((f'iceString=[{{"urls": "{TURN}"}}]',), ["iceString"]),
        ((f'iceString=[{{"urls": "{TURN}", "username": "u", "credential": "c"}}]', "relayOnly=1"), []),
        (("relayOnly=1",), ["relayOnly"]),
        (("relayOnly=1", "iceAddr=this"), ["relayOnly"]),
        (("relayOnly=1", "iceAddr=this", f"turnSecret={SECRET}"), []),
        (
            ("relayOnly=1", 'iceString=[{"urls": "stun:a"}]', f"turnSecret={SECRET}"),
            ["relayOnly", "turnSecret"],
        ),
    ],
)
def test_settings_with_which_nobody_can_be_relayed_are_warned_of(lines, keys):
    assert sorted(warnings(*lines)) == keys


def test_a_secret_that_does_not_fit_is_not_repeated():
    problems = parse_settings(f"[client]\nturnSecret={'x' * 301}\n", ".ini")[1]
    assert [problem.value for problem in problems if problem.key == "turnSecret"] == [None]


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("forum.example.org", "forum.example.org"),
        ("localhost:8000", "localhost"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("[::1]:8000", "[::1]"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("", None),
        ("a b", None),
        ("a/b", None),
        ("user@host", None),
        ("host:port", None),
        ('"', None),
        ("é", None),
    ],
)
def test_the_host_of_a_request_is_known_without_its_port(authority, host):
    assert host_of(authority) == host
