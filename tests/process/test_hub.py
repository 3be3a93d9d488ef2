"""The hub as a process beside a real site, over real sockets."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mozchat.outside.hub import command
from tests.process.hub_stage import CERTIFICATE, INI, PATIENCE, UPGRADE, Push, Stage, hello, online, until
from tests.running import free_port

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("hub"))
    yield made
    made.stop()


@pytest.fixture
def stage(shared):
    """A site with a hub that goes on."""
    shared.enter_new_thread()
    with shared.ends:
        yield shared


@pytest.fixture
def own_stage(tmp_path):
    """A site with a hub that may be killed."""
    made = Stage(tmp_path)
    made.enter_new_thread()
    with made.ends:
        yield made
    made.stop()


def test_a_clip_and_a_line_arrive_as_the_events_endpoint_says_them(stage):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    push, first = stage.listen(ann)
    assert first["reset"] is True
    assert bob.publish()
    clip = push.take_until("clips")
    assert clip["clips"] == ann.news(first["cursor"])["clips"]
    sent = bob.say("Ann", "Bridge.")
    line = push.take_until("messages")
    assert [each["id"] for each in line["messages"]] == [sent["id"]]
    assert not ann.news(line["cursor"])
    push.say({"seen": line["cursor"], "ping": 7})
    assert push.take() == {"pong": 7}

    def delivered():
        return any(m["type"] == "delivered" for m in bob.news().get("messages", ()))

    until(delivered)


def test_only_a_good_ticket_of_the_right_page_lets_in(stage):
    ann = stage.join("Ann")
    good = stage.ticket(ann)["ticket"]
    for ticket in ("forged", good[:-2], good.replace(".", ".x")):
        assert stage.open({"ticket": ticket}).closed() == 1008
    assert stage.open({"ticket": good}, origin="https://evil.example").closed() == 1008
    assert stage.open({"cursor": "x"}).closed() == 1008
    assert stage.open("garbage").closed() == 1007
    assert stage.open({"ticket": good}, origin=f"http://127.0.0.1:{stage.site.port}").take()["reset"] is True


@pytest.mark.parametrize(
    ("send", "code"),
    [
        (lambda ws: ws.send(b"\x00\xff"), 1008),
        (lambda ws: ws.send("x" * 20_000), 1009),
        (lambda ws: ws.send("[1]"), 1007),
        (lambda ws: ws.send(b"\xff\xfe", text=True), 1007),
        (lambda ws: ws.socket.sendall(b"\x81\x05hello"), 1002),
        (lambda ws: ws.socket.sendall(os.urandom(2000) + b"\xff" * 20_000), None),
    ],
)
def test_what_is_no_frame_of_ours_is_closed_and_nobody_else_notices(stage, send, code):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    push, _ = stage.listen(ann)
    hers, _ = stage.listen(bob)
    send(push.websocket)
    assert push.closed() == code or code is None
    ann.say("Bob", "Still there?")
    assert hers.take_until("messages")["messages"][0]["body"] == {"text": "Still there?"}


def test_a_text_in_fragments_is_one_text(stage):
    push, _ = stage.listen(stage.join("Ann"))
    push.websocket.send(iter(['{"ping"', ": ", "7}"]))

    assert push.take() == {"pong": 7}


def test_what_is_no_websocket_gets_a_plain_answer(stage):
    assert stage.hub.health()["status"] == "ok"
    stage.listen(stage.join("Ann"))
    assert {**stage.hub.health(), "process": 0, "version": ""} == {
        "status": "ok",
        "version": "",
        "process": 0,
        "connections": 1,
        "threads": 1,
    }
    for request, status in (
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"426"),
        (b"POST /hub HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
    ):
        with socket.create_connection(("127.0.0.1", stage.hub.port), timeout=PATIENCE) as raw:
            raw.sendall(request)
            assert raw.recv(4096).startswith(b"HTTP/1.1 " + status)
    with socket.create_connection(("127.0.0.1", stage.hub.port), timeout=PATIENCE) as raw:
        raw.sendall(b"\x16\x03\x01" + os.urandom(3000) + b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while raw.recv(4096):
                pass
    assert stage.hub.health()["connections"] == 1


def test_a_hub_that_is_killed_and_started_again_goes_on_at_the_cursor(own_stage):
    ann, bob = own_stage.join("Ann"), own_stage.join("Bob")
    push, first = own_stage.listen(ann)
    own_stage.hub.kill()
    assert push.closed() == 1006
    sent = [bob.say("Ann", text)["id"] for text in ("One.", "Two.")]
    assert [each["id"] for each in ann.news(first["cursor"])["messages"]] == sent
    own_stage.hub.start()
    push, again = own_stage.listen(ann, first["cursor"])
    assert [each["id"] for each in again["messages"]] == sent
    third = bob.say("Ann", "Three.")["id"]
    assert [each["id"] for each in push.take_until("messages")["messages"]] == [third]


def test_a_site_that_is_restarted_under_it_changes_nothing(own_stage):
    ann, bob = own_stage.join("Ann"), own_stage.join("Bob")
    push, _ = own_stage.listen(ann)
    own_stage.site.stop()
    own_stage.site.start()
    sent = bob.say("Ann", "Back again.")

    assert [each["id"] for each in push.take_until("messages")["messages"]] == [sent["id"]]


def test_it_says_goodbye_and_is_gone_within_a_second(own_stage):
    pushes = [own_stage.listen(own_stage.join(name))[0] for name in ("Ann", "Bob", "Eve")]
    silent = own_stage.ends.enter_context(socket.create_connection(("127.0.0.1", own_stage.hub.port)))
    began = time.monotonic()
    own_stage.hub.process.send_signal(signal.SIGTERM)
    assert [push.closed() for push in pushes] == [1012] * 3
    assert own_stage.hub.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 5  # a second, and what a busy machine takes
    assert silent.recv(10) == b""
    assert not list(own_stage.site.folder.glob(f".run/{own_stage.hub.process.pid}-*"))


def test_those_on_the_hub_and_those_who_poll_see_each_other(stage):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    push, _ = stage.listen(ann)
    assert "Ann" in online(bob)
    end = time.monotonic() + 7  # more than twice userStatusFadeS
    while time.monotonic() < end:
        assert "Ann" in online(bob)
    tab, _ = stage.listen(ann)
    push.websocket.socket.shutdown(socket.SHUT_RDWR)
    tab.say({"ping": 1})
    assert tab.take_until("pong")
    assert "Ann" in online(bob)
    tab.websocket.socket.shutdown(socket.SHUT_RDWR)
    began = time.monotonic()
    until(lambda: "Ann" not in online(bob))
    assert time.monotonic() - began < 10


def test_a_poller_who_goes_silent_is_told_to_those_on_the_hub(stage):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    push, first = stage.listen(ann)
    assert "Bob" in first["online"]
    bob.news()

    assert push.take_until("online", lambda names: "Bob" not in names)["online"] == ["Ann"]


def test_whoever_leaves_loses_the_connection(stage):
    ann = stage.join("Ann")
    push, _ = stage.listen(ann)
    ann.ask("DELETE", "session", 204)

    assert push.closed() == 1008


def test_a_new_password_closes_the_connections(stage):
    push, _ = stage.listen(stage.join("Ann"))
    stage.ini.write_text(INI + "[auth]\npassword=open sesame\n")

    assert push.closed() == 1008


def test_a_slow_reader_is_closed_and_goes_on_at_its_cursor(stage):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    given = stage.ticket(ann)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(PATIENCE)
        slow.connect(("127.0.0.1", stage.hub.port))
        slow.sendall(UPGRADE)
        assert b" 101 " in slow.recv(4096)
        slow.sendall(hello(given["ticket"]))
        cursor = json.loads(slow.recv(4096).partition(b"{")[2].join([b"{", b""]))["cursor"]
        sent = []
        while "closed 1013" not in stage.hub.log.read_text():
            assert len(sent) < 3000, "it is never closed"
            sent.append(bob.say("*", "é" * 1000)["id"])
        data = b""
        with contextlib.suppress(ConnectionError):
            while chunk := slow.recv(65_536):
                data += chunk
        assert b"\x03\xf5" in data[-150:], "the last frame is not a close with 1013"
    _, again = stage.listen(ann, cursor)
    assert [each["id"] for each in again["messages"]] == sent


def test_an_address_is_counted_as_the_server_in_front_says(stage):
    ann = stage.join("Ann")
    given = stage.ticket(ann)
    header = {"X-Forwarded-For": "203.0.113.9, 192.0.2.7"}
    made = [stage.open({"cursor": "x"}, additional_headers=header) for _ in range(3)]
    assert [push.closed() for push in made] == [1008] * 3
    until(lambda: "192.0.2.7 gone" in stage.hub.log.read_text())
    assert "203.0.113.9" not in stage.hub.log.read_text()
    assert stage.open({"ticket": given["ticket"]}, additional_headers={"X-Forwarded-For": "nonsense"}).take()


PATCHED = "import wshub.server as server, wshub.hub as hub; {}; from mozchat.cli import main; main(['hub'])"


def patched(stage, code):
    """The hub with other limits, for what would take long."""
    stage.hub.stop()
    stage.hub.command = [sys.executable, "-c", PATCHED.format(code)]
    stage.hub.start()


def test_an_address_with_too_many_connections_is_refused(own_stage):
    patched(own_stage, "hub.MOST_OF_ADDRESS = 2")
    header = {"X-Forwarded-For": "192.0.2.7"}
    url = f"ws://localhost:{own_stage.hub.port}/hub"
    with contextlib.ExitStack() as ends:
        for _ in range(2):
            ends.enter_context(connect(url, additional_headers=header))
        with pytest.raises(InvalidStatus, match="429"), connect(url, additional_headers=header):
            pass
        with connect(url, additional_headers={"X-Forwarded-For": "192.0.2.8"}):
            pass
    until(lambda: own_stage.hub.health()["connections"] == 0)
    with connect(url, additional_headers=header):
        pass


def test_whoever_does_not_say_who_they_are_is_closed_in_time(own_stage):
    patched(own_stage, "server.GREETING_SECONDS = 0.5")
    with connect(f"ws://localhost:{own_stage.hub.port}/hub") as silent:
        assert Push(silent).closed() == 1008
    with socket.create_connection(("127.0.0.1", own_stage.hub.port), timeout=PATIENCE) as nothing_said:
        assert nothing_said.recv(10) == b""


def test_a_connection_that_answers_no_ping_is_closed_and_others_are_not(own_stage):
    patched(own_stage, "import wshub.connection; wshub.connection.SILENT_SECONDS = 0.1")
    ann, bob = own_stage.join("Ann"), own_stage.join("Bob")
    alive, _ = own_stage.listen(bob)
    given = own_stage.ticket(ann)
    with socket.create_connection(("127.0.0.1", own_stage.hub.port), timeout=PATIENCE) as dead:
        dead.sendall(UPGRADE)
        dead.sendall(hello(given["ticket"]))
        data = b""
        while chunk := dead.recv(4096):
            data += chunk
    assert b"\x89\x00" in data
    assert b"\x03\xf3no answer" in data
    alive.say({"ping": 1})
    assert alive.take_until("pong")


def test_a_site_elsewhere_tells_of_a_change_by_a_signed_datagram(own_stage, tmp_path):
    port = free_port()
    own_stage.hub.stop()
    path = own_stage.hub.ini
    text = path.read_text().replace("wsOn=1", f"wsOn=1\nwsCommandUri=udp://127.0.0.1:{port}")
    path.write_text(text.replace("[server]", "[server]\nlistenForCommands=127.0.0.1"))
    no_bell = "import mozchat.storage.bell as bell; bell.Bell._bind = lambda self: (None, None)"
    patched_bell = f"{no_bell}; bell.LOOK_SECONDS_WITHOUT_SOCKET = 3600"
    own_stage.hub.command = [sys.executable, "-c", PATCHED.format(patched_bell)]
    own_stage.hub.start()
    ann, bob = own_stage.join("Ann"), own_stage.join("Bob")
    push, _ = own_stage.listen(ann)
    bob.say("Ann", "From afar.")
    assert push.take_until("messages")["messages"][0]["body"] == {"text": "From afar."}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in (
            b"",
            b"walk",
            os.urandom(2000),
            command("a guess", "walk", time.time_ns() // 1_000_000),
        ):
            stranger.sendto(datagram, ("127.0.0.1", port))
    push.say({"ping": 1})
    assert push.take_until("pong")


def test_with_its_own_certificate_it_speaks_tls(own_stage, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [*CERTIFICATE.split(), "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    own_stage.hub.stop()
    uri = f"wss://localhost:{own_stage.hub.port}/hub"
    own_stage.hub.write_ini(uri=uri, server=f"wssCert={cert}\nwssKey={key}")
    own_stage.hub.tls = ssl.create_default_context(cafile=cert)
    own_stage.hub.start()
    ann, bob = own_stage.join("Ann"), own_stage.join("Bob")
    push, _ = own_stage.listen(ann, ssl=own_stage.hub.tls)
    bob.say("Ann", "In private.")
    assert push.take_until("messages")["messages"][0]["body"] == {"text": "In private."}
    own_stage.hub.process.send_signal(signal.SIGTERM)
    assert push.closed() == 1012
    assert own_stage.hub.process.wait(PATIENCE) == 0


def test_a_first_answer_may_be_long_for_a_slow_reader(stage):
    ann = stage.join("Ann")
    for number in range(600):
        ann.say("*", f"{number} {'é' * 990}")
    given = stage.ticket(ann)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(PATIENCE)
        slow.connect(("127.0.0.1", stage.hub.port))
        slow.sendall(UPGRADE)
        assert b" 101 " in slow.recv(4096)
        slow.sendall(hello(given["ticket"]))
        ann.say("*", "the last one")
        data = b""
        while b"the last one" not in data:
            data += slow.recv(65_536)
    assert len(data) > 1_000_000


def test_an_upload_waits_for_no_hub_that_has_stopped(own_stage):
    ann = own_stage.join("Ann")
    push, _ = own_stage.listen(ann)
    os.kill(own_stage.hub.process.pid, signal.SIGSTOP)
    clips = [ann.publish()["id"] for _ in range(20)]
    os.kill(own_stage.hub.process.pid, signal.SIGCONT)
    told = []
    while len(told) < len(clips):
        told += [clip["id"] for clip in push.take_until("clips")["clips"]["added"]]
    assert told == clips


def test_an_upload_costs_no_more_with_a_dead_hub(own_stage):
    ann = own_stage.join("Ann")
    own_stage.listen(ann)
    own_stage.hub.kill()
    for _ in range(3):
        assert ann.publish()
    assert not list(own_stage.site.folder.glob(f".run/{own_stage.hub.process.pid}-*")), (
        "its bell is still rung"
    )


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        ("[common]\nwsOn=0\n", "wsOn=1 was expected"),
        ("[common]\nwsOn=1\nwsServerUri=nonsense\n", "an address like wss://example.org/hub was expected"),
        ("[common]\nwsOn=1\n[server]\nwssCert=/nowhere\nwssKey=/nowhere\n", "wssCert=/nowhere"),
        (None, "MOZCHAT_HUB_INI"),
    ],
)
def test_a_hub_that_cannot_run_says_why_and_ends(tmp_path, ini, said):
    (tmp_path / "threads").mkdir()
    (tmp_path / "wshub").mkdir()
    if ini is not None:
        (tmp_path / "wshub" / "ws.ini").write_text(ini)
    ended = subprocess.run(
        [sys.executable, "-m", "mozchat", "--threads", tmp_path / "threads", "hub"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_said(stage):
    second = subprocess.run(
        [sys.executable, "-m", "mozchat", "--threads", stage.site.folder, "hub"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert second.returncode == 1
    assert "address already in use" in second.stderr
    assert "Traceback" not in second.stderr
