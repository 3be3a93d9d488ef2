"""What the site tells a browser of TURN, held against a real TURN server."""

import pytest

from mozchat.domain.ice import minted_credentials
from tests.coturn import allocate, answers
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
