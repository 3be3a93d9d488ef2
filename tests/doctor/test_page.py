"""How findings are shown."""

import threading

import pytest

from mozchat.doctor.examination import Check, _together, _within
from mozchat.doctor.finding import LeftOut, error, left_out, right, warning
from mozchat.doctor.page import Style, shown, summary

FOUND = [
    ("The folder", right("Disk", "77 GB free")),
    (
        "The folder",
        error("Secret key", "Everybody can read it, which is " + "very " * 20 + "bad.", "chmod 600 it"),
    ),
    ("Calls", warning("STUN", "It answers slowly.", "Ask another.")),
    ("Calls", left_out("TURN", "None is set.")),
]


def lines(columns=80, encoding="utf-8", colours=False):
    return list(shown(FOUND, Style(encoding, columns, colours)))


def test_findings_stand_in_groups_each_with_its_sign_and_its_remedy():
    assert lines() == [
        "",
        "The folder",
        "  ✓ Disk               77 GB free",
        "  ✗ Secret key         Everybody can read it, which is very very very very very",
        "                       very very very very very very very very very very very",
        "                       very very very very bad.",
        "                       → chmod 600 it",
        "",
        "Calls",
        "  ! STUN               It answers slowly.",
        "                       → Ask another.",
        "  · TURN               None is set.",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_the_signs_is_shown_others(encoding):
    said = "\n".join(lines(encoding=encoding))

    assert "  + Disk " in said
    assert "  x Secret key " in said
    assert "-> chmod 600 it" in said
    said.encode(encoding)


def test_text_that_the_terminal_cannot_show_does_not_end_the_page():
    (*_, line) = shown([("A", error("Ёлки", "Ёлки", ""))], Style("ascii", 80, False))

    assert line.startswith("  x ????")


def test_colours_are_for_terminals_only():
    assert not any("\x1b" in line for line in lines())
    assert any("\x1b[31m" in line for line in lines(colours=True))


@pytest.mark.parametrize("columns", [20, 60, 100, 400])
def test_lines_are_as_long_as_can_be_read(columns):
    assert max(map(len, lines(columns))) <= max(60, min(columns, 100))


def test_the_summary_counts():
    assert summary([finding for _, finding in FOUND]) == "1 error, 1 warning, 1 right, 1 left out"


def test_checks_left_out_for_the_same_reason_are_one_line():
    def out(reason):
        raise LeftOut(reason, "Do this.")

    checks = [
        Check("Web", "Range", lambda: out("it is not there")),
        Check("Web", "News", lambda: out("it is not there")),
        Check("Web", "Files", lambda: iter([right("Files", "fine")])),
        Check("Web", "Hub", lambda: out("it is off")),
    ]
    found = list(_together((check.group, each) for check in checks for each in _within(check)))

    assert [(f.about, f.level, f.text) for _, f in found] == [
        ("Left out", "left out", "Range, News: it is not there."),
        ("Files", "right", "fine"),
        ("Hub", "left out", "Left out: it is off."),
    ]


def test_a_check_that_never_ends_is_an_error_and_keeps_what_it_has_found():
    end = threading.Event()

    def look():
        yield right("Disk", "there")
        end.wait(30)

    found = list(_within(Check("Web", "Disk", look, 0.2)))
    end.set()

    assert [finding.level for finding in found] == ["right", "error"]
    assert "took longer" in found[1].text


def test_a_check_with_a_fault_is_an_error():
    def look():
        raise ZeroDivisionError("oh")

    (finding,) = _within(Check("Web", "Disk", look))

    assert finding.level == "error"
    assert "ZeroDivisionError: oh" in finding.text
