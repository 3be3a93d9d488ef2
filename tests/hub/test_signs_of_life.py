"""How often connections are asked whether they are there, and for how long an answer counts."""

import pytest

from mozchat.services.hub import LONGEST_PING, PINGS_A_SECOND, ping_seconds, reach_seconds


@pytest.mark.parametrize("fade", [5, 15, 60])
def test_an_answer_counts_as_long_as_any_sign_of_life_and_is_asked_for_three_times_meanwhile(fade):
    assert reach_seconds(fade, 1000) == fade
    assert ping_seconds(fade, 1000) == fade / 3


def test_where_people_fade_quickly_it_is_asked_for_no_more_often_than_that():
    assert (ping_seconds(1, 1), reach_seconds(1, 1)) == (1.5, 4.5)


@pytest.mark.parametrize("connections", [1, 5000, 10_000, 15_000])
def test_many_connections_are_asked_less_often(connections):
    every = ping_seconds(5, connections)
    assert connections / every <= PINGS_A_SECOND
    assert reach_seconds(5, connections) >= 3 * every


def test_a_connection_is_asked_at_least_so_often_that_no_proxy_ends_it():
    assert ping_seconds(86_400, 1) == ping_seconds(5, 1_000_000) == LONGEST_PING
