"""A folder of the PHP mozchat is taken over as it is."""

import json
import os
from pathlib import Path

import pytest

from mozchat.domain.clip import Clip
from mozchat.domain.retention import Limits
from mozchat.storage.media import Draft

ROWS = [
    [
        "1700000000_0.webm",
        "Ann",
        "Nov_14_22:13:20",
        "audio/webm;codecs=opus",
        "2.4",
        1000,
        4_000_000_000,
        "first",
    ],
    ["1700000100_1.ogg", "Боб", "Nov_14_22:15:00", "audio/ogg", 3, 2000, 4_000_000_000, ""],
    ["1700000200_0.mp4", "Eve <b>", "Nov_14_22:16:40", "video/mp4", "", 500, 4_000_000_000, "<img src=x>"],
]


@pytest.fixture
def folder(tmp_path):
    thread = tmp_path / "threads" / "old"
    (thread / "media").mkdir(parents=True)
    (thread / ".ini").write_bytes(
        b'\xef\xbb\xbf[common]\r\ntitle="Old one"\r\nmaxMediaFolderBytes=400000\r\n'
    )
    (thread / "catalog.json").write_text(json.dumps(ROWS))
    (thread / "users.json").write_text(json.dumps({"online": {"Ann": [4_000_000_000, "10.0.0.1"]}}))
    message = {
        "user": "Ann",
        "target": "Bob",
        "type": "text",
        "text": "hi",
        "received": 1,
        "notAfter": 4_000_000_000,
    }
    (thread / "messages.json").write_text(json.dumps([message]))
    for row in ROWS:
        (thread / "media" / row[0]).write_bytes(b"x" * row[5])
    return thread


@pytest.fixture
def store_of(open_site):
    return lambda folder: open_site(folder.parent).thread("old")


def test_all_clips_are_there_in_order_and_nothing_is_written_by_looking(folder, store_of):
    store = store_of(folder)
    assert [(c.author, c.description) for c in store.clips()] == [(r[1], r[7]) for r in ROWS]
    assert store.drop_lost(10_000) == []
    assert store.roster().online(10) == ("Ann",)
    assert json.loads((folder / "catalog.json").read_text()) == ROWS


def test_the_first_change_writes_our_own_form_and_loses_no_clip(folder, store_of):
    store = store_of(folder)
    clip = Clip(
        "00000000000000aa", "1800000000000-00000000000000aa.webm", "Zoe", "z", 9, 1 << 50, "audio/webm", 1, 10
    )
    with Draft(store.media().path, b"y" * 10) as content:
        store.add_clip(clip, content, Limits(1000, 400_000, 0), 9)
    again = store_of(folder)
    assert [c.author for c in again.clips()] == ["Ann", "Боб", "Eve <b>", "Zoe"]
    content = json.loads((folder / "catalog.json").read_text())
    assert content["version"] == 1
    assert len(content["clips"]) >= 3


def test_its_messages_wait_for_whom_they_were_for(folder, store_of):
    store = store_of(folder)
    store.claim("Bob", "b", now=5, until=10, hold=100, key="")
    bob = store.roster().get("Bob")
    assert [m.body["text"] for m in store_of(folder).since(None, bob, 6, hide_expired=False).messages] == [
        "hi"
    ]


def test_its_names_can_be_claimed(folder, store_of):
    assert store_of(folder).claim("Ann", "a", now=5, until=10, hold=100, key="").identity == "a"


def test_a_row_that_cannot_be_understood_is_left_out_and_the_others_stay(folder, caplog, store_of):
    (folder / "catalog.json").write_text(json.dumps([ROWS[0], ["broken"], ROWS[1]]))
    assert len(store_of(folder).clips()) == 2
    assert "left out" in caplog.text


def test_a_catalogue_that_breaks_after_the_take_over_is_rebuilt_with_all_its_clips(folder, store_of):
    voice = (Path(__file__).parent.parent / "samples" / "chromium-audio.webm").read_bytes()
    for row in ROWS:
        path = folder / "media" / row[0]
        path.write_bytes(voice)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (folder / ".ini").write_text("[common]\nmaxMediaFolderBytes=400000\nclipLifetimeSec=2000000000\n")
    store = store_of(folder)
    store.claim("Zoe", "z", now=5, until=10, hold=100, key="")
    gone = store.remove_clips(["1700000100_1"], 9)
    assert len(gone) == 1
    (folder / "catalog.json").write_bytes(b"garbage")
    assert {clip.file for clip in store_of(folder).clips()} == {ROWS[0][0], ROWS[2][0]}
