"""The table of options, and what is made of an `.ini` by it."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.domain.options import (
    DEFAULTS,
    OPTIONS,
    IceServer,
    ThreadSettings,
    page_view,
    parse_settings,
)

PRESETS = Path(__file__).parents[2] / "threads"
BY_KEY = {option.key: option for option in OPTIONS}
SECRET = {"password", "mailFrom", "mailReplyTo", "iceString", "turnSecret"}

# DESIGN's table, in its words.
DESIGN_DEFAULTS = {
    "title": "Audio chat",
    "mediaFolder": "media",
    "maxBlobBytes": 50000,
    "maxMediaFolderBytes": 400000,
    "clipLifetimeSec": 300,
    "maxClipCount": 20,
    "maxOpenUploads": 8,
    "uploadLifetimeSec": 86400,
    "durability": "fsync",
    "hideExpired": True,
    "removeExpiredFromDir": False,
    "maxClipSizeSec": 2,
    "allowVideo": False,
    "videoOn": False,
    "allowStream": False,
    "onRecorded": "stop",
    "live": False,
    "playNew": True,
    "skipMine": True,
    "pollFactor": 30,
    "longPollPeriodS": 15,
    "userStatusFadeS": 5,
    "messageLifetimeSec": 300,
    "notifyUsers": False,
    "notifyOnline": False,
    "allowSubscribe": False,
    "mailFrom": "",
    "mailReplyTo": "",
    "iceAddr": "google",
    "iceString": (),
    "turnSecret": "",
    "turnTtlSec": 14400,
    "relayOnly": False,
    "callLogLimit": 20,
    "shouldLogPolls": True,
    "logAddresses": False,
    "timeShiftHrs": 0,
    "lang": "en",
    "showMore": False,
    "reportErrors": False,
    "public": True,
    "description": "",
    "nameHoldSec": 2592000,
    "password": "",
}

# A folder of the PHP mozchat, as its example has it.
PHP_INI = """[common]
;timeShiftHrs=1
mediaFolder="4321"
maxBlobBytes=5000000
maxMediaFolderBytes=50000000
clipLifetimeSec=360000
userStatusFadeS=3;
mailFrom=
pathBias="../"

[client]
title="media chat testing ground"
allowStream=1
onRecorded="upload"
pollFactor="l"
iceAddr="this"
iceString="[ { "urls" : "turn:@ip@:3478?transport=udp", "username" : "user", "credential" : "password" } ]"
"""


def read(text):
    return parse_settings(text, "threads/x/.ini")


def problems(text, level=None):
    return [str(problem) for problem in read(text)[1] if level in (None, problem.level)]


def test_the_table_has_every_key_with_its_default():
    assert {option.key: option.default_value for option in OPTIONS} == DESIGN_DEFAULTS


def test_the_settings_have_a_field_for_every_option_in_the_same_order():
    assert [field.name for field in fields(ThreadSettings)] == [option.field for option in OPTIONS]
    assert BY_KEY["maxClipSizeSec"].field == "max_clip_size_sec"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_every_option_explains_itself(option):
    assert option.help.endswith(".")
    assert option.kind.expected
    assert not (option.page and option.secret)


def test_an_empty_text_gives_the_defaults():
    assert read("") == (DEFAULTS, [])


def test_a_php_folder_is_read():
    found, issues = read(PHP_INI)
    assert found.media_folder == "media4321"
    assert found.user_status_fade_s == 3
    assert found.mail_from == ""
    assert found.poll_factor == "l"
    assert found.on_recorded == "upload"
    assert found.ice_string == (IceServer(("turn:@ip@:3478?transport=udp",), "user", "password"),)
    assert [str(issue) for issue in issues] == ["threads/x/.ini line 9: pathBias: unknown key"]


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*/.ini")), ids=lambda path: path.parent.name)
def test_a_preset_has_no_problems_and_introduces_itself(path):
    found, issues = parse_settings(path.read_bytes(), str(path))
    assert issues == []
    assert found.title != DEFAULTS.title
    assert found.description
    assert found.poll_factor == "l"


@pytest.mark.parametrize("name", ["videoStream", "videoChat", "mediaChat"])
def test_in_a_preset_a_video_of_full_length_fits(name):
    found, _ = parse_settings((PRESETS / name / ".ini").read_bytes(), name)
    assert found.max_clip_size_sec * 2_500_000 / 8 < found.max_blob_bytes


def test_there_are_five_presets():
    assert {path.parent.name for path in PRESETS.glob("*/.ini")} >= {
        "mediaForum",
        "audioStream",
        "videoStream",
        "videoChat",
        "mediaChat",
    }


GOOD = [
    ("allowVideo", "on", True),
    ("allowVideo", "No", False),
    ("maxClipCount", "0", 0),
    ("maxBlobBytes", '"30000000"', 30000000),
    ("pollFactor", "off", "off"),
    ("pollFactor", "4", 4),
    ("timeShiftHrs", "5.75", 5.75),
    ("timeShiftHrs", "-3", -3),
    ("mediaFolder", "mediaVideo", "mediaVideo"),
    ("mailFrom", '"Mail Robot <noreply@myhosting.net>"', "Mail Robot <noreply@myhosting.net>"),
    ("mailReplyTo", "admin@example.org", "admin@example.org"),
    ("iceAddr", "turn.example.org", "turn.example.org"),
    ("iceAddr", "192.0.2.1", "192.0.2.1"),
    ("iceAddr", "2001:db8::1", "[2001:db8::1]"),
    ("iceAddr", "[2001:db8::1]", "[2001:db8::1]"),
    ("iceString", '"[{"urls": ["stun:a", "turns:b"]}]"', (IceServer(("stun:a", "turns:b")),)),
    ("title", "  привет  ", "привет"),
    ("title", "", "Audio chat"),
]

BAD = [
    ("maxClipSizeSec", "0", "a whole number of seconds from 1 to 86400"),
    ("maxClipSizeSec", "abc", "a whole number of seconds from 1 to 86400"),
    ("maxClipSizeSec", "1.5", "a whole number of seconds from 1 to 86400"),
    ("maxBlobBytes", "-1", "a whole number of bytes"),
    ("maxBlobBytes", "9" * 60, "a whole number of bytes"),
    ("maxBlobBytes", "٣", "a whole number of bytes"),
    ("allowVideo", "2", "1 (on) or 0 (off)"),
    ("onRecorded", "send", "upload or stop"),
    ("lang", "de", "en or ru"),
    ("pollFactor", "0", "l (long poll), off, or"),
    ("pollFactor", "36001", "l (long poll), off, or"),
    ("mediaFolder", "../media", "a folder's name"),
    ("title", "x" * 101, "a text of at most 100 characters"),
    ("timeShiftHrs", "15", "a number of hours"),
    ("timeShiftHrs", "0.1", "a number of hours"),
    ("iceAddr", "http://x", "google, this, or the name or IP address of a host"),
]


@pytest.mark.parametrize(("key", "text", "value"), GOOD)
@pytest.mark.parametrize("section", ["common", "client"])
def test_a_good_value_is_read_in_either_section(section, key, text, value):
    found, issues = read(f"[{section}]\n{key}={text}")
    assert [issue for issue in issues if issue.level == "error"] == []
    assert getattr(found, BY_KEY[key].field) == value


@pytest.mark.parametrize(("key", "text", "expected"), BAD)
def test_a_bad_value_is_an_error_that_says_what_was_expected(key, text, expected):
    found, issues = read(f"[common]\n\n{key}={text}\n")
    errors = [str(issue) for issue in issues if issue.level == "error"]
    assert len(errors) == 1
    assert errors[0].startswith(f'threads/x/.ini line 3: {key} = "{text[:80]}": {expected}')
    assert errors[0].endswith("was expected")
    assert getattr(found, BY_KEY[key].field) == BY_KEY[key].default_value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("mailFrom", "hunter2"),
        ("mailFrom", "a@b@hunter2"),
        ("mailReplyTo", "<hunter2>"),
        ("iceString", "hunter2"),
        ("iceString", "{}"),
        ("iceString", "[" * 100_000),
        ("iceString", '[{"urls": "http://hunter2"}]'),
        ("iceString", '[{"urls": []}]'),
        ("iceString", '[{"urls": "turn:a", "credential": {"hunter2": 1}}]'),
        ("iceString", "[1]"),
    ],
)
def test_a_faulty_secret_is_not_repeated(key, text):
    (error,) = problems(f"[client]\n{key}={text}", "error")
    assert "hunter2" not in error
    assert error.startswith(f"threads/x/.ini line 2: {key}: ")


def test_several_errors_are_listed_in_the_order_of_lines():
    lines = [issue.line for issue in read("[client]\nlang=x\nplayNew=x\n[common]\nmaxClipCount=x")[1]]
    assert lines == [2, 3, 5]


def test_a_text_that_is_no_ini_is_one_error():
    found, issues = read('[common]\na="b\nc"\n')
    assert found == DEFAULTS
    assert [str(issue) for issue in issues] == [
        "threads/x/.ini line 3: '\"' cannot stand here: key=value, [section] or ; comment was expected"
    ]


def test_bytes_that_are_no_utf8_are_one_error():
    assert problems("[common]\ntitle=чат".encode("cp1251"), "error") == [
        "threads/x/.ini line 2: this is not UTF-8; save the file in that encoding"
    ]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[common]\nfoo=1", "line 2: foo: unknown key"),
        ("[common]\nmaxblobBytes=1", "line 2: maxblobBytes: unknown key; is maxBlobBytes meant?"),
        ("[foo]", "line 1: [foo]: unknown section; there are [common], [client], [auth]"),
        ("title=x", "line 1: title: does not count here; it belongs in [common] or [client]"),
        ("[auth]\ntitle=x", "line 2: title: does not count here; it belongs in [common] or [client]"),
        ("[client]\nlang=ru\n[common]\nlang=en", "line 4: lang: does not count, because line 2 sets it too"),
        (
            "[common]\n[common]",
            "line 1: [common]: does not count, because a section of this name comes again",
        ),
        ("[common]\nvideoOn=1", "line 2: videoOn: does not count where allowVideo=0"),
        (
            "[common]\nmaxBlobBytes=500000",
            "line 2: maxBlobBytes: is more than maxMediaFolderBytes, and no clip can be bigger than the folder",
        ),
        (
            "[common]\nnotifyUsers=1\nallowStream=1",
            "line 2: notifyUsers: no mail is sent where allowStream=1",
        ),
        (
            "[auth]\npassword=hunter2",
            "line 2: password: is readable in the file; `mozchat passwd` stores a hash in its place",
        ),
    ],
)
def test_what_is_strange_is_a_warning(text, warning):
    assert problems(text) == [f"threads/x/.ini {warning}"]
    assert problems(text, "error") == []


def test_the_client_section_counts_more():
    assert read("[client]\nlang=ru\n[common]\nlang=en")[0].lang == "ru"


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "[common]\npassword=hunter2",
        "[Auth]\npassword=hunter2",
        "[auth]\npassword=hunter2\n[auth]\n",
        "[auth]\npassword[]=hunter2",
    ],
)
def test_a_password_that_would_not_count_is_an_error_and_stays_secret(text):
    assert problems(text, "error")
    assert not any("hunter2" in problem for problem in problems(text))


def test_a_hashed_password_is_no_problem():
    found, issues = read("[auth]\npassword=scrypt:32768:8:1$salt$00ff")
    assert (found.password, issues) == ("scrypt:32768:8:1$salt$00ff", [])
    assert "scrypt" not in repr(found)


@pytest.mark.parametrize(
    ("lines", "live"),
    [
        ("", False),
        ("onRecorded=upload", True),
        ("onRecorded=stop", False),
        ("onRecorded=upload\nlive=0", False),
        ("onRecorded=stop\nlive=1", True),
        ("onRecorded=upload\nlive=", True),
        ("onRecorded=upload\nlive=maybe", True),
        ("onRecorded=upload\nallowStream=1\nmaxClipSizeSec=1", False),
        ("onRecorded=upload\nallowStream=1\nmaxClipSizeSec=5", False),
        ("onRecorded=upload\nallowStream=1\nmaxClipSizeSec=6", True),
        ("onRecorded=upload\nallowStream=1\nmaxClipSizeSec=1\nlive=1", True),
        ("onRecorded=upload\nallowStream=0\nmaxClipSizeSec=1", True),
    ],
)
def test_clips_are_live_where_they_are_sent_at_once_unless_it_is_said_otherwise(lines, live):
    assert read(f"[client]\n{lines}")[0].live is live


def test_the_page_sees_what_it_needs_and_no_secret():
    text = PHP_INI + "[auth]\npassword=hunter2\n"
    view = page_view(read(text)[0])
    assert view["maxBlobBytes"] == 5000000
    assert (view["allowStream"], view["allowVideo"]) == (1, 0)
    assert view["pollFactor"] == "l"
    assert not SECRET & view.keys()
    assert {option.key for option in OPTIONS if option.secret} == SECRET


LINES = st.lists(
    st.one_of(
        st.sampled_from(["[common]", "[client]", "[auth]", "[x]", ""]),
        st.builds(
            "{}={}".format,
            st.sampled_from(sorted(BY_KEY)),
            st.text(max_size=12) | st.sampled_from(["1", "l", "[]", '"x"']),
        ),
        st.text(max_size=12),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(LINES)
def test_any_text_gives_settings_that_keep_the_bounds(lines):
    found, issues = read("\n".join(lines))
    assert 1 <= found.max_clip_size_sec <= 86400
    assert found.media_folder.startswith("media")
    assert all(str(issue).startswith("threads/x/.ini line ") for issue in issues)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_settings(data):
    assert isinstance(read(data)[0], ThreadSettings)
