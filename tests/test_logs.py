"""The log: one line each, and no token."""

import logging
import sys

import pytest

from mozchat.logs import OneLine


def line(message, *arguments, exc_info=None):
    record = logging.LogRecord("mozchat.web", logging.ERROR, "x.py", 1, message, arguments, exc_info)
    return OneLine().format(record)


def test_a_line_says_when_how_bad_and_where():
    date, level, place, text = line("the disk is %s", "full").split(" ", 3)

    assert (len(date), date[-1], level) == (24, "Z", "ERROR")
    assert place.startswith("mozchat.web[")
    assert text == "the disk is full"


def test_a_traceback_is_on_the_line_of_its_error():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        text = line("fault", exc_info=sys.exc_info())

    assert text.splitlines() == [text]
    assert "\\nTraceback (most recent call last):\\n" in text
    assert text.endswith("ValueError: two\\nlines")


def test_nobody_forges_a_line():
    assert line("%s", "x\r\n2026-11-21T10:00:00.000Z ERROR mozchat: lost").splitlines()[1:] == []


@pytest.mark.parametrize(
    "text",
    [
        "Invalid HTTP Header: 'Authorization : Bearer SECRET-of_22'",
        "Invalid HTTP Header: 'Cookie: theme=dark; mozchat=SECRET; a=b'",
        'answered {"name": "Ann", "token": "SECRET"}',
        "GET /ws?token=SECRET",
    ],
)
def test_what_looks_like_a_token_is_left_out(text):
    assert line("%s", text).endswith(text.replace("SECRET-of_22", "…").replace("SECRET", "…"))
