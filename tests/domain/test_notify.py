"""Who gets mail about a new clip, and when."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.domain.clip import Clip
from mozchat.domain.mail import HOUR, LONGEST_RETRY, MINUTE, MOST_CLIPS, Mail, free_at, pause_after
from mozchat.domain.mailbox import address_key, is_address, mailbox
from mozchat.domain.notify import Notice, Recipient, parse_notify, to_be_told

ANN, BOB = Recipient("Ann", "ann@example.org"), Recipient("Bob", "bob@example.org")


@pytest.mark.parametrize(
    "text",
    [
        'Ann="ann@example.org"\nBob=bob@example.org',
        '\ufeff[people]\r\nAnn = "ann@example.org" ; my friend\r\n\r\n; nobody\r\nBob=bob@example.org ; him\r\n',
        'Ann="eve@example.org"\n[a]\nann="ann@example.org"\n[a]\nBob="bob@example.org"',
    ],
)
def test_a_line_names_somebody(text):
    found, problems = parse_notify(text.encode(), "walk/notify.ini")
    assert {each.address for each in found} == {ANN.address, BOB.address}
    assert not [problem for problem in problems if problem.level == "error"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Ann", 'name="address" was expected'),
        ("Ann=", "not a mail address"),
        ("Ann=ann@example.org, bob@example.org", "not a mail address"),
        ('Ann="Ann <ann@example.org>"', "not a mail address"),
        ("Ann=-oQ/tmp@example.org", "not a mail address"),
        ("Ann=ann@exämple.org", "not a mail address"),
        ("=ann@example.org", 'name="address" was expected'),
        ("*=ann@example.org", "The name * stands for everyone"),
        ("A'B=ann@example.org", "cannot contain '"),
        ("Ann[]=ann@example.org", 'name="address" was expected'),
        ("yes=ann@example.org", 'name="address" was expected'),
        ("x" * 31 + "=ann@example.org", "at most 30"),
    ],
)
def test_a_bad_line_is_named_and_costs_nobody_else_the_mail(line, message):
    found, problems = parse_notify(f"; people\n{line}\nBob=bob@example.org\n".encode(), "walk/notify.ini")
    (problem,) = problems
    assert found == [BOB]
    assert problem.level == "error"
    assert "walk/notify.ini line 2" in str(problem)
    assert message in str(problem)


def test_a_name_that_comes_again_counts_once_and_is_a_warning():
    found, (problem,) = parse_notify(b"Ann=old@example.org\nANN=ann@example.org", "walk/notify.ini")
    assert [each.address for each in found] == [ANN.address]
    assert (problem.level, problem.line) == ("warning", 1)


def test_a_file_in_another_encoding_is_named():
    found, (problem,) = parse_notify("Ann=a@b.org\nЁж=e@b.org".encode("cp1251"), "walk/notify.ini")
    assert found == []
    assert (problem.line, problem.level) == (2, "error")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_problems(data):
    for recipient in parse_notify(data, "walk/notify.ini")[0]:
        assert is_address(recipient.address)


@pytest.mark.parametrize(
    "address", ["a@b", "ann.b+c@mail.example.org", "o'neil@xn--e1afmkfd.xn--p1ai", "1@2.org", "{x}|y@z.org"]
)
def test_these_are_addresses(address):
    assert is_address(address)
    assert mailbox(f'"A B" <{address}>') == ("A B", address)
    assert mailbox(address) == ("", address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "a", "@b", "a@", "a b@c", "a@b@c", ".a@b", "a.@b", "a..b@c", "-a@b", "a@-b", "a@b-", "a@b..c"),
        *("a@b\n", "a@b\r\nBcc: c@d", "ä@b", '"a"@b', "a@[127.0.0.1]", "a" * 250 + "@b.org"),
    ],
)
def test_these_are_none(address):
    assert not is_address(address)
    with pytest.raises(ValueError, match="mail address"):
        mailbox(address)


def test_an_address_is_the_same_in_capitals():
    assert address_key("Ann@Example.org") == address_key("ann@example.ORG") != address_key("bob@example.org")


def test_neither_author_nor_who_is_there_nor_who_wants_none_is_told_and_no_address_twice():
    dora, eve = Recipient("Dora", "dora@example.org"), Recipient("Eve", "eve@example.org")
    named = [
        ANN,
        BOB,
        dora,
        eve,
        Recipient("Evelyn", "EVE@example.org"),
        Recipient("Annie", "ANN@example.org"),
    ]
    told = to_be_told(named, "ann", ["BOB"], {dora.key})
    assert told == (eve,)


def test_a_notice_is_read_as_it_was_written():
    notice = Notice("walk", "a" * 16, 5, (ANN, BOB))
    assert Notice.from_record(json.loads(json.dumps(notice.record()))) == notice
    for broken in ({}, [], {**notice.record(), "told": [1]}, {**notice.record(), "created": "x"}):
        with pytest.raises(ValueError):
            Notice.from_record(broken)


def clip(number):
    return Clip(f"{number:016x}", f"{number}.webm", "Ann", "", 1, 9, "audio/webm", 1.0, 9, peaks=(1, 2))


def test_a_mail_is_read_as_it_was_written_and_does_not_tell_who_the_author_is():
    mail = Mail("clips", "walk", BOB, created=1, due=2, clips=(clip(1),), attempts=3, repeats=1, fault="down")
    assert Mail.from_record(json.loads(json.dumps(mail.record()))) == mail
    for broken in ({}, [], {**mail.record(), "kind": "x"}, {**mail.record(), "clips": [{}]}):
        with pytest.raises(ValueError):
            Mail.from_record(broken)


def test_what_joins_a_mail_is_told_once_and_makes_it_another():
    mail = Mail("clips", "walk", BOB, created=1, due=2, clips=(clip(1),))
    more = mail.with_clip(clip(2))
    assert more.with_clip(clip(2)) == more
    assert mail.key == more.key
    assert mail.id != more.id
    for number in range(MOST_CLIPS + 5):
        more = more.with_clip(clip(number))
    assert (len(more.clips), more.earlier) == (MOST_CLIPS, 5)


def test_tries_become_rarer_up_to_an_hour():
    pauses = [pause_after(failures) for failures in range(1, 100)]
    assert pauses[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_RETRY


@settings(deadline=None)
@given(st.lists(st.integers(0, 5 * HOUR), max_size=60))
def test_no_more_than_so_many_in_any_hour(arrivals):
    times = []
    for now in sorted(arrivals):
        times.append(free_at(times, now, 3))
        assert times[-1] >= now
    assert all(later - earlier >= HOUR for earlier, later in zip(times, times[3:], strict=False))
