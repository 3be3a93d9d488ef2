"""A picture is seen while it is being recorded, by those who come late, too."""

import itertools
import subprocess

from tests.browser.mouth_and_ear import BYTES
from tests.people import tool

KEY_FRAMES = 2.0
"""Seconds between two of them, see plan.js."""
LATE = 1.0
"""Seconds by which a camera and a busy processor may be late with one."""
SEES = """(frames) => window.mozchatMedia?.videoWidth > 0
  && window.mozchatMedia.getVideoPlaybackQuality().totalVideoFrames > frames"""
POSITION = "() => window.mozchatMedia.currentTime"


def key_frames(content, folder):
    """When the key frames of a recording are, in seconds."""
    path = folder / "clip.webm"
    path.write_bytes(content)
    command = [tool("ffprobe", "ffmpeg"), "-v", "error", "-select_streams", "v", "-show_entries"]
    command += ["packet=pts_time,flags", "-of", "csv=p=0", path]
    packets = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [float(packet.split(",")[0]) for packet in packets if "K" in packet.split(",")[1]]


def recorded_seconds(person, site, thread):
    """How long listeners are told that the live clip is."""
    clips = person.page.context.request.get(f"{site.url}/api/threads/{thread}/clips").json()["clips"]
    return clips[0]["duration"] if clips else 0


def test_who_comes_late_sees_what_is_shown_now(site, make_thread, someone, tmp_path):
    thread = make_thread("videoStream")
    ann = someone("Ann").enter(site, thread)
    ann.start_recording()
    while recorded_seconds(ann, site, thread) < 5:
        ann.page.wait_for_timeout(200)
    eve = someone("Eve")
    eve.page.add_init_script(BYTES)
    eve.enter(site, thread)
    eve.page.wait_for_function(SEES, arg=5, timeout=40_000)
    assert eve.page.evaluate(POSITION) > 5 - KEY_FRAMES - LATE, "not from its beginning"
    with ann.page.expect_response(lambda answer: answer.status == 201 and "/uploads/" in answer.url) as last:
        ann.button("Record").click()
    clip = last.value.json()
    assert clip["mime"].startswith("video/")
    eve.page.wait_for_function("() => window.mozchatMedia.ended", timeout=30_000)
    content = ann.page.context.request.get(site.url + clip["media"]).body()
    frames = key_frames(content, tmp_path)
    apart = [after - before for before, after in itertools.pairwise([*frames, clip["duration"]])]
    assert max(apart) < KEY_FRAMES + LATE, frames
