"""A browser's errors, in the site's log where a thread wants them."""

import logging

import pytest

PATH = "/api/threads/walk/reports"


@pytest.fixture
def wanted(make_thread):
    return make_thread("walk", "reportErrors=1\n")


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG, "mozchat.browser")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "mozchat.browser"]


@pytest.fixture
def report(visitor, request):
    """Send a report from an address that is this test's own: they are counted by address in the process."""
    address = f"test of {request.node.name}"

    def send(check=204, address=address, agent="Browser/1", **fields):
        environ = {"REMOTE_ADDR": address, "HTTP_USER_AGENT": agent}
        return visitor.ask("POST", PATH, check, json=fields, environ_overrides=environ)

    return send


def test_a_report_becomes_a_line_of_the_log(wanted, report, log):
    answer = report(message="x is undefined", source="/static/js/thread.js", line=12)

    assert answer.data == b""
    assert log() == ["walk: x is undefined at /static/js/thread.js:12 (Browser/1)"]


def test_where_reports_are_not_wanted_none_is_written(make_thread, report, log):
    make_thread("walk", "reportErrors=0\n")

    report(message="x is undefined")

    assert log() == []


def test_a_report_is_one_short_line_whatever_is_in_it(wanted, report, log):
    text = "first\nERROR forged line\r\x1b[31m\u2028" + "x" * 10_000

    report(message=text, source=text, agent=text.replace("\n", " ").replace("\r", " ")[:500])

    (line,) = log()
    assert line.isprintable()
    assert len(line) < 1_000


def test_at_most_ten_reports_a_minute_and_address_are_written(wanted, report, log, clock):
    for number in range(15):
        report(message=f"error {number}")
    assert len(log()) == 10

    report(message="from elsewhere", address="another of these")
    assert len(log()) == 11

    clock.advance(60)
    report(message="a minute later")
    assert len(log()) == 12


@pytest.mark.parametrize(
    "fields", [{"message": "x", "source": None, "line": None}, {"message": "", "more": 1}]
)
def test_what_a_browser_does_not_know_may_be_left_out(wanted, report, log, fields):
    report(**fields)

    assert len(log()) == 1


def test_what_is_no_report_is_refused(wanted, report, log):
    report(422)
    for fields in ({"message": 7}, {"message": None}, {"message": "x", "source": ["y"]}):
        report(422, **fields)
    for line in ("12", True, 1.5):
        report(422, message="x", line=line)

    assert log() == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"x", "text/plain", 415), (b"{", "application/json", 400), (b"[" * 70_000, "application/json", 413)],
)
def test_a_body_that_cannot_be_read_is_refused(wanted, visitor, body, kind, status):
    visitor.ask("POST", PATH, status, data=body, content_type=kind)
