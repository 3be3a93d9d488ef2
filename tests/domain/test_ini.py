"""The ini dialect, against what PHP 8.2 makes of the same text."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mozchat.domain.ini import IniError, decode, parse_ini, set_value

SNIPPETS = json.loads((Path(__file__).parent.parent / "samples" / "php-ini-raw.json").read_text("utf-8"))

# More of PHP 8.2.35, asked the same way as for the snippets.
MORE = [
    ('a="', {"a": '"'}),
    ('a="""', {"a": '"'}),
    ('a="x" ; say "y"', {"a": 'x" ; say "y'}),
    ('a=3 ; say "y"', {"a": "3"}),
    ('a="b;c" d;e', {"a": '"b;c" d'}),
    ("\ta\t=\t1", {"a": "1"}),
    ("a= ; c\nb=1", {"a": "", "b": "1"}),
    ("a==", {"a": "="}),
    ("a=1\rb=2", {"a": "1", "b": "2"}),
    ("a=1\\\nb=2", {"a": "1\\", "b": "2"}),
    ("key", {}),
    ("key\na=1", {"a": "1"}),
    ("a ; c", {}),
    ("# c = 3", {"# c": "3"}),
    ("# c (x)", False),
    ("=1", False),
    ("[s", False),
    ("[s\n]\na=1", False),
    ('"k"=v', False),
    ("x{=1", False),
    ("a[]", False),
    ("a[=1", False),
    ("null=1", False),
    ("no\na=1", False),
    ("a=null", {"a": "null"}),
    ("a[]=1\na[]=2", {"a": ["1", "2"]}),
    ("a=1\na[]=2", {"a": ["2"]}),
    ("a[]=1\na=2", {"a": "2"}),
    ("[s] a=1", {"s": {"a": "1"}}),
    ("[s] ; c\na=1", {"s": {"a": "1"}}),
    ("[s]\na=1\n[t]\nb=1\n[s]\nc=1", {"s": {"c": "1"}, "t": {"b": "1"}}),
    ("[]\na=1", {"": {"a": "1"}}),
    ("[s]\n[t]", {"s": {}, "t": {}}),
    ("\n\n", {}),
]

INI_LIKE = st.text(alphabet='ab=";[] \t\n\r\\(#1é\ufeff', max_size=40) | st.text(max_size=40)
VALUES = st.text(st.characters(blacklist_characters="\r\n\0", blacklist_categories=["Cs"]), max_size=30)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in {"true", "on", "yes", "false", "off", "no", "none", "null"}
)


def as_php(text):
    """The nested arrays that PHP gives."""
    document = parse_ini(text)
    return document.top.values() | {section.name: section.values() for section in document.sections[1:]}


@pytest.mark.parametrize(("text", "expected"), [(s["ini"], s["php"]) for s in SNIPPETS] + MORE)
def test_a_text_is_read_as_php_reads_it(text, expected):
    if expected is False:
        with pytest.raises(IniError):
            parse_ini(text)
    else:
        assert as_php(text) == (expected or {})


def test_the_line_of_a_refused_text_is_named():
    with pytest.raises(IniError, match=r"^line 3: '\"' cannot stand here"):
        parse_ini('[common]\r\na="multi\r\nline"\r\n')


@pytest.mark.parametrize("text", ["a=1\0b", "a\0=1", "[a\0]"])
def test_a_nul_is_refused(text):
    with pytest.raises(IniError):
        parse_ini(text)


def test_entries_keep_their_lines():
    document = parse_ini("\ufefftop=0\r\n\r\n[common]\r\n; c\r\na=1\r\nb[]=2\r\n")
    lines = [
        (section.name, entry.key, entry.line) for section in document.sections for entry in section.entries
    ]
    assert lines == [(None, "top", 1), ("common", "a", 5), ("common", "b", 6)]
    assert document.section("common").line == 3


def test_bytes_are_decoded_with_and_without_a_mark():
    assert as_php(decode(b"\xef\xbb\xbfa=1")) == as_php(decode(b"a=1")) == {"a": "1"}


def test_a_file_of_another_encoding_is_refused_with_its_line():
    with pytest.raises(IniError, match=r"^line 2: this is not UTF-8"):
        decode("a=1\nb=привет".encode("cp1251"))


def parsed(text):
    """The document or the error; anything else that is raised goes on."""
    try:
        return parse_ini(text), None
    except IniError as error:
        return None, error


@settings(deadline=None)
@given(INI_LIKE)
def test_nothing_but_ini_error_comes_of_any_text(text):
    document, error = parsed(text)
    if error:
        assert 1 <= error.line <= text.count("\n") + text.count("\r") + 1
        return
    for section in document.sections:
        for entry in section.entries:
            start, end = entry.span
            assert text[start:end] in (entry.value, f'"{entry.value}"')


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_nothing_but_ini_error_comes_of_any_bytes(data):
    with contextlib.suppress(IniError):
        parse_ini(decode(data))


@settings(max_examples=200, deadline=None)
@given(INI_LIKE, st.sampled_from(["s", "auth"]), NAMES, VALUES)
@example('[s]\nk=3 ; say "x"', "s", "k", 'v"w')
@example("[s] [t] k=1", "s", "k", "1")
@example("[s]\nk=1\nk[]=2", "s", "k", "1")
def test_a_value_that_was_set_is_read_back_and_nothing_else_changes(text, section, key, value):
    assume(parsed(text)[0])
    before, after = as_php(text), as_php(set_value(text, section, key, value))
    assert parse_ini(set_value(text, section, key, value)).section(section).values()[key] == value
    inside = before.get(section, {})
    if isinstance(inside, dict):
        assert after == before | {section: inside | {key: value}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[auth]\npassword="a$b"\n'),
        ("\ufeff[client]\r\ntitle=x", '\ufeff[client]\r\ntitle=x\r\n\r\n[auth]\r\npassword="a$b"\r\n'),
        ("[client]\ntitle=x\n", '[client]\ntitle=x\n\n[auth]\npassword="a$b"\n'),
        ("[auth]\n; none yet\n[client]\n", '[auth]\npassword="a$b"\n; none yet\n[client]\n'),
        ("[auth] ; who\nx=1 ; c\n\n[client]\n", '[auth] ; who\nx=1 ; c\npassword="a$b"\n\n[client]\n'),
        (" [auth]\n password = old ; c\nx=1", ' [auth]\n password = "a$b" ; c\nx=1'),
        ("[auth]\npassword=1\npassword=2\n", '[auth]\npassword=1\npassword="a$b"\n'),
        ("[auth]\npassword=\n", '[auth]\npassword="a$b"\n'),
        ('[auth]\npassword=x ; say "x"\n', '[auth]\n; say "x"\npassword="a$b"\n'),
    ],
)
def test_setting_a_value_leaves_the_rest_of_the_text(before, after):
    assert set_value(before, "auth", "password", "a$b") == after


def test_a_plain_value_needs_no_quotes_and_a_line_end_cannot_be_in_one():
    assert set_value("", "client", "maxClipSizeSec", "15") == "[client]\nmaxClipSizeSec=15\n"
    with pytest.raises(ValueError, match="one line"):
        set_value("", "client", "title", "a\nb")
