"""Live clips: in the catalogue, in a thread's state, and in what listeners are told."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.domain.catalogue import Catalogue
from mozchat.domain.clip import Clip, Growth, checked_fields
from mozchat.domain.errors import Invalid
from mozchat.domain.retention import Limits, plan_eviction
from mozchat.domain.thread_state import ThreadState, delta_of

LIVE = Clip(
    id="a1",
    file="a1.part",
    author="Ann",
    identity="f" * 64,
    created=1000,
    expires=9000,
    mime="audio/webm;codecs=opus",
    duration=0.0,
    bytes=0,
    live=True,
)
COMPLETE = replace(LIVE, file="1000-a1.webm", duration=3.0, bytes=5100, sent=5000, live=False)
GROWTH = Growth("a1", "audio/webm;codecs=opus", 2000, 1.2, (1, 2), paused=False)
BEGUN = {"t": 1, "add": LIVE.record()}
GROWN = {"t": 2, "grown": GROWTH.record()}
COMPLETED = {"t": 3, "add": COMPLETE.record(), "completes": True}
REMOVED = {"t": 4, "removed": ["a1"]}


def told(*events):
    return delta_of((event, number) for number, event in enumerate(events))


def state_of(*events):
    state = ThreadState()
    for number, event in enumerate(events):
        state.apply(event, number)
    return state


def test_a_live_clip_takes_no_room_never_expires_and_is_not_evicted():
    other = replace(COMPLETE, id="b2", expires=10**15)
    catalogue = Catalogue([LIVE.grown(GROWTH), other])

    assert catalogue.total_bytes == other.bytes
    assert catalogue.live == (LIVE.grown(GROWTH),)
    assert catalogue.expired(10**6) == []
    assert not LIVE.expired(10**15)
    assert plan_eviction(catalogue, Limits(6000, 6000, 2), 500, 0) == []
    assert plan_eviction(catalogue, Limits(6000, 6000, 1), 500, 0) == [other]


def test_a_clip_is_completed_where_it_stands():
    later = replace(COMPLETE, id="b2")
    catalogue = Catalogue([LIVE, later])
    catalogue.add(COMPLETE)

    assert list(catalogue) == [COMPLETE, later]
    assert catalogue.live == ()
    assert catalogue.total_bytes == 2 * COMPLETE.bytes
    assert catalogue.expired(9000) == [COMPLETE, later]


@pytest.mark.parametrize("clip", [LIVE, replace(LIVE, paused=True), LIVE.grown(GROWTH), COMPLETE])
def test_a_clip_is_read_back_as_it_was_kept(clip):
    assert Clip.from_record(clip.record()) == clip


def test_what_is_told_of_a_live_clip_is_read_back_as_it_was_kept():
    assert Growth.from_record(GROWTH.record()) == GROWTH
    with pytest.raises(ValueError):
        Growth.from_record({"id": "a1"})


def test_the_state_has_the_live_clip_as_far_as_it_was_told_of():
    assert list(state_of(BEGUN, GROWN).catalogue) == [LIVE.grown(GROWTH)]
    assert list(state_of(BEGUN, GROWN, COMPLETED).catalogue) == [COMPLETE]
    assert list(state_of(BEGUN, COMPLETED, GROWN).catalogue) == [COMPLETE], "it has not grown any more"
    assert list(state_of(GROWN).catalogue) == []


def test_a_live_clip_is_no_answer_to_its_key_and_one_taken_back_neither():
    assert state_of(BEGUN).clip_answer("a1") is None
    assert state_of(BEGUN, REMOVED).clip_answer("a1") is None
    assert state_of(BEGUN, COMPLETED).clip_answer("a1") == COMPLETE
    assert state_of(BEGUN, COMPLETED, REMOVED).clip_answer("a1") == COMPLETE


@pytest.mark.parametrize(
    ("events", "added", "removed", "grown"),
    [
        ([BEGUN], (LIVE,), (), ()),
        ([BEGUN, GROWN], (LIVE.grown(GROWTH),), (), ()),
        ([BEGUN, GROWN, COMPLETED], (COMPLETE,), (), ()),
        ([BEGUN, GROWN, REMOVED], (), (), ()),
        ([BEGUN, COMPLETED, REMOVED], (), (), ()),
        ([GROWN], (), (), (GROWTH,)),
        ([GROWN, COMPLETED], (COMPLETE,), (), ()),
        ([GROWN, REMOVED], (), ("a1",), ()),
        ([GROWN, COMPLETED, REMOVED], (), ("a1",), ()),
        ([COMPLETED, REMOVED], (), ("a1",), ()),
    ],
)
def test_a_listener_is_told_the_sum_of_what_happened(events, added, removed, grown):
    delta = told(*events)

    assert (delta.added, delta.removed, delta.grown) == (added, removed, grown)


COURSES = st.sampled_from([[BEGUN, GROWN, GROWN, COMPLETED, REMOVED], [BEGUN, GROWN, REMOVED]])


@given(COURSES, st.data())
@settings(deadline=None)
def test_wherever_a_listener_stands_it_comes_to_the_state_that_there_is(course, data):
    course = course[: data.draw(st.integers(0, len(course)))]
    stands = data.draw(st.integers(0, len(course)))
    known = {clip.id: clip for clip in state_of(*course[:stands]).catalogue}

    delta = told(*course[stands:])
    for clip_id in delta.removed:
        del known[clip_id]
    for clip in delta.added:
        known[clip.id] = clip
    for growth in delta.grown:
        known[growth.id] = known[growth.id].grown(growth)

    assert list(known.values()) == list(state_of(*course).catalogue)


def test_what_a_recorder_says_of_a_live_clip_is_true_or_false():
    assert checked_fields({"live": True, "paused": False}) == {"live": True, "paused": False}
    for name in ("live", "paused"):
        with pytest.raises(Invalid):
            checked_fields({name: 1})
