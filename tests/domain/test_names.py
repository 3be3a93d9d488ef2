import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozchat.domain.errors import Invalid
from mozchat.domain.names import RESERVED_THREAD_NAMES, fold, is_thread_name, participant_name


@pytest.mark.parametrize("name", ["a", "mediaForum", "x_1-y", "A" * 64, "0"])
def test_letters_digits_underscore_and_hyphen_make_a_thread_name(name):
    assert is_thread_name(name)


@pytest.mark.parametrize(
    "name", ["", "A" * 65, "a b", "a/b", "..", ".run", "ä", "a\n", "a.b", *sorted(RESERVED_THREAD_NAMES)]
)
def test_anything_else_and_reserved_words_are_no_thread_name(name):
    assert not is_thread_name(name)


@pytest.mark.parametrize(
    "name", ["Ann", "Tomás", "Анна", "李雷", "a.b-c_d", "30 characters are the most, ok", "?"]
)
def test_ordinary_names_are_names(name):
    assert participant_name(name) == name


def test_white_space_is_trimmed_and_made_one_space():
    assert participant_name("  Ann\u00a0\u3000 Lee ") == "Ann Lee"


@pytest.mark.parametrize(
    "character", [*"<>&\"':;()", "\u202e", "\u200b", "\u0007", "\ufeff", "\u2066", "\u3164"]
)
def test_forbidden_and_invisible_characters_make_it_no_name(character):
    with pytest.raises(Invalid):
        participant_name(f"An{character}n")


@pytest.mark.parametrize("name", ["", "   ", "a" * 31, "*", "\u200b"])
def test_nothing_too_much_and_everyone_are_no_names(name):
    with pytest.raises(Invalid):
        participant_name(name)


@pytest.mark.parametrize(
    "other", ["ANN LEE", "ann lee", "Ａｎｎ　Ｌｅｅ", "Ann\u2003Lee", "Ann\u00a0 Lee", "aNN\u202fLEE"]
)
def test_case_width_and_look_alike_spaces_do_not_make_another_name(other):
    assert fold(other) == fold("Ann Lee")


def test_other_names_are_other_names():
    assert len({fold(name) for name in ["Ann", "Anna", "Än", "A nn"]}) == 4


@given(st.text(max_size=40))
def test_a_name_is_always_refused_or_a_name_that_stays_itself(text):
    try:
        name = participant_name(text)
    except Invalid:
        return
    assert participant_name(name) == name
    assert 1 <= len(name) <= 30
    assert fold(fold(name)) == fold(name)
