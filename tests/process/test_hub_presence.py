"""Who is online, as those on the hub and those who poll see it, when connections are lost without a word."""

import contextlib
import json
import socket
import subprocess
import sys

import pytest

from tests.process.hub_stage import PATIENCE, UPGRADE, Stage, hello, online, until

pytestmark = pytest.mark.process

CONNECT = """
import json, sys
from websockets.sync.client import connect
url, ticket, listener = sys.argv[1:]
with connect(url, ping_interval=None) as hub:
    hub.send(json.dumps({"ticket": ticket}))
    print(hub.recv(), flush=True)
    hub.send(json.dumps({"listener": listener}))
    sys.stdin.read()
"""
"""Somebody who connects, and answers pings until told to end."""


@pytest.fixture
def stage(tmp_path):
    """A site with a hub that other hosts reach."""
    made = Stage(tmp_path, host="0.0.0.0")
    made.enter_new_thread()
    with made.ends:
        yield made
    made.stop()


def test_whoever_is_not_heard_any_more_is_offline_before_the_connection_is_given_up(stage):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    push, first = stage.listen(bob)
    assert "Ann" in first["online"]
    with socket.create_connection(("127.0.0.1", stage.hub.port), timeout=PATIENCE) as silent:
        silent.sendall(UPGRADE)
        silent.sendall(hello(stage.ticket(ann)["ticket"]))
        assert push.take_until("online", lambda names: "Ann" not in names)
        assert stage.hub.health()["connections"] == 2
    until(lambda: stage.hub.health()["connections"] == 1)


@pytest.fixture
def far_away(stage, network):
    """`far_away(who)`: a participant's connection from another host."""
    host = "ann"
    network.host(host)
    with contextlib.ExitStack() as ends:

        def connect(who, listener):
            url = f"ws://{network.gateway(host)}:{stage.hub.port}/hub"
            command = [network.launcher(host, sys.executable), "-c", CONNECT, url]
            process = ends.enter_context(
                subprocess.Popen(
                    [*command, stage.ticket(who)["ticket"], listener],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            ends.callback(process.stdin.close)
            assert "cursor" in json.loads(process.stdout.readline())

        yield connect


def test_whoever_is_cut_off_fades_and_is_online_again_with_the_network(stage, network, far_away):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    far_away(ann, "page")
    push, first = stage.listen(bob)
    assert "Ann" in first["online"]
    network.down("ann")
    assert push.take_until("online", lambda names: "Ann" not in names)
    assert stage.hub.health()["connections"] == 2, "it was the end of the connection"
    network.up("ann")
    assert push.take_until("online", lambda names: "Ann" in names)
    assert "Ann" in online(bob)


def test_a_poll_that_was_to_be_long_keeps_nobody_online_who_has_gone_to_the_hub(stage, network, far_away):
    ann, bob = stage.join("Ann"), stage.join("Bob")
    assert ann.ask("GET", "events?wait=15&listener=page")["reset"] is True
    far_away(ann, "page")
    push, first = stage.listen(bob)
    assert "Ann" in first["online"]
    until(lambda: announced(stage, "Ann") == [0])
    network.down("ann")
    assert push.take_until("online", lambda names: "Ann" not in names)
    assert stage.hub.health()["connections"] == 2


def announced(stage, name):
    """How many milliseconds each listener of a participant has announced, as the thread's file has it."""
    people = json.loads((stage.ini.parent / "users.json").read_text())["people"]
    person = next(each for each in people if each["name"] == name)
    return [until - made for made, until in person.get("announced", {}).values()]
