"""What a killed process leaves of an upload that is a clip already is in nobody's way."""

import pytest

from mozchat.storage.uploads import Uploads


class Killed(BaseException):
    """The process is dead."""


def test_a_finished_upload_whose_record_a_crash_has_left_is_not_counted_as_unfinished(
    make_thread, join, sample, monkeypatch
):
    thread = make_thread("walk", "maxOpenUploads=1\n")
    ann = join("walk", "Ann")
    voice = sample("chromium-audio-live.webm")
    begin = {"Upload-Complete": "?0"}
    upload = ann.ask("POST", ann.url("uploads"), 201, data=voice, headers=begin).json["id"]
    headers = {
        "Upload-Offset": str(len(voice)),
        "Upload-Complete": "?1",
        "Content-Type": "application/partial-upload",
    }

    def die(uploads, upload_id):
        raise Killed

    with monkeypatch.context() as death:
        death.setattr(Uploads, "remove", die)
        with pytest.raises(Killed):
            ann.send("PATCH", ann.url("uploads", upload), data=b"", headers=headers)
    assert [path.name for path in thread.glob(".uploads/*")] == [f"{upload}.json"]

    assert ann.ask("PATCH", ann.url("uploads", upload), 201, data=b"", headers=headers).json["id"] == upload
    assert ann.clip_ids() == [upload]
    ann.ask("POST", ann.url("uploads"), 201, data=voice, headers=begin)
    ann.ask("POST", ann.url("uploads"), 429, data=voice, headers=begin)
