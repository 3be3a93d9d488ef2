"""What the site tells a browser of TURN, held against a real TURN server."""

import time
from pathlib import Path

import pytest

from mozchat.domain.ice import minted_credentials
from tests.coturn import Coturn, allocate, answers, permissions
from tests.running import Client

pytestmark = pytest.mark.process

INI = "[common]\nuserStatusFadeS=60\n"


@pytest.fixture
def told(run_site, turn):
    """The configuration that a participant of a running site is given."""
    site = run_site(threads={"walk": INI + turn.ini})
    status, found, _ = Client(site).join("walk", "Аня Ёлкина").request("GET", "/api/threads/walk/ice")
    assert status == 200
    return found


def test_the_turn_server_takes_what_the_site_has_made_for_a_participant(told, turn):
    (server,) = told["iceServers"]

    assert server["urls"] == [f"turn:127.0.0.1:{turn.port}?transport=udp"]
    assert allocate("127.0.0.1", turn.port, server["username"], server["credential"]) == 0


def test_it_takes_no_other_password_and_no_other_name(told, turn):
    (server,) = told["iceServers"]
    expires, _, who = server["username"].partition(":")
    longer = f"{int(expires) + 1000}:{who}"

    assert allocate("127.0.0.1", turn.port, server["username"], "no" + server["credential"]) == 401
    assert allocate("127.0.0.1", turn.port, longer, server["credential"]) == 401


def test_it_takes_nothing_that_has_expired_or_was_made_with_another_secret(told, turn):
    expires = int(told["iceServers"][0]["username"].partition(":")[0])

    for secret, until, code in (
        (turn.secret, expires, 0),
        (turn.secret, 1_000_000_000, 401),
        ("another", expires, 401),
    ):
        assert allocate("127.0.0.1", turn.port, *minted_credentials(secret, "b1946ac92492", until)) == code


def test_it_answers_as_a_stun_server_too(turn):
    assert answers("127.0.0.1", turn.port)


RECIPE = Path(__file__).parent.parent.parent / "deploy" / "coturn" / "turnserver.conf"
INSIDE = [
    "0.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.251",
    "240.0.0.1",
    "255.255.255.255",
]
OUTSIDE = ["9.255.255.255", "11.0.0.1", "93.184.215.14", "172.32.0.1", "203.0.113.7"]


def in_an_hour():
    return int(time.time()) + 3600


@pytest.fixture
def by_the_recipe(tmp_path):
    server = Coturn(tmp_path, recipe=RECIPE)
    server.start()
    yield server
    server.stop()


def test_set_up_by_the_recipe_it_relays_to_the_internet_and_never_into_a_network_of_its_own(by_the_recipe):
    who = minted_credentials(by_the_recipe.secret, "b1946ac92492", in_an_hour())

    found = permissions("127.0.0.1", by_the_recipe.port, *who, [*INSIDE, *OUTSIDE])

    assert found == dict.fromkeys(INSIDE, 403) | dict.fromkeys(OUTSIDE, 0)


def test_set_up_by_the_recipe_it_takes_passwords_of_the_site_for_their_time_only(by_the_recipe):
    port, secret = by_the_recipe.port, by_the_recipe.secret

    for key, until, code in (
        (secret, in_an_hour(), 0),
        (secret, 1_000_000_000, 401),
        ("x", in_an_hour(), 401),
    ):
        assert allocate("127.0.0.1", port, *minted_credentials(key, "b1946ac92492", until)) == code
