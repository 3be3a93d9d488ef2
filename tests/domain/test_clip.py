import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozchat.domain.clip import (
    MAX_DESCRIPTION,
    Clip,
    checked_peaks,
    chosen_duration,
    clean_description,
    file_name,
    id_of_file,
    is_file_name,
)
from mozchat.domain.errors import Invalid

CLIP = Clip(
    "9f86d081884c7d65",
    "1795256130250-9f86d081884c7d65.webm",
    "Ann",
    "ab",
    5,
    9,
    "audio/webm",
    1.5,
    7,
    "x",
    (0, 9),
)


def test_a_record_gives_the_same_clip_again():
    assert Clip.from_record(json.loads(json.dumps(CLIP.record()))) == CLIP


def test_a_php_row_is_read_with_its_time_from_the_file_name():
    row = ["1700000000_0.webm", "Ann", "Nov_14_22:13:20", "audio/webm", "2.4", 1234, 1700000300, "hello"]
    clip = Clip.from_php_row(row)
    assert clip.created == 1_700_000_000_000
    assert clip.expires == 1_700_000_300_000
    assert (clip.duration, clip.bytes, clip.author, clip.description) == (2.4, 1234, "Ann", "hello")
    assert (clip.id, clip.identity) == ("1700000000_0", "")


@pytest.mark.parametrize("expire", ["1700000300", 1700000300.7])
def test_numbers_of_a_php_row_may_be_strings_or_fractions(expire):
    row = ["1700000000.webm", "Ann", "", "audio/webm", 2, "99", expire]
    assert Clip.from_php_row(row).expires == 1_700_000_300_000


@pytest.mark.parametrize(
    "row", [[], ["x"], "text", [None] * 8, ["../../etc/passwd\n", "A", "", "", 1, 1, 1, ""]]
)
def test_what_is_no_php_row_is_refused(row):
    with pytest.raises(ValueError):
        Clip.from_php_row(row)


def test_a_path_in_a_php_row_is_reduced_to_its_file():
    row = ["../../x/1700000000.webm", "Ann", "", "audio/webm", 2, 9, 1, ""]
    assert Clip.from_php_row(row).file == "1700000000.webm"


@pytest.mark.parametrize("name", ["../a", "a/b", ".hidden", "", "a\0b", "x" * 201, "a\\b", "a\nb"])
def test_only_plain_visible_names_are_file_names(name):
    assert not is_file_name(name)


def test_the_id_of_our_own_file_is_the_one_in_its_name():
    assert id_of_file(file_name(1795256130250, "9f86d081884c7d65", "webm")) == "9f86d081884c7d65"
    assert id_of_file("1700000000_3.ogg") == "1700000000_3"
    assert len(id_of_file("с пробелами.webm")) == 16


def test_the_servers_reading_of_the_duration_wins_over_the_hint():
    assert chosen_duration(4.2, "99", 15) == 4.2


@pytest.mark.parametrize("hint", ["-1", "nan", "inf", "1e999", "x", "", "99999999"])
def test_a_senseless_hint_is_no_duration(hint):
    assert chosen_duration(None, hint, 15) == 0


def test_a_hint_is_bounded_by_the_longest_clip():
    assert chosen_duration(None, "20", 15) == 15


@given(st.text())
def test_a_description_is_one_printable_line_of_at_most_200_characters(text):
    line = clean_description(text)
    assert len(line) <= MAX_DESCRIPTION
    assert line.isprintable() or line == ""
    assert clean_description(line) == line


@pytest.mark.parametrize(
    "peaks", [[101], [-1], [1.5], [True], ["1"], list(range(101)) + [1] * 28, {}, "1", None]
)
def test_peaks_that_are_not_at_most_128_numbers_of_0_to_100_are_refused(peaks):
    with pytest.raises(Invalid):
        checked_peaks(peaks)


@given(
    st.dictionaries(st.sampled_from(list(CLIP.record())), st.none() | st.integers() | st.floats() | st.text())
)
def test_a_mangled_record_is_a_clip_or_a_value_error(changes):
    try:
        clip = Clip.from_record({**CLIP.record(), **changes})
    except ValueError:
        return
    assert math.isfinite(clip.duration)
    assert clip.bytes >= 0
    assert is_file_name(clip.file)
