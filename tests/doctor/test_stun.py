"""What goes over the wire to STUN and TURN servers."""

import hashlib
import struct
import threading
import time

import pytest
from websockets.sync.server import serve

from mozchat.doctor import hub, stun
from mozchat.doctor.stun import Address, NoAnswer, Server, address_of, answer_in, request
from mozchat.domain.ice import minted_credentials
from tests.coturn import Coturn

TRANSACTION = bytes.fromhex("78ad3433c6ad72c029da412e")
SIGNED = bytes.fromhex(
    "00010060 2112a442 78ad3433c6ad72c029da412e"
    "00060012 e3839ee38388e383aae38383e382afe382b9 0000"
    "0015001c 662f2f3439396b39353464364f4c33346f4c394653547679363473 41"
    "0014000b 6578616d706c652e6f7267 00"
    "00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666"
)
"""The request with long-term authentication of RFC 5769, section 2.4."""


def test_a_signed_request_is_as_the_rfc_has_it():
    name = "マトリックス"
    key = hashlib.md5(f"{name}:example.org:TheMatrIX".encode()).digest()
    attributes = {0x0006: name.encode(), 0x0015: b"f//499k954d6OL34oL9FSTvy64sA", 0x0014: b"example.org"}

    assert request(0x0001, TRANSACTION, attributes, key) == SIGNED


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("stun:a.example", Address("stun", "a.example", 3478, "udp")),
        ("turn:a:1?transport=tcp", Address("turn", "a", 1, "tcp")),
        ("turns:[2001:db8::1]", Address("turns", "2001:db8::1", 5349, "tcp")),
    ],
)
def test_addresses(url, address):
    assert address_of(url) == address


@pytest.mark.parametrize("url", ["http://a", "stun:", "turn:a?transport=sctp", "stun:a:b"])
def test_what_is_no_address(url):
    with pytest.raises(ValueError):
        address_of(url)


def test_only_the_answer_to_the_own_request_counts():
    head = struct.pack("!I", 0x2112A442) + TRANSACTION
    fault = b"\x00\x00\x04\x01Who?"
    refused = struct.pack("!HH", 0x0113, 12) + head + struct.pack("!HH", 9, 8) + fault

    assert answer_in(struct.pack("!HH", 0x0101, 0) + head, TRANSACTION) == stun.Message(0)
    assert answer_in(refused, TRANSACTION) == stun.Message(401, "Who?", {9: fault})
    assert answer_in(refused, bytes(12)) is None
    assert answer_in(refused[:-1], TRANSACTION) is None
    assert answer_in(b"", TRANSACTION) is None
    assert answer_in(request(1, TRANSACTION, {}), TRANSACTION) is None


@pytest.fixture
def credentials(turn):
    return minted_credentials(turn.secret, "doctor", int(time.time()) + 600)


@pytest.mark.process
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_real_server_answers_who_knows_the_password(turn, credentials, transport):
    with Server(Address("turn", turn.address, turn.port, transport)) as server:
        assert server.allocate(*credentials).code == 0
        assert server.bind().code == 0
    with Server(Address("turn", turn.address, turn.port, transport)) as server:
        assert server.allocate(credentials[0], "wrong").code == 401


@pytest.mark.process
def test_a_relay_is_given_back(tmp_path):
    turn = Coturn(tmp_path, options=("--user-quota=1",))
    turn.start()
    try:
        credentials = minted_credentials(turn.secret, "doctor", int(time.time()) + 600)

        def given():
            with Server(Address("turn", turn.address, turn.port, "udp")) as server:
                return server.allocate(*credentials).code == 0

        assert given()
        deadline = (
            time.monotonic() + 60
        )  # it takes note after some seconds; a relay that is kept lives for 600
        while not given():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        turn.stop()


@pytest.mark.process
def test_nobody_there_is_said():
    with (
        pytest.raises(NoAnswer, match="nobody listens there"),
        Server(Address("stun", "127.0.0.1", 1, "udp")) as server,
    ):
        server.bind()


@pytest.mark.process
def test_a_real_websocket_opens_and_one_that_is_refused_is_an_error():
    def process_request(connection, request):
        return connection.respond(404, "no") if request.path == "/no" else None

    with serve(lambda connection: None, "127.0.0.1", 0, process_request=process_request) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        opened = hub.opened(f"ws://127.0.0.1:{port}/", "http://localhost")
        refused = hub.opened(f"ws://127.0.0.1:{port}/no", "http://localhost")
        server.shutdown()
        thread.join()

    assert opened.level == "right"
    assert "answers 404 in place of 101" in refused.text
