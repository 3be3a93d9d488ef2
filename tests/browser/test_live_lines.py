"""Live clips over lines that do not make it easy: a proxy that keeps answers back, requests that arrive late."""

import re

import pytest

from tests.browser.mouth_and_ear import (
    FASTEST,
    check_every_byte,
    ears,
    end_and_wait,
    heard_seconds,
    wait_for_sound,
    wait_until_ready,
)
from tests.nginx_front import BUFFERING, NginxFront
from tests.slow_line import SlowLine

BIG = "proxy_buffer_size 128k; proxy_buffers 8 128k; proxy_busy_buffers_size 128k;"
BUFFERS = {"small buffers": "", "big buffers": BIG}
"""nginx' own, which sound fills in a second, and what is often advised for big headers."""
LONG_POLL = re.compile(r"/media\?from=[^&]+&(back=1&)?wait=15")


@pytest.fixture(params=BUFFERS)
def buffering(request, site, tmp_path):
    """A proxy that hands an answer on when its buffers are full."""
    nginx = NginxFront(tmp_path, site.port, BUFFERING + BUFFERS[request.param])
    nginx.start()
    yield nginx
    nginx.stop()


@pytest.fixture
def slow_line(site):
    """A line on which every request takes 100 to 300 ms longer."""
    line = SlowLine(site.port)
    yield line
    line.close()


def test_behind_a_proxy_that_buffers_the_page_goes_over_to_polls(make_thread, speak, buffering):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread, at=buffering), speak("Bob", thread, at=buffering)
    wait_until_ready(bob)
    with bob.page.expect_request(LONG_POLL, timeout=40_000):
        ann.start_recording()
    wait_for_sound(bob, 4)
    end_and_wait(ann, bob)
    check_every_byte(ann, bob)
    assert heard_seconds(bob) > ears(ann, "spoken")["seconds"] / FASTEST - 1


def test_with_requests_that_arrive_late_every_word_is_heard(make_thread, speak, slow_line):
    thread = make_thread("audioStream")
    ann, bob = speak("Ann", thread, at=slow_line), speak("Bob", thread, at=slow_line)
    wait_until_ready(bob)
    ann.start_recording()
    wait_for_sound(bob, 5)
    end_and_wait(ann, bob)
    check_every_byte(ann, bob)
    assert heard_seconds(bob) > ears(ann, "spoken")["seconds"] / FASTEST - 1
