"""A folder that is dropped in is a thread: each preset's, and one of the PHP mozchat."""

import json
import shutil
from pathlib import Path

import pytest

from mozchat.resources import PRESET_NAMES

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_a_presets_folder_dropped_in_is_a_thread_at_once(preset, site, visitor, join, sample):
    assert visitor.status("GET", f"/api/threads/{preset}") == 404
    target = site.store.folder / preset
    target.mkdir()
    shutil.copy(ROOT / "threads" / preset / ".ini", target)
    names = [thread["name"] for thread in visitor.ask("GET", "/api/threads").json["threads"]]
    assert preset in names
    ann = join(preset, "Ann")
    recording = "theora.ogg" if preset.startswith("video") else "firefox-audio.ogg"
    clip = ann.upload(sample(recording))
    assert ann.clip_ids() == [clip["id"]]
    assert ann.media(clip["id"]).data == sample(recording)
    shutil.rmtree(target)
    assert ann.status("GET", f"/api/threads/{preset}") == 404


def test_a_folder_of_the_php_mozchat_is_listed_played_and_added_to(site, join, sample, visitor):
    folder = site.store.folder / "old"
    (folder / "media").mkdir(parents=True)
    (folder / ".ini").write_text('[common]\ntitle="Old one"\nmaxMediaFolderBytes=400000\nmaxClipSizeSec=30\n')
    voice = sample("chromium-audio.webm")
    far = 4_000_000_000
    rows = [
        [
            "1700000000_0.webm",
            "Ann",
            "Nov_14_22:13:20",
            "audio/webm;codecs=opus",
            "2.4",
            len(voice),
            far,
            "one",
        ],
        ["1700000100_0.webm", "Боб", "Nov_14_22:15:00", "audio/webm", 1, len(voice), far, ""],
    ]
    for row in rows:
        (folder / "media" / row[0]).write_bytes(voice)
    (folder / "catalog.json").write_text(json.dumps(rows))
    (folder / "users.json").write_text(json.dumps({"online": {}}))
    (folder / "messages.json").write_text("[]")

    rosa = join("old", "Rosa")
    clips = rosa.clips()["clips"]
    assert [(clip["author"], clip["description"]) for clip in clips] == [("Ann", "one"), ("Боб", "")]
    assert clips[0]["created"] == "2023-11-14T22:13:20.000Z"
    assert [rosa.media(clip["id"]).data for clip in clips] == [voice, voice]
    rosa.delete(clips[0]["id"], 403)
    added = rosa.upload(voice)
    assert [clip["author"] for clip in rosa.clips()["clips"]] == ["Ann", "Боб", "Rosa"]
    rosa.delete(added["id"])
    assert len(rosa.clip_ids()) == 2
    assert visitor.ask("GET", "/old/").status_code == 200
