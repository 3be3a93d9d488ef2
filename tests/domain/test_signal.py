"""The signals of a call: what passes, what of it is kept, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozchat.domain.errors import Invalid
from mozchat.domain.message import checked_body
from mozchat.domain.signal import SIGNALS, signal_seconds

SDP = "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
CANDIDATE = {
    "candidate": "candidate:1 1 udp 2122260223 192.0.2.7 57951 typ host",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "a1b2",
}
CALL = {"call": "Hc2rXkqI0mGzW9yQbT5s3A", "tab": "tab-1"}
TO_TAB = {**CALL, "to_tab": "tab_2"}
BODIES = {
    "invite": {**CALL, "video": True},
    "accept": {**TO_TAB, "video": False},
    "reject": {**CALL, "reason": "declined"},
    "offer": {**TO_TAB, "sdp": SDP},
    "answer": {**TO_TAB, "sdp": SDP},
    "candidate": {**TO_TAB, "candidates": [CANDIDATE]},
    "hangup": {**CALL, "reason": "ended"},
}


def test_there_is_a_body_here_for_every_signal():
    assert set(BODIES) == set(SIGNALS)


@pytest.mark.parametrize("kind", SIGNALS)
def test_what_a_signal_needs_is_kept_as_it_is_and_nothing_else(kind):
    assert checked_body(kind, {**BODIES[kind], "html": "<b>", "from": "Eve"}) == BODIES[kind]


@pytest.mark.parametrize(("kind", "field"), [(k, field) for k, body in BODIES.items() for field in body])
def test_nothing_of_it_may_be_missing_or_of_another_type(kind, field):
    others = {key: value for key, value in BODIES[kind].items() if key != field}
    for body in (others, {**others, field: None}, {**others, field: 7}, {**others, field: {"a": 1}}):
        with pytest.raises(Invalid):
            checked_body(kind, body)


@pytest.mark.parametrize("field", ["call", "tab", "to_tab"])
@pytest.mark.parametrize("value", ["", "x" * 65, "a b", "a;b", "é", "a\n", "<b>", "٣"])
def test_an_id_is_1_to_64_letters_digits_underscores_and_hyphens(field, value):
    with pytest.raises(Invalid):
        checked_body("answer", {**BODIES["answer"], field: value})


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("reject", {"declined", "busy"}),
        ("hangup", {"ended", "cancelled", "unanswered", "gone", "failed"}),
    ],
)
def test_a_reason_is_one_of_those_that_there_are(kind, reasons):
    for reason in reasons:
        assert checked_body(kind, {**BODIES[kind], "reason": reason})["reason"] == reason
    for reason in ("", "Declined", "no", "ended;on"):
        if reason not in reasons:
            with pytest.raises(Invalid):
                checked_body(kind, {**BODIES[kind], "reason": reason})


def test_an_offer_may_say_that_it_restarts():
    assert checked_body("offer", {**BODIES["offer"], "restart": True})["restart"] is True
    with pytest.raises(Invalid):
        checked_body("offer", {**BODIES["offer"], "restart": "yes"})


@pytest.mark.parametrize("kind", ["offer", "answer"])
def test_a_session_description_has_at_most_64000_ascii_characters(kind):
    assert checked_body(kind, {**TO_TAB, "sdp": "a" * 64_000})["sdp"] == "a" * 64_000
    for sdp in ("", "a" * 64_001, "é", "\x00", "\ud800", "a\u2028b", ["v=0"]):
        with pytest.raises(Invalid):
            checked_body(kind, {**TO_TAB, "sdp": sdp})


def candidates(*given):
    return checked_body("candidate", {**TO_TAB, "candidates": list(given)})["candidates"]


def test_of_candidates_there_are_1_to_50_at_a_time():
    assert candidates(*[CANDIDATE] * 50) == [CANDIDATE] * 50
    for number in (0, 51):
        with pytest.raises(Invalid):
            candidates(*[CANDIDATE] * number)
    with pytest.raises(Invalid):
        checked_body("candidate", {**TO_TAB, "candidates": {"0": CANDIDATE}})


def test_a_candidate_with_an_empty_text_says_that_there_are_no_more():
    last = {"candidate": "", "sdpMid": None, "sdpMLineIndex": None, "usernameFragment": None}
    assert candidates({"candidate": ""}) == [last]
    assert candidates({**CANDIDATE, "foundation": "1"}) == [CANDIDATE]


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidate": "x" * 2001},
        {"candidate": "a\nb"},
        {"candidate": "é"},
        {"candidate": None},
        {"sdpMid": 0},
        {"sdpMid": "m" * 65},
        {"sdpMLineIndex": -1},
        {"sdpMLineIndex": 1.5},
        {"sdpMLineIndex": True},
        {"sdpMLineIndex": 10**30},
        {"usernameFragment": "u" * 257},
        {"usernameFragment": ["u"]},
    ],
    ids=str,
)
def test_a_candidate_that_does_not_fit_is_refused(wrong):
    with pytest.raises(Invalid):
        candidates(CANDIDATE, {**CANDIDATE, **wrong})


@pytest.mark.parametrize("wrong", ["text", None, 7, ["candidate"]])
def test_a_candidate_is_an_object(wrong):
    with pytest.raises(Invalid):
        candidates(wrong)


def test_a_hang_up_may_say_how_long_the_call_was():
    for secs in (0, 12.5, 1_000_000):
        assert checked_body("hangup", {**BODIES["hangup"], "secs": secs})["secs"] == secs
    for secs in (-1, 1_000_001, float("nan"), float("inf"), 10**400, "12", True, None):
        with pytest.raises(Invalid):
            checked_body("hangup", {**BODIES["hangup"], "secs": secs})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(kind=st.sampled_from(list(SIGNALS)), fields=st.data())
def test_no_body_whatever_does_more_than_not_fit(kind, fields):
    body = dict(BODIES[kind])
    field = fields.draw(st.sampled_from(list(body)))
    body[field] = fields.draw(json)
    if kind == "candidate" and fields.draw(st.booleans()):
        body["candidates"] = [{**CANDIDATE, fields.draw(st.sampled_from(list(CANDIDATE))): fields.draw(json)}]
    try:
        checked = checked_body(kind, body)
    except Invalid:
        return
    assert set(checked) <= {*BODIES[kind], "restart", "secs"}


def test_an_invitation_lives_as_long_as_it_rings_and_a_hang_up_as_long_as_chat():
    assert signal_seconds("invite", 3600) == 45
    assert signal_seconds("offer", 3600) == 60
    assert signal_seconds("hangup", 3600) == 3600
    assert signal_seconds("hangup", 5) == 60
