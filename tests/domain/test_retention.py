import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozchat.domain.catalogue import Catalogue
from mozchat.domain.clip import Clip
from mozchat.domain.errors import TooLarge
from mozchat.domain.retention import Limits, plan_eviction


def clip(number, size=10, expires=1000):
    return Clip(f"c{number}", f"c{number}.webm", "Ann", "", number, expires, "audio/webm", 1.0, size)


def plan(clips, limits, size=10, now=0):
    return [c.id for c in plan_eviction(Catalogue(clips), limits, size, now)]


def test_nothing_goes_while_there_is_room():
    assert plan([clip(1), clip(2)], Limits(50, 100, 3)) == []


def test_the_oldest_goes_when_there_are_too_many():
    assert plan([clip(1), clip(2), clip(3)], Limits(50, 100, 3)) == ["c1"]


def test_a_count_of_0_is_any_number():
    assert plan([clip(n, 1) for n in range(50)], Limits(50, 100, 0)) == []


def test_the_oldest_go_until_the_new_one_fits():
    assert plan([clip(1, 40), clip(2, 40), clip(3, 10)], Limits(50, 100, 0), 50) == ["c1"]
    assert plan([clip(1, 20), clip(2, 40), clip(3, 40)], Limits(50, 100, 0), 50) == ["c1", "c2"]


def test_expired_clips_go_first_wherever_they_stand():
    clips = [clip(1, 40), clip(2, 40, expires=5), clip(3, 20)]
    assert plan(clips, Limits(50, 100, 0), 30, now=5) == ["c2"]


def test_expired_clips_go_even_when_there_is_room():
    assert plan([clip(1), clip(2, expires=5)], Limits(50, 100, 0), now=9) == ["c2"]


@pytest.mark.parametrize("limits", [Limits(9, 100, 0), Limits(100, 9, 0)])
def test_a_clip_that_can_never_fit_is_refused_and_evicts_nothing(limits):
    with pytest.raises(TooLarge):
        plan([clip(1, 5)], limits, 10)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=40),
    st.builds(Limits, st.integers(1, 80), st.integers(1, 300), st.integers(0, 10)),
    st.integers(0, 90),
    st.integers(0, 20),
)
def test_what_is_left_keeps_every_limit_and_no_clip_goes_without_need(sizes_and_ends, limits, size, now):
    clips = [clip(n, s, end) for n, (s, end) in enumerate(sizes_and_ends)]
    catalogue = Catalogue(clips)
    if size > min(limits.max_clip_bytes, limits.max_total_bytes):
        with pytest.raises(TooLarge):
            plan_eviction(catalogue, limits, size, now)
        return
    gone = {c.id for c in plan_eviction(catalogue, limits, size, now)}
    left = [c for c in clips if c.id not in gone]
    assert all(not c.expired(now) for c in left)
    fits_all = sum(c.bytes for c in catalogue if not c.expired(now)) + size <= limits.max_total_bytes
    if (
        len(left) + 1 > (limits.max_count or 1 << 30)
        or sum(c.bytes for c in left) + size > limits.max_total_bytes
    ):
        raise AssertionError("a limit is broken")
    if fits_all and not limits.max_count:
        assert all(c.expired(now) for c in clips if c.id in gone)
    alive_gone = [c for c in clips if c.id in gone and not c.expired(now)]
    if alive_gone:
        youngest = alive_gone[-1]
        assert all(c.id in gone for c in clips if c.created < youngest.created), "the oldest go first"
        kept_with = [*left, youngest]
        assert (limits.max_count and len(kept_with) + 1 > limits.max_count) or sum(
            c.bytes for c in kept_with
        ) + size > limits.max_total_bytes, "the last one to go had to"
