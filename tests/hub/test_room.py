"""Those who listen to a thread, by how far they have been told."""

from hypothesis import given
from hypothesis import strategies as st

from wshub.room import Listener, Room

CURSORS = st.sampled_from("abc")
STEPS = st.one_of(
    st.tuples(st.just("enter"), st.integers(0, 5), CURSORS),
    st.tuples(st.sampled_from(["move", "all"]), st.integers(0, 5), CURSORS),
    st.tuples(st.just("leave"), st.integers(0, 5), st.none()),
)


@given(st.lists(STEPS, max_size=40))
def test_each_listener_is_in_one_group_the_one_at_its_cursor(steps):
    room, listeners, at = Room(), [Listener() for _ in range(6)], {}
    seen = []
    for step, who, cursor in steps:
        listener = listeners[who]
        seen += room.groups.values()
        if step == "enter" and who not in at:
            room.enter(listener, "a", cursor)
            at[who] = cursor
        elif step == "move" and who in at:
            room.move(listener, cursor)
            at[who] = cursor
        elif step == "all" and who in at and cursor != at[who]:
            room.move_all(listener.group, cursor)
            at |= {other: cursor for other, place in at.items() if place == at[who] and other != who}
            at[who] = cursor
        elif step == "leave" and who in at:
            room.leave(listener, "a")
            del at[who]

        assert set(room.groups) == set(at.values())
        for other, place in at.items():
            assert listeners[other].group is room.groups[place]
            assert listeners[other] in room.groups[place].listeners
        assert sum(len(group.listeners) for group in room.groups.values()) == len(at)
        assert not any(group.listeners for group in seen if room.groups.get(group.cursor) is not group)
    assert set(room.listeners()) == {listeners[who] for who in at}
