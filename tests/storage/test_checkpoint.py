"""Reading a catalogue: whatever the file holds, it is read, or it is said to be none."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mozchat.storage import checkpoint

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=9) | st.dictionaries(st.text(max_size=9), children, max_size=5)
    ),
    max_leaves=20,
)
php_rows = st.lists(
    st.lists(st.text(max_size=12) | st.integers() | st.floats() | st.none(), min_size=6, max_size=9),
    max_size=5,
)
our_form = st.fixed_dictionaries(
    {"version": st.just(1), "epoch": st.text(max_size=9), "offset": st.integers()},
    optional={"clips": st.lists(json_values, max_size=5) | json_values, "answers": json_values},
)


def load(catalogue, messages):
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, "catalog.json"), Path(folder, "messages.json")
        for path, content in zip(paths, (catalogue, messages), strict=True):
            path.write_bytes(content)
        return checkpoint.load(*paths)


@given(json_values | php_rows | our_form, json_values)
@settings(deadline=None)
def test_any_json_is_a_catalogue_or_said_to_be_none(catalogue, messages):
    try:
        saved = load(json.dumps(catalogue).encode(), json.dumps(messages).encode())
    except checkpoint.Broken:
        assert not isinstance(catalogue, list)
        return
    assert saved.catalogue.total_bytes == sum(clip.bytes for clip in saved.catalogue)
    assert saved.catalogue_position >= 0


@given(st.binary(max_size=60), st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_are_a_catalogue_or_said_to_be_none(catalogue, messages):
    try:
        load(catalogue, messages)
    except checkpoint.Broken:
        return


@pytest.mark.parametrize("name", ["catalog.json", "messages.json"])
def test_a_file_that_is_not_there_is_empty(tmp_path, name):
    saved = checkpoint.load(tmp_path / "catalog.json", tmp_path / "messages.json")
    assert (len(saved.catalogue), len(saved.mailbox), saved.epoch) == (0, 0, "")
