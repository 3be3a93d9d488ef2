"""The network that the tests of calls run on: it can be lost, found again, and changed for another."""

import subprocess
import sys

import pytest

from tests.running import free_port

pytestmark = pytest.mark.process

REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()
except OSError as error:
    sys.exit(error.strerror)
"""


def reaches(network, name, address, port):
    """Whether a host reaches a port."""
    command = [network.launcher(name, sys.executable), "-c", REACH, address, str(port)]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_a_host_loses_the_network_and_comes_back(network, run_site):
    network.host("ann")
    here = network.gateway("ann")
    site = run_site("--host", "0.0.0.0", threads={"walk": "[common]\n"})

    assert reaches(network, "ann", here, site.port)
    network.down("ann")
    assert not reaches(network, "ann", here, site.port)
    network.up("ann")
    assert reaches(network, "ann", here, site.port)


def test_hosts_reach_each_other_and_one_that_has_moved_has_another_address(network, until):
    ann, bob = network.host("ann"), network.host("bob")
    port = free_port()
    command = [network.launcher("ann", sys.executable), "-m", "http.server", "--bind", "0.0.0.0", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: reaches(network, "bob", ann, port))
            moved = network.move("ann")

            assert moved not in (ann, bob)
            assert reaches(network, "bob", moved, port)
            assert not reaches(network, "bob", ann, port)
        finally:
            server.terminate()
