"""The call log, signal by signal."""

import pytest

from mozchat.domain.call_log import Call, CallLog
from mozchat.domain.message import Message

NOW = 1_795_255_200
PHP = ("2021-03-04T10:11:12+03:00", "1614841872", "Rosa", "?", "Kofi", "192.0.2.9", "", "77", "65", "on")


def signal(kind, sender="Ann", to="Bob", at=0, call="c1", **body):
    if kind == "invite":
        body = {"video": False, **body}
    return Message(1, sender, to, kind, {"call": call, "tab": "t", **body}, (NOW + at) * 1000, 0)


def accept(at=0, sender="Bob", to="Ann", **body):
    return signal("accept", sender, to, at, **body)


def hangup(reason, sender="Ann", to="Bob", at=0, **body):
    return signal("hangup", sender, to, at, reason=reason, **body)


def reject(reason, sender="Bob", to="Ann", **body):
    return signal("reject", sender, to, reason=reason, **body)


def log_of(*signals):
    log = CallLog()
    for each in signals:
        log = log.note(each, "")
    return log


def calls(log):
    return [(c.caller, c.callee, c.secs, c.state) for c in map(Call.from_row, log.rows)]


def test_a_line_says_everything_of_its_call():
    log = CallLog().note(signal("invite", video=True), "192.0.2.1").note(accept(at=3), "192.0.2.2")
    log = log.note(hangup("ended", at=68), "192.0.2.1")
    assert log.rows == (
        (
            "2026-11-21T10:00:00.000Z",
            "1795255203",
            "Ann",
            "192.0.2.1",
            "Bob",
            "192.0.2.2",
            "1",
            "c1",
            "65",
            "ended",
        ),
    )


@pytest.mark.parametrize(
    ("signals", "call"),
    [
        ([], ("Ann", "Bob", 0, "calling")),
        ([accept()], ("Ann", "Bob", 0, "talking")),
        ([reject("declined")], ("Ann", "Bob", 0, "declined")),
        ([reject("busy")], ("Ann", "Bob", 0, "busy")),
        ([hangup("cancelled", at=3)], ("Ann", "Bob", 0, "cancelled")),
        ([hangup("unanswered", at=45)], ("Ann", "Bob", 0, "unanswered")),
        ([accept(), hangup("ended", at=70)], ("Ann", "Bob", 70, "ended")),
        ([accept(), hangup("failed", at=70, sender="Bob", to="Ann")], ("Ann", "Bob", 70, "failed")),
        ([accept(), hangup("ended", at=70, secs=68.6)], ("Ann", "Bob", 69, "ended")),
    ],
)
def test_a_call_is_as_its_last_signal_has_it(signals, call):
    assert calls(log_of(signal("invite"), *signals)) == [call]


def test_a_call_is_never_longer_than_the_time_that_has_gone_by():
    assert calls(log_of(signal("invite"), accept(at=10), hangup("ended", at=20, secs=99)))[0][2] == 10
    assert calls(log_of(signal("invite"), accept(at=10), hangup("ended", at=5)))[0][2] == 0


@pytest.mark.parametrize(
    "late",
    [
        signal("invite"),
        accept(at=90),
        reject("declined"),
        hangup("failed", at=90),
        hangup("cancelled", call="c2"),
    ],
    ids=lambda message: message.type,
)
def test_what_is_over_stays_as_it_is(late):
    log = log_of(signal("invite"), accept(), hangup("ended", at=70))
    assert log.note(late, "") is log


@pytest.mark.parametrize(
    "foreign",
    [
        accept(sender="Eve"),
        accept(to="Eve"),
        accept(sender="Ann", to="Bob"),
        reject("declined", sender="Eve"),
        reject("declined", sender="Ann", to="Bob"),
        hangup("ended", sender="Eve"),
        hangup("ended", to="Eve"),
    ],
)
def test_only_its_two_ends_change_a_call_each_in_its_own_way(foreign):
    log = log_of(signal("invite"))
    assert log.note(foreign, "") is log


def test_a_name_counts_however_it_is_written():
    assert calls(log_of(signal("invite"), accept(sender="BOB", to="ann")))[0][3] == "talking"


def test_two_who_called_each_other_are_in_one_call():
    log = log_of(
        signal("invite"),
        signal("invite", "Bob", "Ann", call="c2"),
        accept(),
        hangup("ended", "Bob", "Ann", call="c2"),
    )
    assert calls(log) == [("Ann", "Bob", 0, "talking")]


def test_whoever_talks_in_a_new_call_has_left_the_old_one():
    log = log_of(
        signal("invite"),
        accept(),
        signal("invite", "Eve", "Ann", 100, "c2"),
        accept(101, "Ann", "Eve", call="c2"),
    )
    assert calls(log) == [("Ann", "Bob", 0, "gone"), ("Eve", "Ann", 0, "talking")]


def test_whoever_called_and_went_away_was_not_answered():
    log = log_of(signal("invite"), signal("invite", "Eve", "Bob", 61, "c2"))
    assert [call[3] for call in calls(log)] == ["unanswered", "calling"]


def test_a_poll_of_either_keeps_the_length_current():
    log = log_of(signal("invite"), accept(at=2))
    for name in ("ann", "Bob"):
        assert calls(log.kept_current(name, NOW + 12)) == [("Ann", "Bob", 10, "talking")]
        assert log.current_until(name, NOW + 12) == NOW + 7
    assert log.kept_current("Eve", NOW + 12) is log
    assert log.current_until("Eve", NOW + 12) is None


def test_the_length_is_not_set_more_often_than_every_five_seconds():
    log = log_of(signal("invite"), accept()).kept_current("Ann", NOW + 5)
    assert log.kept_current("Ann", NOW + 9) is log
    assert log.kept_current("Ann", NOW + 10) is not log
    assert log.current_until("Ann", NOW + 9) == NOW + 10


@pytest.mark.parametrize(
    "signals", [[], [accept(), hangup("ended")], [reject("declined")]], ids=["calling", "over", "declined"]
)
def test_only_a_call_in_which_they_talk_has_a_length(signals):
    log = log_of(signal("invite"), *signals)
    assert log.kept_current("Ann", NOW + 30) is log
    assert log.current_until("Ann", NOW + 30) is None


def test_a_call_of_which_nobody_has_polled_for_ten_minutes_is_left_alone():
    log = log_of(signal("invite"), accept())
    assert log.kept_current("Ann", NOW + 599) is not log
    assert log.kept_current("Ann", NOW + 600) is log
    assert log.current_until("Ann", NOW + 600) is None


def test_the_oldest_lines_go():
    log = log_of(*(signal("invite", call=f"c{n}", at=100 * n) for n in range(4)))
    assert [row[7] for row in log.trimmed(2).rows] == ["c2", "c3"]
    assert log.trimmed(4) is log


def test_lines_that_are_no_calls_of_ours_stay_as_they_are():
    others = (PHP, ("what", "is", "this"), ("x", "y", "Ann", "", "Bob", "", "0", "c1", "z", "talking"))
    log = CallLog(others).note(signal("invite", call="c2"), "").note(accept(call="c2"), "")
    assert log.rows[:3] == others
    assert log.kept_current("Ann", NOW + 20).rows[:3] == others
    assert log.note(hangup("ended", call="c1"), "") is log
