"""A thread, two who are in it, and a recording."""

import pytest

from tests.web.uploads.sending import SETTINGS, VOICE


@pytest.fixture
def thread(make_thread):
    return make_thread("walk", SETTINGS)


@pytest.fixture
def ann(thread, join):
    return join("walk", "Ann")


@pytest.fixture
def bob(thread, join):
    return join("walk", "Bob")


@pytest.fixture
def voice(sample):
    return sample(VOICE)
