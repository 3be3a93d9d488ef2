from hypothesis import given
from hypothesis import strategies as st

from mozchat.domain.catalogue import Catalogue
from mozchat.domain.clip import Clip


def clip(number, expires):
    return Clip(f"c{number}", f"c{number}.webm", "Ann", "", number, expires, "audio/webm", 1.0, number + 1)


actions = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "look"]), st.integers(0, 12), st.integers(0, 30)), max_size=60
)


@given(actions)
def test_the_sums_are_right_after_any_changes(steps):
    catalogue, model = Catalogue(), {}
    for action, number, time in steps:
        if action == "add":
            model[f"c{number}"] = clip(number, time)
            catalogue.add(clip(number, time))
        elif action == "remove":
            assert catalogue.remove(f"c{number}") == model.pop(f"c{number}", None)
        else:
            assert catalogue.expired(time) == [c for c in model.values() if c.expires <= time]
    assert list(catalogue) == list(model.values())
    assert catalogue.total_bytes == sum(c.bytes for c in model.values())
    assert catalogue.newest() == (list(model.values())[-1] if model else None)
